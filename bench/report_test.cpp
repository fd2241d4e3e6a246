#include "bench/report.h"

#include <gtest/gtest.h>

namespace kith::bench {
namespace {

TEST(Report, JsonHasEveryKeyAndNullForWhatWasNotMeasured) {
    Report report{.scenario = "one-to-one", .target = "127.0.0.1:1883", .seconds = 2};
    report.messages = 10;
    report.rate_per_s = 5;
    report.more.emplace_back("window", 20);
    EXPECT_EQ(
        to_json(report),
        R"({"scenario":"one-to-one","target":"127.0.0.1:1883","seconds":2,"messages":10,)"
        R"("rate":5,"undelivered":null,"p50_us":null,"p99_us":null,"p999_us":null,"max_us":null,)"
        R"("cpu_us_per_message":null,"rss_bytes":null,"generator_cpu_share":null,)"
        R"("window":20})");
}

TEST(Report, TheTableLeavesOutWhatWasNotMeasured) {
    Report report{.scenario = "latency", .target = "gw-1:1883", .seconds = 10};
    report.messages = 1'234'567;
    report.p50_us = 41.5;
    report.undelivered = 0.0125;
    report.rss_bytes = 3 * 1024 * 1024;
    const std::string table = to_table(report);
    EXPECT_NE(table.find("1.235 M"), std::string::npos) << table;
    EXPECT_NE(table.find("41.5"), std::string::npos) << table;
    EXPECT_NE(table.find("1.25 %"), std::string::npos) << table;
    EXPECT_NE(table.find("3.0"), std::string::npos) << table;
    EXPECT_EQ(table.find("p99"), std::string::npos) << table;
}

}  // namespace
}  // namespace kith::bench
