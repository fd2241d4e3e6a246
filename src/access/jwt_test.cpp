#include "access/jwt.h"

#include <gtest/gtest.h>

#include <string>

#include "access/detail/jwt_claims.h"
#include "access/limits.h"
#include "crypto/base64.h"

namespace kith::access {
namespace {

/// In the life of the examples of RFC 7515, which end at 1300819380.
const WallTime kNow = WallTime::from_ms(1'300'819'000'000);
const JwtRules kRules{.issuer = "joe", .audience = "kith"};

constexpr std::string_view kClaims =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ";
constexpr std::string_view kHs256Signature = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr std::string_view kSecretKey =
    R"({"kty":"oct","kid":"s","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3)"
    R"(Yj0iPS4hcgUuTwjAzZr1Z9CAow"})";
constexpr std::string_view kEcKey =
    R"({"kty":"EC","crv":"P-256","kid":"ec","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";

JwkSet keys(std::string_view jwk) {
    return JwkSet::parse(R"({"keys":[)" + std::string(jwk) + "]}").value();
}

std::string part(std::string_view text) {
    return crypto::to_base64(as_bytes(text), crypto::Base64::Url);
}

std::string token(std::string_view header, std::string_view claims = kClaims,
                  std::string_view signature = kHs256Signature) {
    return part(header) + "." + std::string(claims) + "." + std::string(signature);
}

std::string refusal(const std::string& text, const JwkSet& set) {
    const auto verified = verify_jwt(text, set, kRules, kNow);
    EXPECT_FALSE(verified) << text;
    return verified ? "" : verified.error().text;
}

Result<JwtIdentity> claims(const std::string& json, const JwtRules& rules = kRules) {
    const auto document = json::Document::parse(json, {.unique_names = true});
    EXPECT_TRUE(document) << json;
    return detail::read_claims(document->root(), rules, kNow);
}

/// Good claims, with these more.
std::string good(const std::string& more = "") {
    return R"({"iss":"joe","aud":"kith","sub":"press-07","exp":1300819380)" +
           (more.empty() ? "" : "," + more) + "}";
}

TEST(Jwt, TheExampleOfTheRfcIsSignedWellAndForNobody) {
    const std::string example = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + std::string(kClaims) +
                                "." + std::string(kHs256Signature);
    EXPECT_TRUE(looks_like_jwt(example));
    EXPECT_EQ(refusal(example, keys(kSecretKey)), "the token is for another audience");
    const auto late = verify_jwt(example, keys(kSecretKey), kRules, kNow + 24h);
    EXPECT_STREQ(late.error().text, "the token has expired");
}

TEST(Jwt, UnsignedTokensAreRefusedHoweverTheySayIt) {
    for (const char* algorithm : {"none", "None", "NONE", "nOnE", "", "HS512"}) {
        const std::string header = R"({"alg":")" + std::string(algorithm) + R"("})";
        EXPECT_EQ(refusal(token(header, kClaims, ""), keys(kSecretKey)),
                  "the token is not signed with an algorithm that this node takes");
    }
    for (const char* header : {R"({"typ":"JWT"})", R"({"alg":null})", R"({"alg":["HS256"]})"}) {
        EXPECT_EQ(refusal(token(header), keys(kSecretKey)),
                  "the token is not signed with an algorithm that this node takes");
    }
    EXPECT_EQ(refusal(token(R"({"alg":"HS256"})", kClaims, ""), keys(kSecretKey)),
              "the token's signature is wrong");
}

TEST(Jwt, APublicKeyIsNeverTakenForASharedSecret) {
    EXPECT_EQ(refusal(token(R"({"alg":"HS256","kid":"ec"})"), keys(kEcKey)),
              "the token is signed with a key that this node does not have");
    EXPECT_EQ(refusal(token(R"({"alg":"ES256","kid":"s"})"), keys(kSecretKey)),
              "the token is signed with a key that this node does not have");
}

TEST(Jwt, KeysThatTheTokenBringsAlongAreNotLookedAt) {
    const std::string header = R"({"alg":"HS256","jwk":)" + std::string(kSecretKey) +
                               R"(,"jku":"https://example.com/keys","x5u":"file:///etc/passwd"})";
    EXPECT_EQ(refusal(token(header), keys(kEcKey)),
              "the token is signed with a key that this node does not have");
    for (const char* kid : {"../../../../dev/null", "s\\u0000", "S", "s ", "*"}) {
        EXPECT_EQ(refusal(token(R"({"alg":"HS256","kid":")" + std::string(kid) + R"("})"),
                          keys(kSecretKey)),
                  "the token is signed with a key that this node does not have");
    }
    for (const char* kid : {"7", "null", R"("")", R"(["s"])"}) {
        EXPECT_EQ(
            refusal(token(R"({"alg":"HS256","kid":)" + std::string(kid) + "}"), keys(kSecretKey)),
            "not a signed JSON web token");
    }
}

TEST(Jwt, HeadersThatAskForMoreAreRefused) {
    EXPECT_EQ(refusal(token(R"({"alg":"HS256","crit":["exp"]})"), keys(kSecretKey)),
              "the token asks for extensions that this node does not know");
    EXPECT_EQ(refusal(token(R"({"alg":"HS256","crit":[],"b64":false})"), keys(kSecretKey)),
              "the token asks for extensions that this node does not know");
    EXPECT_EQ(refusal(token(R"({"alg":"HS256","typ":"dpop+jwt"})"), keys(kSecretKey)),
              "the token is of another type");
    EXPECT_EQ(refusal(token(R"({"alg":"HS256","typ":1})"), keys(kSecretKey)),
              "the token is of another type");
}

TEST(Jwt, AMemberTwiceIsRefusedBeforeAnythingIsBelieved) {
    EXPECT_EQ(refusal(token(R"({"alg":"none","alg":"HS256"})"), keys(kSecretKey)),
              "an object has two members of one name");
    EXPECT_EQ(refusal(token(R"({"alg":"HS256","\u0061lg":"none"})"), keys(kSecretKey)),
              "an object has two members of one name");
}

TEST(Jwt, OnlyThreePartsOfCleanBase64AreAToken) {
    const std::string whole = token(R"({"alg":"HS256"})");
    const std::string header = part(R"({"alg":"HS256"})");
    for (const std::string& text :
         {std::string(), std::string("."), std::string(".."), std::string("a.b.c"), header,
          header + "." + std::string(kClaims), whole + ".", whole + ".e30.e30", "." + whole,
          header + "=." + std::string(kClaims) + "." + std::string(kHs256Signature), " " + whole,
          part("[]") + ".e30.e30", part("\"x\"") + ".e30.e30",
          part(R"({"alg":"HS256"}x)") + ".e30.e30"}) {
        EXPECT_FALSE(verify_jwt(text, keys(kSecretKey), kRules, kNow)) << text;
    }
    for (const std::string& behind : {std::string("\n"), std::string(" "), std::string("=")}) {
        EXPECT_EQ(refusal(whole + behind, keys(kSecretKey)), "the token's signature is wrong");
    }
    EXPECT_EQ(verify_jwt(whole + std::string(kJwtBytesMax, 'A'), keys(kSecretKey), kRules, kNow)
                  .error()
                  .kind,
              ErrorKind::Limit);
    EXPECT_FALSE(verify_jwt(token(std::string(20, '[') + std::string(20, ']')), keys(kSecretKey),
                            kRules, kNow));
    EXPECT_FALSE(looks_like_jwt("kk_abcdefgh"));
    EXPECT_FALSE(looks_like_jwt("ey.a"));
}

TEST(Jwt, ClaimsBecomeAnIdentity) {
    const auto identity = claims(good(R"("kith_topics":["own","alarms"],"nbf":1300818000.5)"));
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->issuer, "joe");
    EXPECT_EQ(identity->subject, "press-07");
    EXPECT_EQ(identity->role, bus::Role::Machine);
    EXPECT_EQ(identity->machine, "press-07");
    EXPECT_EQ(identity->topic_roles, (std::vector<std::string>{"own", "alarms"}));
    EXPECT_EQ(identity->expires_at, WallTime::from_ms(1'300'819'440'000)) << "60 s of leeway";
    EXPECT_EQ(claims(good(R"("kith_topics":" own  alarms ")"))->topic_roles.size(), 2U);
}

TEST(Jwt, TheAudienceIsOneTextOrAListWithIt) {
    const auto with = [](const std::string& audience) {
        return claims(R"({"iss":"joe","sub":"a","exp":1300819380,"aud":)" + audience + "}")
            .has_value();
    };
    EXPECT_TRUE(with(R"("kith")"));
    EXPECT_TRUE(with(R"(["other","kith"])"));
    for (const char* other : {R"("Kith")", R"("kith ")", R"([])", R"(["other"])", "null", "true",
                              R"({"kith":1})", R"([["kith"]])"}) {
        EXPECT_FALSE(with(other)) << other;
    }
    EXPECT_FALSE(claims(R"({"iss":"joe","sub":"a","exp":1300819380})"));
    EXPECT_FALSE(claims(R"({"iss":"joe","sub":"a","exp":1300819380,"aud":""})",
                        {.issuer = "joe", .audience = ""}))
        << "a node without a name of its own takes nothing";
}

TEST(Jwt, TheIssuerIsExactlyTheOneThatIsTrusted) {
    for (const char* issuer : {R"("Joe")", R"("joe/")", "null", R"(["joe"])", R"("")"}) {
        EXPECT_FALSE(claims(R"({"sub":"a","aud":"kith","exp":1300819380,"iss":)" +
                            std::string(issuer) + "}"))
            << issuer;
    }
    EXPECT_FALSE(claims(R"({"sub":"a","aud":"kith","exp":1300819380})"));
}

TEST(Jwt, EveryTokenEndsAndNoTimeIsGuessed) {
    const auto ending = [](const std::string& exp) {
        return claims(R"({"iss":"joe","aud":"kith","sub":"a","exp":)" + exp + "}").has_value();
    };
    EXPECT_FALSE(claims(R"({"iss":"joe","aud":"kith","sub":"a"})"));
    EXPECT_TRUE(ending("1300818941")) << "within the leeway";
    EXPECT_FALSE(ending("1300818940"));
    EXPECT_TRUE(ending("253402300799"));
    for (const char* wrong :
         {R"("1300819380")", "null", "true", "[1300819380]", "-1", "1e400", "253402300800",
          "9223372036854775807", "18446744073709551616", "1e300", "-1e300"}) {
        const auto document = json::Document::parse(wrong);
        if (document) {  // 1e400 is no number that can be read
            EXPECT_FALSE(ending(wrong)) << wrong;
        }
    }
    EXPECT_TRUE(claims(good(R"("nbf":1300819060,"iat":1300819060)")));
    EXPECT_FALSE(claims(good(R"("nbf":1300819061)")));
    EXPECT_FALSE(claims(good(R"("iat":1300819061)")));
    EXPECT_FALSE(claims(good(R"("nbf":"soon")")));
    EXPECT_FALSE(claims(good(R"("iat":{})")));
}

TEST(Jwt, RolesAreThoseOfThisNodeOrNone) {
    EXPECT_EQ(claims(good(R"("role":"viewer")"))->role, bus::Role::Viewer);
    EXPECT_EQ(claims(good(R"("role":"guest","kith_role":"operator")"))->role, bus::Role::Operator);
    EXPECT_EQ(claims(good(R"("role":"viewer")"))->machine, "") << "people are no machines";
    EXPECT_FALSE(claims(good(R"("role":"guest")")));
    EXPECT_FALSE(claims(good(R"("role":"Admin")")));
    EXPECT_FALSE(claims(good(R"("role":["admin"])")));
    EXPECT_FALSE(claims(good(R"("kith_role":null,"role":"admin")")));
}

TEST(Jwt, AMachineIsNamedByTheClaimThatTheOwnerChose) {
    const JwtRules rules{.issuer = "joe", .audience = "kith", .machine_claim = "device"};
    EXPECT_EQ(claims(good(R"("device":"pump-1")"), rules)->machine, "pump-1");
    EXPECT_EQ(claims(good(), rules)->machine, "");
    for (const char* name : {"a/b", "+", "#", "$SYS", "", "a b/", "\\u0007"}) {
        EXPECT_EQ(claims(good(R"("device":")" + std::string(name) + R"(")"), rules)->machine, "")
            << name;
    }
}

TEST(Jwt, NamesHaveBounds) {
    const auto of = [](const std::string& subject) {
        return claims(R"({"iss":"joe","aud":"kith","exp":1300819380,"sub":")" + subject + "\"}");
    };
    EXPECT_TRUE(of(std::string(kJwtNameBytesMax, 's')));
    EXPECT_FALSE(of(std::string(kJwtNameBytesMax + 1, 's')));
    EXPECT_FALSE(of(""));
    EXPECT_FALSE(of("a\\nb")) << "nobody writes lines into the log";
    EXPECT_FALSE(claims(R"({"iss":"joe","aud":"kith","exp":1300819380,"sub":7})"));
    std::string many = R"("kith_topics":")";
    for (std::size_t i = 0; i <= kJwtTopicRolesMax; ++i) {
        many += "r ";
    }
    EXPECT_FALSE(claims(good(many + "\"")));
    EXPECT_FALSE(claims(good(R"("kith_topics":[1])")));
    EXPECT_FALSE(claims(good(R"("kith_topics":["two words"])")));
    EXPECT_FALSE(claims(good(R"("kith_topics":{})")));
    EXPECT_FALSE(claims(good(R"("kith_topics":7)")));
}

}  // namespace
}  // namespace kith::access
