#include "mesh/trust/revocations.h"

#include <gtest/gtest.h>

#include "wire/mesh/limits.h"

namespace kith::mesh {
namespace {

using Buffer = std::vector<std::uint8_t>;

constexpr WallTime kNow = WallTime::from_ms(1'790'000'000'000);

Revocation revocation(std::uint64_t node, WallTime at = kNow, const Buffer& signer = {}) {
    return {.node = NodeId(node), .at = at, .signer = signer, .signature = Buffer(72, 0x5A)};
}

TEST(Revocations, AreReadAsTheyWereWritten) {
    RevocationList list;
    EXPECT_FALSE(list.has(NodeId(7)));
    ASSERT_TRUE(list.add(revocation(7)));
    ASSERT_TRUE(list.add(revocation(8, kNow, Buffer(500, 2))));
    ASSERT_TRUE(list.add(revocation(9, kNow, Buffer(500, 1))));
    ASSERT_TRUE(list.add(revocation(10, kNow, Buffer(500, 2))));
    ASSERT_TRUE(list.add(revocation(0xFFFFFFFFFFFFFFFF, WallTime())));
    const Result<RevocationList> read = RevocationList::parse(list.to_text());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->nodes(), list.nodes());
    EXPECT_TRUE(read->has(NodeId(7)));
    EXPECT_TRUE(RevocationList::parse(RevocationList().to_text())->nodes().empty());
}

TEST(Revocations, KeepTheirFirstTime) {
    RevocationList list;
    ASSERT_TRUE(list.add(revocation(7)));
    ASSERT_TRUE(list.add(revocation(7, WallTime())));
    EXPECT_EQ(list.nodes().at(NodeId(7)).at, kNow);
}

TEST(Revocations, AreLimitedAndAllOfThemFitTheRecordsOfANode) {
    RevocationList list;
    for (std::size_t i = 1; i <= kRevocationsMax; ++i) {
        ASSERT_TRUE(list.add(revocation(i, kNow, Buffer(500, static_cast<std::uint8_t>(i % 3)))));
    }
    EXPECT_EQ(list.add(revocation(kRevocationsMax + 1)).error().kind, ErrorKind::Limit);
    EXPECT_TRUE(list.add(revocation(1)));
    const std::string more = list.to_text() + "node ffffffffffffffff 1 00\n";
    EXPECT_EQ(RevocationList::parse(more).error().kind, ErrorKind::Limit);
    const std::vector<Buffer> bodies = list.to_bodies();
    std::size_t bytes = 0;
    RevocationList told;
    for (const Buffer& body : bodies) {
        EXPECT_LE(body.size(), kRecordBodyBytesMax);
        bytes += body.size();
        const std::vector<Revocation> part = decode_revocations(body).value();
        for (const Revocation& each : part) {
            ASSERT_TRUE(told.add(each));
        }
    }
    EXPECT_EQ(told.nodes(), list.nodes());
    EXPECT_LE(bytes, kOriginRecordBytesMax * 9 / 10) << "with room for what else a node tells";
}

TEST(Revocations, ThatAreDamagedAreRefused) {
    const std::string heading = "kith-mesh revoked 1\n";
    for (const char* bad :
         {"node 7 1 00\n", "node 0000000000000007 1\n", "node 0000000000000007 x 00\n",
          "node 0000000000000007 01 00\n", "node 0000000000000007 -1 00\n", "\n",
          "name 0000000000000007 1 00\n", "node 000000000000000G 1 00\n", "signer\n", "signer xx\n",
          "node 0000000000000007 1 0g\n",
          "node 0000000000000007 1 00\nnode 0000000000000007 1 00\n"}) {
        EXPECT_EQ(RevocationList::parse(heading + bad).error().kind, ErrorKind::Malformed) << bad;
    }
    const std::string too_long(2 * kRevocationSignatureBytesMax + 2, '0');
    EXPECT_FALSE(RevocationList::parse(heading + "node 0000000000000007 1 " + too_long + "\n"));
    EXPECT_EQ(RevocationList::parse("").error().kind, ErrorKind::Malformed);
    EXPECT_EQ(RevocationList::parse("kith-mesh revoked 2\n").error().kind, ErrorKind::Unsupported);
}

TEST(Revocations, ARecordThatIsCutOrLongerIsRefused) {
    RevocationList list;
    ASSERT_TRUE(list.add(revocation(7)));
    Buffer body = list.to_bodies()[0];
    ASSERT_TRUE(decode_revocations(body));
    for (std::size_t size = 0; size < body.size(); ++size) {
        const bool is_whole = size == 3;  // that of nobody at all
        EXPECT_EQ(decode_revocations(Bytes(body).first(size)).has_value(), is_whole) << size;
    }
    body.push_back(0);
    EXPECT_FALSE(decode_revocations(body));
    EXPECT_FALSE(decode_revocations(Buffer{2, 0, 0}));
    EXPECT_FALSE(decode_revocations(Buffer{1, 0xFF, 0xFF}));
}

}  // namespace
}  // namespace kith::mesh
