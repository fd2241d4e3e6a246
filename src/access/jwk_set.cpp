#include "access/jwk_set.h"

#include <algorithm>
#include <utility>

#include "access/limits.h"
#include "crypto/base64.h"
#include "json/document.h"

namespace kith::access {
namespace {

using crypto::VerificationKey;

constexpr std::size_t kDepthMax = 8;

Result<std::vector<std::uint8_t>> bytes_of(const json::View& key, std::string_view name) {
    const auto text = key[name].text();
    if (!text) {
        return fail(ErrorKind::Invalid, "a key lacks a part that its kind needs");
    }
    auto bytes = crypto::from_base64(*text, crypto::Base64::Url);
    if (!bytes) {
        return fail(ErrorKind::Invalid, "a part of a key is not base64url");
    }
    return bytes;
}

/// Nothing for kinds and uses that are not ours.
Result<std::optional<VerificationKey>> read_key(const json::View& key) {
    const std::string_view kind = key["kty"].text().value_or("");
    const std::string_view curve = key["crv"].text().value_or("");
    if (kind == "OKP" && curve == "Ed25519") {
        TRY_ASSIGN(const auto x, bytes_of(key, "x"));
        return VerificationKey::ed25519(x);
    }
    if (kind == "EC" && curve == "P-256") {
        TRY_ASSIGN(const auto x, bytes_of(key, "x"));
        TRY_ASSIGN(const auto y, bytes_of(key, "y"));
        return VerificationKey::p256(x, y);
    }
    if (kind == "RSA") {
        TRY_ASSIGN(const auto n, bytes_of(key, "n"));
        TRY_ASSIGN(const auto e, bytes_of(key, "e"));
        return VerificationKey::rsa(n, e);
    }
    if (kind == "oct") {
        TRY_ASSIGN(const auto k, bytes_of(key, "k"));
        return VerificationKey::shared_secret(k);
    }
    return std::nullopt;
}

/// RFC 7517, 4.2 and 4.3: false for keys that encrypt, or only sign.
bool is_for_verifying(const json::View& key) {
    if (key["use"].exists() && key["use"].text() != "sig") {
        return false;
    }
    const json::View operations = key["key_ops"];
    if (!operations.exists()) {
        return true;
    }
    for (std::size_t i = 0; i < operations.size(); ++i) {
        if (operations.at(i).text() == "verify") {
            return true;
        }
    }
    return false;
}

/// Nothing for a key that is not ours to use.
Result<std::optional<Jwk>> read_jwk(const json::View& key) {
    if (!key.is_object()) {
        return fail(ErrorKind::Malformed, "a key is not an object");
    }
    if (!is_for_verifying(key)) {
        return std::nullopt;
    }
    std::optional<crypto::SignatureAlgorithm> algorithm;
    if (const json::View name = key["alg"]; name.exists()) {
        algorithm = crypto::parse_signature_algorithm(name.text().value_or(""));
        if (!algorithm) {
            return std::nullopt;
        }
    }
    TRY_ASSIGN(std::optional<VerificationKey> made, read_key(key));
    if (!made) {
        return std::nullopt;
    }
    Jwk jwk{.kid = {}, .algorithm = algorithm, .key = std::move(*made)};
    if (const json::View kid = key["kid"]; kid.exists()) {
        if (kid.text().value_or("").empty() || kid.text()->size() > kKidBytesMax) {
            return fail(ErrorKind::Invalid, "a kid is text of 1 to 256 bytes");
        }
        jwk.kid = *kid.text();
    }
    if (algorithm && !jwk.key.fits(*algorithm)) {
        return fail(ErrorKind::Invalid, "a key's alg is not one of its kind");
    }
    return jwk;
}

}  // namespace

Result<JwkSet> JwkSet::parse(std::string_view text) {
    TRY_ASSIGN(
        const json::Document document,
        json::Document::parse(
            text, {.bytes_max = kJwkSetBytesMax, .depth_max = kDepthMax, .unique_names = true}));
    const json::View keys = document.root()["keys"];
    if (!keys.is_array()) {
        return fail(ErrorKind::Malformed, "not a JWK set: there is no list `keys`");
    }
    if (keys.size() > kJwksMax) {
        return fail(ErrorKind::Limit, "a JWK set has 64 keys at most");
    }
    JwkSet set;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        TRY_ASSIGN(std::optional<Jwk> jwk, read_jwk(keys.at(i)));
        if (!jwk) {
            continue;
        }
        if (!jwk->kid.empty() && std::ranges::count(set.keys_, jwk->kid, &Jwk::kid) > 0) {
            return fail(ErrorKind::Conflict, "two keys have one kid");
        }
        set.keys_.push_back(std::move(*jwk));
    }
    if (set.keys_.empty()) {
        return fail(ErrorKind::Invalid,
                    "no key that can be used: EdDSA (Ed25519), ES256, RS256, PS256 or HS256");
    }
    return set;
}

const Jwk* JwkSet::choose(std::optional<std::string_view> kid,
                          crypto::SignatureAlgorithm algorithm) const {
    const Jwk* chosen = nullptr;
    for (const Jwk& jwk : keys_) {
        if (!jwk.fits(algorithm) || (kid && jwk.kid != *kid)) {
            continue;
        }
        if (chosen != nullptr) {
            return nullptr;
        }
        chosen = &jwk;
    }
    return chosen;
}

}  // namespace kith::access
