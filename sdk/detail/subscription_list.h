// The subscriptions that a client wants, and how far the node knows of them.
//
// What is wanted outlives connections: when the node kept the session only what it did not answer
// is asked again, otherwise everything. Removals are remembered the same way. Threads: shard-local.
// Limits: kSubscriptionsMax.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <set>
#include <string>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/qos.h"
#include "sdk/detail/outbound_queue.h"
#include "sdk/detail/packet_ids.h"
#include "sdk/kith/outcome.h"
#include "wire/mqtt/packets.h"

namespace kith::sdk {

/// What SUBSCRIBE says of a filter besides its text.
struct SubscribeOptions {
    Qos maximum_qos = Qos::AtLeastOnce;
    bool no_local = false;
    bool retain_as_published = false;
    mqtt::RetainHandling retain_handling = mqtt::RetainHandling::SendOnSubscribe;
    std::uint32_t identifier = 0;  // 0 is none
};

class SubscriptionList {
  public:
    explicit SubscriptionList(PacketIds& packet_ids) : packet_ids_(packet_ids) {}

    /// Wants `filter`; replaces what was wanted of it. `done` follows the node's answer.
    /// Errors: Limit.
    [[nodiscard]] Done add(std::string filter, const SubscribeOptions& options, DoneHandler done);
    /// Wants it no longer. Errors: Invalid if nobody wanted it.
    [[nodiscard]] Done remove(const std::string& filter, DoneHandler done);

    /// What to ask the node next: the filter to remove or to add, with its packet id.
    struct Request {
        const std::string* filter = nullptr;
        const SubscribeOptions* options = nullptr;  // null: UNSUBSCRIBE
        PacketId packet_id;
    };
    /// Nothing more to ask if its `filter` is null. The request counts as sent.
    [[nodiscard]] Request next();

    /// SUBACK or UNSUBACK; false if nothing waits for it.
    bool complete(PacketId id, Done outcome);

    /// A new connection.
    void resume(bool session_present);
    /// Ends everything.
    void fail_all(const Failure& failure);

  private:
    enum class State : std::uint8_t { Wanted, Asked, Active };
    struct Entry {
        SubscribeOptions options;
        DoneHandler done;
        State state = State::Wanted;
        PacketId packet_id;
    };
    struct Removal {
        std::string filter;
        DoneHandler done;
        PacketId packet_id;  // once asked
    };

    [[nodiscard]] Request next_removal();
    bool complete_removal(PacketId id, Done outcome);
    void forget_asked();
    static void call(DoneHandler done, Done outcome);

    PacketIds& packet_ids_;
    std::map<std::string, Entry> entries_;
    std::set<std::string> wanted_;                            // entries that are to be asked
    boost::unordered_flat_map<PacketId, std::string> asked_;  // filters by packet id
    std::list<Removal> removals_;
};

}  // namespace kith::sdk
