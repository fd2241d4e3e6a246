#include "node/problem.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace kith::node {
namespace {

TEST(Problem, ExplainsWithTheReasonOfTheSystemWhereThereIsOne) {
    EXPECT_EQ(explain("cannot open a", {ErrorKind::Invalid, 0, "it is torn"}),
              "cannot open a: it is torn");
    const Error denied{ErrorKind::Io, EACCES, "open"};
    EXPECT_EQ(explain("cannot open a", denied), "cannot open a: open (Permission denied)");
}

}  // namespace
}  // namespace kith::node
