#include "mesh/trust/invites.h"

#include <gtest/gtest.h>

#include "crypto/fake_secrets.h"

namespace kith::mesh {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow = WallTime::from_ms(1'790'000'000'000);
constexpr NodeId kCellar{0xCE11A4};
constexpr NodeId kAttic{0xA771C};

InviteUse use_by(NodeId node, std::string name = "cellar") {
    return {.node = node, .at = kNow, .name = std::move(name)};
}

class Invites : public testing::Test {
  protected:
    InviteId add(std::uint32_t uses = 1) {
        return book.add({.role = NodeRole::Leaf, .uses = uses, .lifetime = 15min}, secrets, kNow)
            ->id;
    }

    crypto::FakeSecrets secrets{7};
    InviteBook book;
};

TEST_F(Invites, KeepTheDigestOfTheSecretOnly) {
    const NewInvite made = book.add({}, secrets, kNow).value();
    EXPECT_EQ(made.expires_at, kNow + 15min);
    const Invite* invite = book.find(made.id);
    ASSERT_NE(invite, nullptr);
    EXPECT_EQ(invite->secret_digest, crypto::sha256(made.secret));
    EXPECT_EQ(book.to_text().find(to_hex(made.secret)), std::string::npos);
}

TEST_F(Invites, OfOneUseAreForOneNodeHoweverOftenItComes) {
    const InviteId id = add();
    EXPECT_TRUE(book.use(id, use_by(kCellar)));
    EXPECT_TRUE(book.use(id, use_by(kCellar)));
    EXPECT_EQ(book.use(id, use_by(kAttic)).error().kind, ErrorKind::Limit);
    EXPECT_EQ(book.find(id)->used_by.size(), 1U);
    EXPECT_EQ(book.find(id)->uses_left(), 0U);
}

TEST_F(Invites, OfSeveralUsesAreForAsManyNodes) {
    const InviteId id = add(2);
    EXPECT_TRUE(book.use(id, use_by(kCellar)));
    EXPECT_EQ(book.find(id)->uses_left(), 1U);
    EXPECT_TRUE(book.use(id, use_by(kAttic)));
    EXPECT_EQ(book.check(id, NodeId(3), kNow).error().kind, ErrorKind::Limit);
}

TEST_F(Invites, EndAtTheirTimeEvenForThoseWhoHaveUsedThem) {
    const InviteId id = add();
    ASSERT_TRUE(book.use(id, use_by(kCellar)));
    EXPECT_TRUE(book.check(id, kCellar, kNow + 15min - 1ms));
    EXPECT_EQ(book.check(id, kCellar, kNow + 15min).error().kind, ErrorKind::Denied);
}

TEST_F(Invites, ThatNobodyMadeAreNotFound) {
    add();
    EXPECT_EQ(book.check(InviteId(1), kCellar, kNow).error().kind, ErrorKind::NotFound);
    EXPECT_EQ(book.use(InviteId(1), use_by(kCellar)).error().kind, ErrorKind::NotFound);
}

TEST_F(Invites, HaveTermsWithinLimits) {
    for (const InviteTerms& bad :
         {InviteTerms{.uses = 0}, InviteTerms{.uses = 1001}, InviteTerms{.lifetime = 0ms},
          InviteTerms{.lifetime = kInviteLifetimeMax + 1ms}, InviteTerms{.lifetime = -1h}}) {
        EXPECT_EQ(book.add(bad, secrets, kNow).error().kind, ErrorKind::Invalid);
    }
    EXPECT_TRUE(book.add({.uses = 1000, .lifetime = kInviteLifetimeMax}, secrets, kNow));
}

TEST_F(Invites, AreLimitedInNumberUntilOldOnesAreForgotten) {
    for (std::size_t i = 0; i < kInvitesMax; ++i) {
        ASSERT_TRUE(book.add({}, secrets, kNow));
    }
    EXPECT_EQ(book.add({}, secrets, kNow).error().kind, ErrorKind::Limit);
    EXPECT_EQ(InviteBook::parse(book.to_text()).value().invites(), book.invites());
    const WallTime forgotten = kNow + 15min + kInviteMemory + 1ms;
    EXPECT_TRUE(book.add({}, secrets, forgotten));
    EXPECT_EQ(book.invites().size(), 1U);
}

TEST_F(Invites, SpentTwiceInAPartitionAreFoundWhenTheBooksMeet) {
    const InviteId id = add();
    InviteBook other = book;
    ASSERT_TRUE(book.use(id, use_by(kCellar)));
    ASSERT_TRUE(other.use(id, use_by(kAttic, "attic")));
    EXPECT_EQ(book.merge(other), std::vector{id});
    EXPECT_TRUE(book.find(id)->is_overspent());
    EXPECT_EQ(book.find(id)->uses_left(), 0U);
    // What was found out stays so on disk.
    EXPECT_EQ(InviteBook::parse(book.to_text()).value().invites(), book.invites());
    EXPECT_EQ(book.merge(other), std::vector{id});
    EXPECT_EQ(book.find(id)->used_by.size(), 2U);
}

TEST_F(Invites, OfAnotherHolderAreTakenOver) {
    const InviteId id = add();
    InviteBook fresh;
    EXPECT_TRUE(fresh.merge(book).empty());
    EXPECT_NE(fresh.find(id), nullptr);
}

TEST_F(Invites, AreReadAsTheyWereWritten) {
    EXPECT_TRUE(InviteBook::parse(InviteBook().to_text()).value().invites().empty());
    const InviteId id = add(3);
    add();
    ASSERT_TRUE(book.use(id, use_by(kCellar, "the cellar, \xC3\xA4 left")));
    ASSERT_TRUE(book.use(id, use_by(kAttic, " ")));
    EXPECT_EQ(InviteBook::parse(book.to_text()).value().invites(), book.invites());
}

TEST_F(Invites, ThatAreDamagedAreRefused) {
    const InviteId id = add(2);
    ASSERT_TRUE(book.use(id, use_by(kCellar)));
    const std::string good = book.to_text();
    const std::size_t invite_at = good.find("invite ", 20);
    const std::size_t used_at = good.find("used ");
    for (const std::string& bad :
         {std::string(), std::string("kith-mesh revoked 1\n"), good + "nonsense\n",
          good + good.substr(used_at), good + good.substr(invite_at, used_at - invite_at),
          "kith-mesh invites 1\n" + good.substr(used_at), good.substr(0, used_at - 2) + "\n"}) {
        EXPECT_EQ(InviteBook::parse(bad).error().kind, ErrorKind::Malformed) << bad;
    }
    EXPECT_EQ(InviteBook::parse("kith-mesh invites 2\n").error().kind, ErrorKind::Unsupported);
    // Whatever is cut off or altered is read as something else or not at all, and never harms.
    for (std::size_t at = 0; at < good.size(); ++at) {
        (void)InviteBook::parse(good.substr(0, at));
        std::string bad = good;
        bad[at] = '~';
        const auto read = InviteBook::parse(bad);
        EXPECT_TRUE(!read || read->to_text() != good) << at;
    }
}

TEST_F(Invites, NameNodesInOneLineOfText) {
    for (const std::string good : {"a", "gw 1", "\xC3\xA4"}) {
        EXPECT_TRUE(check_node_name(good));
    }
    EXPECT_TRUE(check_node_name(std::string(64, 'n')));
    for (const std::string& bad :
         {std::string(), std::string(65, 'n'), std::string("a\nb"), std::string("a\0b", 3),
          std::string("\xFF"), std::string("\x7F")}) {
        EXPECT_EQ(check_node_name(bad).error().kind, ErrorKind::Invalid);
    }
}

}  // namespace
}  // namespace kith::mesh
