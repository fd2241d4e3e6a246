#include "access/token_authenticator.h"

#include <gtest/gtest.h>

#include "access/limits.h"
#include "access/testing/access_rig.h"
#include "crypto/base64.h"
#include "crypto/mac.h"

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
    const storage::Digest fingerprint{7};
    request.certificate_subject = "CN=press-07";
    request.certificate_common_name = "press-07";
    request.certificate_fingerprint = fingerprint;
    request.certificate_not_after = rig.shard(1).wall_now() + 1h;
    EXPECT_EQ(rig.authenticate(request).value().name, "machine:press-07");
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

/// A JSON web token, signed with a secret that the node shares.
constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";

std::string jwt(const std::string& claims, std::string_view secret = kSecret) {
    const auto part = [](Bytes bytes) { return crypto::to_base64(bytes, crypto::Base64::Url); };
    const std::string text = part(as_bytes(R"({"alg":"HS256"})")) + "." + part(as_bytes(claims));
    return text + "." + part(crypto::hmac_sha256(as_bytes(secret), as_bytes(text)));
}

std::shared_ptr<const JwtPolicy> policy() {
    return std::make_shared<const JwtPolicy>(JwtPolicy{
        .rules = {.issuer = "joe", .audience = "kith"},
        .keys = JwkSet::parse(R"({"keys":[{"kty":"oct","k":")" +
                              crypto::to_base64(as_bytes(kSecret), crypto::Base64::Url) + R"("}]})")
                    .value()});
}

std::string claims_until(WallTime end) {
    return R"({"iss":"joe","aud":"kith","sub":"press-07","exp":)" +
           std::to_string(end.ms() / 1000) + "}";
}

TEST(TokenAuthenticator, AJsonWebTokenIsAPasswordWhereItsKeysAreKnown) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    const WallTime end = rig.shard(1).wall_now() + 1h;
    const std::string token = jwt(claims_until(end));
    EXPECT_FALSE(rig.authenticate(request_of(token))) << "no keys, no such tokens";
    rig.authenticators[1].set_jwt(policy());
    const auto principal = rig.authenticate(request_of(token));
    ASSERT_TRUE(principal) << principal.error().text;
    EXPECT_EQ(principal->name, "jwt:joe/press-07");
    EXPECT_EQ(principal->machine, "press-07");
    EXPECT_GE(principal->expires_at, end) << "the connection ends with the token";
    EXPECT_TRUE(rig.authenticators[1].is_good_jwt(token));
    EXPECT_EQ(
        rig.authenticate(request_of(jwt(claims_until(end), std::string(32, 'x')))).error().kind,
        ErrorKind::Denied);
    EXPECT_FALSE(rig.authenticators[1].is_good_jwt("kk_"));
    EXPECT_EQ(rig.authenticators[1].jwt_counters().accepted, 1U);
    EXPECT_EQ(rig.authenticators[1].jwt_counters().denied, 1U);
}

TEST(TokenAuthenticator, AJsonWebTokenStandsAndFallsWithItsMachine) {
    AccessRig rig;
    ASSERT_TRUE(rig.store.add_machine({.name = "press-07", .topic_roles = "alarms"}));
    ASSERT_TRUE(rig.start().has_value());
    rig.authenticators[1].set_jwt(policy());
    const std::string token = jwt(claims_until(rig.shard(1).wall_now() + 1h));
    EXPECT_EQ(rig.authenticate(request_of(token))->topic_roles, std::vector<std::string>{"alarms"});
    ASSERT_TRUE(rig.store.update_machine({.name = "press-07", .is_enabled = false}));
    EXPECT_EQ(rig.authenticate(request_of(token)).error().kind, ErrorKind::Denied);
}

/// Over HTTP the token is shown before the WebSocket, and CONNECT brings none.
TEST(TokenAuthenticator, AJsonWebTokenThatOpenedAWebSocketGivesNoMoreThanItSays) {
    AccessRig rig;
    ASSERT_TRUE(rig.store.add_machine({.name = "press-07", .topic_roles = "alarms"}));
    ASSERT_TRUE(rig.start().has_value());
    const std::vector<std::string> roles{"read"};
    bus::AuthRequest request;
    request.session_principal = "jwt:joe/press-07";
    request.session_role = bus::Role::Machine;
    request.session_machine = "press-07";
    request.session_topic_roles = roles;
    const auto principal = rig.authenticate(request);
    ASSERT_TRUE(principal) << principal.error().text;
    EXPECT_EQ(principal->machine, "press-07");
    EXPECT_EQ(principal->topic_roles, roles);
    request.session_topic_roles = {};
    EXPECT_EQ(rig.authenticate(request)->topic_roles, std::vector<std::string>{"alarms"});
    ASSERT_TRUE(rig.store.update_machine({.name = "press-07", .is_enabled = false}));
    EXPECT_EQ(rig.authenticate(request).error().kind, ErrorKind::Denied);
}

TEST(TokenAuthenticator, ATokenThatEndedAfterItOpenedAWebSocketIsRefused) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    bus::AuthRequest request;
    request.session_principal = "token:gone";
    request.session_role = bus::Role::Admin;
    EXPECT_EQ(rig.authenticate(request).error().kind, ErrorKind::Denied);
}

TEST(EndedPrincipals, AJsonWebTokenEndsWithItsMachineAndOthersByName) {
    const EndedPrincipals ended{.names = {"machine:press-07"}};
    EXPECT_TRUE(ended.has(bus::Principal{.name = "jwt:joe/x", .machine = "press-07"}));
    EXPECT_FALSE(ended.has(bus::Principal{.name = "jwt:joe/x", .machine = "press-08"}));
    EXPECT_FALSE(ended.has(bus::Principal{.name = "jwt:joe/x"}));
    EXPECT_FALSE(ended.has(bus::Principal{.name = "token:k3f9", .machine = "press-07"}));
    EXPECT_TRUE(ended.has(bus::Principal{.name = "machine:press-07"}));
    const EndedPrincipals all{.are_all_machines = true};
    EXPECT_TRUE(all.has(bus::Principal{.name = "jwt:joe/x", .machine = "press-07"}));
}

TEST(TokenAuthenticator, SignaturesAreVerifiedSoManyTimesASecond) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    rig.authenticators[1].set_jwt(policy());
    const std::string token = jwt(claims_until(rig.shard(1).wall_now() + 1h));
    const std::string wrong = token + "A";
    for (std::uint32_t i = 0; i < kJwtChecksPerSecondMax; ++i) {
        EXPECT_EQ(rig.check_token(1, wrong).error().kind, ErrorKind::Denied);
    }
    EXPECT_EQ(rig.check_token(1, token).error().kind, ErrorKind::Limit);
    EXPECT_EQ(rig.authenticators[1].jwt_counters().over_limit, 1U);
    rig.world.run_for(1s);
    EXPECT_TRUE(rig.check_token(1, token));
}

}  // namespace
}  // namespace kith::access
