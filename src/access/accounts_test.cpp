#include "access/accounts.h"

#include <gtest/gtest.h>

#include "access/limits.h"
#include "access/testing/access_rig.h"
#include "crypto/password.h"
#include "crypto/scram.h"

namespace kith::access {
namespace {

const runtime::SocketAddress kDevice = runtime::SocketAddress::v4({10, 0, 0, 9}, 4000);
using Kind = NewPassword::Kind;

class AccountsTest : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(rig_.start()); }

    static Actor actor() { return {.who = "user:root", .from_address = "10.0.0.1:1"}; }

    Status add_user(const char* name, bus::Role role, const char* password = "correct horse") {
        return rig_.await<Status>(0, [&](auto done) {
            rig_.accounts.add_user({.name = name, .role = role, .password = password}, actor(),
                                   done);
        });
    }
    Status change_user(UserChange change) {
        return rig_.await<Status>(
            0, [&](auto done) { rig_.accounts.change_user(change, actor(), done); });
    }
    Status remove_user(const char* name) {
        return rig_.await<Status>(
            0, [&](auto done) { rig_.accounts.remove_user(name, actor(), done); });
    }
    Result<MachineAnswer> add_machine(NewMachine machine) {
        return rig_.await<Result<MachineAnswer>>(
            0, [&](auto done) { rig_.accounts.add_machine(machine, actor(), done); });
    }
    Result<MachineAnswer> change_machine(MachineChange change) {
        return rig_.await<Result<MachineAnswer>>(
            0, [&](auto done) { rig_.accounts.change_machine(change, actor(), done); });
    }
    Result<ClaimCodeAnswer> add_code(NewClaimCode code) {
        return rig_.await<Result<ClaimCodeAnswer>>(
            0, [&](auto done) { rig_.accounts.add_claim_code(code, actor(), done); });
    }
    Accounts::ProvisionResult provision(const std::string& code, const std::string& machine,
                                        const runtime::SocketAddress& from = kDevice) {
        return rig_.await<Accounts::ProvisionResult>(0, [&](auto done) {
            rig_.accounts.provision({.code = code, .machine = machine, .from = from}, done);
        });
    }
    Result<bus::Principal> connect(const std::string& name, const std::string& password) {
        return rig_.authenticate({.client_id = "c",
                                  .user_name = name,
                                  .password = as_bytes(password),
                                  .remote_address = "10.0.0.9:1"});
    }
    storage::AuditRecord audit() { return rig_.store.audit({.count_max = 1})->at(0); }

    AccessRig rig_;
};

TEST_F(AccountsTest, AddsChangesAndRemovesUsers) {
    ASSERT_TRUE(add_user("anna", bus::Role::Admin));
    EXPECT_EQ(audit().who, "user:root");
    EXPECT_EQ(audit().what, "user.create");
    EXPECT_EQ(audit().detail, "anna");
    EXPECT_EQ(audit().from_address, "10.0.0.1:1");
    EXPECT_EQ(audit().outcome, "ok");
    const storage::UserRecord* anna = rig_.registry.find_user("anna");
    ASSERT_NE(anna, nullptr) << "known when the answer comes";
    EXPECT_TRUE(crypto::verify_password("correct horse", anna->password_hash).value());
    EXPECT_EQ(crypto::parse_scram_verifier(anna->scram)->iterations,
              crypto::kScramIterationsChosen);
    ASSERT_TRUE(add_user("ben", bus::Role::Viewer));
    ASSERT_TRUE(change_user({.name = "ben", .role = bus::Role::Admin, .password = {}}));
    EXPECT_EQ(rig_.registry.find_user("ben")->role, "admin");
    const std::string hash = rig_.registry.find_user("ben")->password_hash;
    ASSERT_TRUE(change_user({.name = "ben", .role = {}, .password = "another horse"}));
    EXPECT_NE(rig_.registry.find_user("ben")->password_hash, hash);
    ASSERT_TRUE(remove_user("ben"));
    EXPECT_EQ(rig_.registry.find_user("ben"), nullptr);
    EXPECT_EQ(remove_user("ben").error().kind, ErrorKind::NotFound);
    EXPECT_EQ(audit().outcome, "failed");
}

TEST_F(AccountsTest, TheLastAdministratorStays) {
    ASSERT_TRUE(add_user("anna", bus::Role::Admin));
    ASSERT_TRUE(add_user("ben", bus::Role::Operator));
    EXPECT_EQ(remove_user("anna").error().kind, ErrorKind::Conflict);
    EXPECT_EQ(change_user({.name = "anna", .role = bus::Role::Viewer, .password = {}}).error().kind,
              ErrorKind::Conflict);
    EXPECT_TRUE(change_user({.name = "anna", .role = bus::Role::Admin, .password = {}}));
    EXPECT_TRUE(change_user({.name = "anna", .role = {}, .password = "another horse"}));
    EXPECT_TRUE(remove_user("ben"));
}

TEST_F(AccountsTest, RefusesUsersThatCannotBe) {
    EXPECT_EQ(add_user("", bus::Role::Viewer).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(add_user("a", bus::Role::Machine).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(add_user("a", bus::Role::Viewer, "short").error().kind, ErrorKind::Invalid);
    const std::string token = crypto::make_token(rig_.secrets).text;
    EXPECT_EQ(add_user("a", bus::Role::Viewer, token.c_str()).error().kind, ErrorKind::Invalid);
    ASSERT_TRUE(add_machine({.name = "press", .note = "", .password = {}}));
    EXPECT_EQ(add_user("press", bus::Role::Viewer).error().kind, ErrorKind::Conflict);
    rig_.pool.is_full = true;
    EXPECT_EQ(add_user("a", bus::Role::Viewer).error().kind, ErrorKind::Unavailable);
}

TEST_F(AccountsTest, AddsAMachineWhosePasswordIsSeenOnce) {
    const auto made =
        add_machine({.name = "press", .note = "hall 3", .password = {.kind = Kind::Generate}});
    ASSERT_TRUE(made);
    EXPECT_EQ(made->password.size(), 32U);
    EXPECT_EQ(made->machine.topic_roles, "own");
    EXPECT_EQ(connect("press", made->password)->name, "machine:press");
    EXPECT_EQ(crypto::parse_scram_verifier(made->machine.scram)->iterations,
              crypto::kScramIterationsRandom);
    EXPECT_EQ(audit().what, "machine.create");
    EXPECT_EQ(audit().detail.find(made->password), std::string::npos);
    EXPECT_EQ(add_machine({.name = "press", .note = "", .password = {}}).error().kind,
              ErrorKind::Conflict);
    for (const char* bad : {"", "a/b", "$SYS"}) {
        EXPECT_EQ(add_machine({.name = bad, .note = "", .password = {}}).error().kind,
                  ErrorKind::Invalid);
    }
}

TEST_F(AccountsTest, ChangesOfAMachineEndWhatItHas) {
    std::vector<std::string> ended;
    rig_.registry.set_ended_listener([&](const EndedPrincipals& told) {
        ended.insert(ended.end(), told.names.begin(), told.names.end());
    });
    const auto made =
        add_machine({.name = "press", .note = "", .password = {.kind = Kind::Generate}});
    ASSERT_TRUE(change_machine(
        {.name = "press", .note = "moved", .topic_roles = {}, .is_enabled = {}, .password = {}}));
    EXPECT_TRUE(ended.empty());
    EXPECT_TRUE(connect("press", made->password));
    ASSERT_TRUE(change_machine(
        {.name = "press", .note = {}, .topic_roles = {}, .is_enabled = false, .password = {}}));
    EXPECT_EQ(ended, std::vector<std::string>{"machine:press"}) << "before the answer";
    EXPECT_EQ(connect("press", made->password).error().kind, ErrorKind::Denied);
    const auto renewed = change_machine({.name = "press",
                                         .note = {},
                                         .topic_roles = std::vector<std::string>{"free", "own"},
                                         .is_enabled = true,
                                         .password = {.kind = Kind::Generate}});
    ASSERT_TRUE(renewed);
    EXPECT_EQ(renewed->machine.note, "moved");
    EXPECT_EQ(connect("press", made->password).error().kind, ErrorKind::Denied);
    EXPECT_EQ(connect("press", renewed->password)->topic_roles,
              (std::vector<std::string>{"free", "own"}));
    ASSERT_TRUE(change_machine({.name = "press",
                                .note = {},
                                .topic_roles = {},
                                .is_enabled = {},
                                .password = {.kind = Kind::None}}));
    EXPECT_EQ(connect("press", renewed->password).error().kind, ErrorKind::Denied);
    EXPECT_EQ(change_machine(
                  {.name = "oven", .note = {}, .topic_roles = {}, .is_enabled = {}, .password = {}})
                  .error()
                  .kind,
              ErrorKind::NotFound);
}

TEST_F(AccountsTest, ADeviceBecomesAMachineByItsCode) {
    const auto code = add_code({.note = "trucks", .uses = 2, .expires_in = 1h});
    ASSERT_TRUE(code);
    const auto first = provision(code->code, "box-1");
    ASSERT_TRUE(first);
    EXPECT_EQ(first->machine.name, "box-1");
    EXPECT_EQ(connect("box-1", first->password)->topic_roles, std::vector<std::string>{"own"});
    EXPECT_EQ(audit().who, "machine:box-1");
    EXPECT_EQ(audit().what, "machine.provision");
    EXPECT_EQ(audit().from_address, "10.0.0.9:4000");
    EXPECT_EQ(provision(code->code, "box-1").error().error.kind, ErrorKind::Conflict)
        << "a code for any machine does not open one that exists";
    EXPECT_EQ(provision(code->code, "").error().error.kind, ErrorKind::Invalid);
    ASSERT_TRUE(provision(code->code, "box-2"));
    EXPECT_EQ(provision(code->code, "box-3").error().error.kind, ErrorKind::Denied);
    EXPECT_EQ(rig_.accounts.counters().provisioned, 2U);
    EXPECT_EQ(rig_.accounts.counters().provision_denied, 1U);
}

TEST_F(AccountsTest, ACodeForAMachineNamesIt) {
    const auto code = add_code({.note = "", .machine = "press", .expires_in = 1h});
    EXPECT_EQ(provision(code->code, "other").error().error.kind, ErrorKind::Denied);
    EXPECT_EQ(provision(code->code, "")->machine.name, "press");
}

TEST_F(AccountsTest, CodesEnd) {
    const auto late = add_code({.note = "", .expires_in = 60s});
    rig_.world.run_for(60s);
    EXPECT_EQ(provision(late->code, "box").error().error.kind, ErrorKind::Denied);
    const auto removed = add_code({.note = "", .expires_in = 60s});
    const auto remove = [&](const std::string& id) {
        return rig_.await<Status>(
            0, [&](auto done) { rig_.accounts.remove_claim_code(id, actor(), done); });
    };
    ASSERT_TRUE(remove(removed->record.id));
    EXPECT_EQ(remove(removed->record.id).error().kind, ErrorKind::NotFound);
    EXPECT_EQ(provision(removed->code, "box").error().error.kind, ErrorKind::Denied);
    EXPECT_EQ(add_code({.note = "", .uses = 0, .expires_in = 1h}).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(add_code({.note = "", .expires_in = 0s}).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(add_code({.note = "", .expires_in = kDeviceCodeLifetimeMax + 1s}).error().kind,
              ErrorKind::Invalid);
}

TEST_F(AccountsTest, WhoGuessesAtCodesIsPausedAndHashesNothing) {
    rig_.pool.is_full = false;
    for (std::uint32_t i = 0; i < kAddressTriesMax; ++i) {
        EXPECT_EQ(provision("guess " + std::to_string(i), "box").error().error.kind,
                  ErrorKind::Denied);
    }
    EXPECT_EQ(provision("another", "box").error().error.kind, ErrorKind::Limit);
    EXPECT_EQ(rig_.accounts.counters().provision_paused, 1U);
    const auto code = add_code({.note = "", .expires_in = 1h});
    EXPECT_TRUE(provision(code->code, "box", runtime::SocketAddress::v4({10, 0, 0, 10}, 1)));
}

}  // namespace
}  // namespace kith::access
