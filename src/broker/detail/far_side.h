// The broker's side of the mesh, on the first shard: what leaves this node, what comes, and what of
// it is on disk.
//
// The mesh is a durable receiver among others: a message of QoS 1 or 2 that other nodes want has a
// row of its own in the transaction that its publisher waits for, in the queue of a session that
// nobody owns (tenant kMeshTenant). The row's identifiers are the mesh's note on it, its sequence
// the mesh's ticket; when all have got it, the row goes.
//
// Messages that come are published here in the order in which they came. Each is committed with a
// mark of how far its stream is, so that it is there once, whenever the power fails; this shard
// coordinates all of them, so marks reach the disk in their order.
//
// Retained messages are the same on all nodes: the last writer wins, which the mesh decides here.
// So this shard owns all topics once there is a mesh, and a retained message, the mesh's stamp on
// it (a mark) and what leaves of it are in one order and one transaction. Threads: shard-local.
// Limits: what is under way is bounded by the mesh's windows.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/detail/delivery.h"
#include "broker/detail/far_inbox.h"
#include "broker/detail/shard_context.h"
#include "bus/mesh_port.h"
#include "storage/journal.h"

namespace kith::broker {

/// Of the session that holds what leaves for other nodes.
inline constexpr TenantId kMeshTenant{UINT32_MAX};

class FarSide final : public bus::BrokerPort {
  public:
    explicit FarSide(ShardContext& context) : context_(context), inbox_(context) {}

    // Recovery, before the shard runs.
    void restore_session(SessionId session);
    void restore_queue(const storage::QueueRecord& queue) { kept_ = queue; }
    void restore_mark(const storage::MarkRecord& mark);

    /// Hands `mesh` what was kept, then calls `done`. Requires: called once.
    void open(bus::MeshPort& mesh, std::function<void()> done);
    /// The journal has read a part of what was kept.
    void on_queue_read(const storage::QueuePart& part);

    /// Other nodes keep it as well, if it is retained.
    [[nodiscard]] bool keeps_for_all(const bus::Message& message) const;
    /// Of a message's way through this shard: it leaves for other nodes, too.
    void send(Routing& routing);
    /// The session whose rows are the mesh's.
    [[nodiscard]] bool owns(SessionId session) const {
        return session == context_.node.mesh_session();
    }
    /// Other nodes are slower than publishers here.
    [[nodiscard]] bool is_congested() const { return mesh_ != nullptr && mesh_->is_congested(); }
    /// What comes, and waits for receivers here.
    [[nodiscard]] FarInbox& inbox() { return inbox_; }
    /// A row is on disk.
    void on_stored(std::uint64_t ticket);

    // bus::BrokerPort
    void want(TenantId tenant, std::string_view filter) override;
    void unwant(TenantId tenant, std::string_view filter) override;
    void deliver(const bus::Message& message, std::uint32_t expires_after_ms,
                 const bus::MeshMark& mark, std::function<void()> done) override;
    void put_mark(const bus::MeshMark& mark, std::function<void()> done) override {
        context_.store.batch().put_mark({.key = mark.key, .value = mark.value});
        if (done) {
            context_.store.when_committed(std::move(done));
        }
    }
    void forget_mark(Bytes key) override { context_.store.batch().delete_mark(key); }
    void store(std::uint64_t ticket, const bus::Message& message, std::uint32_t expires_after_ms,
               Bytes note) override;
    void fetch(std::uint64_t ticket) override;
    void settle(std::uint64_t ticket) override;

    void put_retained(const bus::Message& message, std::uint32_t expires_after_ms) override;
    std::string delete_retained(std::uint64_t topic_hash) override;
    [[nodiscard]] std::optional<Retained> find_retained(std::uint64_t topic_hash) override;
    [[nodiscard]] bool has_subscribers(std::string_view topic) override;
    void announce_retained(const bus::Message& message) override;

    [[nodiscard]] std::size_t kept_count() const { return rows_.size(); }

  private:
    struct Row {
        MessageId message;
        bool is_stored = false;
        bool is_settled = false;  // before it was stored
    };
    class Restorer;
    class Fetcher;

    void read_on(std::uint64_t from);
    void read_wanted();
    void on_wanted_read(const storage::QueuePart& part);
    void put_row(std::uint64_t ticket, MessageId message);
    void store_apart(std::uint64_t ticket, MessageId id, const bus::Message& message, Bytes note);
    void erase(std::uint64_t ticket, const Row& row);
    void gather_retained();
    void take_retained(const std::vector<RetainedRef>& retained);
    void finish_opening();
    void keep_retained(const bus::Message& message);
    [[nodiscard]] WallTime expiry(std::uint32_t expires_after_ms) const;
    [[nodiscard]] std::uint32_t left_ms(WallTime expires_at) const;
    [[nodiscard]] std::uint32_t message_left_ms(WallTime expires_at) const;

    ShardContext& context_;
    FarInbox inbox_;
    bus::MeshPort* mesh_ = nullptr;
    storage::QueueRecord kept_;
    std::vector<std::pair<std::vector<std::uint8_t>, std::vector<std::uint8_t>>> marks_;
    std::function<void()> opened_;
    boost::unordered_flat_map<std::uint64_t, Row> rows_;  // by ticket
    std::set<std::uint64_t> wanted_;                      // tickets that the mesh has asked for
    std::set<std::uint64_t> asked_;                       // of these, what is being read
    std::size_t missing_shards_ = 0;  // that have not handed over their retained messages
    bool is_open_ = false;
    bool holds_publishers_ = false;  // since the mesh was congested
};

}  // namespace kith::broker
