#include "crypto/scram.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/check.h"
#include "base/narrow.h"
#include "crypto/base64.h"
#include "crypto/mac.h"

namespace kith::crypto {
namespace {

constexpr std::size_t kSaltBytes = 16;

tl::unexpected<Error> malformed(const char* words) {
    return fail(ErrorKind::Malformed, words);
}

bool is_printable_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7E; });
}

/// RFC 5802: printable = %x21-2B / %x2D-7E.
bool is_nonce(std::string_view text) {
    return !text.empty() && text.size() <= kScramNonceBytesMax &&
           std::ranges::all_of(text, [](char c) { return c >= 0x21 && c <= 0x7E && c != ','; });
}

/// Takes the value of the attribute `name` up to the next comma or the end; nothing if another
/// attribute, or none, is next.
std::optional<std::string_view> take_attribute(std::string_view& text, char name) {
    if (text.size() < 2 || text[0] != name || text[1] != '=') {
        return std::nullopt;
    }
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view value = text.substr(2, end - 2);
    text.remove_prefix(std::min(end + 1, text.size()));
    return value;
}

/// "=2C" is a comma and "=3D" an equals sign; any other "=" is wrong.
Result<std::string> decode_name(std::string_view text) {
    std::string name;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '=') {
            name += text[i];
            continue;
        }
        const std::string_view code = text.substr(i, 3);
        if (code != "=2C" && code != "=3D") {
            return malformed("a name of SCRAM has a wrong escape");
        }
        name += code == "=2C" ? ',' : '=';
        i += 2;
    }
    if (name.empty()) {
        return malformed("SCRAM without a name");
    }
    if (!is_printable_ascii(name)) {
        return fail(ErrorKind::Unsupported, "SCRAM takes names in ASCII only");
    }
    return name;
}

Result<Digest> digest_of_base64(std::string_view text) {
    TRY_ASSIGN(const auto bytes, from_base64(text, Base64::Padded));
    Digest digest{};
    if (bytes.size() != digest.size()) {
        return malformed("a key of SCRAM has 32 bytes");
    }
    std::ranges::copy(bytes, digest.begin());
    return digest;
}

}  // namespace

Result<ScramVerifier> make_scram_verifier(std::string_view password, Bytes salt,
                                          std::uint32_t iterations) {
    CHECK(iterations >= kScramIterationsMin && iterations <= kScramIterationsMax);
    if (password.empty() || !is_printable_ascii(password)) {
        return fail(ErrorKind::Invalid, "SCRAM takes passwords in printable ASCII only");
    }
    Digest salted{};
    CHECK(PKCS5_PBKDF2_HMAC(password.data(), narrow<int>(password.size()), salt.data(),
                            narrow<int>(salt.size()), narrow<int>(iterations), EVP_sha256(),
                            narrow<int>(salted.size()), salted.data()) == 1);
    Digest client_key = hmac_sha256(salted, as_bytes("Client Key"));
    ScramVerifier verifier{.iterations = iterations,
                           .salt = {salt.begin(), salt.end()},
                           .stored_key = sha256(client_key),
                           .server_key = hmac_sha256(salted, as_bytes("Server Key"))};
    wipe(salted);
    wipe(client_key);
    return verifier;
}

Result<ScramVerifier> make_scram_verifier(std::string_view password, std::uint32_t iterations,
                                          SecretSource& secrets) {
    std::array<std::uint8_t, kSaltBytes> salt{};
    secrets.fill(salt);
    return make_scram_verifier(password, salt, iterations);
}

std::string to_text(const ScramVerifier& verifier) {
    return fmt::format("{}${}:{}${}:{}", kScramMethod, verifier.iterations,
                       to_base64(verifier.salt, Base64::Padded),
                       to_base64(verifier.stored_key, Base64::Padded),
                       to_base64(verifier.server_key, Base64::Padded));
}

Result<ScramVerifier> parse_scram_verifier(std::string_view text) {
    const auto wrong = malformed("not a SCRAM-SHA-256 verifier");
    const std::string prefix = std::string(kScramMethod) + "$";
    if (!text.starts_with(prefix)) {
        return wrong;
    }
    text.remove_prefix(prefix.size());
    ScramVerifier verifier;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), verifier.iterations);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (error != std::errc{} || verifier.iterations < kScramIterationsMin ||
        verifier.iterations > kScramIterationsMax || !text.starts_with(':')) {
        return wrong;
    }
    const std::size_t keys = text.find('$');
    const std::size_t middle = text.find(':', 1);
    if (keys == std::string_view::npos || middle == std::string_view::npos || middle < keys) {
        return wrong;
    }
    TRY_ASSIGN(verifier.salt, from_base64(text.substr(1, keys - 1), Base64::Padded));
    if (verifier.salt.size() < 8 || verifier.salt.size() > 64) {
        return wrong;
    }
    TRY_ASSIGN(verifier.stored_key, digest_of_base64(text.substr(keys + 1, middle - keys - 1)));
    TRY_ASSIGN(verifier.server_key, digest_of_base64(text.substr(middle + 1)));
    return verifier;
}

ScramVerifier fake_scram_verifier(Bytes secret, std::string_view name) {
    const auto derive = [&](std::string_view purpose) {
        return hmac_sha256(hmac_sha256(secret, as_bytes(purpose)), as_bytes(name));
    };
    const Digest salt = derive("salt");
    const bool looks_chosen = (derive("iterations")[0] & 1U) != 0;
    return {.iterations = looks_chosen ? kScramIterationsChosen : kScramIterationsRandom,
            .salt = {salt.begin(), salt.begin() + kSaltBytes},
            .stored_key = derive("stored key"),
            .server_key = derive("server key")};
}

Status ScramServer::take_first(Bytes message) {
    std::string_view text = as_text(message);
    if (text.size() > kScramMessageBytesMax) {
        return malformed("a message of SCRAM is too long");
    }
    if (text.starts_with("p=")) {
        return fail(ErrorKind::Unsupported, "SCRAM with channel binding is not supported");
    }
    if (!text.starts_with("n,") && !text.starts_with("y,")) {
        return malformed("a message of SCRAM starts with 'n,,' or 'y,,'");
    }
    const std::size_t header_end = text.find(',', 2);
    if (header_end == std::string_view::npos) {
        return malformed("a message of SCRAM starts with 'n,,' or 'y,,'");
    }
    if (header_end != 2) {
        return fail(ErrorKind::Unsupported, "SCRAM in the name of somebody else is not supported");
    }
    gs2_header_ = text.substr(0, 3);
    text.remove_prefix(3);
    first_bare_ = text;
    if (text.starts_with("m=")) {
        return fail(ErrorKind::Unsupported, "an extension of SCRAM that is not known");
    }
    const auto name = take_attribute(text, 'n');
    const auto nonce = name ? take_attribute(text, 'r') : std::nullopt;
    if (!nonce || !is_nonce(*nonce)) {
        return malformed("the first message of SCRAM is 'n=NAME,r=NONCE'");
    }
    TRY_ASSIGN(name_, decode_name(*name));
    client_nonce_ = *nonce;
    return {};
}

std::string ScramServer::answer_first(const ScramVerifier& verifier, std::string_view own_nonce) {
    CHECK(!client_nonce_.empty());
    CHECK(is_nonce(own_nonce));
    verifier_ = verifier;
    nonce_ = client_nonce_ + std::string(own_nonce);
    server_first_ = fmt::format("r={},s={},i={}", nonce_, to_base64(verifier.salt, Base64::Padded),
                                verifier.iterations);
    return server_first_;
}

Result<std::string> ScramServer::finish(Bytes message) {
    CHECK(!server_first_.empty());
    std::string_view text = as_text(message);
    if (text.size() > kScramMessageBytesMax) {
        return malformed("a message of SCRAM is too long");
    }
    const std::size_t proof_at = text.rfind(",p=");
    if (proof_at == std::string_view::npos) {
        return malformed("the last message of SCRAM ends with ',p=PROOF'");
    }
    const std::string_view without_proof = text.substr(0, proof_at);
    const std::string_view proof_text = text.substr(proof_at + 3);
    const auto binding = take_attribute(text, 'c');
    const auto nonce = binding ? take_attribute(text, 'r') : std::nullopt;
    if (!nonce) {
        return malformed("the last message of SCRAM starts with 'c=BINDING,r=NONCE'");
    }
    if (*binding != to_base64(as_bytes(gs2_header_), Base64::Padded)) {
        return malformed("the channel binding of SCRAM differs from the first message's");
    }
    const auto proof = digest_of_base64(proof_text);
    if (!proof) {
        return malformed("the proof of SCRAM is 32 bytes in base64");
    }
    const bool is_our_nonce = equal_in_constant_time(as_bytes(*nonce), as_bytes(nonce_));
    const std::string auth_message =
        fmt::format("{},{},{}", first_bare_, server_first_, without_proof);
    // ClientProof = ClientKey XOR HMAC(StoredKey, AuthMessage), and StoredKey = H(ClientKey).
    Digest client_key = hmac_sha256(verifier_.stored_key, as_bytes(auth_message));
    for (std::size_t i = 0; i < client_key.size(); ++i) {
        client_key[i] ^= (*proof)[i];
    }
    const bool is_right = equal_in_constant_time(sha256(client_key), verifier_.stored_key);
    wipe(client_key);
    if (!is_our_nonce || !is_right) {
        return fail(ErrorKind::Denied, "wrong user name or password");
    }
    const Digest signature = hmac_sha256(verifier_.server_key, as_bytes(auth_message));
    return "v=" + to_base64(signature, Base64::Padded);
}

}  // namespace kith::crypto
