#include "access/jwt.h"

#include <algorithm>
#include <array>

#include "access/detail/jwt_claims.h"
#include "access/limits.h"
#include "crypto/base64.h"
#include "json/document.h"

namespace kith::access {
namespace {

tl::unexpected<Error> malformed() {
    return fail(ErrorKind::Malformed, "not a signed JSON web token");
}

tl::unexpected<Error> denied(const char* why) {
    return fail(ErrorKind::Denied, why);
}

struct Parts {
    std::string_view header;
    std::string_view claims;
    std::string_view signature;
    std::string_view signed_text;  // header and claims, with the dot between them
};

Result<Parts> split(std::string_view text) {
    const std::size_t first = text.find('.');
    const std::size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
    if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos) {
        return malformed();
    }
    return Parts{.header = text.substr(0, first),
                 .claims = text.substr(first + 1, second - first - 1),
                 .signature = text.substr(second + 1),
                 .signed_text = text.substr(0, second)};
}

Result<json::Document> object_of(std::string_view part) {
    const auto bytes = crypto::from_base64(part, crypto::Base64::Url);
    if (!bytes) {
        return malformed();
    }
    TRY_ASSIGN(json::Document document,
               json::Document::parse(
                   as_text(*bytes),
                   {.bytes_max = kJwtBytesMax, .depth_max = kJwtDepthMax, .unique_names = true}));
    if (!document.root().is_object()) {
        return malformed();
    }
    return document;
}

bool is_known_type(std::string_view type) {
    constexpr std::array<std::string_view, 3> kTypes{"jwt", "at+jwt", "application/at+jwt"};
    std::string lower(type);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return std::ranges::find(kTypes, lower) != kTypes.end();
}

/// Chooses the key by `alg` and `kid` of the header, never by what the header brings along.
Status check_signature(const json::View& header, const Parts& parts, const JwkSet& keys) {
    if (header["crit"].exists()) {
        return denied("the token asks for extensions that this node does not know");
    }
    if (header["typ"].exists() && !is_known_type(header["typ"].text().value_or(""))) {
        return denied("the token is of another type");
    }
    const auto algorithm = crypto::parse_signature_algorithm(header["alg"].text().value_or(""));
    if (!algorithm) {
        return denied("the token is not signed with an algorithm that this node takes");
    }
    const auto kid = header["kid"].text();
    if (header["kid"].exists() && (!kid || kid->empty())) {
        return malformed();
    }
    const Jwk* jwk = keys.choose(kid, *algorithm);
    if (jwk == nullptr) {
        return denied("the token is signed with a key that this node does not have");
    }
    const auto signature = crypto::from_base64(parts.signature, crypto::Base64::Url);
    if (!signature || !jwk->key.verify(*algorithm, as_bytes(parts.signed_text), *signature)) {
        return denied("the token's signature is wrong");
    }
    return {};
}

}  // namespace

bool looks_like_jwt(std::string_view text) {
    // "eyJ" is `{"` in base64url, and "ey" `{` with white space or a quote behind it.
    return text.starts_with("ey") && std::ranges::count(text, '.') == 2;
}

Result<JwtIdentity> verify_jwt(std::string_view text, const JwkSet& keys, const JwtRules& rules,
                               WallTime now) {
    if (text.size() > kJwtBytesMax) {
        return fail(ErrorKind::Limit, "a token has 8192 bytes at most");
    }
    TRY_ASSIGN(const Parts parts, split(text));
    TRY_ASSIGN(const json::Document header, object_of(parts.header));
    TRY(check_signature(header.root(), parts, keys));
    // Nothing that a stranger wrote is looked at before this line, but for the header.
    TRY_ASSIGN(const json::Document claims, object_of(parts.claims));
    return detail::read_claims(claims.root(), rules, now);
}

}  // namespace kith::access
