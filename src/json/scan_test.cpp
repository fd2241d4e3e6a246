#include "json/scan.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <string>

#include "base/random.h"

namespace kith::json {
namespace {

TEST(JsonScan, ReadsABareNumber) {
    EXPECT_EQ(bare_number("21.5"), 21.5);
    EXPECT_EQ(bare_number(" -3e2\n"), -300.0);
    EXPECT_EQ(bare_number("0"), 0.0);
    for (const char* text : {"", " ", "x", "1x", "1 2", "\"1\"", "inf", "nan", "-", "+1", "0x10",
                             "1e999", "true", "-inf"}) {
        EXPECT_EQ(bare_number(text), std::nullopt) << text;
    }
}

TEST(JsonScan, FindsAMemberOfTheOutermostObjectOnly) {
    EXPECT_EQ(member_number(R"({"v":61,"at":{"v":2}})", "v"), 61.0);
    EXPECT_EQ(member_number(R"({"at":{"v":2},"v" : 61 })", "v"), 61.0);
    EXPECT_EQ(member_number(R"({"at":{"v":2}})", "v"), std::nullopt);
    EXPECT_EQ(member_number(R"([{"v":2}])", "v"), std::nullopt);
    EXPECT_EQ(member_number(R"({"a":"v","v":3})", "v"), 3.0);
    EXPECT_EQ(member_number(R"({"a":"\"v\":1","v":3})", "v"), 3.0);
    EXPECT_EQ(member_number(R"({"v":"3"})", "v"), std::nullopt);
    EXPECT_EQ(member_number(R"({"v":null})", "v"), std::nullopt);
    EXPECT_EQ(member_number("7", "v"), std::nullopt);
}

TEST(JsonScan, FindsWhatStandsBeforeACut) {
    EXPECT_EQ(member_number(R"({"v":61,"long":"text that was cu)", "v"), 61.0);
    EXPECT_EQ(member_number(R"({"long":"text that was cu)", "v"), std::nullopt);
    EXPECT_EQ(member_number(R"({"v":)", "v"), std::nullopt);
    EXPECT_EQ(member_number(R"({"v)", "v"), std::nullopt);
    EXPECT_EQ(member_number("{\"\\", "v"), std::nullopt);
}

// Goal: on valid JSON the scanner and a parser agree.
TEST(JsonScan, AgreesWithAParser) {
    Random random(3);
    const auto leaf = [&random]() -> nlohmann::json {
        switch (random.below(5)) {
            case 0:
                return random.below(1000);
            case 1:
                return -0.25 * static_cast<double>(random.below(1000));
            case 2:
                return "v\":1,{[\\\"";
            case 3:
                return nlohmann::json::array({1, {{"v", 5}}});
            default:
                return nlohmann::json{{"v", 8}, {"w", nullptr}};
        }
    };
    for (int round = 0; round < 3000; ++round) {
        nlohmann::json object = nlohmann::json::object();
        for (const char* name : {"a", "v", "vv", "z"}) {
            if (random.chance(0.6)) {
                object[name] = leaf();
            }
        }
        const auto found = member_number(object.dump(random.chance(0.5) ? -1 : 2), "v");
        const bool expected = object.contains("v") && object["v"].is_number();
        ASSERT_EQ(found.has_value(), expected) << object;
        if (expected) {
            EXPECT_EQ(*found, object["v"].get<double>());
        }
    }
}

}  // namespace
}  // namespace kith::json
