#include "mesh/live/forward_rules.h"

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

const NodeId kAnna(0x3f0c9a1be2d47785);
const NodeId kBert(7);

bool allows(const std::vector<std::string>& rules, NodeId node, const char* target) {
    return ForwardRules(rules).allow(node, ForwardTarget::parse(target).value());
}

TEST(ForwardRules, AllowNothingByThemselves) {
    EXPECT_FALSE(allows({}, kAnna, "localhost:22"));
}

TEST(ForwardRules, NameAService) {
    const std::vector<std::string> rules{"localhost:22", "10.0.0.7:80"};
    EXPECT_TRUE(allows(rules, kAnna, "localhost:22"));
    EXPECT_TRUE(allows(rules, kBert, "LocalHost:22"));
    EXPECT_TRUE(allows(rules, kBert, "10.0.0.7:80"));
    EXPECT_FALSE(allows(rules, kAnna, "localhost:80"));
    EXPECT_FALSE(allows(rules, kAnna, "127.0.0.1:22")) << "names are not looked up";
}

TEST(ForwardRules, MayBeForOneNode) {
    const std::vector<std::string> rules{"3f0c9a1be2d47785@plc:80"};
    EXPECT_TRUE(allows(rules, kAnna, "plc:80"));
    EXPECT_FALSE(allows(rules, kBert, "plc:80"));
}

TEST(ForwardRules, MayLeaveHostOrPortOpen) {
    EXPECT_TRUE(allows({"*:80"}, kAnna, "any:80"));
    EXPECT_FALSE(allows({"*:80"}, kAnna, "any:81"));
    EXPECT_TRUE(allows({"plc:*"}, kAnna, "plc:502"));
    EXPECT_FALSE(allows({"plc:*"}, kAnna, "other:502"));
    EXPECT_TRUE(allows({"*:*"}, kAnna, "other:502"));
    EXPECT_TRUE(allows({"[::1]:22"}, kAnna, "[::1]:22"));
}

TEST(ForwardRules, AreRefusedIfTheyAreNone) {
    for (const char* text : {"", "plc", ":22", "plc:", "plc:0", "plc:080", "plc:65536", "::1:22",
                             "a b:22", "anna@plc:22", "3F0c9a1be2d4778@plc:80",
                             "0000000000000000@plc:80", "3f0c9a1be2d47785@", "pl*:80"}) {
        EXPECT_FALSE(ForwardRules::is_rule(text)) << text;
    }
}

TEST(ForwardTarget, IsAHostAndAPort) {
    EXPECT_EQ(ForwardTarget::parse("[FE80::1]:22").value().host, "fe80::1");
    EXPECT_EQ(ForwardTarget::parse("plc:22").value().port, "22");
    for (const char* text : {"*:22", "plc:*", "x@plc:22", "plc", "plc:22 ", "\x01:22"}) {
        EXPECT_FALSE(ForwardTarget::parse(text)) << text;
    }
    EXPECT_FALSE(ForwardTarget::parse(std::string(262, 'x') + ":1"));
}

}  // namespace
}  // namespace kith::mesh
