#include "crypto/scram.h"

#include <gtest/gtest.h>

#include <set>

#include "crypto/base64.h"
#include "crypto/fake_secrets.h"

namespace kith::crypto {
namespace {

// RFC 7677, section 3.
constexpr const char* kPassword = "pencil";
constexpr const char* kSalt = "W22ZaJ0SNY7soEsUEjb6gQ==";
constexpr const char* kClientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr const char* kOwnNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr const char* kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr const char* kClientFinal =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr const char* kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

ScramVerifier verifier() {
    return make_scram_verifier(kPassword, from_base64(kSalt, Base64::Padded).value(), 4096).value();
}

ScramServer begun() {
    ScramServer server;
    EXPECT_TRUE(server.take_first(as_bytes(kClientFirst)));
    EXPECT_EQ(server.answer_first(verifier(), kOwnNonce), kServerFirst);
    return server;
}

ErrorKind refusal_of_first(std::string_view message) {
    ScramServer server;
    const Status taken = server.take_first(as_bytes(message));
    EXPECT_FALSE(taken) << message;
    return taken ? ErrorKind{} : taken.error().kind;
}

ErrorKind refusal_of_final(std::string_view message) {
    ScramServer server = begun();
    const auto finished = server.finish(as_bytes(message));
    EXPECT_FALSE(finished) << message;
    return finished ? ErrorKind{} : finished.error().kind;
}

TEST(Scram, AnswersTheTestVectorOfRfc7677) {
    ScramServer server = begun();
    EXPECT_EQ(server.name(), "user");
    EXPECT_EQ(server.finish(as_bytes(kClientFinal)).value(), kServerFinal);
}

TEST(Scram, RefusesEveryOtherProof) {
    std::string message = kClientFinal;
    message[message.size() - 5] = message[message.size() - 5] == 'A' ? 'B' : 'A';
    EXPECT_EQ(refusal_of_final(message), ErrorKind::Denied);
    ScramServer server;
    ASSERT_TRUE(server.take_first(as_bytes(kClientFirst)));
    static_cast<void>(server.answer_first(fake_scram_verifier(as_bytes("k"), "user"), kOwnNonce));
    EXPECT_EQ(server.finish(as_bytes(kClientFinal)).error().kind, ErrorKind::Denied);
}

TEST(Scram, RefusesAProofForAnotherNonce) {
    ScramServer server;
    ASSERT_TRUE(server.take_first(as_bytes(kClientFirst)));
    static_cast<void>(server.answer_first(verifier(), "another"));
    EXPECT_EQ(server.finish(as_bytes(kClientFinal)).error().kind, ErrorKind::Denied)
        << "a proof that was overheard opens nothing";
}

TEST(Scram, TakesAClientThatCouldBindTheChannel) {
    ScramServer server;
    ASSERT_TRUE(server.take_first(as_bytes("y,,n=user,r=abc")));
    static_cast<void>(server.answer_first(verifier(), kOwnNonce));
    // A client that is told "n" and says "y" at its end has been talked out of something.
    const std::string message =
        "c=biws,r=abc" + std::string(kOwnNonce) + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    EXPECT_EQ(server.finish(as_bytes(message)).error().kind, ErrorKind::Malformed);
}

TEST(Scram, RefusesWhatItDoesNotSupport) {
    EXPECT_EQ(refusal_of_first("p=tls-exporter,,n=user,r=abc"), ErrorKind::Unsupported);
    EXPECT_EQ(refusal_of_first("n,a=admin,n=user,r=abc"), ErrorKind::Unsupported);
    EXPECT_EQ(refusal_of_first("n,,m=ext,n=user,r=abc"), ErrorKind::Unsupported);
    EXPECT_EQ(refusal_of_first("n,,n=j\xC3\xBCrgen,r=abc"), ErrorKind::Unsupported);
}

TEST(Scram, RefusesFirstMessagesThatAreNone) {
    for (const char* message : {"", "n", "n,", "n,,", "x,,n=user,r=abc", "n,,r=abc", "n,,n=user",
                                "n,,n=user,r=", "n,,n=,r=abc", "n,,n=a=b,r=abc", "n,,n=a=2c,r=abc",
                                "n,,n=user,r=a c", "n,,r=abc,n=user", "n,,n=user,r=abc\x7F"}) {
        EXPECT_EQ(refusal_of_first(message), ErrorKind::Malformed) << message;
    }
    EXPECT_EQ(refusal_of_first(std::string("n,,n=user,r=a\0b", 15)), ErrorKind::Malformed);
    EXPECT_EQ(refusal_of_first("n,,n=user,r=" + std::string(kScramNonceBytesMax + 1, 'a')),
              ErrorKind::Malformed);
    EXPECT_EQ(refusal_of_first("n,,n=" + std::string(kScramMessageBytesMax, 'a') + ",r=abc"),
              ErrorKind::Malformed);
}

TEST(Scram, RefusesLastMessagesThatAreNone) {
    const std::string nonce = "r=rOprNGfwEbeRWgbNEkqO" + std::string(kOwnNonce);
    const std::string proof = ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    EXPECT_EQ(refusal_of_final(""), ErrorKind::Malformed);
    EXPECT_EQ(refusal_of_final("c=biws," + nonce), ErrorKind::Malformed);
    EXPECT_EQ(refusal_of_final(nonce + proof), ErrorKind::Malformed);
    EXPECT_EQ(refusal_of_final("c=eSws," + nonce + proof), ErrorKind::Malformed) << "not as first";
    EXPECT_EQ(refusal_of_final("c=biws," + nonce + ",p=AAAA"), ErrorKind::Malformed);
    EXPECT_EQ(refusal_of_final("c=biws," + nonce + ",p=!"), ErrorKind::Malformed);
    EXPECT_EQ(refusal_of_final("c=biws,r=" + std::string(kOwnNonce) + proof), ErrorKind::Denied);
    EXPECT_EQ(refusal_of_final(std::string(kScramMessageBytesMax + 1, 'c')), ErrorKind::Malformed);
}

TEST(Scram, DecodesTheEscapesOfAName) {
    ScramServer server;
    ASSERT_TRUE(server.take_first(as_bytes("n,,n=a=2Cb=3Dc,r=abc")));
    EXPECT_EQ(server.name(), "a,b=c");
}

TEST(Scram, VerifiersSurviveAsText) {
    FakeSecrets secrets(1);
    const ScramVerifier made =
        make_scram_verifier("correct horse", kScramIterationsRandom, secrets).value();
    const ScramVerifier read = parse_scram_verifier(to_text(made)).value();
    EXPECT_EQ(read.iterations, made.iterations);
    EXPECT_EQ(read.salt, made.salt);
    EXPECT_EQ(read.stored_key, made.stored_key);
    EXPECT_EQ(read.server_key, made.server_key);
    EXPECT_NE(made.salt,
              make_scram_verifier("correct horse", kScramIterationsRandom, secrets)->salt);
}

TEST(Scram, RefusesVerifiersThatAreNone) {
    const std::string good = to_text(verifier());
    ASSERT_TRUE(parse_scram_verifier(good));
    for (std::size_t length = 0; length < good.size(); ++length) {
        EXPECT_FALSE(parse_scram_verifier(std::string_view(good).substr(0, length))) << length;
    }
    for (const char* bad : {"SCRAM-SHA-1$4096:c2FsdHNhbHQ=$AA==:AA==", "SCRAM-SHA-256$4095:x$y:z",
                            "SCRAM-SHA-256$99999999999:x$y:z", "SCRAM-SHA-256$4096$:"}) {
        EXPECT_FALSE(parse_scram_verifier(bad)) << bad;
    }
}

TEST(Scram, TakesPrintableAsciiPasswordsOnly) {
    FakeSecrets secrets(1);
    for (const char* bad : {"", "caf\xC3\xA9", "tab\t"}) {
        const auto made = make_scram_verifier(bad, kScramIterationsRandom, secrets);
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().kind, ErrorKind::Invalid);
    }
    EXPECT_TRUE(make_scram_verifier("a b~", kScramIterationsRandom, secrets));
}

TEST(Scram, AFakeIsTheSameForANameAndUnlikeAnother) {
    const ScramVerifier one = fake_scram_verifier(as_bytes("secret"), "anna");
    EXPECT_EQ(one.salt, fake_scram_verifier(as_bytes("secret"), "anna").salt);
    EXPECT_NE(one.salt, fake_scram_verifier(as_bytes("secret"), "ben").salt);
    EXPECT_NE(one.salt, fake_scram_verifier(as_bytes("other"), "anna").salt);
    EXPECT_EQ(one.salt.size(), verifier().salt.size());
    std::set<std::uint32_t> iterations;
    for (int i = 0; i < 100; ++i) {
        iterations.insert(fake_scram_verifier(as_bytes("secret"), std::to_string(i)).iterations);
    }
    EXPECT_EQ(iterations, (std::set{kScramIterationsRandom, kScramIterationsChosen}));
}

}  // namespace
}  // namespace kith::crypto
