// The statistics that existing dashboards read: `$SYS/broker/...`, retained, in mosquitto's names.
//
// Runs on the first shard; asks the others and publishes their sums. Values that have not changed
// are not published again. Threads: shard-local.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "broker/counters.h"
#include "broker/detail/load_average.h"
#include "broker/detail/shard_context.h"
#include "runtime/timer.h"

namespace kith::broker {

class SysTopics final : public runtime::Timer {
  public:
    /// `heap_bytes` may be empty: nobody knows then.
    SysTopics(ShardContext& context, std::function<std::uint64_t()> heap_bytes)
        : context_(context), heap_bytes_(std::move(heap_bytes)) {}

    void start();
    void on_timer(Instant now) override;

  private:
    /// All shards at one moment.
    struct Sample {
        Counters counters;
        std::uint64_t streams_accepted = 0;
    };
    static constexpr std::size_t kLoads = 9;

    void publish_all(const Sample& sum);
    void publish_messages(const Counters& sum);
    void publish_heap();
    void publish_loads(const Sample& sum);
    void publish(std::string_view name, std::string value);

    ShardContext& context_;
    std::function<std::uint64_t()> heap_bytes_;
    std::uint64_t heap_bytes_max_ = 0;
    std::uint64_t connections_max_ = 0;  // at the times when it was looked
    Instant started_;
    Instant updated_;
    std::array<LoadAverage, kLoads> loads_;
    boost::unordered_flat_map<std::string, std::string> published_;
};

}  // namespace kith::broker
