#include "crypto/member_certificate.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "crypto/client_certificate.h"
#include "crypto/detail/openssl.h"
#include "crypto/detail/x509_draft.h"
#include "crypto/fake_secrets.h"
#include "crypto/signing_key.h"

namespace kith::crypto {
namespace {

using Buffer = std::vector<std::uint8_t>;

const WallTime kNow = WallTime::from_ms(1'800'000'000'000);

const Identity& root() {
    static const Identity made = make_mesh_root("plant", kNow).value();
    return made;
}

const MemberVerifier& verifier() {
    static const MemberVerifier made = MemberVerifier::create(root().certificate_pem).value();
    return made;
}

SigningKey some_key(std::uint64_t seed = 1) {
    FakeSecrets secrets(seed);
    return SigningKey::generate(secrets);
}

struct Asked {
    Identity authority = root();
    std::string name = "press-07";
    std::string uri = "urn:x:member";
    std::chrono::days lifetime = kMemberLifetimeDefault;
    WallTime now = kNow;
};

Result<Buffer> issue(const Asked& asked = {}) {
    return issue_member_certificate(asked.authority, {.public_key = some_key().public_key(),
                                                      .name = asked.name,
                                                      .uri = asked.uri,
                                                      .lifetime = asked.lifetime,
                                                      .now = asked.now});
}

Buffer joined(Buffer first, const Buffer& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

/// What the verifier says of a chain: "denied", or "member".
std::string judged(const Buffer& chain, std::optional<WallTime> now = kNow) {
    const auto member = verifier().verify(chain, now);
    EXPECT_EQ(ERR_peek_error(), 0U) << "nothing is left for who asks next";
    return member ? "member" : to_string(member.error().kind);
}

TEST(MemberCertificate, SaysWhoseKeyItIsAndWhatItMay) {
    const auto member = verifier().verify(issue().value(), kNow);
    ASSERT_TRUE(member) << member.error().text;
    EXPECT_EQ(member->uri, "urn:x:member");
    EXPECT_EQ(member->public_key, some_key().public_key());
    EXPECT_EQ(member->not_after, kNow + kMemberLifetimeDefault);
    Buffer signature(kEd25519SignatureBytes);
    some_key().sign(as_bytes("told"), signature);
    EXPECT_TRUE(member->key.verify(SignatureAlgorithm::EdDsa, as_bytes("told"), signature));
}

TEST(MemberCertificate, ItsTimesAreLookedAtByWhoKnowsTheTime) {
    const Buffer chain = issue().value();
    const WallTime end = kNow + kMemberLifetimeDefault;
    EXPECT_EQ(judged(chain, kNow - kBackdate), "member");
    EXPECT_EQ(judged(chain, kNow - kBackdate - 1s), "denied");
    EXPECT_EQ(judged(chain, end - 1s), "member");
    EXPECT_EQ(judged(chain, end + 1s), "denied");
    EXPECT_EQ(judged(chain, std::nullopt), "member");
}

TEST(MemberCertificate, AHolderSignsInTheRootsPlace) {
    const Identity holder = delegate_mesh_authority(root(), "hall 2", kNow).value();
    const Buffer own = issue({.authority = holder}).value();
    EXPECT_EQ(judged(joined(own, certificate_der(holder.certificate_pem).value())), "member");
    EXPECT_EQ(judged(own), "denied") << "nobody knows the holder";
}

TEST(MemberCertificate, AHolderMakesNoHolders) {
    const Identity holder = delegate_mesh_authority(root(), "hall 2", kNow).value();
    const Identity second = delegate_mesh_authority(holder, "hall 3", kNow).value();
    const Buffer own = issue({.authority = second}).value();
    const Buffer chain = joined(own, certificate_der(second.certificate_pem).value());
    EXPECT_EQ(judged(chain), "denied");
    EXPECT_EQ(judged(joined(chain, certificate_der(holder.certificate_pem).value())), "limit");
}

TEST(MemberCertificate, OfAnotherMeshItIsDenied) {
    const Identity other = make_mesh_root("plant", kNow).value();
    EXPECT_EQ(judged(issue({.authority = other}).value()), "denied");
    EXPECT_EQ(judged(issue({.authority = other}).value(), std::nullopt), "denied");
}

TEST(MemberCertificate, AnAuthorityIsNoMember) {
    const Identity holder = delegate_mesh_authority(root(), "hall 2", kNow).value();
    EXPECT_EQ(judged(certificate_der(holder.certificate_pem).value()), "denied");
    EXPECT_EQ(judged(certificate_der(root().certificate_pem).value()), "denied");
}

TEST(MemberCertificate, AMachineIsNoMember) {
    // Signed by the root, but for a key of another kind and without a word of what it may.
    const Identity machine =
        issue_client_certificate(root(), {.machine = "press-07", .now = kNow}).value();
    EXPECT_EQ(judged(certificate_der(machine.certificate_pem).value()), "denied");
}

TEST(MemberCertificate, EveryChangedByteIsNoticed) {
    const Buffer chain = issue().value();
    for (std::size_t at = 0; at < chain.size(); at += 7) {
        Buffer changed = chain;
        changed[at] ^= 0x10;
        EXPECT_NE(judged(changed), "member") << "byte " << at;
    }
}

TEST(MemberCertificate, WhatIsNoChainIsMalformed) {
    const Buffer chain = issue().value();
    EXPECT_EQ(judged({}), "malformed");
    EXPECT_EQ(judged({1, 2, 3}), "malformed");
    EXPECT_EQ(judged(Buffer(chain.begin(), chain.end() - 1)), "malformed");
    EXPECT_EQ(judged(joined(chain, {0})), "malformed");
    EXPECT_EQ(judged(joined(joined(chain, chain), chain)), "limit");
}

TEST(MemberCertificate, OptionsHaveBounds) {
    const auto refusal = [](const Asked& asked) {
        const auto issued = issue(asked);
        return issued ? "issued" : to_string(issued.error().kind);
    };
    EXPECT_STREQ(refusal({.name = std::string(64, 'n')}), "issued");
    EXPECT_STREQ(refusal({.name = std::string(65, 'n')}), "invalid");
    EXPECT_STREQ(refusal({.name = ""}), "invalid");
    EXPECT_STREQ(refusal({.uri = std::string(kMemberUriBytesMax, 'u')}), "issued");
    EXPECT_STREQ(refusal({.uri = std::string(kMemberUriBytesMax + 1, 'u')}), "invalid");
    EXPECT_STREQ(refusal({.uri = ""}), "invalid");
    EXPECT_STREQ(refusal({.uri = "urn:x y"}), "invalid");
    EXPECT_STREQ(refusal({.lifetime = std::chrono::days(0)}), "invalid");
    EXPECT_STREQ(refusal({.lifetime = kAuthorityLifetime}), "issued");
    EXPECT_STREQ(refusal({.lifetime = kAuthorityLifetime + std::chrono::days(1)}), "invalid");
    EXPECT_STREQ(refusal({.lifetime = kAuthorityLifetime, .now = kNow + 48h}), "limit");
}

TEST(MemberCertificate, AuthoritiesHaveBoundsToo) {
    EXPECT_EQ(make_mesh_root("", kNow).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(make_mesh_root(std::string(65, 'n'), kNow).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(delegate_mesh_authority(root(), "", kNow).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(delegate_mesh_authority(root(), "h", kNow + kAuthorityLifetime).error().kind,
              ErrorKind::Limit);
    const Identity mixed{.certificate_pem = root().certificate_pem,
                         .private_key_pem = make_mesh_root("x", kNow)->private_key_pem};
    EXPECT_EQ(delegate_mesh_authority(mixed, "h", kNow).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(issue({.authority = mixed}).error().kind, ErrorKind::Invalid);
}

TEST(MemberCertificate, AuthoritiesAreToldFromOthersBeforeTheySign) {
    EXPECT_TRUE(check_mesh_authority(root()));
    const Identity mixed{.certificate_pem = root().certificate_pem,
                         .private_key_pem = make_mesh_root("x", kNow)->private_key_pem};
    EXPECT_EQ(check_mesh_authority(mixed).error().kind, ErrorKind::Invalid);
    const Identity machine =
        issue_client_certificate(root(), {.machine = "press-07", .now = kNow}).value();
    EXPECT_EQ(check_mesh_authority(machine).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(check_mesh_authority({}).error().kind, ErrorKind::Malformed);
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(MemberVerifier, WantsTheCertificateOfAnAuthority) {
    EXPECT_EQ(MemberVerifier::create("nonsense").error().kind, ErrorKind::Malformed);
    const Identity machine =
        issue_client_certificate(root(), {.machine = "press-07", .now = kNow}).value();
    EXPECT_EQ(MemberVerifier::create(machine.certificate_pem).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(certificate_der("nonsense").error().kind, ErrorKind::Malformed);
}

TEST(MemberChain, SurvivesPem) {
    const Buffer one = certificate_der(root().certificate_pem).value();
    Buffer two = one;
    two.insert(two.end(), one.begin(), one.end());
    EXPECT_EQ(chain_from_pem(chain_to_pem(one).value()).value(), one);
    const std::string two_pem = chain_to_pem(two).value();
    EXPECT_EQ(chain_from_pem(two_pem).value(), two);
    EXPECT_EQ(chain_from_pem(two_pem + two_pem).error().kind, ErrorKind::Limit);
    EXPECT_EQ(chain_from_pem("").error().kind, ErrorKind::Malformed);
    EXPECT_EQ(chain_from_pem(two_pem.substr(0, 90)).error().kind, ErrorKind::Malformed);
    two.insert(two.end(), one.begin(), one.end());
    EXPECT_EQ(chain_to_pem(two).error().kind, ErrorKind::Limit);
    EXPECT_EQ(chain_to_pem(Bytes(one).first(one.size() - 1)).error().kind, ErrorKind::Malformed);
    EXPECT_EQ(chain_to_pem({}).error().kind, ErrorKind::Malformed);
}

TEST(MemberCertificate, WhatAnAuthoritySaysIsTakenFromTheRootAndItsHoldersAlone) {
    const Identity holder = delegate_mesh_authority(root(), "hall 2", kNow).value();
    const Identity other = make_mesh_root("plant", kNow).value();
    const Identity others = delegate_mesh_authority(other, "hall 2", kNow).value();
    const Bytes statement = as_bytes("press-07 is gone");
    const auto said = [&](const Identity& by, const Buffer& signer, Bytes what) {
        const Buffer signature = sign_as_authority(by, statement).value();
        const Status status = verifier().verify_statement(signer, what, signature);
        EXPECT_EQ(ERR_peek_error(), 0U);
        return status ? "said" : to_string(status.error().kind);
    };
    const auto der = [](const Identity& of) { return certificate_der(of.certificate_pem).value(); };
    EXPECT_STREQ(said(root(), {}, statement), "said");
    EXPECT_STREQ(said(holder, der(holder), statement), "said");
    EXPECT_STREQ(said(root(), {}, as_bytes("press-08 is gone")), "denied");
    EXPECT_STREQ(said(holder, {}, statement), "denied");
    EXPECT_STREQ(said(other, {}, statement), "denied");
    EXPECT_STREQ(said(others, der(others), statement), "denied");
    EXPECT_STREQ(said(other, der(other), statement), "denied");
    EXPECT_STREQ(said(holder, joined(der(holder), der(holder)), statement), "denied");
    EXPECT_STREQ(said(holder, Buffer{1, 2, 3}, statement), "malformed");
    EXPECT_EQ(verifier().verify_statement({}, statement, {}).error().kind, ErrorKind::Denied);
    const Buffer member = issue().value();
    EXPECT_STREQ(said(holder, member, statement), "denied") << "a member is no holder";
    Identity broken = root();
    broken.private_key_pem = holder.private_key_pem;
    EXPECT_FALSE(sign_as_authority(broken, statement));
}

}  // namespace
}  // namespace kith::crypto
