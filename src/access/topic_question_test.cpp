#include "access/topic_question.h"

#include <gtest/gtest.h>

namespace kith::access {
namespace {

AclAnswer ask(const AclQuestion& question) {
    const RoleBook book({{.name = "press",
                          .rules = "allow both plant/${machine}/#\ndeny both plant/+/secret",
                          .note = {},
                          .updated_at = {}}},
                        {}, RoleBook());
    const Result<AclAnswer> answer = test_acl(book, question);
    EXPECT_TRUE(answer.has_value());
    return answer.value_or(AclAnswer{});
}

AclQuestion question(bus::TopicAction action, std::string topic) {
    return {.principal = {.name = "machine:press-07",
                          .machine = "press-07",
                          .topic_roles = {"press", "gone"}},
            .client_id = "press-07",
            .action = action,
            .topic = std::move(topic)};
}

TEST(TopicQuestion, IsAnsweredWithTheRuleThatDecides) {
    const AclAnswer allowed = ask(question(bus::TopicAction::Publish, "plant/press-07/temp"));
    EXPECT_TRUE(allowed.is_allowed);
    EXPECT_EQ(allowed.why, "allowed by role press, line 1: allow both plant/${machine}/#");
    EXPECT_EQ(allowed.roles, (std::vector<std::string>{"press", "gone"}));
    EXPECT_EQ(allowed.unknown, std::vector<std::string>{"gone"});
    const AclAnswer denied = ask(question(bus::TopicAction::Publish, "plant/press-07/secret"));
    EXPECT_FALSE(denied.is_allowed);
    EXPECT_EQ(denied.decided_by->line, 2U);
    const AclAnswer nothing = ask(question(bus::TopicAction::Publish, "office/lamp"));
    EXPECT_FALSE(nothing.is_allowed);
    EXPECT_EQ(nothing.why, "denied: no rule of its roles allows it");
}

TEST(TopicQuestion, JudgesASharedSubscriptionByItsFilter) {
    EXPECT_TRUE(
        ask(question(bus::TopicAction::Subscribe, "$share/g/plant/press-07/temp")).is_allowed);
    EXPECT_FALSE(ask(question(bus::TopicAction::Subscribe, "$share/g/plant/#")).is_allowed);
    EXPECT_FALSE(ask(question(bus::TopicAction::Subscribe, "plant/press-07/#")).is_allowed)
        << "the secret is in it";
}

TEST(TopicQuestion, NamesTheHardRulesOfTheBroker) {
    AclQuestion admin = question(bus::TopicAction::Publish, "$SYS/broker/uptime");
    admin.principal.role = bus::Role::Admin;
    EXPECT_EQ(ask(admin).why, "denied by the broker: only the node writes these topics");
    admin.action = bus::TopicAction::Subscribe;
    admin.topic = "$to/oven/#";
    EXPECT_EQ(ask(admin).why,
              "denied by the broker: only a client itself may read its inbox $to/<client id>/");
    EXPECT_EQ(ask(question(bus::TopicAction::Publish, "$m/oven/twin/reported")).why,
              "denied by the broker: only the machine itself writes $m/<machine>/");
    AclQuestion viewer = question(bus::TopicAction::Publish, "a");
    viewer.principal.role = bus::Role::Viewer;
    EXPECT_EQ(ask(viewer).why, "denied by the broker: viewers do not publish");
}

TEST(TopicQuestion, OfSomebodyWithoutRolesIsDenied) {
    AclQuestion nobody = question(bus::TopicAction::Publish, "a");
    nobody.principal = {.name = "anonymous"};
    EXPECT_EQ(ask(nobody).why, "denied: no roles, and what no rule allows is denied");
}

TEST(TopicQuestion, IsRefusedIfItIsNoTopicOrFilter) {
    const RoleBook book;
    EXPECT_FALSE(test_acl(book, question(bus::TopicAction::Publish, "a/#")));
    EXPECT_FALSE(test_acl(book, question(bus::TopicAction::Publish, "")));
    EXPECT_FALSE(test_acl(book, question(bus::TopicAction::Subscribe, "a/#/b")));
    EXPECT_FALSE(test_acl(book, question(bus::TopicAction::Subscribe, "$share/g")));
    EXPECT_FALSE(parse_topic_action("read"));
    EXPECT_EQ(parse_topic_action("subscribe"), bus::TopicAction::Subscribe);
}

}  // namespace
}  // namespace kith::access
