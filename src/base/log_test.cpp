#include "base/log.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace kith {
namespace {

struct Line {
    LogLevel level;
    std::string event;
    std::vector<std::pair<std::string, LogField::Value>> fields;
};

/// Keeps what is written, for tests to look at.
class KeptLines : public LogSink {
  public:
    void write(LogLevel level, std::string_view event, std::span<const LogField> fields) override {
        Line line{level, std::string(event), {}};
        for (const LogField& field : fields) {
            line.fields.emplace_back(std::string(field.key), field.value);
        }
        lines.push_back(std::move(line));
    }
    std::vector<Line> lines;
};

TEST(Log, WritesEventAndFieldsWithTheirTypes) {
    KeptLines kept;
    const Log log(kept, LogLevel::Debug);
    LOG(log, Info, "client connected", {"client", "press-07"}, {"version", 5}, {"bytes", 7U},
        {"rate", 1.5F}, {"clean", true});
    ASSERT_EQ(kept.lines.size(), 1U);
    const Line& line = kept.lines[0];
    EXPECT_EQ(line.level, LogLevel::Info);
    EXPECT_EQ(line.event, "client connected");
    ASSERT_EQ(line.fields.size(), 5U);
    EXPECT_EQ(line.fields[0].first, "client");
    EXPECT_EQ(line.fields[0].second, LogField::Value(std::string_view("press-07")));
    EXPECT_EQ(line.fields[1].second, LogField::Value(std::int64_t{5}));
    EXPECT_EQ(line.fields[2].second, LogField::Value(std::uint64_t{7}));
    EXPECT_EQ(line.fields[3].second, LogField::Value(1.5));
    EXPECT_EQ(line.fields[4].second, LogField::Value(true));
}

TEST(Log, AnEventNeedsNoFields) {
    KeptLines kept;
    const Log log(kept, LogLevel::Debug);
    LOG(log, Warn, "store degraded");
    ASSERT_EQ(kept.lines.size(), 1U);
    EXPECT_TRUE(kept.lines[0].fields.empty());
}

TEST(Log, BelowItsLevelNothingIsWrittenNorEvaluated) {
    KeptLines kept;
    Log log(kept, LogLevel::Warn);
    int evaluations = 0;
    LOG(log, Info, "quiet", {"count", ++evaluations});
    EXPECT_TRUE(kept.lines.empty());
    EXPECT_EQ(evaluations, 0);
    log.set_level(LogLevel::Info);
    LOG(log, Info, "heard", {"count", ++evaluations});
    EXPECT_EQ(kept.lines.size(), 1U);
}

TEST(Log, OffIsSilentAndNoSinkIsSilentAtAnyLevel) {
    KeptLines kept;
    const Log off(kept, LogLevel::Off);
    LOG(off, Error, "not heard");
    EXPECT_TRUE(kept.lines.empty());
    Log nowhere;
    nowhere.set_level(LogLevel::Trace);
    EXPECT_FALSE(nowhere.enabled(LogLevel::Error));
    LOG(nowhere, Error, "not heard");
}

TEST(Log, LevelsHaveStableNames) {
    EXPECT_EQ(to_string(LogLevel::Trace), "trace");
    EXPECT_EQ(to_string(LogLevel::Debug), "debug");
    EXPECT_EQ(to_string(LogLevel::Info), "info");
    EXPECT_EQ(to_string(LogLevel::Warn), "warn");
    EXPECT_EQ(to_string(LogLevel::Error), "error");
    EXPECT_EQ(to_string(LogLevel::Off), "off");
}

}  // namespace
}  // namespace kith
