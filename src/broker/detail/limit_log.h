// Counts each refusal, and tells of it now and then.
//
// An event at most once a minute for each limit and client, and not more than kEventsPerMinuteMax
// of a limit on a shard: a storm of refusals must not become a storm of events. Threads:
// shard-local.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "broker/limit.h"

namespace kith::broker {

struct ShardContext;

class LimitLog {
  public:
    explicit LimitLog(ShardContext& context) : context_(&context) {}

    /// Whom it concerns; both may be empty.
    struct Subject {
        std::string_view client_id;
        std::string_view address;
    };
    void reached(Limit limit, const Subject& subject);
    void reached(Limit limit) { reached(limit, Subject{}); }

  private:
    [[nodiscard]] bool may_tell(Limit limit, const Subject& subject);

    ShardContext* context_;
    boost::unordered_flat_map<std::uint64_t, Instant> told_;  // by limit and subject
    std::array<std::uint16_t, kLimitCount> told_count_{};     // in this minute
    Instant minute_end_;
};

}  // namespace kith::broker
