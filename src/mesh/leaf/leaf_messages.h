// What the owner of a leaf publishes and subscribes to, over a core that keeps no disk.
//
// There is no broker behind it: a message that comes is matched with the leaf's own subscriptions
// and handed to its owner, and acknowledged when the owner has returned. What the owner publishes
// before the leaf has ever been linked waits for that, since nobody knows yet who wants it; later
// the core keeps what is for somebody who is away. All of that is in memory: a leaf that ends
// forgets what was not delivered.
//
// Handlers and `done` are called in a step of their own, never from inside of a call here.
// Threads: shard-local. Limits: limits.h, LeafMessages::Limits.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/qos.h"
#include "base/result.h"
#include "base/time.h"
#include "bus/topic.h"
#include "mesh/leaf/limits.h"
#include "mesh/ports.h"
#include "runtime/shard.h"
#include "runtime/task.h"

namespace kith::mesh {

class MeshHost;

struct LeafPublication {
    std::string topic;                     // a TopicName
    std::vector<std::uint8_t> properties;  // as in a PUBLISH
    std::string payload;
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
    /// NoReceiver, rather than Done, if nobody is there who wants it.
    bool needs_receiver = false;
    Instant expires_at = Instant::never();
};

enum class LeafOutcome : std::uint8_t {
    Done,        // all who want it and can be reached have it; QoS 0: it was sent
    NoReceiver,  // nothing has happened
    Expired,     // while it waited for the first link
};

/// Borrowed for the call.
struct LeafMessage {
    std::string_view topic;
    Bytes properties;
    Bytes payload;
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
    /// Of the subscriptions that it is for; one at least.
    const std::vector<std::uint32_t>& subscriptions;
};

class LeafMessages final : public DeliveryPort, public CustodyPort, private runtime::Task {
  public:
    struct Limits {
        std::size_t messages_max = kLeafMessagesMax;
        std::size_t bytes_max = kLeafMessageBytesMax;
    };
    LeafMessages(runtime::Shard& shard, const Limits& limits,
                 std::function<void(const LeafMessage&)> on_message);

    /// The leaf has a core from now on: tells it all subscriptions.
    void attach(MeshHost& host);
    /// The core is linked to somebody: `done` follows when both know what the other wants.
    void meet(std::function<void()> done);
    [[nodiscard]] bool has_met() const { return has_met_; }

    /// `done` once; not if it is refused here. Errors: Limit.
    [[nodiscard]] Status publish(LeafPublication publication,
                                 std::function<void(LeafOutcome)> done);
    /// `number` is what LeafMessage names it by, and not 0; the same filter again has another one
    /// from then on. `done` when all who can be reached know of it. Errors: Limit.
    [[nodiscard]] Status subscribe(const bus::SubscriptionFilter& filter, std::uint32_t number,
                                   std::function<void()> done);
    /// Errors: NotFound.
    [[nodiscard]] Status unsubscribe(const bus::SubscriptionFilter& filter);

    /// Messages that are not done.
    [[nodiscard]] std::size_t pending_count() const { return waiting_.size() + sent_.size(); }
    /// Gives nobody anything any more, and calls nobody back.
    void stop();

    // DeliveryPort, CustodyPort: of the core.
    void deliver(const Data& data, const StreamProgress& progress, std::uint64_t token) override;
    void on_published(std::uint64_t token, PublishLevel level) override;
    void on_barrier(std::uint64_t token, bool is_complete) override;
    void store(CustodyTicket ticket, const Data& data) override;
    void settle(CustodyTicket, const Destinations&) override {}

  private:
    using Done = std::function<void(LeafOutcome)>;
    using Key = std::pair<std::string, std::string>;  // share group, filter
    struct Pending {
        LeafPublication publication;
        Done done;
    };
    struct Sent {
        std::size_t bytes = 0;
        Done done;
    };
    /// A message for this leaf, until the end of the turn.
    struct Arrived {
        std::string topic;
        std::vector<std::uint8_t> properties;
        std::vector<std::uint8_t> payload;
        Qos qos = Qos::AtMostOnce;
        bool retain = false;
        bool for_all = true;
        bool is_own = false;                // any group: the mesh leaves those to this node
        std::vector<std::uint64_t> groups;  // share_group_id()
        std::uint64_t token = 0;            // 0: nobody waits for it
    };

    void run_task() override;
    void send(Pending pending);
    [[nodiscard]] bool keep_for_itself(const LeafPublication& publication);
    void answer(Done done, LeafOutcome outcome);
    [[nodiscard]] std::vector<std::uint32_t> matches(const Arrived& arrived) const;
    void hand_out(const Arrived& arrived);
    void tell_interest(const Key& key, bool is_wanted);
    void begin_barrier(std::function<void()> done);
    [[nodiscard]] static std::size_t bytes_of(const LeafPublication& publication);

    runtime::Shard& shard_;
    const Limits limits_;
    std::function<void(const LeafMessage&)> on_message_;
    MeshHost* host_ = nullptr;
    bool has_met_ = false;
    std::map<Key, std::uint32_t> subscriptions_;
    std::deque<Pending> waiting_;  // until it has met somebody
    std::map<std::uint64_t, Sent> sent_;
    std::size_t bytes_ = 0;  // of both
    std::uint64_t last_token_ = 0;
    std::map<std::uint64_t, std::function<void()>> barriers_;
    std::vector<std::function<void()>> subscribed_early_;  // told when it meets somebody

    // Of this turn: what the core has said, and what its owner is to be told.
    std::vector<Arrived> arrived_;
    std::vector<CustodyTicket> stored_;
    std::vector<std::uint64_t> published_;
    std::vector<std::uint64_t> barriers_done_;
    std::vector<std::pair<Done, LeafOutcome>> answers_;
};

}  // namespace kith::mesh
