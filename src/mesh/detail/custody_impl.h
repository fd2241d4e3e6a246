// What custody is made of, split over custody.cpp (calls of the node around it), custody_ways.cpp
// (which way a message goes, when, and when again) and custody_spool.cpp (what waits for long).
// Threads: shard-local.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "mesh/detail/custody.h"
#include "mesh/detail/held_message.h"
#include "mesh/detail/lapses.h"
#include "mesh/detail/outgoing_streams.h"
#include "mesh/detail/retry_queue.h"

namespace kith::mesh {

inline void add_once(NodeIds& nodes, NodeId node) {
    if (std::ranges::find(nodes, node) == nodes.end()) {
        nodes.push_back(node);
    }
}

struct Custody::Impl {
    using Table = std::map<DataId, HeldMessage>;

    Impl(const MeshOptions& options_in, CustodyPort& store_in, CustodyListener& listener_in)
        : options(options_in), store(store_in), listener(listener_in) {}

    const MeshOptions& options;
    CustodyPort& store;
    CustodyListener& listener;
    Table held;
    OutgoingStreams streams;
    std::map<CustodyTicket, DataId> tickets;
    std::map<NodeId, std::size_t> handed;  // legs that a neighbour has; none of 0
    /// Messages that wait for room, in order, by neighbour and class; some may be done with.
    using WaitingLine = std::deque<DataId>;
    std::map<NodeId, std::array<WaitingLine, kPriorityCount>> waiting;
    WaitingLine* served = nullptr;  // may send, though others wait in it
    RetryQueue retries;
    Instant restored_at = Instant::never();  // messages of the life before have not been sent yet
    std::size_t held_bytes = 0;
    std::size_t relayed_bytes = 0;  // of these, messages of others
    std::uint64_t last_sequence = 0;
    CustodyTicket last_ticket;
    Lapses lapses;
    DataId spool_looked_at;  // messages before it have nothing that could leave memory
    Spooled spooled;
    std::deque<DataId> wanted;                     // from the disk, when there is room
    std::map<CustodyTicket, std::size_t> fetches;  // under way, with their bytes
    std::size_t fetching_bytes = 0;
    std::vector<DataId> brought_back;  // of this turn

    OutgoingStreams::Key stream_of(const HeldMessage& message, NodeId destination) const {
        return {destination, message.data().priority, message.id().epoch};
    }
    [[nodiscard]] bool is_of_others(const HeldMessage& message) const {
        return message.id().origin != options.self;
    }
    HeldMessage& hold(const Data& data, Instant now) {
        HeldMessage& message = held.try_emplace(data.id, data, now).first->second;
        count_bytes(message, message.bytes());
        return message;
    }
    /// Adds to what is held; a number below zero, as unsigned ones wrap, takes away.
    void count_bytes(const HeldMessage& message, std::size_t change) {
        held_bytes += change;
        relayed_bytes += is_of_others(message) ? change : 0;
    }
    /// Adds it to what is on disk alone, or takes it away.
    void count_away(const HeldMessage& message, int sign) {
        if (message.is_away()) {
            spooled.count = sign > 0 ? spooled.count + 1 : spooled.count - 1;
            spooled.bytes = sign > 0 ? spooled.bytes + message.away_bytes()
                                     : spooled.bytes - message.away_bytes();
        }
    }
    /// Who has it now; 0: it waits here.
    void hand(Leg& leg, NodeId neighbor) {
        if (const auto before = handed.find(leg.via);
            before != handed.end() && --before->second == 0) {
            handed.erase(before);
        }
        leg.via = neighbor;
        if (neighbor != NodeId()) {
            ++handed[neighbor];
        }
    }
    [[nodiscard]] static SpoolPlace place_of(const HeldMessage& message) {
        return message.is_away() ? SpoolPlace::Disk : SpoolPlace::Memory;
    }
    /// It is to be given up then, if it still waits. What is away is always listed.
    void list(HeldMessage& message, Instant at) {
        unlist(message);
        message.listed_at = at;
        lapses.add(place_of(message), {at, message.id()});
    }
    void unlist(HeldMessage& message) {
        if (message.listed_at != Instant::never()) {
            lapses.remove(place_of(message), {message.listed_at, message.id()});
            message.listed_at = Instant::never();
        }
    }
    void list_if_waiting(HeldMessage& message) {
        if (message.listed_at == Instant::never() && std::ranges::any_of(message.legs, &waits)) {
            list(message, message.lapses_at(options.partition_ttl));
        }
    }
    void forget(HeldMessage& message) {
        unlist(message);
        count_bytes(message, 0 - message.bytes());
        count_away(message, -1);
        if (message.ticket.value() != 0) {
            tickets.erase(message.ticket);
            store.settle(message.ticket, {});
        }
        held.erase(message.id());
    }
    [[nodiscard]] bool wait_for_room(HeldMessage& message, Leg& leg, NodeId neighbor);
    void serve(NodeId neighbor, Priority priority, Instant now);
    void store_it(HeldMessage& message);
    void dispatch(HeldMessage& message, Instant now);
    void send(HeldMessage& message, NodeId neighbor, Instant now);
    void open_more(NodeId destination, Priority priority, Instant now);
    void finish(HeldMessage& message, NodeId destination, Instant now);
    void give_back(HeldMessage& message, Leg& leg);
    void be_patient(const HeldMessage& message, Leg& leg, Instant now);
    void refuse(const Data& data, NodeId from);
    void send_away(const Data& data, NodeId from);
    void tell(HeldMessage& message);
    [[nodiscard]] bool has_no_way(const HeldMessage& message) const;
    void retry(HeldMessage& message, Instant now);
    void watch_groups(const HeldMessage& message, Leg& leg, Instant now);
    [[nodiscard]] bool may_go_to_others(const HeldMessage& message, const Leg& leg) const {
        return message.data().qos < 2 || !leg.may_be_there || !listener.is_expected(leg.to.node);
    }
    void reassign(HeldMessage& message, const Leg& leg);
    void retry_closed(HeldMessage& message, Leg& leg, Instant now);
    void leave(NodeId neighbor, NeighborChange change, Instant now);

    // The spool.
    /// Nobody has it now, and it is not in a line for anybody.
    [[nodiscard]] static bool waits(const Leg& leg) {
        return leg.via == NodeId() && leg.waits_for == NodeId();
    }
    [[nodiscard]] static bool waits_without_way(const HeldMessage& message) {
        return message.is_own && message.data().kind != DataKind::Void &&
               std::ranges::all_of(message.legs, &waits);
    }
    void drop_first_in_memory(Instant now);
    void lapse_some(Instant now);
    void give_up(HeldMessage& message, Instant now);
    void keep_within_bounds(Instant now);
    void put_away(HeldMessage& message);
    void make_void(HeldMessage& message);
    void evict(const DataId& id, Instant now);
    void want(HeldMessage& message);
    void fetch_wanted();
    [[nodiscard]] bool has_room_to_fetch() const;

    void send_restored(Instant now);
    void pretend_delivered(const DataId& id, Instant now);
};

}  // namespace kith::mesh
