// What the node remembers of a client, connected or not (MQTT 5.0, section 4.1).
//
// Subscriptions, messages on their way out, QoS 2 ids on their way in, the will. A session lives on
// the shard that its client id hashes to, in that shard's SessionTable; a connection comes and
// goes. Durable sessions (expiry interval not 0) are mirrored on disk, change by change. Threads:
// shard-local.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/check.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/time.h"
#include "broker/detail/client_rights.h"
#include "broker/detail/client_watches.h"
#include "broker/detail/node_budget.h"
#include "broker/detail/outbound_queue.h"
#include "broker/detail/subscription.h"
#include "bus/authenticator.h"
#include "runtime/timer.h"

namespace kith::broker {

class Connection;
class Session;
class SessionTable;

inline constexpr std::uint32_t kSessionNeverExpires = 0xFFFF'FFFF;

/// A will as it waits. `message` holds topic, payload, properties, QoS and retain.
struct SessionWill {
    MessageRef message;
    std::uint32_t delay_s = 0;
    std::uint32_t message_expiry_interval_s = 0;  // 0 never; runs from the publication
    BudgetHold hold;                              // of the node's bytes for wills
};

/// Where a QoS 2 id of the client stands, between its PUBLISH and its PUBCOMP.
enum class InboundState : std::uint8_t {
    Publishing,  // routed; its PUBREC waits for the disk
    Received,    // PUBREC sent, or due again on a duplicate
    Releasing,   // PUBREL seen; its PUBCOMP waits until the disk has forgotten the id
};

struct InboundId {
    InboundState state = InboundState::Publishing;
    bool is_stored = false;   // on disk too
    bool is_current = false;  // published (again) on the present connection: counts there
    bool is_asked = false;    // PUBREL came on the present connection, which is owed a PUBCOMP
};

/// The QoS 2 ids of one client. Takes one word while there are none, which is most of the time.
class InboundIds {
    using Map = boost::unordered_flat_map<std::uint16_t, InboundId>;

  public:
    /// Null if the id is not in use.
    [[nodiscard]] InboundId* find(PacketId packet_id) {
        if (ids_ == nullptr) {
            return nullptr;
        }
        const auto found = ids_->find(packet_id.value());
        return found == ids_->end() ? nullptr : &found->second;
    }
    void add(PacketId packet_id, const InboundId& inbound) {
        if (ids_ == nullptr) {
            ids_ = std::make_unique<Map>();
        }
        ids_->emplace(packet_id.value(), inbound);
    }
    void remove(PacketId packet_id) {
        if (ids_ != nullptr) {
            ids_->erase(packet_id.value());
        }
    }
    /// Calls visit(PacketId, const InboundId&) for each.
    template <typename Visit>
    void for_each(Visit&& visit) const {
        if (ids_ == nullptr) {
            return;
        }
        for (const auto& [packet_id, inbound] : *ids_) {
            visit(PacketId(packet_id), inbound);
        }
    }
    /// A new connection: what was published or asked on the last one does not count on it.
    void forget_connection() {
        if (ids_ == nullptr) {
            return;
        }
        for (auto& [packet_id, inbound] : *ids_) {
            inbound.is_current = false;
            inbound.is_asked = false;
        }
        if (ids_->empty()) {
            ids_.reset();
        }
    }

  private:
    std::unique_ptr<Map> ids_;
};

/// The numbers of one session's subscriptions, which the index has, by the places of their filters.
/// Takes one word while there are none.
class SessionSubscriptions {
    using Map = boost::unordered_flat_map<FilterPlace, SubscriptionId>;

  public:
    [[nodiscard]] bool empty() const { return map_ == nullptr; }
    [[nodiscard]] std::size_t size() const { return empty() ? 0 : map_->size(); }
    [[nodiscard]] Map::const_iterator begin() const {
        return empty() ? Map::const_iterator() : map_->cbegin();
    }
    [[nodiscard]] Map::const_iterator end() const {
        return empty() ? Map::const_iterator() : map_->cend();
    }
    [[nodiscard]] Map::const_iterator find(FilterPlace place) const {
        return empty() ? end() : map_->find(place);
    }
    /// Requires: there is one at `place`.
    [[nodiscard]] SubscriptionId at(FilterPlace place) const {
        const auto found = find(place);
        CHECK(found != end());
        return found->second;
    }
    /// Requires: there is none at `place`.
    void add(FilterPlace place, SubscriptionId id) {
        if (empty()) {
            map_ = std::make_unique<Map>();
        }
        CHECK(map_->emplace(place, id).second);
    }
    void erase(FilterPlace place) {
        CHECK(!empty() && map_->erase(place) == 1);
        if (map_->empty()) {
            map_.reset();
        }
    }

  private:
    std::unique_ptr<Map> map_;  // null while there are none
};

/// Traffic of one session, for people to look at.
struct SessionTraffic {
    std::uint64_t messages_in = 0;
    std::uint64_t messages_out = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t dropped = 0;
};

/// Since when, and why, nobody is connected; with the timer for what becomes due meanwhile.
struct SessionAbsence final : public runtime::Timer {
    SessionAbsence(SessionTable& table_in, Session& session_in)
        : table(table_in), session(session_in) {}
    void on_timer(Instant now) override;

    SessionTable& table;
    Session& session;
    WallTime began_at;
    Instant began;  // the same, for timers
    const char* reason = "";
};

class Session final {
  public:
    struct Identity {
        SessionId id;
        TenantId tenant;
        std::string_view client_id;
        ClientRightsRef rights;
    };

    /// One allocation, with the client id behind the object.
    [[nodiscard]] static std::unique_ptr<Session> create(Identity identity);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    static void operator delete(void* session) { ::operator delete(session); }

    [[nodiscard]] SessionId id() const { return id_; }
    [[nodiscard]] TenantId tenant() const { return tenant_; }
    [[nodiscard]] std::string_view client_id() const {
        return {reinterpret_cast<const char*>(this + 1), client_id_bytes_};
    }
    [[nodiscard]] const ClientRights& rights() const { return *rights_; }
    [[nodiscard]] const bus::Principal& principal() const { return rights_->principal; }
    /// The machine that it is: of its credential, or else of its client id.
    [[nodiscard]] std::string_view machine() const {
        return principal().machine.empty() ? client_id() : std::string_view(principal().machine);
    }
    void set_rights(ClientRightsRef rights) {
        rights_ = std::move(rights);
        allowed_topics.reset();
    }

    /// It outlives its connection.
    [[nodiscard]] bool stays() const { return expiry_interval_s != 0; }
    /// What is queued for it is on disk. One that no longer stays remains so while it has messages
    /// there, so that they keep their order with later ones.
    [[nodiscard]] bool is_durable() const { return stays() || outbound.is_spilling(); }
    [[nodiscard]] bool is_connected() const { return connection != nullptr; }
    /// 0 while connected.
    [[nodiscard]] WallTime disconnected_at() const {
        return absence == nullptr ? WallTime() : absence->began_at;
    }

    Connection* connection = nullptr;  // the one that uses this session now
    OutboundQueue outbound;
    SessionSubscriptions subscriptions;
    InboundIds inbound;  // QoS 2 packet ids
    std::unique_ptr<SessionWill> will;
    std::unique_ptr<AllowedTopics> allowed_topics;  // null: nothing had to be judged
    std::unique_ptr<SessionAbsence> absence;        // null while connected

    WallTime connected_at;
    SessionTraffic traffic;
    const ClientWatches::Watchers* watchers = nullptr;  // null: nobody listens in
    std::uint32_t expiry_interval_s = 0;
    std::uint32_t shared_count = 0;     // of the subscriptions
    std::uint16_t returning_count = 0;  // messages on their way to other members of their groups
    std::uint8_t protocol_version = 0;
    bool is_stored : 1 = false;     // has a record on disk
    bool has_stranded : 1 = false;  // messages of groups that go to others once they are committed
    bool is_share_open : 1 = true;  // as groups have been told: takes more
    bool is_announced : 1 = false;  // in the directory, by the present connection
    bool is_moving : 1 = false;     // to another node of the mesh, or perhaps: nobody uses it
    bool is_gone : 1 = false;       // another node has it; only what still comes here goes on
    bool is_watched : 1 = false;    // has come from another node: messages may come twice
    /// What is queued for it goes to disk alone.
    [[nodiscard]] bool is_leaving() const { return is_moving || is_gone; }

    void show_watchers(const ClientMessage& message) const {
        if (watchers != nullptr) [[unlikely]] {
            for (ClientWatcher* watcher : *watchers) {
                watcher->on_client_message(message);
            }
        }
    }

  private:
    explicit Session(Identity identity);

    std::uint16_t client_id_bytes_;
    TenantId tenant_;
    SessionId id_;
    ClientRightsRef rights_;
};
static_assert(sizeof(Session) <= 168, "idle sessions are many");

}  // namespace kith::broker
