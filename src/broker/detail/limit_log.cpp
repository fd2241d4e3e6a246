#include "broker/detail/limit_log.h"

#include "base/hash.h"
#include "broker/detail/shard_context.h"

namespace kith::broker {
namespace {

constexpr Duration kEventInterval = 1min;
constexpr std::uint16_t kEventsPerMinuteMax = 20;
constexpr std::size_t kRememberedMax = 1024;

}  // namespace

void LimitLog::reached(Limit limit, const Subject& subject) {
    LimitCount& count = context_->counters.limits[static_cast<std::size_t>(limit)];
    ++count.reached_count;
    count.last_reached_at = context_->shard.wall_now();
    if (may_tell(limit, subject)) {
        context_->events.on_event({.kind = EventKind::LimitReached,
                                   .at = context_->shard.wall_now(),
                                   .client_id = subject.client_id,
                                   .address = subject.address,
                                   .reason = facts_of(limit).words});
    }
}

bool LimitLog::may_tell(Limit limit, const Subject& subject) {
    const Instant now = context_->shard.now();
    if (now >= minute_end_) {
        minute_end_ = now + kEventInterval;
        told_count_ = {};
    }
    std::uint16_t& count = told_count_[static_cast<std::size_t>(limit)];
    if (count >= kEventsPerMinuteMax) {
        return false;
    }
    const std::string_view who = subject.client_id.empty() ? subject.address : subject.client_id;
    const std::uint64_t key = hash_text(who) + static_cast<std::uint64_t>(limit);
    if (const auto found = told_.find(key); found != told_.end() && now < found->second) {
        return false;
    }
    if (told_.size() >= kRememberedMax) {
        boost::unordered::erase_if(told_, [now](const auto& each) { return now >= each.second; });
        if (told_.size() >= kRememberedMax) {
            told_.clear();
        }
    }
    told_[key] = now + kEventInterval;
    ++count;
    return true;
}

}  // namespace kith::broker
