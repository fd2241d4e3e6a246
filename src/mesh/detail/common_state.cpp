#include "mesh/detail/common_state.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "wire/mesh/codec.h"

namespace kith::mesh {
namespace {

constexpr StateKey kFirstKey{.hash = 0, .kind = static_cast<StateKind>(1)};
constexpr auto kLastKind = static_cast<StateKind>(kStateKindCount);
constexpr unsigned kBucketShift = 56;

StateKey first_of(std::size_t bucket) {
    return {.hash = std::uint64_t{bucket} << kBucketShift, .kind = kFirstKey.kind};
}
StateKey last_of(std::size_t bucket) {
    constexpr std::uint64_t kRest = (std::uint64_t{1} << kBucketShift) - 1;
    return {.hash = (std::uint64_t{bucket} << kBucketShift) | kRest, .kind = kLastKind};
}

StateKey key_of(StateKind kind, const StateName& name) {
    return {.hash = state_hash(name.tenant, name.text), .kind = kind};
}

/// The hour in which the last of those who may not know of it has had the time to hear of it.
std::uint32_t forget_hour(std::uint64_t time, std::uint64_t lifetime_ms) {
    const std::uint64_t ms = HybridClock::ms_of(time) + lifetime_ms;
    constexpr auto kLifetimeMs = static_cast<std::uint64_t>(to_ms(kTombstoneLifetime));
    return HybridClock::hour_of((ms + kLifetimeMs) << HybridClock::kCounterBits) + 1;
}

}  // namespace

CommonState::Peer* CommonState::peer(NodeId neighbor) {
    const auto found = peers_.find(neighbor);
    return found == peers_.end() ? nullptr : &found->second;
}

/// What was to be sent meanwhile, digests find again.
void CommonState::on_stored(const StateKey& key, const Stamp& stamp) {
    StateEntry* entry = table_.find(key);
    if (entry != nullptr && entry->stamp == stamp) {
        entry->is_stored = true;
    }
}

void CommonState::restore(const State& state, StateTold told, Instant now) {
    clock_.observe(state.stamp.time);
    const StateEntry* known = table_.find(state.key);
    if ((known != nullptr && known->stamp >= state.stamp) || table_.size() >= kStateEntriesMax) {
        return;
    }
    table_.put({.key = state.key,
                .stamp = state.stamp,
                .replaces = state.replaces,
                .forget_h = state.forget_h,
                .is_gone = state.is_gone,
                .told = told});
    if (told == StateTold::Due) {
        await_message(*table_.find(state.key), now);
    }
    if (state.key.kind != StateKind::Retained && !state.is_gone) {
        values_[state.key] = {.tenant = state.tenant,
                              .name = std::string(state.name),
                              .bytes = {state.value.begin(), state.value.end()}};
    }
}

void CommonState::adopt(const StateName& topic, WallTime published_at,
                        std::uint32_t expires_after_ms, Instant now) {
    const StateKey key = key_of(StateKind::Retained, topic);
    const StateEntry* known = table_.find(key);
    if ((known != nullptr && !known->is_gone) || table_.size() >= kStateEntriesMax) {
        return;
    }
    const std::uint64_t time = std::max<std::uint64_t>(HybridClock::from_ms(published_at.ms()), 1);
    StateEntry entry{.key = key, .stamp = {.time = time, .writer = options_.self}};
    entry.forget_h = expires_after_ms == 0 ? 0 : forget_hour(clock_.tick(now), expires_after_ms);
    if (known != nullptr) {  // set again while there was no mesh
        entry.replaces = known->stamp.time;
        entry.stamp.time = std::max(time, clock_.tick(now));
    }
    table_.put(entry);
    clock_.observe(entry.stamp.time);
    keep(*table_.find(key));
}

/// Null: there are too many.
StateEntry* CommonState::write(const StateKey& key, std::uint32_t lifetime_ms, bool is_gone,
                               Instant now) {
    const StateEntry* known = table_.find(key);
    if (known == nullptr && table_.size() >= kStateEntriesMax) {
        ++counters_.refused_full;
        return nullptr;
    }
    StateEntry entry{.key = key,
                     .stamp = {.time = clock_.tick(now), .writer = options_.self},
                     .is_gone = is_gone};
    if (known != nullptr) {
        // A clock that was ahead, and is not any more, must not keep its own writes from being
        // replaced.
        entry.replaces = known->stamp.time;
        entry.stamp.time = std::max(entry.stamp.time, known->stamp.time + 1);
    }
    const bool is_mortal = is_gone || lifetime_ms != 0;
    entry.forget_h = is_mortal ? forget_hour(entry.stamp.time, lifetime_ms) : 0;
    table_.put(entry);
    return table_.find(key);
}

bool CommonState::write_retained(Data& data, Instant now) {
    const StateKey key{.hash = state_hash(data.tenant, data.topic), .kind = StateKind::Retained};
    StateEntry* entry = write(key, data.expires_after_ms, data.payload.empty(), now);
    if (entry == nullptr) {
        return false;
    }
    data.state_time = entry->stamp.time;
    data.state_replaces = entry->replaces;
    data.state_forget_h = entry->forget_h;
    keep(*entry);
    return true;
}

/// Counts what it refuses, and writes that did not know of one another.
bool CommonState::is_news(const StateEntry& news, const StateEntry* known, Instant now) {
    if (clock_.is_ahead(news.stamp.time, now)) {
        ++counters_.refused_ahead;
        if (port_ != nullptr) {
            port_->on_stamp_ahead(news.stamp);
        }
        return false;
    }
    if (known == nullptr) {
        const bool has_room = table_.size() < kStateEntriesMax;
        counters_.refused_full += has_room ? 0U : 1U;
        return has_room;
    }
    if (known->stamp == news.stamp) {
        return false;
    }
    const bool is_later = known->stamp < news.stamp;
    const StateEntry& later = is_later ? news : *known;
    const StateEntry& earlier = is_later ? *known : news;
    counters_.conflicts += later.replaces < earlier.stamp.time ? 1U : 0U;
    return is_later;
}

void CommonState::arrive(Data& data, NodeId self, Instant now) {
    const StateKey key{.hash = state_hash(data.tenant, data.topic), .kind = StateKind::Retained};
    const StateEntry news{.key = key,
                          .stamp = {.time = data.state_time, .writer = data.id.origin},
                          .replaces = data.state_replaces,
                          .forget_h = data.state_forget_h,
                          .is_gone = data.payload.empty(),
                          .told = StateTold::Delivered};
    StateEntry* known = table_.find(key);
    if (is_news(news, known, now)) {
        clock_.observe(news.stamp.time);
        table_.put(news);
        keep(*table_.find(key));
        return;
    }
    data.state_time = 0;
    if (known == nullptr || known->stamp != news.stamp) {
        return;
    }
    if (known->told == StateTold::Announced) {
        const auto here = std::ranges::find(data.destinations, self, &Destination::node);
        if (here != data.destinations.end()) {
            here->for_all = false;
        }
    }
    if (known->told == StateTold::Due) {
        known->told = StateTold::Delivered;
        keep(*known);
    }
}

Status CommonState::put(StateKind kind, const StateName& name, std::optional<Bytes> value,
                        Instant now) {
    const std::size_t bytes = name.text.size() + (value ? value->size() : 0);
    if (bytes > kStateValueBytesMax) {
        return fail(ErrorKind::Limit, "value of common state is too large");
    }
    const StateKey key = key_of(kind, name);
    StateEntry* entry = write(key, 0, !value, now);
    if (entry == nullptr) {
        return fail(ErrorKind::Limit, "too much common state");
    }
    if (value) {
        values_[key] = {.tenant = name.tenant,
                        .name = std::string(name.text),
                        .bytes = {value->begin(), value->end()}};
    } else {
        values_.erase(key);
    }
    keep(*entry);
    pass_on(key, {});
    return {};
}

std::optional<StateValue> CommonState::find(StateKind kind, const StateName& name) const {
    const auto found = values_.find(key_of(kind, name));
    if (found == values_.end() || found->second.name != name.text) {
        return std::nullopt;
    }
    return StateValue{.stamp = table_.find(found->first)->stamp, .bytes = found->second.bytes};
}

// Neighbours.

void CommonState::on_neighbor_up(NodeId neighbor, NodeRole role) {
    if (role == NodeRole::Router && options_.role == NodeRole::Router) {
        peers_.insert_or_assign(neighbor, Peer{.sync = StateSync(options_.self < neighbor)});
    }
}

void CommonState::on_neighbor_digest(NodeId neighbor, std::uint64_t digest, Instant now) {
    Peer* known = peer(neighbor);
    if (known != nullptr && known->sync.is_due(table_.digest(), digest, now) &&
        !options_.mutants.repairs_nothing) {
        listener_.send_state(neighbor, table_.digests(), now);
    }
}

/// What differs is sent where the neighbour has nothing, and listed where it has something else.
void CommonState::on_digest(NodeId neighbor, const StateDigest& digest, Instant now) {
    Peer* known = peer(neighbor);
    if (known == nullptr) {
        return;
    }
    known->listed_count = 0;
    for (std::size_t bucket = 0; bucket < kStateBuckets; ++bucket) {
        if (table_.digests().buckets[bucket] == digest.buckets[bucket]) {
            continue;
        }
        if (digest.buckets[bucket] != 0) {
            list_bucket(neighbor, *known, bucket, now);
            continue;
        }
        for (const StateEntry& entry : table_.bucket(bucket)) {
            known->sync.add(entry.key);
        }
    }
}

/// In as many frames as it takes; one at least, so that the other side sends its own.
void CommonState::list_bucket(NodeId neighbor, Peer& peer, std::size_t bucket, Instant now) {
    std::span<const StateEntry> left = table_.bucket(bucket);
    if (peer.listed_count + left.size() > kStateListedMax && peer.listed_count > 0) {
        return;  // the next digest asks again
    }
    peer.listed_count += left.size();
    StateList list;
    list.first = first_of(bucket);
    do {
        const auto here = left.first(std::min(left.size(), kListEntriesMax));
        left = left.subspan(here.size());
        list.entries.clear();
        for (const StateEntry& entry : here) {
            list.entries.push_back({.key = entry.key, .stamp = entry.stamp});
        }
        list.last = left.empty() ? last_of(bucket) : here.back().key;
        listener_.send_state(neighbor, list, now);
        list.first = {.hash = list.last.hash + 1, .kind = kFirstKey.kind};
    } while (!left.empty());
}

void CommonState::on_list(NodeId neighbor, const StateList& list, Instant now) {
    Peer* known = peer(neighbor);
    if (known == nullptr) {
        return;
    }
    StateRequest request;
    auto theirs = list.entries.begin();
    const auto ask_below = [&](const StateKey* behind) {
        for (; theirs != list.entries.end() && (behind == nullptr || theirs->key < *behind);
             ++theirs) {
            request.keys.push_back(theirs->key);
        }
    };
    for (std::size_t bucket = state_bucket(list.first); bucket <= state_bucket(list.last);
         ++bucket) {
        for (const StateEntry& own : table_.bucket(bucket)) {
            if (own.key < list.first || list.last < own.key) {
                continue;
            }
            ask_below(&own.key);
            const bool is_theirs = theirs != list.entries.end() && theirs->key == own.key;
            if (!is_theirs || theirs->stamp < own.stamp) {
                known->sync.add(own.key);
            } else if (own.stamp < theirs->stamp) {
                request.keys.push_back(own.key);
            }
            theirs += is_theirs ? 1 : 0;
        }
    }
    ask_below(nullptr);
    if (!request.keys.empty()) {
        listener_.send_state(neighbor, request, now);
    }
}

void CommonState::on_request(NodeId neighbor, const StateRequest& request) {
    if (Peer* known = peer(neighbor)) {
        for (const StateKey& key : request.keys) {
            known->sync.add(key);
        }
    }
}

void CommonState::on_state(NodeId neighbor, const State& state, Instant now) {
    Peer* sender = peer(neighbor);
    if (sender == nullptr) {
        return;
    }
    sender->sync.remove(state.key);
    const StateEntry news{.key = state.key,
                          .stamp = state.stamp,
                          .replaces = state.replaces,
                          .forget_h = state.forget_h,
                          .is_gone = state.is_gone,
                          .told = StateTold::Due};
    const StateEntry* known = table_.find(state.key);
    const bool is_old = state.forget_h != 0 && state.forget_h <= clock_.hour(now);
    if (is_old || !is_news(news, known, now)) {
        if (known != nullptr && state.stamp < known->stamp) {
            sender->sync.add(state.key);
        }
        return;
    }
    ++counters_.repaired;
    clock_.observe(news.stamp.time);
    table_.put(news);
    StateEntry& entry = *table_.find(state.key);
    entry.told = put_content(state) ? StateTold::Due : StateTold::Announced;
    keep(entry);
    if (entry.told == StateTold::Due) {
        await_message(entry, now);
    }
    pass_on(state.key, neighbor);
}

/// True if somebody here is to hear of it.
bool CommonState::put_content(const State& state) {
    if (state.key.kind != StateKind::Retained) {
        if (state.is_gone) {
            values_.erase(state.key);
        } else {
            values_[state.key] = {.tenant = state.tenant,
                                  .name = std::string(state.name),
                                  .bytes = {state.value.begin(), state.value.end()}};
        }
    }
    const bool is_wanted = port_ != nullptr && port_->on_state(state);
    return is_wanted && state.key.kind == StateKind::Retained;
}

void CommonState::keep(StateEntry& entry) {
    if (port_ == nullptr) {
        return;
    }
    State state{.key = entry.key,
                .stamp = entry.stamp,
                .replaces = entry.replaces,
                .forget_h = entry.forget_h,
                .is_gone = entry.is_gone};
    if (const auto value = values_.find(entry.key); value != values_.end()) {
        state.tenant = value->second.tenant;
        state.name = value->second.name;
        state.value = value->second.bytes;
    }
    entry.is_stored = port_->keep_state(state, static_cast<std::uint8_t>(entry.told));
}

void CommonState::pass_on(const StateKey& key, NodeId but) {
    for (auto& [node, each] : peers_) {
        if (node != but) {
            each.sync.add(key);
        }
    }
}

/// Borrows the content. False if there is none to send.
bool CommonState::read(const StateEntry& entry, State& state, Instant now) const {
    state.key = entry.key;
    state.stamp = entry.stamp;
    state.replaces = entry.replaces;
    state.forget_h = entry.forget_h;
    state.is_gone = entry.is_gone;
    if (state.is_gone) {
        return true;
    }
    if (entry.key.kind != StateKind::Retained) {
        const Value& value = values_.at(entry.key);
        state.tenant = value.tenant;
        state.name = value.name;
        state.value = value.bytes;
        return true;
    }
    const bool is_there = port_ != nullptr && port_->read_state(state, now);
    if (!is_there && entry.forget_h != 0) {  // it has expired
        state = {.key = entry.key,
                 .stamp = entry.stamp,
                 .replaces = entry.replaces,
                 .forget_h = entry.forget_h,
                 .is_gone = true};
        return true;
    }
    return is_there &&
           state.name.size() + state.properties.size() + state.value.size() <= kMessageBytesMax;
}

bool CommonState::send_one(NodeId neighbor, const StateKey& key, Instant now) {
    const StateEntry* entry = table_.find(key);
    State state;
    if (entry != nullptr && entry->is_stored && read(*entry, state, now)) {
        listener_.send_state(neighbor, state, now);
        return true;
    }
    return false;
}

void CommonState::flush(Instant now) {
    for (auto& [node, each] : peers_) {
        for (const StateKind kind : {StateKind::Session, StateKind::Retained}) {
            const Priority priority = priority_of(kind);
            while (each.sync.has_waiting(kind) && listener_.has_room(node, priority)) {
                send_one(node, *each.sync.take(kind), now);
            }
        }
    }
}

// Time.

/// Its message may be on its way, and is what subscribers are to get.
void CommonState::await_message(const StateEntry& entry, Instant now) {
    const bool is_first = !due_.contains(entry.stamp.writer);
    Due& due = due_[entry.stamp.writer];
    if (is_first) {
        due.give_up_at = now + kStateAskPatience;
    }
    if (due.keys.empty() && due.asked.empty()) {
        due.ask_at = now + kStateAskDelay;
    }
    due.keys.push_back(entry.key);
}

void CommonState::on_answer(NodeId writer, Instant now) {
    const auto found = due_.find(writer);
    if (found == due_.end()) {
        return;
    }
    announce(found->second.asked);
    if (found->second.keys.empty()) {
        due_.erase(found);
    } else {
        found->second.ask_at = now + kStateAskDelay;
        found->second.give_up_at = now + kStateAskPatience;
    }
}

void CommonState::announce(std::vector<StateKey>& keys) {
    for (const StateKey& key : std::exchange(keys, {})) {
        StateEntry* entry = table_.find(key);
        if (entry == nullptr || entry->told != StateTold::Due) {
            continue;  // its message has come
        }
        entry->told = StateTold::Announced;
        keep(*entry);
        if (port_ != nullptr) {
            port_->announce_state(key);
        }
    }
}

bool CommonState::see_to_due(NodeId writer, Due& due, Instant now) {
    const bool is_own = writer == options_.self;  // of a life that this one does not remember
    if (due.give_up_at <= now || (is_own && due.ask_at <= now)) {
        announce(due.asked);
        announce(due.keys);
        return false;
    }
    if (due.ask_at > now) {
        return true;
    }
    if (listener_.ask(writer, now)) {
        due.asked = std::exchange(due.keys, {});
        due.ask_at = Instant::never();
    } else {
        due.ask_at = now + kStateAskDelay;
    }
    return true;
}

void CommonState::on_timer(Instant now) {
    for (auto due = due_.begin(); due != due_.end();) {
        due = see_to_due(due->first, due->second, now) ? std::next(due) : due_.erase(due);
    }
    if (now < forget_at_) {
        return;
    }
    forget_at_ = now + kStateForgetInterval;
    for (const StateKey& key : table_.forget(clock_.hour(now))) {
        values_.erase(key);
        if (port_ != nullptr) {
            port_->forget_state(key);
        }
    }
}

Instant CommonState::deadline() const {
    Instant first = table_.size() == 0 ? Instant::never() : forget_at_;
    for (const auto& [writer, due] : due_) {
        first = std::min({first, due.ask_at, due.give_up_at});
    }
    return first;
}

const StateCounters& CommonState::counters() const {
    counters_.entries = table_.size();
    return counters_;
}

}  // namespace kith::mesh
