#include "node/detail/publish_priority.h"

#include <gtest/gtest.h>

#include <vector>

#include "wire/mqtt/encoder.h"

namespace kith::node {
namespace {

using mesh::Priority;

Priority said(const std::vector<mqtt::UserProperty>& properties) {
    return publish_priority(mqtt::encode_message_properties({.content_type = "text"}, properties));
}

TEST(PublishPriority, IsWhatTheUserPropertySays) {
    EXPECT_EQ(said({{"priority", "alarm"}}), Priority::Alarm);
    EXPECT_EQ(said({{"priority", "command"}}), Priority::Command);
    EXPECT_EQ(said({{"priority", "event"}}), Priority::Event);
    EXPECT_EQ(said({{"priority", "default"}}), Priority::Default);
    EXPECT_EQ(said({{"priority", "low"}}), Priority::Low);
    EXPECT_EQ(said({{"other", "alarm"}, {"priority", "bulk"}}), Priority::Bulk);
}

TEST(PublishPriority, IsThatOfTheRestIfNothingOfTheKindIsSaid) {
    EXPECT_EQ(publish_priority({}), Priority::Default);
    EXPECT_EQ(said({}), Priority::Default);
    EXPECT_EQ(said({{"priority", "control"}}), Priority::Default);  // the mesh's own
    EXPECT_EQ(said({{"priority", "ALARM"}}), Priority::Default);
    EXPECT_EQ(said({{"alarm", "priority"}}), Priority::Default);
}

TEST(PublishPriority, IsSaidByTheFirstThatSaysIt) {
    EXPECT_EQ(said({{"priority", "x"}, {"priority", "low"}, {"priority", "alarm"}}), Priority::Low);
}

}  // namespace
}  // namespace kith::node
