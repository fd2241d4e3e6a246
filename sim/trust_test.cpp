#include "sim/trust.h"

#include <gtest/gtest.h>

namespace kith::sim {
namespace {

using mesh::NodeId;

constexpr NodeId kA(1);
constexpr NodeId kB(2);

struct Pair {
    FakeTrust a{kA, 11, 5};
    FakeTrust b{kB, 22, 5};
};

std::array<std::uint8_t, kSignatureBytes> sign(FakeTrust& by, std::string_view text) {
    std::array<std::uint8_t, kSignatureBytes> signature;
    by.sign(as_bytes(text), signature);
    return signature;
}

TEST(FakeTrust, VerifiesWhatAnAdmittedNodeSigned) {
    Pair pair;
    ASSERT_TRUE(pair.b.admit(kA, pair.a.certificate()));
    const auto signature = sign(pair.a, "hello");
    EXPECT_TRUE(pair.b.verify(kA, as_bytes("hello"), signature));
    EXPECT_FALSE(pair.b.verify(kA, as_bytes("hellp"), signature));
    EXPECT_FALSE(pair.b.verify(kB, as_bytes("hello"), signature));
}

TEST(FakeTrust, VerifiesNobodyWhoWasNotAdmitted) {
    Pair pair;
    EXPECT_FALSE(pair.b.verify(kA, as_bytes("hello"), sign(pair.a, "hello")));
}

TEST(FakeTrust, RefusesCertificatesOfOthersAndOfOtherMeshes) {
    Pair pair;
    FakeTrust stranger(kA, 11, 6);
    EXPECT_EQ(pair.b.admit(kB, pair.a.certificate()).error().kind, ErrorKind::Denied);
    EXPECT_EQ(pair.b.admit(kA, stranger.certificate()).error().kind, ErrorKind::Denied);
    EXPECT_EQ(pair.b.admit(kA, as_bytes("short")).error().kind, ErrorKind::Denied);
}

TEST(FakeTrust, TakesTheKeyThatWasCertifiedFirstWhicheverItMeets) {
    Pair pair;
    FakeTrust twin(kA, 10, 5, 1);
    ASSERT_TRUE(pair.b.admit(kA, twin.certificate()));
    EXPECT_TRUE(pair.b.is_rival(kA, pair.a.certificate()));
    EXPECT_FALSE(pair.b.is_rival(kA, twin.certificate()));
    ASSERT_TRUE(pair.b.admit(kA, pair.a.certificate()));
    EXPECT_TRUE(pair.b.verify(kA, as_bytes("hello"), sign(pair.a, "hello")));
    EXPECT_FALSE(pair.b.verify(kA, as_bytes("hello"), sign(twin, "hello")));
}

TEST(FakeTrust, RefusesALaterKeyForTheSameId) {
    Pair pair;
    FakeTrust twin(kA, 10, 5, 1);
    ASSERT_TRUE(pair.b.admit(kA, pair.a.certificate()));
    EXPECT_TRUE(pair.b.admit(kA, pair.a.certificate())) << "the same again is no conflict";
    EXPECT_EQ(pair.b.admit(kA, twin.certificate()).error().kind, ErrorKind::Conflict);
}

TEST(FakeTrust, KnowsWhatItHasSignedItself) {
    FakeTrust trust(kA, 11, 5);
    FakeTrust twin(kA, 12, 5);
    const auto signature = sign(trust, "word");
    EXPECT_TRUE(trust.has_signed(as_bytes("word"), signature));
    EXPECT_FALSE(trust.has_signed(as_bytes("ward"), signature));
    EXPECT_FALSE(twin.has_signed(as_bytes("word"), signature));
}

}  // namespace
}  // namespace kith::sim
