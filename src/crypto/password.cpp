#include "crypto/password.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <vector>

#include "crypto/base64.h"
#include "crypto/digest.h"

namespace kith::crypto {
namespace {

struct ScryptCost {
    std::uint32_t log2_n = 15;
    std::uint32_t r = 8;
    std::uint32_t p = 1;
};

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::uint64_t kMemoryBytesMax = 128U * 1024 * 1024;
// OpenSSL counts its own small blocks too.
constexpr std::uint64_t kMemoryBytesSlack = 1024U * 1024;

Result<std::vector<std::uint8_t>> derive(std::string_view password, Bytes salt,
                                         const ScryptCost& cost, std::size_t hash_bytes) {
    if (password.size() > kPasswordBytesMax) {
        return fail(ErrorKind::Limit, "the password is longer than 1024 bytes");
    }
    std::vector<std::uint8_t> hash(hash_bytes);
    const int done = EVP_PBE_scrypt(password.data(), password.size(), salt.data(), salt.size(),
                                    std::uint64_t{1} << cost.log2_n, cost.r, cost.p,
                                    kMemoryBytesMax + kMemoryBytesSlack, hash.data(), hash.size());
    if (done != 1) {
        return fail(ErrorKind::Unavailable, "no memory to hash a password");
    }
    return hash;
}

/// Takes `prefix` and a number from the front of `text`; 0 if they are not there.
std::uint32_t take_number(std::string_view& text, std::string_view prefix) {
    std::uint32_t number = 0;
    if (!text.starts_with(prefix)) {
        return 0;
    }
    text.remove_prefix(prefix.size());
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) {
        return 0;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

struct StoredHash {
    ScryptCost cost;
    std::vector<std::uint8_t> salt;
    std::vector<std::uint8_t> hash;
};

Result<StoredHash> parse(std::string_view text) {
    const auto malformed = fail(ErrorKind::Malformed, "not a scrypt password hash");
    StoredHash stored;
    stored.cost.log2_n = take_number(text, "$scrypt$ln=");
    stored.cost.r = take_number(text, ",r=");
    stored.cost.p = take_number(text, ",p=");
    const ScryptCost& cost = stored.cost;
    if (cost.log2_n < 1 || cost.log2_n > 20 || cost.r < 1 || cost.r > 32 || cost.p < 1 ||
        cost.p > 4 || (std::uint64_t{128} << cost.log2_n) * cost.r > kMemoryBytesMax) {
        return malformed;
    }
    const std::size_t middle = text.find('$', 1);
    if (!text.starts_with('$') || middle == std::string_view::npos) {
        return malformed;
    }
    TRY_ASSIGN(stored.salt, from_base64(text.substr(1, middle - 1), Base64::Unpadded));
    TRY_ASSIGN(stored.hash, from_base64(text.substr(middle + 1), Base64::Unpadded));
    if (stored.salt.size() < 8 || stored.hash.size() < 16 || stored.hash.size() > 64) {
        return malformed;
    }
    return stored;
}

}  // namespace

Result<std::string> hash_password(std::string_view password, SecretSource& secrets) {
    const ScryptCost cost;
    std::array<std::uint8_t, kSaltBytes> salt{};
    secrets.fill(salt);
    TRY_ASSIGN(const auto hash, derive(password, salt, cost, kHashBytes));
    return fmt::format("$scrypt$ln={},r={},p={}${}${}", cost.log2_n, cost.r, cost.p,
                       to_base64(salt, Base64::Unpadded), to_base64(hash, Base64::Unpadded));
}

Result<bool> verify_password(std::string_view password, std::string_view hash) {
    TRY_ASSIGN(const StoredHash stored, parse(hash));
    TRY_ASSIGN(const auto derived, derive(password, stored.salt, stored.cost, stored.hash.size()));
    return equal_in_constant_time(derived, stored.hash);
}

}  // namespace kith::crypto
