#include "json/writer.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

#include "base/random.h"

namespace kith::json {
namespace {

std::string as_json(std::string_view text) {
    std::string out;
    append_quoted(out, text);
    return out;
}

TEST(JsonWriter, SeparatesMembersAndElements) {
    std::string out;
    Writer json(out);
    json.begin_object();
    json.field("a", 1);
    json.key("b");
    json.begin_array();
    json.begin_object();
    json.end_object();
    json.value("x");
    json.begin_array();
    json.end_array();
    json.null();
    json.end_array();
    json.null_field("c");
    json.field("d", true);
    json.end_object();
    EXPECT_EQ(out, R"({"a":1,"b":[{},"x",[],null],"c":null,"d":true})");
}

TEST(JsonWriter, WritesEveryKindOfNumber) {
    std::string out;
    Writer json(out);
    json.begin_array();
    json.value(std::numeric_limits<std::int64_t>::min());
    json.value(std::numeric_limits<std::uint64_t>::max());
    json.value(std::uint8_t{7});
    json.value(0.1);
    json.value(21.0);
    json.value(1e300);
    json.value(std::nan(""));
    json.value(std::numeric_limits<double>::infinity());
    json.value(std::optional<double>());
    json.value(std::optional<int>(3));
    json.end_array();
    EXPECT_EQ(out, "[-9223372036854775808,18446744073709551615,7,0.1,21,1e+300,null,null,null,3]");
}

TEST(JsonWriter, WritesTimesAsRfc3339) {
    std::string out;
    Writer(out).value(WallTime::from_ms(1'800'000'000'007));
    EXPECT_EQ(out, "\"2027-01-15T08:00:00.007Z\"");
}

TEST(JsonWriter, EscapesWhatJsonForbids) {
    EXPECT_EQ(as_json("a\"b\\c\n\r\t"), R"("a\"b\\c\n\r\t")");
    EXPECT_EQ(as_json(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
    EXPECT_EQ(as_json("grün"), "\"grün\"");
}

TEST(JsonWriter, ReplacesBytesThatAreNotUtf8) {
    EXPECT_EQ(as_json("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
    EXPECT_EQ(as_json("\xC3"), "\"\xEF\xBF\xBD\"");
    EXPECT_EQ(as_json("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    EXPECT_EQ(as_json("ä\xFF\nß"), "\"ä\xEF\xBF\xBD\\nß\"");
}

// Goal: whatever bytes come in, another implementation reads the text, and reads back what went in
// if that was UTF-8.
TEST(JsonWriter, EveryTextIsReadByAnotherImplementation) {
    Random random(11);
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        const std::uint64_t length = random.below(12);
        for (std::uint64_t i = 0; i < length; ++i) {
            text.push_back(
                static_cast<char>(random.chance(0.5) ? random.below(128) : random.below(256)));
        }
        const auto read = nlohmann::json::parse(as_json(text), nullptr, false);
        ASSERT_TRUE(read.is_string()) << as_json(text);
        if (text.find_first_of("\x80\xff") == std::string::npos &&
            std::all_of(text.begin(), text.end(), [](char c) { return c >= 0; })) {
            EXPECT_EQ(read.get<std::string>(), text);
        }
    }
}

}  // namespace
}  // namespace kith::json
