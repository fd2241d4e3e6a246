#include "bench/moment.h"

#include <gtest/gtest.h>

namespace kith::bench {
namespace {

using Results = std::vector<std::pair<std::string, double>>;

TEST(Moment, TwoOfThemMakeARateAndWhatTheBrokerSpent) {
    const Step step{
        .from = {.at = Instant::from_ns(0), .broker = ProcessUse{.cpu = 1s, .rss_bytes = 1'000}},
        .to = {.at = Instant::from_ns(2'000'000'000),
               .broker = ProcessUse{.cpu = 2s, .rss_bytes = 5'000}},
        .count = 100};
    Report report;
    report_rate(report, "a", step);
    report_cpu_us_each(report, "b", step);
    report_rss_bytes_each(report, "c", step);
    report_cpu_share(report, "d", step);
    EXPECT_EQ(report.more, (Results{{"a", 50}, {"b", 10'000}, {"c", 40}, {"d", 0.5}}));
}

TEST(Moment, AnUnknownBrokerReportsNothingAndAShrinkingOneNoGrowth) {
    Report report;
    Step step{.from = {.at = Instant::from_ns(0), .broker = {}},
              .to = {.at = Instant::from_ns(1), .broker = {}}};
    report_cpu_us_each(report, "b", step);
    report_rss_bytes_each(report, "c", step);
    report_cpu_share(report, "d", step);
    EXPECT_TRUE(report.more.empty());

    step.from.broker = ProcessUse{.cpu = 0s, .rss_bytes = 2};
    step.to.broker = ProcessUse{.cpu = 0s, .rss_bytes = 1};
    report_rss_bytes_each(report, "c", step);
    EXPECT_EQ(report.more, (Results{{"c", 0}}));
}

}  // namespace
}  // namespace kith::bench
