#include "access/password_desk.h"

#include <gtest/gtest.h>

#include "access/limits.h"
#include "access/testing/access_rig.h"

namespace kith::access {
namespace {

// Of "correct horse", at a cost that a test can afford (N = 2, r = 8).
constexpr const char* kCheapHash =
    "$scrypt$ln=1,r=8,p=1$c29tZSBzYWx0IGhlcmU$jbQ9OiJqhK1N6Gkk+jqYqKofnm+tOxgLj8MezQrcMWM";
// The same of "another horse" is not needed: any other text is no hash of anything.

class PasswordDeskTest : public ::testing::Test {
  protected:
    storage::MachineRecord press() {
        return {.name = "press",
                .note = "",
                .topic_roles = "own plant",
                .password_hash = kCheapHash,
                .scram = "",
                .is_enabled = true,
                .created_at = rig_.shard(0).wall_now()};
    }
    void add_users() {
        ASSERT_TRUE(rig_.store.add_machine(press()));
        ASSERT_TRUE(rig_.store.add_user({.name = "anna",
                                         .role = "operator",
                                         .password_hash = kCheapHash,
                                         .created_at = rig_.shard(0).wall_now()}));
        ASSERT_TRUE(rig_.start());
    }
    Result<bus::Principal> connect(const char* name, const char* password,
                                   const char* address = "10.0.0.9:4000") {
        return rig_.authenticate({.client_id = "c",
                                  .user_name = name,
                                  .password = as_bytes(password),
                                  .remote_address = address});
    }
    ErrorKind refusal(const char* name, const char* password,
                      const char* address = "10.0.0.9:4000") {
        const auto principal = connect(name, password, address);
        EXPECT_FALSE(principal.has_value());
        return principal ? ErrorKind{} : principal.error().kind;
    }
    const PasswordCounters& counters() { return rig_.passwords.counters(); }

    AccessRig rig_;
};

TEST_F(PasswordDeskTest, LetsAMachineInAsItself) {
    add_users();
    const auto principal = connect("press", "correct horse");
    ASSERT_TRUE(principal);
    EXPECT_EQ(principal->name, "machine:press");
    EXPECT_EQ(principal->role, bus::Role::Machine);
    EXPECT_EQ(principal->machine, "press");
    EXPECT_EQ(principal->topic_roles, (std::vector<std::string>{"own", "plant"}));
}

TEST_F(PasswordDeskTest, LetsAUserInWithHisRole) {
    add_users();
    const auto principal = connect("anna", "correct horse");
    ASSERT_TRUE(principal);
    EXPECT_EQ(principal->name, "user:anna");
    EXPECT_EQ(principal->role, bus::Role::Operator);
    EXPECT_EQ(principal->machine, "");
}

TEST_F(PasswordDeskTest, RefusesEveryWrongPairInTheSameWords) {
    add_users();
    storage::MachineRecord without_password = press();
    without_password.name = "oven";
    without_password.password_hash = "";
    ASSERT_TRUE(rig_.store.add_machine(without_password));
    const std::pair<const char*, const char*> wrong[] = {
        {"press", "wrong"}, {"nobody", "correct horse"}, {"a/b", "x"}, {"oven", "correct horse"}};
    for (const auto& [name, password] : wrong) {
        const auto refused = connect(name, password);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::Denied);
        EXPECT_STREQ(refused.error().text, "wrong user name or password") << name;
    }
    EXPECT_EQ(counters().denied, 4U);
    EXPECT_EQ(refusal("", "correct horse"), ErrorKind::Denied);
}

TEST_F(PasswordDeskTest, HashesTheSamePasswordOnce) {
    add_users();
    ASSERT_TRUE(connect("press", "correct horse"));
    rig_.pool.is_full = true;
    EXPECT_TRUE(connect("press", "correct horse")) << "no hash is needed";
    EXPECT_EQ(counters().accepted, 2U);
    EXPECT_EQ(counters().accepted_known, 1U);
    EXPECT_EQ(refusal("press", "wrong"), ErrorKind::Unavailable) << "this one is";
}

TEST_F(PasswordDeskTest, KnownPasswordsOpenNothingAfterAChange) {
    add_users();
    ASSERT_TRUE(connect("press", "correct horse"));
    storage::MachineRecord changed = press();
    changed.is_enabled = false;
    ASSERT_TRUE(rig_.store.update_machine(changed));
    rig_.world.run_for(kStoreCheckInterval + 100ms);
    EXPECT_EQ(refusal("press", "correct horse"), ErrorKind::Denied);
    changed.is_enabled = true;
    changed.topic_roles = "free";
    ASSERT_TRUE(rig_.store.update_machine(changed));
    rig_.world.run_for(kStoreCheckInterval + 100ms);
    EXPECT_EQ(connect("press", "correct horse")->topic_roles, std::vector<std::string>{"free"});
    ASSERT_TRUE(rig_.store.remove_machine("press"));
    rig_.world.run_for(kStoreCheckInterval + 100ms);
    EXPECT_EQ(refusal("press", "correct horse"), ErrorKind::Denied);
}

TEST_F(PasswordDeskTest, TellsOfWhoIsNotLetInAnyMore) {
    add_users();
    std::vector<std::string> ended;
    rig_.registry.set_ended_listener([&](const EndedPrincipals& told) {
        ended.insert(ended.end(), told.names.begin(), told.names.end());
        EXPECT_FALSE(told.are_all_machines);
    });
    storage::MachineRecord changed = press();
    changed.password_hash = "other";
    ASSERT_TRUE(rig_.store.update_machine(changed));
    rig_.world.run_for(3 * kStoreCheckInterval);
    EXPECT_EQ(ended, (std::vector<std::string>{"machine:press", "machine:press"}));
    ended.clear();
    ASSERT_TRUE(rig_.store.remove_user("anna"));
    rig_.world.run_for(3 * kStoreCheckInterval);
    EXPECT_EQ(ended, (std::vector<std::string>{"user:anna", "user:anna"}));
}

TEST_F(PasswordDeskTest, PausesWhoGuessesOverMqttAndHttpTogether) {
    add_users();
    for (std::uint32_t i = 0; i + 1 < kTriesMax; ++i) {
        EXPECT_EQ(refusal("anna", "wrong"), ErrorKind::Denied);
    }
    const auto at_desk = rig_.try_sign_in({.name = "anna",
                                           .password = "wrong",
                                           .from = runtime::SocketAddress::v4({10, 0, 0, 9}, 9)});
    EXPECT_EQ(at_desk.error().error.kind, ErrorKind::Denied);
    EXPECT_EQ(refusal("anna", "correct horse"), ErrorKind::Limit);
    EXPECT_EQ(counters().paused, 1U);
    EXPECT_TRUE(connect("anna", "correct horse", "10.0.0.10:1")) << "not for others";
    rig_.world.run_for(kTriesPause);
    EXPECT_TRUE(connect("anna", "correct horse"));
}

TEST_F(PasswordDeskTest, AKnownPasswordIsNoWayAroundThePause) {
    add_users();
    ASSERT_TRUE(connect("press", "correct horse"));
    for (std::uint32_t i = 0; i < kTriesMax; ++i) {
        EXPECT_EQ(refusal("press", "wrong"), ErrorKind::Denied);
    }
    EXPECT_EQ(refusal("press", "correct horse"), ErrorKind::Limit);
}

TEST_F(PasswordDeskTest, RefusesAtOnceWhenThePoolIsFull) {
    add_users();
    rig_.pool.is_full = true;
    EXPECT_EQ(refusal("anna", "correct horse"), ErrorKind::Limit);
    EXPECT_EQ(counters().queue_full, 1U);
    rig_.pool.is_full = false;
    EXPECT_TRUE(connect("anna", "correct horse"));
}

TEST_F(PasswordDeskTest, CannotTellWithoutTheStore) {
    add_users();
    rig_.store.is_broken = true;
    EXPECT_EQ(refusal("press", "correct horse"), ErrorKind::Unavailable);
    rig_.store.is_broken = false;
    EXPECT_TRUE(connect("press", "correct horse"));
}

TEST_F(PasswordDeskTest, LetsNobodyInWhoChangedWhileHisPasswordWasChecked) {
    add_users();
    // The change is noticed between the start of the check and its end: both wait for the pool.
    std::optional<Result<bus::Principal>> answer;
    rig_.shard(0).post_completion(runtime::make_mail([&](runtime::Shard&) {
        rig_.passwords.check({.name = "press",
                              .password = crypto::SecretText("correct horse"),
                              .remote_address = "10.0.0.9:1"},
                             [&](Result<bus::Principal> given) { answer = std::move(given); });
        rig_.registry.visit(
            [](storage::ControlStore& store) { return store.remove_machine("press"); },
            [](const Status& removed) { EXPECT_TRUE(removed); });
    }));
    ASSERT_TRUE(rig_.world.run_until([&] { return answer.has_value(); }, 1min));
    ASSERT_FALSE(answer->has_value());
    EXPECT_EQ(answer->error().kind, ErrorKind::Denied);
}

TEST_F(PasswordDeskTest, BoundsWhatWaitsOnOneShard) {
    add_users();
    int limited = 0;
    rig_.shard(1).post_completion(runtime::make_mail([&](runtime::Shard&) {
        for (std::size_t i = 0; i < kPasswordsPendingMax + 3; ++i) {
            const std::string address = "10.0." + std::to_string(i / 200) + ".1:1";
            rig_.clients[1].authenticate(
                {.client_id = "c",
                 .user_name = "anna",
                 .password = as_bytes("correct horse"),
                 .remote_address = address},
                [&](const Result<bus::Principal>& principal) {
                    if (!principal && principal.error().kind == ErrorKind::Limit) {
                        ++limited;
                    }
                });
        }
        EXPECT_EQ(limited, 3);
    }));
    rig_.world.run_for(1s);
}

TEST(ThrottleKeyOfText, IsThatOfTheAddress) {
    EXPECT_EQ(throttle_key_of("10.0.0.1:1"), throttle_key_of("10.0.0.1:2"));
    EXPECT_EQ(throttle_key_of("[2001:db8::1]:1"), throttle_key_of("[2001:db8::2]:1"));
    EXPECT_EQ(throttle_key_of("local"), "address local");
}

}  // namespace
}  // namespace kith::access
