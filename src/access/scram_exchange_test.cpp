#include "access/scram_exchange.h"

#include <gtest/gtest.h>

#include "access/limits.h"
#include "access/testing/access_rig.h"
#include "crypto/fake_scram_client.h"

namespace kith::access {
namespace {

using Step = Result<bus::AuthStep>;

class ScramExchangeTest : public ::testing::Test {
  protected:
    void SetUp() override {
        const auto verifier = crypto::make_scram_verifier(
            "correct horse", crypto::kScramIterationsRandom, rig_.secrets);
        press_ = {.name = "press",
                  .note = "",
                  .topic_roles = "own",
                  .password_hash = "",
                  .scram = crypto::to_text(verifier.value()),
                  .is_enabled = true,
                  .created_at = rig_.shard(0).wall_now()};
        ASSERT_TRUE(rig_.store.add_machine(press_));
        ASSERT_TRUE(rig_.start());
    }
    std::unique_ptr<bus::AuthExchange> begin(const char* address = "10.0.0.9:1") {
        return rig_.clients[1].begin_exchange("SCRAM-SHA-256", {.remote_address = address});
    }
    Step step(bus::AuthExchange& exchange, std::string_view message) {
        return rig_.await<Step>(1, [&](auto done) { exchange.step(as_bytes(message), done); });
    }
    /// The whole exchange.
    Step authenticate(const std::string& name, const std::string& password,
                      const char* address = "10.0.0.9:1") {
        crypto::FakeScramClient client(name, password);
        const auto exchange = begin(address);
        const Step challenge = step(*exchange, client.first());
        if (!challenge) {
            return challenge;
        }
        EXPECT_FALSE(challenge->principal);
        Step last = step(*exchange, client.final(as_text(challenge->bytes)));
        if (last) {
            EXPECT_EQ(as_text(last->bytes), client.expected()) << "the server proves itself too";
        }
        return last;
    }
    ErrorKind refusal(const std::string& name, const std::string& password,
                      const char* address = "10.0.0.9:1") {
        const Step last = authenticate(name, password, address);
        EXPECT_FALSE(last);
        return last ? ErrorKind{} : last.error().kind;
    }

    AccessRig rig_;
    storage::MachineRecord press_;
};

TEST_F(ScramExchangeTest, LetsAMachineInAsItself) {
    const Step last = authenticate("press", "correct horse");
    ASSERT_TRUE(last);
    ASSERT_TRUE(last->principal);
    EXPECT_EQ(last->principal->name, "machine:press");
    EXPECT_EQ(last->principal->machine, "press");
    EXPECT_EQ(last->principal->topic_roles, std::vector<std::string>{"own"});
    EXPECT_EQ(rig_.passwords.counters().scram_accepted, 1U);
}

TEST_F(ScramExchangeTest, RefusesAWrongPasswordAndAnUnknownNameAlike) {
    const Step wrong = authenticate("press", "wrong");
    const Step unknown = authenticate("nobody", "correct horse");
    ASSERT_FALSE(wrong);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(wrong.error().kind, ErrorKind::Denied);
    EXPECT_EQ(unknown.error().kind, wrong.error().kind);
    EXPECT_STREQ(unknown.error().text, wrong.error().text);
    EXPECT_EQ(rig_.passwords.counters().scram_denied, 2U);
}

TEST_F(ScramExchangeTest, ShowsTheSameSaltForAnUnknownNameEachTime) {
    const auto salt = [&] {
        const Step challenge = step(*begin(), "n,,n=nobody,r=abc");
        const std::string text(as_text(challenge->bytes));
        return text.substr(text.find(",s="));
    };
    const std::string first = salt();
    EXPECT_EQ(salt(), first);
}

TEST_F(ScramExchangeTest, KnowsNoOtherMethod) {
    EXPECT_EQ(rig_.clients[1].begin_exchange("SCRAM-SHA-1", {}), nullptr);
    EXPECT_EQ(rig_.clients[1].begin_exchange("scram-sha-256", {}), nullptr);
    EXPECT_EQ(rig_.clients[1].begin_exchange("", {}), nullptr);
}

TEST_F(ScramExchangeTest, SaysWhatIsWrongWithAMessage) {
    EXPECT_EQ(step(*begin(), "").error().kind, ErrorKind::Malformed);
    EXPECT_EQ(step(*begin(), "p=tls-unique,,n=press,r=abc").error().kind, ErrorKind::Unsupported);
    const auto exchange = begin();
    ASSERT_TRUE(step(*exchange, "n,,n=press,r=abc"));
    EXPECT_EQ(step(*exchange, "nonsense").error().kind, ErrorKind::Denied);
}

TEST_F(ScramExchangeTest, PausesWhoGuesses) {
    for (std::uint32_t i = 0; i < kTriesMax; ++i) {
        EXPECT_EQ(refusal("press", "wrong"), ErrorKind::Denied);
    }
    EXPECT_EQ(refusal("press", "correct horse"), ErrorKind::Limit);
    EXPECT_EQ(rig_.passwords.counters().scram_paused, 1U);
    EXPECT_TRUE(authenticate("press", "correct horse", "10.0.0.10:1"));
}

TEST_F(ScramExchangeTest, ExchangesThatAreBegunAndLeftCountAsTries) {
    for (std::uint32_t i = 0; i < kTriesMax; ++i) {
        ASSERT_TRUE(step(*begin(), "n,,n=press,r=abc"));
    }
    EXPECT_EQ(step(*begin(), "n,,n=press,r=abc").error().kind, ErrorKind::Limit);
}

TEST_F(ScramExchangeTest, LetsNobodyInWhoChangedMeanwhile) {
    crypto::FakeScramClient client("press", "correct horse");
    for (const bool is_removed : {false, true}) {
        const auto exchange = begin();
        const Step challenge = step(*exchange, client.first());
        ASSERT_TRUE(challenge);
        press_.is_enabled = false;
        ASSERT_TRUE(is_removed ? rig_.store.remove_machine("press")
                               : rig_.store.update_machine(press_));
        EXPECT_EQ(step(*exchange, client.final(as_text(challenge->bytes))).error().kind,
                  ErrorKind::Denied);
        press_.is_enabled = true;
        if (!is_removed) {
            ASSERT_TRUE(rig_.store.update_machine(press_));
        }
    }
}

TEST_F(ScramExchangeTest, CannotTellWithoutTheStore) {
    rig_.store.is_broken = true;
    EXPECT_EQ(step(*begin(), "n,,n=press,r=abc").error().kind, ErrorKind::Unavailable);
    rig_.store.is_broken = false;
}

TEST_F(ScramExchangeTest, MayBeGivenUpWhileTheDeskIsAsked) {
    rig_.shard(1).post_completion(runtime::make_mail([&](runtime::Shard&) {
        begin()->step(as_bytes("n,,n=press,r=abc"),
                      [](const Step&) { ADD_FAILURE() << "an exchange that is gone"; });
    }));
    rig_.world.run_for(1s);
}

TEST(ScramSecret, OutlivesTheProcess) {
    AccessRig rig;
    ASSERT_TRUE(rig.start());
    const std::vector<std::uint8_t> secret(rig.registry.scram_secret().begin(),
                                           rig.registry.scram_secret().end());
    EXPECT_EQ(secret.size(), 32U);
    Registry again(RegistryParts{
        .home = rig.shard(0), .store_pool = rig.pool, .store = rig.store, .secrets = rig.secrets});
    ASSERT_TRUE(rig.await<Status>(0, [&](auto done) { again.start(done); }));
    EXPECT_EQ(to_hex(again.scram_secret()), to_hex(Bytes(secret)));
}

}  // namespace
}  // namespace kith::access
