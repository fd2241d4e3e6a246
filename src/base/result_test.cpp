#include "base/result.h"

#include <memory>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace kith {
namespace {

Result<int> half_of(int value) {
    if (value % 2 != 0) {
        return fail(ErrorKind::Invalid, "not even", 7);
    }
    return value / 2;
}

Status accept_even(int value) {
    TRY(half_of(value));
    return {};
}

Result<int> quarter_of(int value) {
    TRY_ASSIGN(const int half, half_of(value));
    TRY_ASSIGN(const int quarter, half_of(half));
    return quarter;
}

Result<std::unique_ptr<int>> passed_on(std::unique_ptr<int> value) {
    Result<std::unique_ptr<int>> result(std::move(value));
    TRY_ASSIGN(std::unique_ptr<int> moved, std::move(result));
    return moved;
}

TEST(Result, AFailureCarriesKindCodeAndText) {
    const Result<int> result = half_of(3);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::Invalid);
    EXPECT_EQ(result.error().code, 7);
    EXPECT_STREQ(result.error().text, "not even");
}

TEST(Result, ErrorsAreEqualByWhatCallersDecideBy) {
    const Error error{ErrorKind::Io, 5, "one text"};
    EXPECT_EQ(error, (Error{ErrorKind::Io, 5, "another"}));
    EXPECT_FALSE(error == (Error{ErrorKind::Io, 6, "one text"}));
    EXPECT_FALSE(error == (Error{ErrorKind::Closed, 5, "one text"}));
}

TEST(Result, TryPassesTheFailureOnAndDropsTheValue) {
    EXPECT_TRUE(accept_even(2));
    ASSERT_FALSE(accept_even(1));
    EXPECT_EQ(accept_even(1).error().kind, ErrorKind::Invalid);
}

TEST(Result, TryAssignKeepsTheValueAndStopsAtTheFirstFailure) {
    EXPECT_EQ(quarter_of(12), 3);
    EXPECT_FALSE(quarter_of(6));
    EXPECT_FALSE(quarter_of(5));
}

TEST(Result, TryAssignMovesWhatCannotBeCopied) {
    const auto result = passed_on(std::make_unique<int>(9));
    ASSERT_TRUE(result);
    EXPECT_EQ(**result, 9);
}

TEST(Result, EveryKindHasAWordOfItsOwn) {
    std::set<std::string> words;
    const int kind_count = static_cast<int>(ErrorKind::Unsupported) + 1;
    for (int kind = 0; kind < kind_count; ++kind) {
        words.insert(to_string(static_cast<ErrorKind>(kind)));
    }
    EXPECT_EQ(words.size(), static_cast<std::size_t>(kind_count));
    EXPECT_FALSE(words.contains("unknown"));
    EXPECT_STREQ(to_string(ErrorKind::NotFound), "not-found");
}

}  // namespace
}  // namespace kith
