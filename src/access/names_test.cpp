#include "access/names.h"

#include <gtest/gtest.h>

#include "access/limits.h"

#include <string>

namespace kith::access {
namespace {

using bus::Role;

TEST(Names, RolesAreOrderedAndSpelt) {
    const Role roles[] = {Role::Admin, Role::Operator, Role::Viewer, Role::Machine};
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(parse_role(to_string(roles[i])), roles[i]);
        for (std::size_t j = 0; j < 4; ++j) {
            EXPECT_EQ(may(roles[i], roles[j]), i <= j);
        }
    }
    EXPECT_EQ(parse_role("root"), std::nullopt);
    EXPECT_EQ(parse_role(""), std::nullopt);
    EXPECT_EQ(parse_role("Admin"), std::nullopt);
}

TEST(Names, ANameIsShortPlainText) {
    for (const char* name : {"a", "anna", "Anna Müller", "press-07", "x@example.com"}) {
        EXPECT_TRUE(check_name(name).has_value()) << name;
    }
    EXPECT_TRUE(check_name(std::string(64, 'x')).has_value());
    for (const std::string& name :
         {std::string(), std::string(65, 'x'), std::string("a\nb"), std::string("a\0b", 3),
          std::string("a\x7f"), std::string("\xFF"), std::string(" a"), std::string("a ")}) {
        EXPECT_FALSE(check_name(name).has_value()) << name;
    }
}

TEST(Names, APasswordIsNeitherShortNorEndless) {
    EXPECT_FALSE(check_password("1234567").has_value());
    EXPECT_TRUE(check_password("12345678").has_value());
    EXPECT_TRUE(check_password(std::string(1024, 'x')).has_value());
    EXPECT_FALSE(check_password(std::string(1025, 'x')).has_value());
}

TEST(MachineName, IsOneLevelOfATopic) {
    EXPECT_TRUE(check_machine_name("press-07"));
    EXPECT_TRUE(check_machine_name("Presse 7 \u00fc"));
    for (const char* bad : {"", "a/b", "a+", "#", "$SYS", " a", "a\n"}) {
        EXPECT_FALSE(check_machine_name(bad)) << bad;
    }
}

TEST(TopicRoles, AreAListOfShortNames) {
    using Roles = std::vector<std::string>;
    EXPECT_EQ(split_topic_roles("own  plant "), (Roles{"own", "plant"}));
    EXPECT_EQ(split_topic_roles(""), Roles{});
    EXPECT_EQ(join_topic_roles({"own", "plant"}), "own plant");
    EXPECT_EQ(join_topic_roles({}), "");
    EXPECT_TRUE(check_topic_roles({}));
    EXPECT_TRUE(check_topic_roles({"own", "plant-2_b.c"}));
    EXPECT_FALSE(check_topic_roles({""}));
    EXPECT_FALSE(check_topic_roles({"Own"}));
    EXPECT_FALSE(check_topic_roles({"a b"}));
    EXPECT_FALSE(check_topic_roles({std::string(kNameBytesMax + 1, 'a')}));
    EXPECT_TRUE(check_topic_roles(Roles(kTopicRolesMax, "a")));
    EXPECT_FALSE(check_topic_roles(Roles(kTopicRolesMax + 1, "a")));
}

}  // namespace
}  // namespace kith::access
