#include "bench/process_probe.h"

#include <gtest/gtest.h>

#include <unistd.h>

namespace kith::bench {
namespace {

TEST(ProcessProbe, ReadsTheTicksBehindANameWithSpacesAndParentheses) {
    const auto ticks = parse_stat_ticks(
        "4242 (a (b) c) S 1 4242 4242 0 -1 4194560 2000 0 0 0 150 37 0 0 20 0 3 0 99 1 2 3\n");
    ASSERT_TRUE(ticks);
    EXPECT_EQ(*ticks, 187U);
}

TEST(ProcessProbe, RefusesAStatLineThatIsCutOff) {
    EXPECT_FALSE(parse_stat_ticks(""));
    EXPECT_FALSE(parse_stat_ticks("4242 (name) S 1 2 3"));
    EXPECT_FALSE(parse_stat_ticks("4242 (name) S 1 4242 4242 0 -1 4194560 2000 0 0 0 x y"));
}

TEST(ProcessProbe, ReadsTheResidentSize) {
    const auto rss = parse_status_rss("Name:\tkith\nVmPeak:\t  999 kB\nVmRSS:\t   14 kB\nX:\t1\n");
    ASSERT_TRUE(rss);
    EXPECT_EQ(*rss, 14U * 1024);
    EXPECT_FALSE(parse_status_rss("Name:\tkith\n"));
    EXPECT_FALSE(parse_status_rss("VmRSS:\t14 MB\n"));
    EXPECT_FALSE(parse_status_rss("VmRSS:"));
}

TEST(ProcessProbe, ReadsThisVeryProcess) {
    auto probe = make_process_probe(getpid());
    ASSERT_TRUE(probe);
    const auto use = (*probe)->read();
    ASSERT_TRUE(use);
    EXPECT_GT(use->rss_bytes, 100'000U);
    EXPECT_GE(use->cpu, Duration::zero());
}

TEST(ProcessProbe, TheTimeOfThisThreadGrowsAsItWorks) {
    const auto probe = make_thread_probe();
    const Duration begin = probe->read()->cpu;
    while (probe->read()->cpu == begin) {
    }
    EXPECT_GT(probe->read()->cpu, begin);
}

TEST(ProcessProbe, AProcessThatIsNotThereIsNotFound) {
    const auto probe = make_process_probe(-1);
    ASSERT_FALSE(probe);
    EXPECT_EQ(probe.error().kind, ErrorKind::NotFound);
}

}  // namespace
}  // namespace kith::bench
