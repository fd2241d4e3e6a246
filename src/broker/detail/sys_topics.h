// The statistics that existing dashboards read: `$SYS/broker/...`, retained, in mosquitto's names.
//
// Runs on the first shard; asks the others and publishes their sums. Values that have not changed
// are not published again. Threads: shard-local.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <string>

#include "broker/counters.h"
#include "broker/detail/shard_context.h"
#include "runtime/timer.h"

namespace kith::broker {

class SysTopics final : public runtime::Timer {
  public:
    explicit SysTopics(ShardContext& context) : context_(context) {}

    void start();
    void on_timer(Instant now) override;

  private:
    void publish_all(const Counters& sum);
    void publish(std::string_view name, std::string value);

    ShardContext& context_;
    Instant started_;
    boost::unordered_flat_map<std::string, std::string> published_;
};

}  // namespace kith::broker
