#include "sim/ledger.h"

#include <gtest/gtest.h>

namespace kith::sim {
namespace {

using mesh::NodeId;

constexpr NodeId kPublisher(10);
constexpr NodeId kReceiver(11);

std::uint64_t share_group_of(std::string_view group, std::string_view filter) {
    return mesh::share_group_id(0, group, filter);
}

struct Rig {
    Verdicts verdicts;
    Ledger ledger{verdicts, 3};
    Instant at;

    SubscriptionIndex subscribe(std::string filter, std::string group = {}, NodeIndex node = 1) {
        return ledger.subscribe({.node = node,
                                 .identity = NodeId(10U + node),
                                 .group = std::move(group),
                                 .filter = std::move(filter)});
    }
    std::uint64_t publish(std::uint8_t qos, std::uint32_t position = 1) {
        at = at + 10s;
        const std::uint64_t number = ledger.publish({.node = 0,
                                                     .identity = kPublisher,
                                                     .life = 1,
                                                     .flow_position = position,
                                                     .qos = qos,
                                                     .topic = "a/b",
                                                     .at = at});
        ledger.on_acknowledged(number);
        return number;
    }
    void deliver(std::uint64_t number, NodeId receiver = kReceiver, NodeIndex node = 1) {
        const std::uint8_t qos = ledger.message(number).qos;
        ledger.on_delivered(node, receiver, {.qos = qos, .number = number}, at);
    }
    void deliver_shared(std::uint64_t number, std::vector<std::uint64_t> groups, NodeIndex node) {
        ledger.on_delivered(node, NodeId(10U + node),
                            {.qos = ledger.message(number).qos,
                             .number = number,
                             .for_all = false,
                             .groups = std::move(groups)},
                            at);
    }
    std::uint64_t broken(Oracle oracle) {
        ledger.finish(at);
        return verdicts.count(oracle);
    }
};

TEST(Ledger, MatchesFiltersAsMqttSays) {
    EXPECT_TRUE(matches("a/b", "a/b"));
    EXPECT_FALSE(matches("a/b", "a/c"));
    EXPECT_FALSE(matches("a", "a/b"));
    EXPECT_FALSE(matches("a/b", "a"));
    EXPECT_TRUE(matches("a/+", "a/b"));
    EXPECT_FALSE(matches("a/+", "a"));
    EXPECT_TRUE(matches("+/b", "a/b"));
    EXPECT_TRUE(matches("#", "a/b"));
    EXPECT_TRUE(matches("a/#", "a/b/c"));
    EXPECT_TRUE(matches("a/#", "a")) << "[MQTT-4.7.1-2] includes the parent level";
    EXPECT_FALSE(matches("b/#", "a/b"));
}

TEST(Ledger, MissesWhatAKnownSubscriptionDidNotGet) {
    Rig rig;
    rig.ledger.know(rig.subscribe("a/#"), 0, 1, {});
    rig.publish(1);
    EXPECT_EQ(rig.ledger.missing_count(), 1);
    EXPECT_EQ(rig.broken(Oracle::NoLoss), 1);
}

TEST(Ledger, CallsItTheBarrierIfTheSubscriptionIsYoung) {
    Rig rig;
    rig.ledger.know(rig.subscribe("#"), 0, 1, Instant() + 9s);
    rig.publish(1);
    EXPECT_EQ(rig.broken(Oracle::Barrier), 1);
}

TEST(Ledger, IsContentWithWhatArrived) {
    Rig rig;
    rig.ledger.know(rig.subscribe("a/#"), 0, 1, {});
    rig.deliver(rig.publish(1));
    EXPECT_EQ(rig.ledger.missing_count(), 0);
    rig.ledger.finish(rig.at);
    EXPECT_TRUE(rig.verdicts.is_clean());
}

TEST(Ledger, ClaimsNothingForWhoeverIsNotKnown) {
    Rig rig;
    rig.subscribe("a/#");                             // nobody was told
    rig.ledger.know(rig.subscribe("a/#"), 0, 2, {});  // told to another life
    rig.ledger.know(rig.subscribe("x/#"), 0, 1, {});  // of another topic
    const auto ended = rig.subscribe("a/#");          // over
    rig.ledger.know(ended, 0, 1, {});
    rig.ledger.unsubscribe(ended);
    rig.ledger.know(rig.subscribe("a/#", {}, 0), 0, 1, {});  // at the publisher's own node
    rig.publish(1);
    EXPECT_EQ(rig.ledger.missing_count(), 0);
}

TEST(Ledger, ExcusesQos0UnlessTheRunIsWithoutFaults) {
    Rig rig;
    rig.ledger.know(rig.subscribe("a/#"), 0, 1, {});
    rig.publish(0);
    EXPECT_EQ(rig.ledger.missing_count(), 0);
    const std::uint64_t number =
        rig.ledger.publish({.node = 0, .life = 1, .qos = 0, .is_reliable = true, .topic = "a/b"});
    rig.ledger.on_acknowledged(number);
    EXPECT_EQ(rig.ledger.missing_count(), 1);
}

TEST(Ledger, ExcusesWhatWasDestroyed) {
    Rig rig;
    rig.ledger.know(rig.subscribe("a/#"), 0, 1, {});
    const std::uint64_t lost = rig.publish(1);
    rig.publish(1, 2);
    rig.ledger.on_destroyed(0, kPublisher, {lost}, rig.at);
    EXPECT_EQ(rig.ledger.missing_count(), 1);
    rig.ledger.on_destroyed(1, kReceiver, {}, rig.at);
    EXPECT_EQ(rig.ledger.missing_count(), 0) << "nobody wants it any more";
}

TEST(Ledger, FindsAMessageOfQos2ThatCameTwice) {
    Rig rig;
    const std::uint64_t number = rig.publish(2);
    rig.deliver(number);
    EXPECT_EQ(rig.broken(Oracle::ExactlyOnce), 0);
    rig.deliver(number);
    EXPECT_EQ(rig.broken(Oracle::ExactlyOnce), 1);
}

TEST(Ledger, CountsAMessageOfQos1ThatCameTwice) {
    Rig rig;
    const std::uint64_t number = rig.publish(1);
    rig.deliver(number);
    rig.deliver(number);
    EXPECT_TRUE(rig.verdicts.is_clean());
    EXPECT_EQ(rig.ledger.duplicate_count(), 1);
}

TEST(Ledger, FindsAFlowOutOfOrder) {
    Rig rig;
    const std::uint64_t first = rig.publish(1, 1);
    const std::uint64_t second = rig.publish(1, 2);
    rig.deliver(second);
    rig.deliver(first);
    EXPECT_EQ(rig.broken(Oracle::Order), 1);
}

TEST(Ledger, LetsAReliableMessageComeBehindALaterOneOfQos0) {
    Rig rig;
    const std::uint64_t first = rig.publish(1, 1);
    const std::uint64_t second = rig.publish(0, 2);
    const std::uint64_t third = rig.publish(0, 3);
    rig.deliver(third);
    rig.deliver(first);
    EXPECT_EQ(rig.broken(Oracle::Order), 0);
    rig.deliver(second);
    EXPECT_EQ(rig.broken(Oracle::Order), 1) << "one of QoS 0 never comes behind a later one";
}

TEST(Ledger, WantsAnyMemberOfAShareGroup) {
    Rig rig;
    rig.ledger.know(rig.subscribe("a/#", "g", 1), 0, 1, {});
    rig.ledger.know(rig.subscribe("a/#", "g", 2), 0, 1, {});
    const std::uint64_t number = rig.publish(1);
    EXPECT_EQ(rig.ledger.missing_count(), 2);
    rig.deliver(number, NodeId(12), 2);
    EXPECT_EQ(rig.ledger.missing_count(), 2) << "that was not for the group";
    rig.deliver_shared(number, {share_group_of("h", "a/#")}, 2);
    EXPECT_EQ(rig.ledger.missing_count(), 2) << "nor was this";
    rig.deliver_shared(number, {share_group_of("g", "a/#")}, 2);
    EXPECT_EQ(rig.ledger.missing_count(), 0);
}

TEST(Ledger, OneMemberOfAShareGroupGetsAMessageOfQos2) {
    Rig rig;
    const std::uint64_t once = rig.publish(1, 1);
    rig.deliver_shared(once, {7}, 1);
    rig.deliver_shared(once, {7}, 2);
    EXPECT_EQ(rig.broken(Oracle::ExactlyOnce), 0);
    EXPECT_EQ(rig.ledger.duplicate_count(), 1);
    const std::uint64_t number = rig.publish(2, 2);
    rig.deliver_shared(number, {7}, 1);
    rig.deliver_shared(number, {8}, 2);
    EXPECT_EQ(rig.broken(Oracle::ExactlyOnce), 0);
    rig.deliver_shared(number, {7}, 2);
    EXPECT_EQ(rig.broken(Oracle::ExactlyOnce), 1);
}

TEST(Ledger, WhatAMemberHasHadOfQos2IsNotMissedWhenItIsDestroyed) {
    Rig rig;
    const SubscriptionIndex dead = rig.subscribe("a/#", "g", 1);
    rig.ledger.know(dead, 0, 1, {});
    rig.ledger.know(rig.subscribe("a/#", "g", 2), 0, 1, {});
    rig.publish(1, 1);
    rig.publish(2, 2);
    rig.ledger.on_destroyed(1, kReceiver, {}, rig.at);
    EXPECT_EQ(rig.ledger.missing_count(), 1) << "that of QoS 1";
}

TEST(Ledger, WantsAnotherMemberOfAShareGroupWhenOneHasLeft) {
    Rig rig;
    rig.ledger.know(rig.subscribe("a/#", "g", 1), 0, 1, {});
    const SubscriptionIndex leaver = rig.subscribe("a/#", "g", 2);
    const std::uint64_t number = rig.publish(1);
    rig.ledger.unsubscribe(leaver);
    EXPECT_EQ(rig.ledger.missing_count(), 1);
    rig.ledger.on_delivered(
        1, kReceiver,
        {.qos = 1, .number = number, .for_all = false, .groups = {share_group_of("g", "a/#")}},
        rig.at);
    EXPECT_EQ(rig.ledger.missing_count(), 0);
}

TEST(Ledger, WhatIsForAShareGroupAloneHasNoOrderAndIsNoDuplicateOfTheRest) {
    Rig rig;
    const std::uint64_t first = rig.publish(2, 1);
    rig.deliver(rig.publish(2, 2));
    const Delivery shared{.qos = 2, .number = first, .for_all = false, .groups = {7}};
    rig.ledger.on_delivered(1, kReceiver, shared, rig.at);
    EXPECT_EQ(rig.broken(Oracle::Order), 0);
    EXPECT_EQ(rig.broken(Oracle::ExactlyOnce), 0);
    rig.ledger.on_delivered(1, kReceiver, shared, rig.at);
    EXPECT_EQ(rig.broken(Oracle::ExactlyOnce), 1);
}

TEST(Ledger, ANodeMayGetAMessageForEachOfItsShareGroupsOnce) {
    Rig rig;
    const std::uint64_t number = rig.publish(2);
    const Delivery first{.qos = 2, .number = number, .for_all = true, .groups = {7}};
    const Delivery other{.qos = 2, .number = number, .for_all = false, .groups = {8}};
    const Delivery again{.qos = 2, .number = number, .for_all = false, .groups = {7}};
    rig.ledger.on_delivered(1, kReceiver, first, rig.at);
    rig.ledger.on_delivered(1, kReceiver, other, rig.at);
    EXPECT_EQ(rig.broken(Oracle::ExactlyOnce), 0);
    rig.ledger.on_delivered(1, kReceiver, again, rig.at);
    EXPECT_EQ(rig.broken(Oracle::ExactlyOnce), 1);
}

TEST(Ledger, RefusesWhatNobodyPublished) {
    Rig rig;
    rig.ledger.on_delivered(1, kReceiver, {.number = 77}, rig.at);
    EXPECT_EQ(rig.broken(Oracle::Health), 1);
}

}  // namespace
}  // namespace kith::sim
