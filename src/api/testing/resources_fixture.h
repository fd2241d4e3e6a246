// The fixture of the tests of resources: a node that answers, and what it is asked about.
#pragma once

#include <gtest/gtest.h>

#include "api/limits.h"
#include "api/testing/api_rig.h"

namespace kith::api {

inline TopicSample sample(const std::string& topic, const std::string& payload,
                          std::int64_t ms = 1000, std::uint64_t count = 1) {
    return {.shard = ShardId(0),
            .topic = topic,
            .message_count = count,
            .byte_count = payload.size(),
            .payload = payload.substr(0, kPayloadPrefixBytes),
            .payload_bytes = static_cast<std::uint32_t>(payload.size()),
            .at = WallTime::from_ms(1'800'000'000'000 + ms),
            .publisher = "press-07",
            .qos = Qos::AtLeastOnce,
            .is_retain = false};
}

class ResourceTest : public ::testing::Test {
  protected:
    Credential viewer() { return rig_.token("viewer"); }
    Credential operator_() { return rig_.token("operator"); }
    Credential admin() { return rig_.token("admin"); }
    /// Lets the server take new samples.
    void sample_topics(std::vector<TopicSample> samples) {
        rig_.backend.samples = std::move(samples);
        rig_.world().run_for(kSampleInterval + 100ms);
    }

    ApiRig rig_;
};

}  // namespace kith::api
