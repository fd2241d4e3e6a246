#include "crypto/mac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"
#include "base/narrow.h"

namespace kith::crypto {

Digest hmac_sha256(Bytes key, Bytes message) {
    Digest digest{};
    unsigned int length = 0;
    CHECK(HMAC(EVP_sha256(), key.data(), narrow<int>(key.size()), message.data(), message.size(),
               digest.data(), &length) != nullptr);
    CHECK(length == digest.size());
    return digest;
}

void wipe(MutableBytes bytes) {
    OPENSSL_cleanse(bytes.data(), bytes.size());
}

SecretText::~SecretText() {
    OPENSSL_cleanse(text_.data(), text_.size());
}

}  // namespace kith::crypto
