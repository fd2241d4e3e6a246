#include "base/strong_id.h"

#include <type_traits>
#include <unordered_set>

#include <gtest/gtest.h>
#include <boost/unordered/unordered_flat_set.hpp>

#include "base/ids.h"

namespace kith {
namespace {

static_assert(!std::is_convertible_v<std::uint64_t, SessionId>);
static_assert(!std::is_convertible_v<SessionId, std::uint64_t>);
static_assert(!std::is_convertible_v<SessionId, MessageId>);
static_assert(!std::is_assignable_v<SessionId&, MessageId>);
static_assert(sizeof(SessionId) == sizeof(std::uint64_t));
static_assert(sizeof(PacketId) == sizeof(std::uint16_t));
static_assert(std::is_trivially_copyable_v<SessionId>);

TEST(StrongId, ComparesByValue) {
    EXPECT_EQ(SessionId(3), SessionId(3));
    EXPECT_NE(SessionId(3), SessionId(4));
    EXPECT_LT(MessageId(3), MessageId(4));
    EXPECT_EQ(SessionId().value(), 0U);
}

TEST(StrongId, NextIsOneMoreAndWraps) {
    EXPECT_EQ(MessageId(7).next(), MessageId(8));
    EXPECT_EQ(PacketId(65'535).next(), PacketId(0));
}

TEST(StrongId, IsAKeyOfStandardAndBoostTables) {
    const std::unordered_set<SessionId> standard = {SessionId(1), SessionId(2), SessionId(1)};
    EXPECT_EQ(standard.size(), 2U);
    const boost::unordered_flat_set<SessionId> flat = {SessionId(1), SessionId(2), SessionId(1)};
    EXPECT_EQ(flat.size(), 2U);
    EXPECT_TRUE(flat.contains(SessionId(2)));
}

}  // namespace
}  // namespace kith
