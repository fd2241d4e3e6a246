#include "mesh/discovery/token_bucket.h"

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

int taken(TokenBucket& bucket, Instant now) {
    int count = 0;
    while (bucket.take(now)) {
        ++count;
    }
    return count;
}

TEST(TokenBucket, GivesABurstAndThenARate) {
    TokenBucket bucket(10, 2);
    const Instant start = Instant::from_ns(0);
    EXPECT_EQ(taken(bucket, start), 10);
    EXPECT_FALSE(bucket.has(start));
    EXPECT_EQ(taken(bucket, start + 499ms), 0);
    EXPECT_TRUE(bucket.has(start + 500ms));
    EXPECT_EQ(taken(bucket, start + 3s), 6);
    EXPECT_EQ(taken(bucket, start + 1h), 10) << "never more than the burst";
}

}  // namespace
}  // namespace kith::mesh
