// When a node believes its clock. Joining itself is tested with the node.

#include "mesh/live/mesh_gate.h"

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::hours kYear{24 * 365};
const WallTime kMade = WallTime::from_ms(1'800'000'000'000);
const WallTime kEnd = kMade + kYear;

TEST(BelievableTime, IsOneAtWhichTheCertificateIsGood) {
    for (const WallTime now : {kMade, kMade + kYear / 2, kEnd + -1ms, kMade + -12h}) {
        EXPECT_EQ(believable_time(now, kEnd, kYear), now);
    }
}

TEST(BelievableTime, IsNoneYearsBeforeOrBehindIt) {
    for (const WallTime now : {WallTime(), kMade + -25h, kEnd, kEnd + 10 * kYear}) {
        EXPECT_EQ(believable_time(now, kEnd, kYear), std::nullopt);
    }
}

}  // namespace
}  // namespace kith::mesh
