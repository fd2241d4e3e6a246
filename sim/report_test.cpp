#include "sim/report.h"

#include <gtest/gtest.h>

namespace kith::sim {
namespace {

TEST(Report, IsAPageThatNeedsNothingElse) {
    const std::vector<ReportRow> rows{
        {.node_count = 20, .cold_start_ms = 1234, .delivered_percent = 100, .is_clean = true},
        {.node_count = 100, .cold_start_ms = 2345, .delivered_percent = 99.5}};
    const std::string page = report_page(rows, 7);
    EXPECT_TRUE(page.starts_with("<!doctype html>"));
    EXPECT_TRUE(page.ends_with("</html>\n"));
    EXPECT_NE(page.find("<td>1234</td>"), std::string::npos);
    EXPECT_NE(page.find("<td>99.50</td><td>broken</td>"), std::string::npos);
    EXPECT_NE(page.find("prefers-color-scheme: dark"), std::string::npos);
    for (const std::string_view outside : {"http", "src=", "url("}) {
        EXPECT_EQ(page.find(outside), std::string::npos) << outside;
    }
}

TEST(Report, OfOneSizeIsDrawn) {
    const std::string page = report_page({{.node_count = 20}}, 1);
    EXPECT_EQ(page.find("nan"), std::string::npos);
    EXPECT_EQ(page.find("inf"), std::string::npos);
}

TEST(Report, ARowIsMeasured) {
    const ReportRow row = measure_row({.duration = 10s}, 1, 5);
    EXPECT_EQ(row.node_count, 5U);
    EXPECT_TRUE(row.is_clean);
    EXPECT_GT(row.cold_start_ms, 0);
    EXPECT_GT(row.link_event_ms, 0);
    EXPECT_GT(row.idle_bytes_per_s_mean, 100);
}

}  // namespace
}  // namespace kith::sim
