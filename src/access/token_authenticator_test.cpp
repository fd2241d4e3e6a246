#include "access/token_authenticator.h"

#include <gtest/gtest.h>

#include "access/limits.h"
#include "access/testing/access_rig.h"

namespace kith::access {
namespace {

bus::AuthRequest request_of(const std::string& password) {
    bus::AuthRequest request;
    request.client_id = "press-07";
    request.user_name = "press-07";
    request.password = as_bytes(password);
    request.remote_address = "10.0.0.3:5123";
    return request;
}

TEST(TokenAuthenticator, TokenIsAcceptedAsPassword) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    const crypto::Token token = rig.add_token_outside("machine");
    rig.world.run_for(kStoreCheckInterval + 100ms);
    const auto principal = rig.authenticate(request_of(token.text));
    ASSERT_TRUE(principal.has_value());
    EXPECT_EQ(principal->name, "token:" + token.id);
    EXPECT_EQ(principal->role, bus::Role::Machine);
    EXPECT_EQ(principal->tenant, kDefaultTenant);
}

TEST(TokenAuthenticator, TokenMadeAMomentAgoByAToolWorksAtOnce) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    rig.world.run_for(1s);
    const crypto::Token token = rig.add_token_outside("machine");
    EXPECT_TRUE(rig.authenticate(request_of(token.text)).has_value());
}

TEST(TokenAuthenticator, WrongPasswordIsRefusedEvenWhereAnonymousWouldDo) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    const std::string stranger = crypto::make_token(rig.secrets).text;
    for (const std::string& password : {std::string("secret"), std::string("kk_"), stranger}) {
        bus::AuthRequest request = request_of(password);
        request.allow_anonymous = true;
        request.session_principal = "user:anna";
        request.certificate_subject = "CN=press-07";
        const auto principal = rig.authenticate(request);
        ASSERT_FALSE(principal.has_value()) << password;
        EXPECT_EQ(principal.error().kind, ErrorKind::Denied);
    }
}

TEST(TokenAuthenticator, AnonymousIsAllowedOnlyWhereTheListenerSaysSo) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    bus::AuthRequest request;
    request.allow_anonymous = true;
    const auto allowed = rig.authenticate(request);
    ASSERT_TRUE(allowed.has_value());
    EXPECT_EQ(allowed->name, "anonymous");
    EXPECT_EQ(allowed->role, bus::Role::Machine);
    request.user_name = "press-07";
    request.password = Bytes();
    EXPECT_EQ(rig.authenticate(request).value().name, "anonymous") << "no password is none";
    request.allow_anonymous = false;
    EXPECT_EQ(rig.authenticate(request).error().kind, ErrorKind::Denied);
}

TEST(TokenAuthenticator, AnonymousIsFreeOnThisMachineAndNothingElsewhere) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    bus::AuthRequest request;
    request.allow_anonymous = true;
    EXPECT_TRUE(rig.authenticate(request)->topic_roles.empty());
    request.is_loopback = true;
    EXPECT_EQ(rig.authenticate(request)->topic_roles, std::vector<std::string>{"free"});
}

TEST(TokenAuthenticator, SessionOrCertificateStandsInForAPassword) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    bus::AuthRequest request;
    request.certificate_subject = "CN=press-07";
    EXPECT_EQ(rig.authenticate(request).value().name, "cert:CN=press-07");
    EXPECT_EQ(rig.authenticate(request).value().role, bus::Role::Machine);
    request.session_principal = "user:anna";
    request.session_role = bus::Role::Operator;
    EXPECT_EQ(rig.authenticate(request).value().name, "user:anna");
    EXPECT_EQ(rig.authenticate(request).value().role, bus::Role::Operator);
}

TEST(TokenAuthenticator, FloodOfUnknownTokensDoesNotFloodTheStore) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    std::size_t denied = 0;
    std::size_t refused = 0;
    std::vector<std::string> guesses;
    for (std::size_t i = 0; i < kUnknownTokensMax + 100; ++i) {
        guesses.push_back(crypto::make_token(rig.secrets).text);
    }
    const std::uint64_t checks_before = rig.registry.counters().store_checks;
    rig.shard(1).post_completion(runtime::make_mail([&](runtime::Shard&) {
        for (const std::string& guess : guesses) {
            rig.authenticators[1].check_token(guess, [&](const Result<bus::Principal>& answer) {
                ASSERT_FALSE(answer.has_value());
                (answer.error().kind == ErrorKind::Limit ? refused : denied) += 1;
            });
        }
    }));
    rig.world.run_for(1s);
    EXPECT_EQ(denied, kUnknownTokensMax);
    EXPECT_EQ(refused, 100U);
    EXPECT_LE(rig.registry.counters().store_checks - checks_before, 3U);
}

TEST(TokenAuthenticator, BrokenStoreRefusesWhatItCannotKnow) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    rig.store.is_broken = true;
    const std::string token = crypto::make_token(rig.secrets).text;
    EXPECT_EQ(rig.check_token(1, token).error().kind, ErrorKind::Denied);
    rig.pool.is_full = true;
    EXPECT_EQ(rig.check_token(1, token).error().kind, ErrorKind::Denied);
}

}  // namespace
}  // namespace kith::access
