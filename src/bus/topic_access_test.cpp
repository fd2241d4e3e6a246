#include "bus/topic_access.h"

#include <gtest/gtest.h>

namespace kith::bus {
namespace {

bool publishes(Role role, std::string_view client_id, std::string_view topic) {
    return may_publish(Principal{.name = "p", .role = role}, client_id, TopicName::trusted(topic));
}

bool subscribes(std::string_view client_id, std::string_view filter) {
    return may_subscribe(client_id, TopicFilter::trusted(filter));
}

TEST(TopicAccess, LetsEverybodyButViewersPublishToOrdinaryTopics) {
    for (const Role role : {Role::Admin, Role::Operator, Role::Machine}) {
        EXPECT_TRUE(publishes(role, "press-07", "plant/h2/temp"));
        EXPECT_TRUE(publishes(role, "press-07", "$to/oven-1/start"));
    }
    EXPECT_FALSE(publishes(Role::Viewer, "press-07", "plant/h2/temp"));
    EXPECT_FALSE(publishes(Role::Viewer, "press-07", "$to/oven-1/start"));
}

TEST(TopicAccess, KeepsTheNodesOwnTopicsForTheNode) {
    for (const char* topic : {"$SYS/broker/uptime", "$events/rule/x", "$mesh/nodes/n", "$share/g/t",
                              "$", "$to", "$m", "$other/x"}) {
        EXPECT_FALSE(publishes(Role::Machine, "press-07", topic)) << topic;
        EXPECT_FALSE(publishes(Role::Admin, "press-07", topic)) << topic;
    }
}

TEST(TopicAccess, LetsAMachineWriteItsOwnTopicsAndOthersOnlySendItCommandsAndReplies) {
    EXPECT_TRUE(publishes(Role::Machine, "press-07", "$m/press-07/twin/reported"));
    EXPECT_FALSE(publishes(Role::Machine, "press-08", "$m/press-07/twin/reported"));
    EXPECT_FALSE(publishes(Role::Operator, "press-08", "$m/press-07/presence"));
    EXPECT_TRUE(publishes(Role::Admin, "anna", "$m/press-07/twin/desired"));
    EXPECT_TRUE(publishes(Role::Operator, "anna", "$m/press-07/command/start"));
    EXPECT_TRUE(publishes(Role::Machine, "press-08", "$m/press-07/reply/17"));
    EXPECT_FALSE(publishes(Role::Machine, "press-08", "$m/press-07/commander/start"));
}

TEST(TopicAccess, TakesTheMachineOfTheCredentialBeforeTheClientId) {
    const Principal press{.name = "machine:press-07", .machine = "press-07"};
    const auto publishes_as = [&press](std::string_view client_id, std::string_view topic) {
        return may_publish(press, client_id, TopicName::trusted(topic));
    };
    EXPECT_TRUE(publishes_as("anything", "$m/press-07/twin/reported"));
    EXPECT_FALSE(publishes_as("press-08", "$m/press-08/twin/reported"));
}

TEST(TopicAccess, ShowsAnInboxToItsClientAlone) {
    EXPECT_TRUE(subscribes("press-07", "$to/press-07/#"));
    EXPECT_TRUE(subscribes("press-07", "$to/press-07/start"));
    for (const char* filter : {"$to/press-08/#", "$to/+/start", "$to/#", "$to", "$to/"}) {
        EXPECT_FALSE(subscribes("press-07", filter)) << filter;
    }
    EXPECT_TRUE(subscribes("press-07", "#"));
    EXPECT_TRUE(subscribes("press-07", "$SYS/#"));
}

TEST(TopicAccess, GivesNoInboxToAClientIdThatIsAWildcardOrSeveralLevels) {
    EXPECT_FALSE(subscribes("+", "$to/+/start"));
    EXPECT_FALSE(subscribes("#", "$to/#"));
    EXPECT_FALSE(subscribes("", "$to//x"));
    for (const char* id : {"+", "#", "a/b", "a+", ""}) {
        EXPECT_FALSE(is_topic_level(id)) << id;
    }
    EXPECT_TRUE(is_topic_level("press-07"));
}

TEST(TopicAccess, CountsLevels) {
    EXPECT_FALSE(is_deeper_than("a", 1));
    EXPECT_TRUE(is_deeper_than("a/", 1));
    EXPECT_FALSE(is_deeper_than("a/b/c", 3));
    EXPECT_TRUE(is_deeper_than("a/b/c/#", 3));
}

TEST(TopicAccess, ShowsServicesAndInboxesOfNodesThatAreNamed) {
    EXPECT_TRUE(subscribes("press-07", "$to/any/print/#"));
    EXPECT_TRUE(subscribes("press-07", "$to/node/cellar/#"));
    for (const char* filter : {"$to/node/#", "$to/node/+/x", "$to/node", "$to/node/", "$to/any"}) {
        EXPECT_FALSE(subscribes("press-07", filter)) << filter;
    }
}

TEST(TopicAccess, LetsAMachineAloneWriteItsEntryInTheDirectory) {
    EXPECT_TRUE(publishes(Role::Machine, "press-07", "$mesh/dir/press-07"));
    for (const char* topic : {"$mesh/dir/press-08", "$mesh/dir/press-07/x", "$mesh/dir/",
                              "$mesh/dir", "$mesh/nodes/press-07"}) {
        EXPECT_FALSE(publishes(Role::Machine, "press-07", topic)) << topic;
        EXPECT_FALSE(publishes(Role::Admin, "press-07", topic)) << topic;
    }
    EXPECT_FALSE(publishes(Role::Viewer, "press-07", "$mesh/dir/press-07"));
    EXPECT_FALSE(publishes(Role::Machine, "press/07", "$mesh/dir/press/07"));
}

}  // namespace
}  // namespace kith::bus
