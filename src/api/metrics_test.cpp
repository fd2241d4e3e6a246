#include "api/metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace kith::api {
namespace {

std::string page() {
    Totals totals;
    totals.broker.messages_in = 12'345'678'901;
    totals.broker.connections = 42;
    totals.broker.delivery.record_us(3, 10);
    totals.broker.delivery.record_us(900, 5);
    totals.commit_us_max = 1500;
    totals.loop_lag.record_us(100);
    totals.runtime.tls_handshakes_failed[1] = 7;
    totals.broker.denied_publishes = 3;
    const BackupFacts backups{
        .last = BackupRun{.ended_at = WallTime::from_ms(5000)}, .made_count = 3, .failed_count = 1};
    CredentialCounters shown;
    shown.certificates_denied = 5;
    shown.certificates_revoked = 2;
    totals.credentials.add(shown);
    return metrics_text(
        {.totals = totals,
         .api = {},
         .sign_in = {},
         .registry = {},
         .backups = backups,
         .passwords = {},
         .accounts = {},
         .sessions = 2,
         .is_store_healthy = true,
         .uptime_s = 60,
         .version = "1.2.3",
         .now = WallTime::from_ms(0),
         .certificates = {{.use = "server", .not_after = WallTime() + std::chrono::hours(49)}}});
}

TEST(Metrics, ShowValuesInFull) {
    const std::string text = page();
    for (const char* line :
         {"\nkith_messages_in_total 12345678901\n", "\nkith_connections 42\n",
          "\nkith_store_commit_seconds_max 0.0015\n", "\nkith_console_sessions 2\n",
          "kith_acl_denied_total{action=\"publish\"} 3\n", "\nkith_loop_lag_seconds_count 1\n",
          "kith_client_certificates_total{outcome=\"denied\"} 3\n",
          "kith_certificate_days_left{use=\"server\"} 2\n",
          "kith_build_info{version=\"1.2.3\"} 1\n", "\nkith_store_healthy 1\n"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line;
    }
}

// Goal: a scraper takes every line: the grammar of the text format, HELP and TYPE before samples,
// no name twice, counters that end in _total.
TEST(Metrics, EveryLineIsWellFormed) {
    static const std::regex kHelp("# HELP (kith_[a-z0-9_]+) .+\\.");
    static const std::regex kType("# TYPE (kith_[a-z0-9_]+) (counter|gauge|histogram)");
    static const std::regex kSample(
        R"((kith_[a-z0-9_]+?)(_bucket|_sum|_count)?(\{[a-z]+="[^"\\]*"\})? [0-9.e+-]+)");
    std::istringstream lines(page());
    std::set<std::string> names;
    std::string current;
    std::string type;
    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (std::regex_match(line, match, kHelp)) {
            EXPECT_TRUE(names.insert(match[1]).second) << "twice: " << line;
            current = match[1];
        } else if (std::regex_match(line, match, kType)) {
            EXPECT_EQ(match[1], current);
            type = match[2];
            EXPECT_EQ(type == "counter", current.ends_with("_total")) << line;
        } else {
            ASSERT_TRUE(std::regex_match(line, match, kSample)) << line;
            const std::string name = match[1].str() + match[2].str();
            EXPECT_TRUE(name == current || (type == "histogram" && name.starts_with(current)))
                << line;
        }
    }
    EXPECT_GE(names.size(), 70U);
}

// Goal: units are base units, in the name; a label has few values and none twice.
TEST(Metrics, NamesHaveBaseUnitsAndLabelsFewValues) {
    std::istringstream lines(page());
    std::set<std::string> series;
    std::map<std::string, int> values;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with('#')) {
            continue;
        }
        const std::string name = line.substr(0, line.find_first_of(" {"));
        for (const char* unit : {"_ms", "_us", "_ns", "_kb", "_mb", "_minutes", "_percent"}) {
            EXPECT_EQ(name.find(unit), std::string::npos) << line;
        }
        EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << "twice: " << line;
        EXPECT_LE(++values[name], 40) << name;
    }
}

TEST(Metrics, BucketsOfTheHistogramAddUp) {
    const std::string text = page();
    EXPECT_NE(text.find("kith_delivery_seconds_bucket{le=\"+Inf\"} 15\n"), std::string::npos);
    EXPECT_NE(text.find("kith_delivery_seconds_count 15\n"), std::string::npos);
    EXPECT_NE(text.find("kith_delivery_seconds_bucket{le=\"4e-06\"} 10\n"), std::string::npos);
}

}  // namespace
}  // namespace kith::api
