#include "mesh/trust/revocations.h"

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

constexpr WallTime kNow = WallTime::from_ms(1'790'000'000'000);

TEST(Revocations, AreReadAsTheyWereWritten) {
    RevocationList list;
    EXPECT_FALSE(list.has(NodeId(7)));
    ASSERT_TRUE(list.add(NodeId(7), kNow));
    ASSERT_TRUE(list.add(NodeId(0xFFFFFFFFFFFFFFFF), WallTime()));
    const Result<RevocationList> read = RevocationList::parse(list.to_text());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->nodes(), list.nodes());
    EXPECT_TRUE(read->has(NodeId(7)));
    EXPECT_TRUE(RevocationList::parse(RevocationList().to_text())->nodes().empty());
}

TEST(Revocations, KeepTheirFirstTime) {
    RevocationList list;
    ASSERT_TRUE(list.add(NodeId(7), kNow));
    ASSERT_TRUE(list.add(NodeId(7), WallTime()));
    EXPECT_EQ(list.nodes().at(NodeId(7)), kNow);
}

TEST(Revocations, AreLimited) {
    RevocationList list;
    for (std::size_t i = 1; i <= kRevocationsMax; ++i) {
        ASSERT_TRUE(list.add(NodeId(i), kNow));
    }
    EXPECT_EQ(list.add(NodeId(kRevocationsMax + 1), kNow).error().kind, ErrorKind::Limit);
    EXPECT_TRUE(list.add(NodeId(1), kNow));
    EXPECT_TRUE(RevocationList::parse(list.to_text()));
    const std::string more = list.to_text() + "node ffffffffffffffff 1\n";
    EXPECT_EQ(RevocationList::parse(more).error().kind, ErrorKind::Limit);
}

TEST(Revocations, ThatAreDamagedAreRefused) {
    const std::string heading = "kith-mesh revoked 1\n";
    for (const char* bad : {"node 7 1\n", "node 0000000000000007\n", "node 0000000000000007 x\n",
                            "node 0000000000000007 01\n", "node 0000000000000007 -1\n", "\n",
                            "name 0000000000000007 1\n", "node 000000000000000G 1\n",
                            "node 0000000000000007 1\nnode 0000000000000007 1\n"}) {
        EXPECT_EQ(RevocationList::parse(heading + bad).error().kind, ErrorKind::Malformed) << bad;
    }
    EXPECT_EQ(RevocationList::parse("").error().kind, ErrorKind::Malformed);
    EXPECT_EQ(RevocationList::parse("kith-mesh revoked 2\n").error().kind, ErrorKind::Unsupported);
}

}  // namespace
}  // namespace kith::mesh
