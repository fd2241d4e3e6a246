#include "access/role_book.h"

#include <gtest/gtest.h>

#include "access/limits.h"
#include "access/role_authorizer.h"
#include "access/role_rights.h"

namespace kith::access {
namespace {

storage::RoleRecord record(std::string name, std::string rules) {
    return {.name = std::move(name), .rules = std::move(rules), .note = {}, .updated_at = {}};
}

RoleBook book_of(const std::vector<storage::RoleRecord>& stored,
                 const std::vector<RoleText>& of_file = {}, const RoleBook& previous = {}) {
    return {stored, of_file, previous};
}

RoleRights rights(const RoleBook& book, const std::vector<std::string>& names) {
    return RoleRights(find_roles(book, names));
}

const bus::TopicSubject kPress{.client_id = "press-07", .machine = "press", .tenant = {}};

bool publishes(const RoleRights& rights, std::string_view topic,
               const bus::TopicSubject& who = kPress) {
    return rights.may_publish(who, bus::TopicName::trusted(topic));
}

bool subscribes(const RoleRights& rights, std::string_view filter,
                const bus::TopicSubject& who = kPress) {
    return rights.may_subscribe(who, bus::TopicFilter::trusted(filter));
}

TEST(RoleBook, HasTheBuiltInRolesAndNobodyCanReplaceThem) {
    const RoleBook book = book_of({record("free", "deny both #"), record("press", "")},
                                  {{.name = "all", .text = ""}});
    ASSERT_EQ(book.all().size(), 5U);
    for (const char* name : {"free", "own", "read", "all"}) {
        ASSERT_NE(book.find(name), nullptr) << name;
        EXPECT_EQ(book.find(name)->source, RoleSource::BuiltIn) << name;
        EXPECT_FALSE(book.find(name)->rules.empty()) << name;
        EXPECT_EQ(check_role_name(name).error().kind, ErrorKind::Denied);
    }
    EXPECT_EQ(book.find("press")->source, RoleSource::Store);
    EXPECT_EQ(book.find("nobody"), nullptr);
    EXPECT_EQ(book.all().back()->name, "press");
}

TEST(RoleBook, PutsRolesOfTheFileBeforeThoseOfTheStore) {
    const RoleBook book = book_of({record("press", "allow both a"), record("oven", "allow both b")},
                                  {{.name = "press", .text = "allow both c"}});
    EXPECT_EQ(book.find("press")->source, RoleSource::File);
    EXPECT_EQ(book.find("press")->text, "allow both c");
    EXPECT_EQ(book.all().size(), 6U);
    EXPECT_EQ(book.all()[4]->name, "oven");
}

TEST(RoleBook, KeepsTheRulesOfARoleThatCannotBeReadAnyMore) {
    const RoleBook good = book_of({record("press", "allow publish a")});
    const RoleBook bad = book_of({record("press", "allow\npublish a")}, {}, good);
    ASSERT_TRUE(bad.find("press")->problem);
    EXPECT_EQ(bad.find("press")->problem->line, 1U);
    EXPECT_EQ(bad.find("press")->rules.size(), 1U);
    EXPECT_TRUE(publishes(rights(bad, {"press"}), "a"));
    const RoleBook never_good = book_of({record("press", "nonsense")});
    EXPECT_TRUE(never_good.find("press")->rules.empty());
    EXPECT_FALSE(publishes(rights(never_good, {"press"}), "a"));
}

TEST(RoleBook, SharesRolesThatHaveNotChangedWithTheBookBefore) {
    const RoleBook first = book_of({record("a", "allow both x"), record("b", "allow both y")});
    const RoleBook second =
        book_of({record("a", "allow both x"), record("b", "allow both z")}, {}, first);
    EXPECT_EQ(first.find("a"), second.find("a"));
    EXPECT_NE(first.find("b"), second.find("b"));
    EXPECT_EQ(first.find("free"), second.find("free"));
}

TEST(RoleFile, HasRolesWithRulesBetweenTheirHeadings) {
    const auto roles = parse_role_file(
        "# Roles of the plant.\n"
        "\n"
        "role press\n"
        "allow publish plant/${machine}/#\n"
        "  role  oven\r\n"
        "# nothing yet\n");
    ASSERT_TRUE(roles.has_value());
    ASSERT_EQ(roles->size(), 2U);
    EXPECT_EQ(roles->at(0).name, "press");
    EXPECT_EQ(roles->at(0).text, "allow publish plant/${machine}/#\n");
    EXPECT_EQ(roles->at(1).name, "oven");
    EXPECT_TRUE(parse_role_file("")->empty());
}

TEST(RoleFile, SaysWhichLineIsWrong) {
    const auto problem = [](std::string_view text) {
        const auto roles = parse_role_file(text);
        EXPECT_FALSE(roles.has_value()) << text;
        return roles ? RuleProblem{} : roles.error();
    };
    EXPECT_EQ(problem("allow both a").line, 1U);
    EXPECT_EQ(problem("\nrole Press\n").line, 2U);
    EXPECT_EQ(problem("role\n").line, 1U);
    EXPECT_EQ(problem("role free\n").line, 1U);
    EXPECT_EQ(problem("role a\nrole a\n").line, 2U);
    EXPECT_EQ(problem("role a\nallow both x\nrole b\n\nallow x").line, 5U);
    EXPECT_EQ(problem("role a\nallow both x\nrole b\n\nallow x").column, 7U);
    EXPECT_EQ(problem(std::string(kRoleFileBytesMax + 1, '\n')).line, 1U);
}

TEST(RoleRights, LetDenyWinWhateverTheOrderAndTheRole) {
    const RoleBook book = book_of(
        {record("a", "allow both plant/#\ndeny both plant/secret/#\nallow both plant/secret/x"),
         record("b", "deny publish plant/secret/#"), record("c", "allow both #")});
    const RoleRights a = rights(book, {"a"});
    EXPECT_TRUE(publishes(a, "plant/temp"));
    EXPECT_FALSE(publishes(a, "plant/secret/x"));
    EXPECT_FALSE(publishes(a, "office/lamp"));
    EXPECT_TRUE(subscribes(a, "plant/temp/#"));
    EXPECT_FALSE(subscribes(a, "plant/#")) << "it would show the secret";
    EXPECT_FALSE(subscribes(a, "plant/+/x"));
    const RoleRights b = rights(book, {"c", "b"});
    EXPECT_FALSE(publishes(b, "plant/secret/x"));
    EXPECT_TRUE(subscribes(b, "plant/secret/x"));
    EXPECT_FALSE(b.publishes_everything());
    EXPECT_TRUE(rights(book, {"c"}).publishes_everything());
}

TEST(RoleRights, ExplainWhichRuleDecided) {
    const RoleBook book =
        book_of({record("press", "# Comment.\nallow publish plant/${machine}/#\ndeny both x")});
    const RoleRights press = rights(book, {"press"});
    const Decision allowed = press.explain(kPress, bus::TopicAction::Publish, "plant/press/temp");
    EXPECT_TRUE(allowed.is_allowed);
    ASSERT_TRUE(allowed.decided_by);
    EXPECT_EQ(allowed.decided_by->role, "press");
    EXPECT_EQ(allowed.decided_by->line, 2U);
    EXPECT_EQ(allowed.decided_by->text, "allow publish plant/${machine}/#");
    const Decision denied = press.explain(kPress, bus::TopicAction::Subscribe, "#");
    EXPECT_FALSE(denied.is_allowed);
    EXPECT_EQ(denied.decided_by->text, "deny both x") << "# overlaps it";
    const Decision nothing = press.explain(kPress, bus::TopicAction::Publish, "plant/oven");
    EXPECT_FALSE(nothing.is_allowed);
    EXPECT_FALSE(nothing.decided_by);
}

TEST(RoleRights, OfBuiltInRolesAreWhatTheGuideSays) {
    const RoleBook book;
    const RoleRights free = rights(book, {"free"});
    EXPECT_TRUE(free.publishes_everything());
    EXPECT_TRUE(publishes(free, "any/topic"));
    EXPECT_TRUE(publishes(free, "$m/press/twin/reported"));
    EXPECT_FALSE(publishes(free, "$m/oven/twin/reported"));
    EXPECT_TRUE(publishes(free, "$mesh/dir/press"));
    EXPECT_FALSE(publishes(free, "$mesh/dir/oven"));
    EXPECT_TRUE(subscribes(free, "$to/any/print/#"));
    EXPECT_TRUE(subscribes(free, "$to/node/cellar/#"));
    EXPECT_TRUE(publishes(free, "$to/oven/x"));
    EXPECT_TRUE(subscribes(free, "#"));
    EXPECT_TRUE(subscribes(free, "$to/press-07/#"));
    EXPECT_TRUE(subscribes(free, "$SYS/#"));
    const RoleRights own = rights(book, {"own"});
    EXPECT_FALSE(own.publishes_everything());
    EXPECT_FALSE(publishes(own, "any/topic"));
    EXPECT_TRUE(publishes(own, "tel/press/pos"));
    EXPECT_FALSE(publishes(own, "tel/oven/pos"));
    EXPECT_TRUE(subscribes(own, "$m/press/command/+"));
    EXPECT_FALSE(subscribes(own, "$m/+/command/+"));
    EXPECT_FALSE(publishes(own, "$m//x", {.client_id = "a", .machine = "", .tenant = {}}));
    const RoleRights read = rights(book, {"read"});
    EXPECT_TRUE(subscribes(read, "#"));
    EXPECT_FALSE(subscribes(read, "$to/press-07/#"));
    EXPECT_FALSE(publishes(read, "any/topic"));
    const RoleRights all = rights(book, {"all"});
    EXPECT_TRUE(all.publishes_everything());
    EXPECT_TRUE(publishes(all, "$m/oven/twin/desired"));
    EXPECT_FALSE(publishes(rights(book, {}), "any/topic"));
    EXPECT_FALSE(subscribes(rights(book, {"unknown"}), "any/topic"));
}

TEST(RolesOf, AreThoseOfTheConsoleRoleOrOfTheCredential) {
    using Names = std::vector<std::string>;
    const auto roles = [](std::string name, bus::Role role, Names topic_roles = {}) {
        return roles_of({.name = std::move(name), .role = role, .topic_roles = topic_roles});
    };
    EXPECT_EQ(roles("user:anna", bus::Role::Admin), Names{"all"});
    EXPECT_EQ(roles("user:anna", bus::Role::Operator, {"press"}), Names{"all"});
    EXPECT_EQ(roles("user:anna", bus::Role::Viewer, {"free"}), Names{"read"});
    EXPECT_EQ(roles("token:x", bus::Role::Machine, {"a", "b"}), (Names{"a", "b"}));
    EXPECT_EQ(roles("token:x", bus::Role::Machine), Names{"own"});
    EXPECT_EQ(roles("anonymous", bus::Role::Machine), Names{});
    EXPECT_EQ(roles("anonymous", bus::Role::Machine, {"free"}), Names{"free"});
    EXPECT_EQ(roles("token:x", bus::Role::Machine, Names(kTopicRolesMax + 3, "a")).size(),
              kTopicRolesMax);
}

TEST(RoleAuthorizer, MakesRightsAnewOnlyOfRolesThatChanged) {
    RoleAuthorizer authorizer{ShardId(0)};
    const auto first =
        std::make_shared<const RoleBook>(book_of({record("a", "allow both x"), record("b", "")}));
    authorizer.set_book(first);
    int change_count = 0;
    authorizer.set_listener([&] { ++change_count; });
    const bus::Principal of_a{.name = "token:1", .topic_roles = {"a"}};
    const bus::Principal also_of_a{.name = "token:2", .topic_roles = {"a"}};
    const bus::Principal of_b{.name = "token:3", .topic_roles = {"b"}};
    const auto rights_a = authorizer.rights_of(of_a);
    const auto rights_b = authorizer.rights_of(of_b);
    EXPECT_EQ(authorizer.rights_of(also_of_a), rights_a);
    authorizer.set_book(std::make_shared<const RoleBook>(
        book_of({record("a", "allow both x"), record("b", "allow both y")}, {}, *first)));
    EXPECT_EQ(change_count, 1);
    EXPECT_EQ(authorizer.rights_of(of_a), rights_a);
    EXPECT_NE(authorizer.rights_of(of_b), rights_b);
    EXPECT_TRUE(authorizer.rights_of(of_b)->may_publish({}, bus::TopicName::trusted("y")));
    // A role that comes into being, too.
    const bus::Principal of_c{.name = "token:4", .topic_roles = {"c"}};
    const auto nothing = authorizer.rights_of(of_c);
    authorizer.set_book(
        std::make_shared<const RoleBook>(book_of({record("c", "allow both z")}, {}, *first)));
    EXPECT_NE(authorizer.rights_of(of_c), nothing);
}

TEST(RoleAuthorizer, KeepsABoundedNumberOfSets) {
    RoleAuthorizer authorizer{ShardId(0)};
    for (std::size_t i = 0; i < kRightsKeptMax + 2; ++i) {
        const bus::Principal principal{.name = "t", .topic_roles = {"r" + std::to_string(i)}};
        EXPECT_NE(authorizer.rights_of(principal), nullptr);
    }
}

}  // namespace
}  // namespace kith::access
