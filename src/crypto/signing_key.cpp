#include "crypto/signing_key.h"

#include <openssl/err.h>

#include <iterator>

#include "base/check.h"
#include "crypto/detail/openssl.h"
#include "crypto/detail/x509_draft.h"

namespace kith::crypto {
namespace {

using detail::KeyPtr;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, detail::Free<EVP_MD_CTX_free>>;

std::shared_ptr<void> shared(KeyPtr key) {
    return {key.release(), [](void* each) { EVP_PKEY_free(static_cast<EVP_PKEY*>(each)); }};
}

EVP_PKEY* native(const std::shared_ptr<void>& key) {
    return static_cast<EVP_PKEY*>(key.get());
}

/// RFC 8410, 4 and 10.1: the algorithm without parameters, then a bit string of 32 bytes.
constexpr std::uint8_t kKeyInfoPrefix[] = {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03,
                                           0x2B, 0x65, 0x70, 0x03, 0x21, 0x00};

}  // namespace

std::vector<std::uint8_t> subject_public_key_info(const Ed25519PublicKey& key) {
    std::vector<std::uint8_t> der(std::begin(kKeyInfoPrefix), std::end(kKeyInfoPrefix));
    der.insert(der.end(), key.begin(), key.end());
    return der;
}

SigningKey SigningKey::generate(SecretSource& secrets) {
    std::array<std::uint8_t, kEd25519SeedBytes> seed{};
    secrets.fill(seed);
    SigningKey key = from_seed(seed).value();
    OPENSSL_cleanse(seed.data(), seed.size());
    return key;
}

Result<SigningKey> SigningKey::from_seed(Bytes seed) {
    if (seed.size() != kEd25519SeedBytes) {
        return fail(ErrorKind::Invalid, "a seed of Ed25519 has 32 bytes");
    }
    KeyPtr key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
    CHECK(key != nullptr);
    return SigningKey(shared(std::move(key)));
}

Result<SigningKey> SigningKey::parse(std::string_view pem) {
    Result<KeyPtr> key = detail::parse_private_key(pem);
    ERR_clear_error();
    if (!key) {
        return tl::unexpected(key.error());
    }
    if (EVP_PKEY_is_a(key->get(), "ED25519") != 1) {
        return fail(ErrorKind::Invalid, "not a private key of Ed25519");
    }
    return SigningKey(shared(std::move(*key)));
}

std::string SigningKey::to_pem() const {
    return detail::to_pem(native(key_));
}

Ed25519PublicKey SigningKey::public_key() const {
    Ed25519PublicKey bytes{};
    std::size_t size = bytes.size();
    CHECK(EVP_PKEY_get_raw_public_key(native(key_), bytes.data(), &size) == 1);
    CHECK(size == bytes.size());
    return bytes;
}

void SigningKey::sign(Bytes message, MutableBytes signature) const {
    CHECK(signature.size() == kEd25519SignatureBytes);
    const DigestContextPtr context(EVP_MD_CTX_new());
    CHECK(context != nullptr);
    CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, native(key_)) == 1);
    std::size_t size = signature.size();
    CHECK(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) ==
          1);
    CHECK(size == signature.size());
}

}  // namespace kith::crypto
