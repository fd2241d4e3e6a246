#include "mesh/detail/outgoing_streams.h"

#include <algorithm>

#include "base/check.h"

namespace kith::mesh {

std::uint64_t OutgoingStreams::append(const Key& key, const Item& item) {
    Stream& stream = streams_[key];
    const std::uint64_t place = stream.next_place++;
    stream.pending.emplace(place, item);
    return place;
}

void OutgoingStreams::restore(const Key& key, std::uint64_t place, const Item& item) {
    Stream& stream = streams_[key];
    stream.pending.emplace(place, item);
    stream.next_place = std::max(stream.next_place, place + 1);
    stream.opened_below = stream.pending.begin()->first;
}

std::uint64_t OutgoingStreams::first_open(const Key& key) const {
    const auto stream = streams_.find(key);
    if (stream == streams_.end()) {
        return 1;
    }
    const auto& pending = stream->second.pending;
    return pending.empty() ? stream->second.next_place : pending.begin()->first;
}

bool OutgoingStreams::open(const Key& key, std::uint64_t place) {
    const auto* oldest = current(key.destination, key.priority);
    if (oldest == nullptr || oldest->first != key) {
        return false;
    }
    Stream& stream = streams_.find(key)->second;
    if (place < stream.opened_below) {
        return true;
    }
    const Lane lane{key.destination, key.priority};
    if (stream.is_full()) {
        full_.insert(lane);
        return false;
    }
    if (next_to_open(key.destination, key.priority)->place != place) {
        return false;
    }
    ++stream.in_flight;
    stream.bytes_in_flight += stream.pending.at(place).bytes;
    stream.opened_below = place + 1;
    if (stream.opened_below > stream.pending.rbegin()->first) {
        full_.erase(lane);
    }
    return true;
}

void OutgoingStreams::finish(const Key& key, std::uint64_t place) {
    const auto found = streams_.find(key);
    if (found == streams_.end()) {
        return;
    }
    Stream& stream = found->second;
    const auto item = stream.pending.find(place);
    if (item == stream.pending.end()) {
        return;
    }
    if (place < stream.opened_below) {
        CHECK(stream.in_flight > 0 && stream.bytes_in_flight >= item->second.bytes);
        --stream.in_flight;
        stream.bytes_in_flight -= item->second.bytes;
    }
    stream.pending.erase(item);
    if (stream.pending.empty()) {
        full_.erase({key.destination, key.priority});
    }
    // The stream of this start keeps its numbers; one of a start before it is done with for ever.
    const bool has_later = std::next(found) != streams_.end() &&
                           std::next(found)->first.destination == key.destination &&
                           std::next(found)->first.priority == key.priority;
    if (stream.pending.empty() && has_later) {
        streams_.erase(found);
    }
}

std::optional<OutgoingStreams::Next> OutgoingStreams::next_to_open(NodeId destination,
                                                                   Priority priority) const {
    const auto* oldest = current(destination, priority);
    if (oldest == nullptr || oldest->second.is_full()) {
        return std::nullopt;
    }
    const auto next = oldest->second.pending.lower_bound(oldest->second.opened_below);
    if (next == oldest->second.pending.end()) {
        return std::nullopt;
    }
    return Next{oldest->first, next->first, next->second.id};
}

const std::pair<const OutgoingStreams::Key, OutgoingStreams::Stream>* OutgoingStreams::current(
    NodeId destination, Priority priority) const {
    auto stream = streams_.lower_bound({destination, priority, 0});
    while (stream != streams_.end() && stream->first.destination == destination &&
           stream->first.priority == priority) {
        if (!stream->second.pending.empty()) {
            return &*stream;
        }
        ++stream;
    }
    return nullptr;
}

}  // namespace kith::mesh
