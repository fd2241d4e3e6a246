#include "access/throttle.h"

#include "base/check.h"

namespace kith::access {

Throttle::Answer Throttle::begin(std::string_view key, Instant now) {
    Answer answer = peek(key, now);
    if (!answer.is_allowed) {
        return answer;
    }
    Entry& entry = touch(key, now);
    ++entry.tries;
    CHECK(entry.tries <= tries_max_);
    if (entry.tries == tries_max_) {
        entry.paused_until = now + kTriesPause;
        entry.tries = 0;
    }
    return answer;
}

Throttle::Answer Throttle::peek(std::string_view key, Instant now) const {
    const auto found = keys_.find(key);
    if (found == keys_.end()) {
        return {.is_allowed = true, .tries_left = tries_max_ - 1, .retry_after = {}};
    }
    const Entry& entry = *found->second;
    if (now < entry.paused_until) {
        return {.is_allowed = false, .tries_left = 0, .retry_after = entry.paused_until - now};
    }
    const std::uint32_t tries = now - entry.last_try > kTriesMemory ? 0 : entry.tries;
    return {.is_allowed = true, .tries_left = tries_max_ - tries - 1, .retry_after = {}};
}

void Throttle::forgive(std::string_view key) {
    const auto found = keys_.find(key);
    if (found != keys_.end()) {
        const auto entry = found->second;
        keys_.erase(found);
        entries_.erase(entry);
    }
}

Throttle::Entry& Throttle::touch(std::string_view key, Instant now) {
    const auto found = keys_.find(key);
    if (found != keys_.end()) {
        entries_.splice(entries_.begin(), entries_, found->second);
    } else {
        if (entries_.size() == kThrottleKeysMax) {
            keys_.erase(entries_.back().key);
            entries_.pop_back();
        }
        entries_.push_front(
            {.key = std::string(key), .tries = 0, .last_try = now, .paused_until = {}});
        keys_.emplace(entries_.front().key, entries_.begin());
    }
    Entry& entry = entries_.front();
    if (now - entry.last_try > kTriesMemory) {
        entry.tries = 0;
    }
    entry.last_try = now;
    return entry;
}

void RecentKeys::add(std::string_view key, Instant now) {
    if (const auto found = keys_.find(key); found != keys_.end()) {
        entries_.splice(entries_.begin(), entries_, found->second);
        entries_.front().added_at = now;
        return;
    }
    if (entries_.size() == count_max_) {
        keys_.erase(entries_.back().key);
        entries_.pop_back();
    }
    entries_.push_front({.key = std::string(key), .added_at = now});
    keys_.emplace(entries_.front().key, entries_.begin());
}

bool RecentKeys::has(std::string_view key, Instant now) const {
    const auto found = keys_.find(key);
    return found != keys_.end() && now - found->second->added_at <= memory_;
}

}  // namespace kith::access
