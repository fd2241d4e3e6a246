#include "runtime/tls/ticket_keys.h"

#include <algorithm>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "base/check.h"
#include "base/narrow.h"
#include "runtime/limits.h"

namespace kith::runtime {
namespace {

template <std::size_t N>
void fill(std::array<std::uint8_t, N>& room) {
    CHECK_TEXT(RAND_bytes(room.data(), narrow<int>(N)) == 1, "the system gives no random bytes");
}

/// From its making to the end of the last ticket that it can have made.
constexpr Duration kKeyLifeMax =
    kTlsTicketKeyLifetime +
    std::chrono::duration_cast<Duration>(std::chrono::seconds(kTlsTicketSeconds));

}  // namespace

int TicketKeys::encrypt(const Request& request, Instant now) {
    const std::lock_guard lock(mutex_);
    rotate(now);
    const Key& key = keys_.front();
    std::ranges::copy(key.name, request.name);
    if (RAND_bytes(request.iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) {
        return -1;
    }
    return set_up(key, request, true) ? 1 : -1;
}

int TicketKeys::decrypt(const Request& request, Instant now) {
    const std::lock_guard lock(mutex_);
    rotate(now);
    for (const Key& key : keys_) {
        if (std::equal(key.name.begin(), key.name.end(), request.name)) {
            const int found = &key == &keys_.front() ? 1 : 2;
            return set_up(key, request, false) ? found : -1;
        }
    }
    return 0;
}

std::size_t TicketKeys::key_count() {
    const std::lock_guard lock(mutex_);
    return keys_.size();
}

void TicketKeys::rotate(Instant now) {
    if (keys_.empty() || now - keys_.front().made_at >= kTlsTicketKeyLifetime) {
        Key& key = keys_.emplace_front();
        fill(key.name);
        fill(key.cipher);
        fill(key.mac);
        key.made_at = now;
    }
    while (now - keys_.back().made_at >= kKeyLifeMax) {
        OPENSSL_cleanse(&keys_.back(), sizeof(Key));
        keys_.pop_back();
    }
}

bool TicketKeys::set_up(const Key& key, const Request& request, bool is_encryption) {
    char digest[] = "SHA256";
    // OpenSSL takes it as not constant and only reads it.
    auto* mac_key = const_cast<std::uint8_t*>(key.mac.data());
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key, key.mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(request.mac, parameters) == 1 &&
           EVP_CipherInit_ex(request.cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(),
                             request.iv, is_encryption ? 1 : 0) == 1;
}

}  // namespace kith::runtime
