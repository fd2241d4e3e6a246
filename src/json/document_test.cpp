#include "json/document.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kith::json {
namespace {

Document parsed(std::string_view text) {
    auto document = Document::parse(text);
    EXPECT_TRUE(document.has_value()) << text;
    return std::move(*document);
}

TEST(JsonDocument, GivesEachKindOfValueAsWhatItIs) {
    const Document document =
        parsed(R"({"t":"grün\n","b":true,"i":-3,"d":2.5,"n":null,"a":[1,[2]],"o":{"x":1}})");
    const View root = document.root();
    EXPECT_EQ(root["t"].text(), "grün\n");
    EXPECT_EQ(root["b"].boolean(), true);
    EXPECT_EQ(root["i"].integer(), -3);
    EXPECT_EQ(root["i"].number(), -3.0);
    EXPECT_EQ(root["d"].number(), 2.5);
    EXPECT_TRUE(root["n"].is_null());
    EXPECT_EQ(root["a"].size(), 2U);
    EXPECT_EQ(root["a"].at(1).at(0).integer(), 2);
    EXPECT_EQ(root["o"]["x"].integer(), 1);
    EXPECT_EQ(root.size(), 7U);
}

TEST(JsonDocument, WhatIsNotThereIsAbsentAllTheWayDown) {
    const Document document = parsed(R"({"a":[1],"t":"x"})");
    const View root = document.root();
    EXPECT_FALSE(root["none"].exists());
    EXPECT_FALSE(root["none"]["deeper"].at(3).exists());
    EXPECT_FALSE(root["a"].at(1).exists());
    EXPECT_FALSE(root["t"].at(0).exists());
    EXPECT_FALSE(root["none"].is_null());
    EXPECT_EQ(root["none"].text(), std::nullopt);
    EXPECT_EQ(root["none"].size(), 0U);
}

TEST(JsonDocument, DoesNotConvertBetweenKinds) {
    const Document document = parsed(R"(["1",1,1.5,true,18446744073709551615,null])");
    const View root = document.root();
    EXPECT_EQ(root.at(0).integer(), std::nullopt);
    EXPECT_EQ(root.at(0).number(), std::nullopt);
    EXPECT_EQ(root.at(1).text(), std::nullopt);
    EXPECT_EQ(root.at(1).boolean(), std::nullopt);
    EXPECT_EQ(root.at(2).integer(), std::nullopt);
    EXPECT_EQ(root.at(3).integer(), std::nullopt);
    EXPECT_EQ(root.at(4).integer(), std::nullopt) << "does not fit";
    EXPECT_EQ(root.at(4).number(), 18446744073709551615.0);
    EXPECT_EQ(root.at(5).text(), std::nullopt);
}

TEST(JsonDocument, RefusesRepeatedNamesWhereTheyMayNotBe) {
    const ParseLimits strict{.unique_names = true};
    EXPECT_TRUE(Document::parse(R"({"a":1,"b":{"a":2},"c":[{"a":1},{"a":1}]})", strict));
    EXPECT_TRUE(Document::parse(R"({"a":1,"a":1})"));
    for (const char* text :
         {R"({"a":1,"a":1})", R"({"a":1,"\u0061":1})", R"({"x":[{"a":1,"b":{},"a":2}]})"}) {
        const auto parsed = Document::parse(text, strict);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().kind, ErrorKind::Malformed);
    }
    EXPECT_FALSE(Document::parse(R"({"a":1)", strict)) << "cut off";
}

TEST(JsonDocument, ShowsMembersInOrderOfName) {
    const Document document = parsed(R"({"b":1,"a":2,"b":3})");
    std::vector<std::string> seen;
    document.root().each_member([&seen](std::string_view name, View value) {
        seen.push_back(std::string(name) + "=" + std::to_string(*value.integer()));
    });
    EXPECT_EQ(seen, (std::vector<std::string>{"a=2", "b=3"}));
    parsed("[1]").root().each_member([](std::string_view, View) { FAIL(); });
}

TEST(JsonDocument, RefusesWhatIsNotJson) {
    for (const char* text : {"", "{", "}", "{\"a\":}", "[1,]", "nul", "'x'", "\"\xFF\"", "1 2",
                             "{\"a\" 1}", "// x\n1", "1e999", "\"\n\"", "NaN"}) {
        const auto document = Document::parse(text);
        ASSERT_FALSE(document.has_value()) << text;
        EXPECT_EQ(document.error().kind, ErrorKind::Malformed) << text;
    }
}

TEST(JsonDocument, RefusesTextBeyondItsLimits) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(Document::parse(nested(32)).has_value());
    EXPECT_EQ(Document::parse(nested(33)).error().kind, ErrorKind::Limit);
    EXPECT_EQ(Document::parse(nested(500'000)).error().kind, ErrorKind::Limit);
    EXPECT_TRUE(Document::parse(R"(["[[[","\"[[[","\\"])", {.depth_max = 1}).has_value());
    EXPECT_TRUE(Document::parse("[[],[],[]]", {.depth_max = 2}).has_value());
    EXPECT_TRUE(Document::parse("\"12345678\"", {.bytes_max = 10}).has_value());
    EXPECT_EQ(Document::parse("\"123456789\"", {.bytes_max = 10}).error().kind, ErrorKind::Limit);
}

}  // namespace
}  // namespace kith::json
