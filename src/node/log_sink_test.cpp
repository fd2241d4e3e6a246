#include "node/log_sink.h"

#include <gtest/gtest.h>

namespace kith::node {
namespace {

std::string line(LogFormat format, std::initializer_list<LogField> fields) {
    return format_line(format, {.at = WallTime::from_ms(1'790'000'000'123),
                                .level = LogLevel::Info,
                                .event = "client left",
                                .fields = {fields.begin(), fields.size()}});
}

TEST(LogLine, ReadsAsTextForPeople) {
    EXPECT_EQ(line(LogFormat::Text, {{"client", "press-07"}, {"count", 3}, {"ok", true}}),
              "2026-09-21T14:13:20.123Z info  client left client=press-07 count=3 ok=true");
}

TEST(LogLine, QuotesWhatIsNotOneWordAndLeavesOutWhatIsEmpty) {
    EXPECT_EQ(line(LogFormat::Text, {{"reason", "wrong key"}, {"none", ""}}),
              "2026-09-21T14:13:20.123Z info  client left reason=\"wrong key\"");
}

// A client id is chosen by whoever connects.
TEST(LogLine, CannotBeForgedByAValue) {
    const std::string text = line(LogFormat::Text, {{"client", "a\n2026 info fake"}});
    EXPECT_EQ(text.find('\n'), std::string::npos);
    const std::string json = line(LogFormat::Json, {{"client", "a\n\"}"}});
    EXPECT_EQ(json.find('\n'), std::string::npos);
}

TEST(LogLine, IsOneJsonObjectForMachines) {
    EXPECT_EQ(line(LogFormat::Json, {{"client", "press-07"}, {"count", 3}}),
              R"({"ts":"2026-09-21T14:13:20.123Z","level":"info","event":"client left",)"
              R"("client":"press-07","count":3})");
}

}  // namespace
}  // namespace kith::node
