#include "base/check.h"

#include <gtest/gtest.h>

namespace kith {
namespace {

TEST(Check, EvaluatesItsConditionOnceAndGoesOn) {
    int evaluations = 0;
    CHECK(++evaluations == 1);
    CHECK_TEXT(++evaluations == 2, "not reached");
    EXPECT_EQ(evaluations, 2);
}

TEST(Check, IsOneStatement) {
    // An `else` binds to the `if` that a reader sees, not to one inside the macro.
    bool reached = false;
    if (false)
        CHECK(true);
    else
        reached = true;
    EXPECT_TRUE(reached);
}

TEST(CheckDeathTest, NamesTheConditionThePlaceAndTheText) {
    const int turns = 3;
    EXPECT_DEATH(CHECK(turns == 4), "check failed: turns == 4 at .*check_test\\.cpp:[0-9]+\n");
    EXPECT_DEATH(CHECK_TEXT(turns == 4, "three turns"), "check_test\\.cpp:[0-9]+: three turns\n");
}

TEST(CheckDeathTest, DcheckHoldsWhereBuildsAreForTesting) {
#ifdef NDEBUG
    int evaluations = 0;
    DCHECK(++evaluations == 7);
    EXPECT_EQ(evaluations, 0) << "a release build does not even evaluate it";
#else
    EXPECT_DEATH(DCHECK(1 == 2), "check failed: 1 == 2");
#endif
}

}  // namespace
}  // namespace kith
