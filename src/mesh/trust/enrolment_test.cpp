// What a stranger, a thief of bytes and a careless owner may try, against one issuer.
#include "mesh/trust/enrolment.h"

#include <gtest/gtest.h>

#include "crypto/fake_secrets.h"
#include "crypto/member_certificate.h"
#include "mesh/trust/mesh_trust.h"

namespace kith::mesh {
namespace {

using namespace std::chrono_literals;
using Buffer = std::vector<std::uint8_t>;

const WallTime kNow = WallTime::from_ms(1'800'000'000'000);

/// What TLS would say of a channel.
Buffer channel(std::uint8_t number) {
    return Buffer(32, number);
}

const MeshAuthority& plant() {
    static const MeshAuthority made = MeshAuthority::found("plant", kNow).value();
    return made;
}

class Enrolment : public testing::Test {
  protected:
    JoinToken invite(const InviteTerms& terms = {}) {
        const NewInvite made = invites.add(terms, secrets, kNow).value();
        return {.role = terms.role,
                .expires_at = made.expires_at,
                .root_fingerprint = plant().fingerprint(),
                .invite = made.id,
                .secret = made.secret,
                .locators = {}};
    }
    NodeKey new_key() { return NodeKey::generate(secrets); }

    [[nodiscard]] static Buffer request_of(const JoinToken& token, const NodeKey& key,
                                           const Buffer& binding = channel(1)) {
        return make_join_request(token, key, "cellar", binding).value();
    }
    JoinOutcome answer(const Buffer& request, const Buffer& binding = channel(1)) {
        return answer_join_request({.authority = plant(),
                                    .invites = invites,
                                    .revocations = revocations,
                                    .attempts = attempts,
                                    .wall_now = wall_now,
                                    .now = now},
                                   request, binding);
    }
    /// A token, a key, and what comes of them.
    JoinVerdict verdict_of(const JoinToken& token, const NodeKey& key) {
        return answer(request_of(token, key)).verdict;
    }
    std::size_t uses_of(const JoinToken& token) {
        return invites.find(token.invite)->used_by.size();
    }

    crypto::FakeSecrets secrets{11};
    InviteBook invites;
    RevocationList revocations;
    JoinAttempts attempts;
    WallTime wall_now = kNow;
    Instant now;
};

TEST_F(Enrolment, MakesAMemberOfWhoIsInvited) {
    const JoinToken token = invite({.role = NodeRole::Leaf});
    const NodeKey key = new_key();
    const JoinOutcome outcome = answer(request_of(token, key));
    EXPECT_EQ(outcome.verdict, JoinVerdict::Accepted);
    EXPECT_EQ(outcome.node, key.id());
    EXPECT_EQ(outcome.name, "cellar");
    const Result<Admission> admission = read_join_answer(outcome.answer, token, key, kNow);
    ASSERT_TRUE(admission);
    EXPECT_EQ(admission->role, NodeRole::Leaf);
    EXPECT_EQ(admission->not_after, kNow + crypto::kMemberLifetimeDefault);
    const auto trust = MeshTrust::create(
        key, {.root_pem = admission->root_pem, .certificate = admission->chain, .now = kNow});
    ASSERT_TRUE(trust);
    EXPECT_EQ(trust->self(), key.id());
    const std::vector<InviteUse> used{{.node = key.id(), .at = kNow, .name = "cellar"}};
    EXPECT_EQ(invites.find(token.invite)->used_by, used);
}

TEST_F(Enrolment, WithAWrongSecretIsRefused) {
    JoinToken token = invite();
    for (std::size_t at = 0; at < token.secret.size(); ++at) {
        JoinToken wrong = token;
        wrong.secret[at] ^= 0x80U;
        EXPECT_EQ(verdict_of(wrong, new_key()), JoinVerdict::NotInvited);
    }
    EXPECT_EQ(uses_of(token), 0U);
}

TEST_F(Enrolment, WithAnInviteThatNobodyMadeIsRefusedInTheSameWords) {
    JoinToken token = invite();
    token.invite = InviteId(token.invite.value() ^ 1U);
    const JoinOutcome unknown = answer(request_of(token, new_key()));
    EXPECT_EQ(unknown.verdict, JoinVerdict::NotInvited);
    // Nor does the proof of an empty secret help.
    token.secret = {};
    EXPECT_EQ(answer(request_of(token, new_key())).answer, unknown.answer);
}

TEST_F(Enrolment, AfterItsTimeIsRefused) {
    const JoinToken token = invite({.lifetime = 15min});
    wall_now = kNow + 15min - 1ms;
    EXPECT_EQ(verdict_of(token, new_key()), JoinVerdict::Accepted);
    const JoinToken other = invite({.lifetime = 15min});
    wall_now = kNow + 15min;
    EXPECT_EQ(verdict_of(other, new_key()), JoinVerdict::Expired);
    EXPECT_EQ(uses_of(other), 0U);
}

TEST_F(Enrolment, OfASecondNodeWithTheSameTokenIsRefused) {
    const JoinToken token = invite();
    const NodeKey first = new_key();
    EXPECT_EQ(verdict_of(token, first), JoinVerdict::Accepted);
    EXPECT_EQ(verdict_of(token, new_key()), JoinVerdict::UsedUp);
    // The first may ask again: its answer may have been lost.
    EXPECT_EQ(verdict_of(token, first), JoinVerdict::Accepted);
    EXPECT_EQ(uses_of(token), 1U);
}

TEST_F(Enrolment, OfAsManyAsTheTokenSays) {
    const JoinToken token = invite({.uses = 2});
    EXPECT_EQ(verdict_of(token, new_key()), JoinVerdict::Accepted);
    EXPECT_EQ(verdict_of(token, new_key()), JoinVerdict::Accepted);
    EXPECT_EQ(verdict_of(token, new_key()), JoinVerdict::UsedUp);
}

TEST_F(Enrolment, ReplayedOnAnotherChannelIsRefused) {
    const JoinToken token = invite({.uses = 2});
    const Buffer request = request_of(token, new_key(), channel(1));
    EXPECT_EQ(answer(request, channel(2)).verdict, JoinVerdict::NotInvited);
    EXPECT_EQ(answer(request, Buffer(31, 1)).verdict, JoinVerdict::NotInvited);
    EXPECT_EQ(uses_of(token), 0U);
    EXPECT_EQ(answer(request, channel(1)).verdict, JoinVerdict::Accepted);
}

TEST_F(Enrolment, WithoutABindingIsRefused) {
    const JoinToken token = invite();
    const NodeKey key = new_key();
    for (const std::size_t size : {0U, 15U, 65U}) {
        const Buffer binding(size, 1);
        EXPECT_EQ(make_join_request(token, key, "cellar", binding).error().kind,
                  ErrorKind::Invalid);
        EXPECT_EQ(answer(request_of(token, key), binding).verdict, JoinVerdict::Malformed);
    }
}

TEST_F(Enrolment, ForTheKeyOfAnotherIsRefused) {
    const JoinToken token = invite();
    const NodeKey own = new_key();
    const NodeKey victim = new_key();
    Buffer request = request_of(token, own);
    // The secret is right, and the proof made for the victim's key; its signature cannot be.
    Buffer of_victim = request_of(token, victim);
    std::copy(request.end() - 64, request.end(), of_victim.end() - 64);
    EXPECT_EQ(answer(of_victim).verdict, JoinVerdict::NotInvited);
}

TEST_F(Enrolment, WithAnyByteAlteredIsRefused) {
    const JoinToken token = invite();
    const Buffer good = request_of(token, new_key());
    for (std::size_t at = 0; at < good.size(); ++at) {
        Buffer bad = good;
        bad[at] ^= 0x01U;
        attempts = {};
        EXPECT_NE(answer(bad).verdict, JoinVerdict::Accepted) << at;
    }
    for (std::size_t size = 0; size < good.size(); ++size) {
        attempts = {};
        EXPECT_EQ(answer({good.begin(), good.begin() + static_cast<long>(size)}).verdict,
                  JoinVerdict::Malformed);
    }
    EXPECT_EQ(uses_of(token), 0U);
    attempts = {};
    EXPECT_EQ(answer(good).verdict, JoinVerdict::Accepted);
}

TEST_F(Enrolment, OfARevokedKeyIsRefused) {
    const JoinToken token = invite();
    const NodeKey key = new_key();
    ASSERT_TRUE(revocations.add({.node = key.id(), .at = kNow, .signer = {}, .signature = {1}}));
    EXPECT_EQ(verdict_of(token, key), JoinVerdict::Revoked);
    EXPECT_EQ(uses_of(token), 0U);
}

TEST_F(Enrolment, AtAnIssuerWithoutTimeLeftUsesNoInvite) {
    wall_now = kNow + crypto::kAuthorityLifetime;
    const NewInvite made = invites.add({}, secrets, wall_now).value();
    JoinToken token = invite();
    token.invite = made.id;
    token.secret = made.secret;
    const NodeKey key = new_key();
    const JoinOutcome outcome = answer(request_of(token, key));
    EXPECT_EQ(outcome.verdict, JoinVerdict::NotPossible);
    EXPECT_EQ(read_join_answer(outcome.answer, token, key, kNow).error().kind,
              ErrorKind::Unavailable);
    EXPECT_EQ(uses_of(token), 0U);
}

TEST_F(Enrolment, AttemptsAreLimitedAndComeBack) {
    const Buffer nonsense(3, 0);
    for (int i = 0; i < kJoinAttemptsAtOnce; ++i) {
        EXPECT_EQ(answer(nonsense).verdict, JoinVerdict::Malformed);
    }
    EXPECT_EQ(answer(nonsense).verdict, JoinVerdict::Busy);
    now = now + kJoinAttemptInterval - 1ns;
    EXPECT_EQ(answer(nonsense).verdict, JoinVerdict::Busy);
    now = now + 1ns;
    EXPECT_EQ(answer(nonsense).verdict, JoinVerdict::Malformed);
    EXPECT_EQ(answer(nonsense).verdict, JoinVerdict::Busy);
    now = now + 1h;
    for (int i = 0; i < kJoinAttemptsAtOnce; ++i) {
        EXPECT_EQ(answer(nonsense).verdict, JoinVerdict::Malformed);
    }
    EXPECT_EQ(answer(nonsense).verdict, JoinVerdict::Busy);
}

TEST_F(Enrolment, AnswerOfAnotherMeshIsRefused) {
    const JoinToken token = invite();
    const NodeKey key = new_key();
    // Somebody in between who founded a mesh of his own, and knows the secret even.
    const MeshAuthority other = MeshAuthority::found("plant", kNow).value();
    JoinToken theirs = token;
    theirs.root_fingerprint = other.fingerprint();
    const Buffer request = make_join_request(theirs, key, "cellar", channel(1)).value();
    const JoinOutcome outcome = answer_join_request({.authority = other,
                                                     .invites = invites,
                                                     .revocations = revocations,
                                                     .attempts = attempts,
                                                     .wall_now = kNow,
                                                     .now = now},
                                                    request, channel(1));
    ASSERT_EQ(outcome.verdict, JoinVerdict::Accepted);
    const auto admission = read_join_answer(outcome.answer, token, key, kNow);
    EXPECT_EQ(admission.error().kind, ErrorKind::Denied);
    // And a request that was made for one mesh is worth nothing at another.
    EXPECT_EQ(answer(request).verdict, JoinVerdict::NotInvited);
}

TEST_F(Enrolment, AnswerForAnotherNodeOrRoleIsRefused) {
    JoinToken token = invite();
    const NodeKey key = new_key();
    const Buffer good = answer(request_of(token, key)).answer;
    EXPECT_EQ(read_join_answer(good, token, new_key(), kNow).error().kind, ErrorKind::Denied);
    token.role = NodeRole::Leaf;
    EXPECT_EQ(read_join_answer(good, token, key, kNow).error().kind, ErrorKind::Denied);
}

TEST_F(Enrolment, AnswerThatIsAlteredOrCutIsRefused) {
    const JoinToken token = invite();
    const NodeKey key = new_key();
    const Buffer good = answer(request_of(token, key)).answer;
    EXPECT_LE(good.size(), kJoinAnswerBytesMax);
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(read_join_answer(Bytes(good).first(size), token, key, kNow)) << size;
    }
    for (std::size_t at = 0; at < good.size(); at += 3) {
        Buffer bad = good;
        bad[at] ^= 0x01U;
        EXPECT_FALSE(read_join_answer(bad, token, key, kNow)) << at;
    }
    Buffer longer = good;
    longer.push_back(0);
    EXPECT_EQ(read_join_answer(longer, token, key, kNow).error().kind, ErrorKind::Malformed);
}

TEST_F(Enrolment, RefusalsAreToldToWhoAsked) {
    const JoinToken token = invite();
    const NodeKey key = new_key();
    for (std::uint8_t verdict = 1; verdict < kJoinVerdictCount; ++verdict) {
        const auto read = read_join_answer(Buffer{1, verdict}, token, key, kNow);
        ASSERT_FALSE(read);
        EXPECT_STREQ(read.error().text, to_string(static_cast<JoinVerdict>(verdict)));
    }
    EXPECT_EQ(read_join_answer(Buffer{1, 5}, token, key, kNow).error().kind,
              ErrorKind::Unavailable);
    EXPECT_EQ(read_join_answer(Buffer{1, kJoinVerdictCount}, token, key, kNow).error().kind,
              ErrorKind::Malformed);
    EXPECT_EQ(read_join_answer(Buffer{2, 1}, token, key, kNow).error().kind, ErrorKind::Malformed);
}

TEST_F(Enrolment, ChecksTheIssuerBeforeItSaysAnything) {
    const JoinToken token = invite();
    const Buffer member =
        plant()
            .certify({.public_key = new_key().public_key(), .name = "gw-1", .now = kNow})
            .value();
    const Bytes root = plant().root_der();
    EXPECT_TRUE(check_issuer(token.root_fingerprint, {member, root}, kNow));
    EXPECT_TRUE(check_issuer(token.root_fingerprint, {member, root}, std::nullopt));
    const MeshAuthority other = MeshAuthority::found("plant", kNow).value();
    EXPECT_EQ(check_issuer(token.root_fingerprint, {member, other.root_der()}, kNow).error().kind,
              ErrorKind::Denied);
    // A stranger who shows the right root behind a certificate of his own.
    const Buffer strange =
        other.certify({.public_key = new_key().public_key(), .name = "gw-1", .now = kNow}).value();
    EXPECT_EQ(check_issuer(token.root_fingerprint, {strange, root}, kNow).error().kind,
              ErrorKind::Denied);
    EXPECT_EQ(check_issuer(token.root_fingerprint, {member}, kNow).error().kind, ErrorKind::Denied);
    EXPECT_EQ(check_issuer(token.root_fingerprint, {root}, kNow).error().kind, ErrorKind::Denied);
    EXPECT_EQ(check_issuer(token.root_fingerprint, {}, kNow).error().kind, ErrorKind::Denied);
    EXPECT_FALSE(check_issuer(token.root_fingerprint, {as_bytes("x"), root}, kNow));
}

TEST_F(Enrolment, AtAHolderLeadsToTheSameRoot) {
    const MeshAuthority holder = plant().delegate("second", kNow).value();
    const JoinToken token = invite();
    const NodeKey key = new_key();
    const JoinOutcome outcome = answer_join_request({.authority = holder,
                                                     .invites = invites,
                                                     .revocations = revocations,
                                                     .attempts = attempts,
                                                     .wall_now = kNow,
                                                     .now = now},
                                                    request_of(token, key), channel(1));
    EXPECT_LE(outcome.answer.size(), kJoinAnswerBytesMax);
    EXPECT_TRUE(read_join_answer(outcome.answer, token, key, kNow));
}

class Renewal : public Enrolment {
  protected:
    Renewal() {
        const JoinOutcome outcome = answer(request_of(token, key));
        chain = read_join_answer(outcome.answer, token, key, kNow)->chain;
    }
    [[nodiscard]] MemberProof proof() const {
        return {
            .root_fingerprint = plant().fingerprint(), .key = key, .name = "vault", .chain = chain};
    }
    [[nodiscard]] Buffer request() const {
        return make_renewal_request(proof(), channel(1)).value();
    }

    WallTime since_of(Bytes shown) const {
        const auto verifier = crypto::MemberVerifier::create(plant().root_pem());
        return verifier->verify(shown, std::nullopt)->not_before;
    }

    JoinToken token = invite({.role = NodeRole::Leaf});
    NodeKey key = new_key();
    Buffer chain;
};

TEST_F(Renewal, GivesAMemberAnotherYearAndSpendsNoInvite) {
    wall_now = kNow + crypto::kMemberLifetimeDefault / 2;
    const JoinOutcome outcome = answer(request());
    ASSERT_EQ(outcome.verdict, JoinVerdict::Accepted);
    EXPECT_EQ(outcome.node, key.id());
    EXPECT_EQ(outcome.name, "vault");
    const auto admission = read_renewal_answer(outcome.answer, proof(), NodeRole::Leaf, wall_now);
    ASSERT_TRUE(admission);
    EXPECT_EQ(admission->not_after, wall_now + crypto::kMemberLifetimeDefault);
    EXPECT_EQ(admission->role, NodeRole::Leaf);
    EXPECT_EQ(since_of(admission->chain), since_of(chain)) << "an id stays whose it was";
    EXPECT_EQ(uses_of(token), 1U);
    EXPECT_EQ(read_renewal_answer(outcome.answer, proof(), NodeRole::Router, wall_now).error().kind,
              ErrorKind::Denied)
        << "nobody is made more than he was";
}

TEST_F(Renewal, IsForWhoHasTheKeyOnThisChannelAlone) {
    EXPECT_EQ(answer(request(), channel(2)).verdict, JoinVerdict::NotInvited);
    const NodeKey thief = new_key();
    MemberProof stolen = {
        .root_fingerprint = plant().fingerprint(), .key = thief, .name = "vault", .chain = chain};
    EXPECT_EQ(answer(make_renewal_request(stolen, channel(1)).value()).verdict,
              JoinVerdict::NotInvited);
    const MeshAuthority other = MeshAuthority::found("plant", kNow).value();
    const Buffer strange =
        other.certify({.public_key = key.public_key(), .name = "vault", .now = kNow}).value();
    MemberProof stranger = proof();
    stranger.chain = strange;
    EXPECT_EQ(answer(make_renewal_request(stranger, channel(1)).value()).verdict,
              JoinVerdict::NotInvited);
}

TEST_F(Renewal, IsRefusedToTheRevokedAndAfterTheEnd) {
    wall_now = kNow + crypto::kMemberLifetimeDefault;
    EXPECT_EQ(answer(request()).verdict, JoinVerdict::Expired);
    wall_now = kNow;
    ASSERT_TRUE(revocations.add({.node = key.id(), .at = kNow, .signer = {}, .signature = {1}}));
    EXPECT_EQ(answer(request()).verdict, JoinVerdict::Revoked);
}

TEST_F(Renewal, ThatIsCutOrAlteredIsRefused) {
    const Buffer good = request();
    EXPECT_LE(good.size(), kRenewalRequestBytesMax);
    for (std::size_t size = 0; size < good.size(); size += 7) {
        attempts = {};
        EXPECT_NE(answer({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}).verdict,
                  JoinVerdict::Accepted)
            << size;
    }
    for (std::size_t at = 0; at < good.size(); at += 7) {
        attempts = {};
        Buffer altered = good;
        altered[at] ^= 1U;
        EXPECT_NE(answer(altered).verdict, JoinVerdict::Accepted) << at;
    }
    MemberProof long_one = proof();
    const Buffer too_long(kRecordBodyBytesMax + 1);
    long_one.chain = too_long;
    EXPECT_EQ(make_renewal_request(long_one, channel(1)).error().kind, ErrorKind::Limit);
    EXPECT_EQ(make_renewal_request(proof(), Buffer(3)).error().kind, ErrorKind::Invalid);
}

}  // namespace
}  // namespace kith::mesh
