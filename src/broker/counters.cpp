#include "broker/counters.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace kith::broker {

void DelayHistogram::record_us(std::uint64_t delay_us, std::uint64_t count) {
    const auto bucket = static_cast<std::size_t>(std::bit_width(delay_us));
    counts[std::min(bucket, kBuckets - 1)] += count;
}

void DelayHistogram::add(const DelayHistogram& other) {
    for (std::size_t i = 0; i < kBuckets; ++i) {
        counts[i] += other.counts[i];
    }
}

std::uint64_t DelayHistogram::total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts) {
        sum += count;
    }
    return sum;
}

std::uint64_t DelayHistogram::quantile_us(double share) const {
    const std::uint64_t all = total();
    if (all == 0) {
        return 0;
    }
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(all)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
        seen += counts[i];
        if (seen >= wanted) {
            return std::uint64_t{1} << i;
        }
    }
    return std::uint64_t{1} << (kBuckets - 1);
}

void Counters::add(const Counters& other) {
    messages_in += other.messages_in;
    messages_out += other.messages_out;
    controls_in += other.controls_in;
    controls_out += other.controls_out;
    payload_bytes_in += other.payload_bytes_in;
    payload_bytes_out += other.payload_bytes_out;
    sessions_expired += other.sessions_expired;
    shared_subscriptions += other.shared_subscriptions;
    bytes_in += other.bytes_in;
    bytes_out += other.bytes_out;
    connects_accepted += other.connects_accepted;
    connects_refused += other.connects_refused;
    takeovers += other.takeovers;
    disconnects += other.disconnects;
    protocol_errors += other.protocol_errors;
    keep_alive_timeouts += other.keep_alive_timeouts;
    credentials_expired += other.credentials_expired;
    dropped_slow += other.dropped_slow;
    dropped_queue_full += other.dropped_queue_full;
    dropped_memory += other.dropped_memory;
    dropped_expired += other.dropped_expired;
    dropped_too_large += other.dropped_too_large;
    dropped_no_receiver += other.dropped_no_receiver;
    entries_refused += other.entries_refused;
    no_responders += other.no_responders;
    refused_retained_full += other.refused_retained_full;
    refused_from_mesh += other.refused_from_mesh;
    barriers_partial += other.barriers_partial;
    refused_not_authorized += other.refused_not_authorized;
    denied_publishes += other.denied_publishes;
    denied_subscribes += other.denied_subscribes;
    subscriptions_revoked += other.subscriptions_revoked;
    wills_published += other.wills_published;
    sessions_moved_in += other.sessions_moved_in;
    sessions_moved_out += other.sessions_moved_out;
    sessions_fenced += other.sessions_fenced;
    session_moves_timed_out += other.session_moves_timed_out;
    session_messages_forwarded += other.session_messages_forwarded;
    session_messages_twice += other.session_messages_twice;
    session_moves.add(other.session_moves);
    topics_evicted += other.topics_evicted;
    publishers_held += other.publishers_held;
    slow_episodes += other.slow_episodes;
    slow_clients += other.slow_clients;
    shared_returned += other.shared_returned;
    spilled += other.spilled;
    spill_loaded += other.spill_loaded;
    delivery.add(other.delivery);
    for (std::size_t i = 0; i < limits.size(); ++i) {
        limits[i].reached_count += other.limits[i].reached_count;
        limits[i].last_reached_at =
            std::max(limits[i].last_reached_at, other.limits[i].last_reached_at);
    }
    connections += other.connections;
    sessions += other.sessions;
    sessions_watched += other.sessions_watched;
    subscriptions += other.subscriptions;
    retained += other.retained;
    retained_bytes += other.retained_bytes;
    queued_messages += other.queued_messages;
    queued_bytes += other.queued_bytes;
    held_bytes += other.held_bytes;
    spilled_messages += other.spilled_messages;
    spilled_bytes += other.spilled_bytes;
    topics += other.topics;
}

}  // namespace kith::broker
