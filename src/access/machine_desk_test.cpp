#include "access/machine_desk.h"

#include <gtest/gtest.h>

#include "access/testing/access_rig.h"
#include "base/hex.h"

namespace kith::access {
namespace {

class MachineDeskTest : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(rig_.store.add_machine({.name = "press-07", .topic_roles = "own alarms"}));
        ASSERT_TRUE(rig_.start());
    }
    WallTime now() { return rig_.shard(0).wall_now(); }
    CertificateOrder order(const std::string& machine = "press-07") {
        return {.machine = machine, .request_pem = {}, .now = now(), .ordered_by = "user:anna"};
    }
    Result<IssuedCertificate> issue(const std::string& machine = "press-07") {
        return rig_.await<Result<IssuedCertificate>>(
            0, [&](auto done) { rig_.certificates.issue(order(machine), std::move(done)); });
    }
    Status revoke(const storage::Digest& fingerprint, const std::string& machine = "press-07") {
        return rig_.await<Status>(0, [&](auto done) {
            rig_.certificates.revoke(order(machine), fingerprint, std::move(done));
        });
    }
    /// As TLS would hand it over.
    Result<bus::Principal> show(const storage::Digest& fingerprint, bool is_own,
                                const std::string& common_name = "nobody") {
        return rig_.authenticate({.client_id = "c",
                                  .remote_address = "10.0.0.9:1",
                                  .certificate_subject = "CN=" + common_name,
                                  .certificate_fingerprint = fingerprint,
                                  .certificate_common_name = common_name,
                                  .certificate_not_after = now() + 24h,
                                  .is_own_authority = is_own});
    }
    std::string refusal(const Result<bus::Principal>& shown) {
        EXPECT_FALSE(shown);
        return shown ? "let in" : shown.error().text;
    }
    static storage::Digest foreign(std::uint8_t byte) {
        storage::Digest digest{};
        digest.fill(byte);
        return digest;
    }

    AccessRig rig_;
};

TEST_F(MachineDeskTest, AnIssuedCertificateOpensItsMachine) {
    const auto issued = issue();
    ASSERT_TRUE(issued);
    EXPECT_FALSE(issued->private_key_pem.empty());
    const auto principal = show(issued->record.fingerprint, true);
    ASSERT_TRUE(principal) << principal.error().text;
    EXPECT_EQ(principal->name, "machine:press-07");
    EXPECT_EQ(principal->machine, "press-07");
    EXPECT_EQ(principal->role, bus::Role::Machine);
    EXPECT_EQ(principal->topic_roles, (std::vector<std::string>{"own", "alarms"}));
    EXPECT_GT(principal->expires_at, now() + 23h) << "the connection ends with the certificate";
    EXPECT_EQ(rig_.machines.counters().certificates_accepted, 1U);
}

TEST_F(MachineDeskTest, OfTheOwnAuthorityOnlyWhatTheStoreKnowsIsTaken) {
    EXPECT_EQ(refusal(show(foreign(1), true, "press-07")),
              "the certificate is not among those that this node has issued");
}

TEST_F(MachineDeskTest, ARevokedCertificateOpensNothingAndItsMachineComesInAnew) {
    const auto issued = issue();
    ASSERT_TRUE(show(issued->record.fingerprint, true));
    EndedPrincipals ended;
    rig_.registry.set_ended_listener([&](const EndedPrincipals& told) { ended.add(told); });
    ASSERT_TRUE(revoke(issued->record.fingerprint));
    EXPECT_EQ(refusal(show(issued->record.fingerprint, true)), "the certificate was revoked");
    EXPECT_EQ(rig_.machines.counters().certificates_revoked, 1U);
    EXPECT_TRUE(rig_.world.run_until([&] { return ended.has("machine:press-07"); }, 1min));
}

TEST_F(MachineDeskTest, WhatAToolRevokesIsNoticed) {
    const auto issued = issue();
    EndedPrincipals ended;
    rig_.registry.set_ended_listener([&](const EndedPrincipals& told) { ended.add(told); });
    ASSERT_TRUE(rig_.store.revoke_certificate(issued->record.fingerprint, now()));
    EXPECT_EQ(refusal(show(issued->record.fingerprint, true)), "the certificate was revoked");
    EXPECT_TRUE(rig_.world.run_until([&] { return ended.has("machine:press-07"); }, 1min));
}

TEST_F(MachineDeskTest, AnotherAuthoritysCertificateNamesItsMachineByTheOwnersRule) {
    const auto known = show(foreign(2), false, "press-07");
    ASSERT_TRUE(known);
    EXPECT_EQ(known->topic_roles.size(), 2U);
    const auto unknown = show(foreign(3), false, "pump-1");
    ASSERT_TRUE(unknown) << "the owner's authority vouches for it";
    EXPECT_EQ(unknown->machine, "pump-1");
    EXPECT_TRUE(unknown->topic_roles.empty());
    for (const char* name : {"", "a/b", "#", "$SYS", "plant/+"}) {
        EXPECT_EQ(refusal(show(foreign(4), false, name)), "the certificate names no machine");
    }
}

TEST_F(MachineDeskTest, AMappedCertificateOpensWhatItWasMappedTo) {
    const auto issued = issue();
    const auto mapped = rig_.await<Result<storage::CertificateRecord>>(0, [&](auto done) {
        rig_.certificates.map(order(), issued->certificate_pem, std::move(done));
    });
    ASSERT_FALSE(mapped);
    EXPECT_EQ(mapped.error().kind, ErrorKind::Conflict) << "it is there already";
    const auto other = crypto::issue_client_certificate(rig_.client_authority,
                                                        {.machine = "whoever", .now = now()});
    const auto good = rig_.await<Result<storage::CertificateRecord>>(0, [&](auto done) {
        rig_.certificates.map(order(), other->certificate_pem, std::move(done));
    });
    ASSERT_TRUE(good);
    EXPECT_EQ(show(good->fingerprint, false, "whoever")->machine, "press-07");
    const auto authority = rig_.await<Result<storage::CertificateRecord>>(0, [&](auto done) {
        rig_.certificates.map(order(), rig_.client_authority.certificate_pem, std::move(done));
    });
    EXPECT_EQ(authority.error().kind, ErrorKind::Invalid);
    const auto nonsense = rig_.await<Result<storage::CertificateRecord>>(
        0, [&](auto done) { rig_.certificates.map(order(), "nonsense", std::move(done)); });
    EXPECT_EQ(nonsense.error().kind, ErrorKind::Invalid);
}

TEST_F(MachineDeskTest, AMachineThatIsDisabledOrGoneIsRefused) {
    const auto issued = issue();
    ASSERT_TRUE(rig_.store.update_machine({.name = "press-07", .is_enabled = false}));
    EXPECT_EQ(refusal(show(issued->record.fingerprint, true)), "the machine is disabled");
    EXPECT_EQ(refusal(show(foreign(5), false, "press-07")), "the machine is disabled");
    ASSERT_TRUE(rig_.store.remove_machine("press-07"));
    EXPECT_EQ(refusal(show(issued->record.fingerprint, true)),
              "the certificate is not among those that this node has issued");
}

TEST_F(MachineDeskTest, AnExpiredCertificateIsRefusedThoughTlsResumedItsSession) {
    const auto issued = issue();
    const auto shown = rig_.authenticate({.remote_address = "10.0.0.9:1",
                                          .certificate_fingerprint = issued->record.fingerprint,
                                          .certificate_not_after = now(),
                                          .is_own_authority = true});
    EXPECT_EQ(refusal(shown), "the certificate has expired");
}

TEST_F(MachineDeskTest, AStoreThatCannotBeReadLetsNobodyIn) {
    const auto issued = issue();
    rig_.store.is_broken = true;
    const auto shown = show(issued->record.fingerprint, true);
    ASSERT_FALSE(shown);
    EXPECT_EQ(shown.error().kind, ErrorKind::Unavailable);
}

TEST_F(MachineDeskTest, CertificatesAreForMachinesThatExist) {
    EXPECT_EQ(issue("nobody").error().kind, ErrorKind::NotFound);
    const auto issued = issue();
    EXPECT_EQ(revoke(issued->record.fingerprint, "other").error().kind, ErrorKind::NotFound);
    EXPECT_EQ(revoke(foreign(9)).error().kind, ErrorKind::NotFound);
    const auto list = rig_.await<Result<std::vector<storage::CertificateRecord>>>(
        0, [&](auto done) { rig_.certificates.list("press-07", std::move(done)); });
    ASSERT_TRUE(list);
    EXPECT_EQ(list->size(), 1U);
    EXPECT_FALSE(rig_.newest_audit().empty());
}

TEST_F(MachineDeskTest, WithoutAnAuditNothingIsIssued) {
    rig_.store.is_audit_broken = true;
    EXPECT_FALSE(issue());
    rig_.store.is_audit_broken = false;
    EXPECT_TRUE(rig_.store.certificates_of("press-07")->empty());
}

TEST_F(MachineDeskTest, ATokenThatNamesADisabledMachineIsRefused) {
    const auto check = [&](const std::string& machine) {
        bus::Principal principal;
        principal.name = "jwt:joe/x";
        principal.machine = machine;
        return rig_.await<Result<bus::Principal>>(
            0, [&](auto done) { rig_.machines.check_machine(principal, std::move(done)); });
    };
    EXPECT_EQ(check("press-07")->topic_roles.size(), 2U) << "it says nothing itself";
    EXPECT_TRUE(check("pump-1"));
    ASSERT_TRUE(rig_.store.update_machine({.name = "press-07", .is_enabled = false}));
    EXPECT_EQ(refusal(check("press-07")), "the machine is disabled");
}

}  // namespace
}  // namespace kith::access
