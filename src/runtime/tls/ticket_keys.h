// The keys of TLS session tickets (RFC 5077, RFC 8446): one that encrypts, and older ones that
// still open.
//
// Made at random here, kept in memory only and forgotten when the last ticket of theirs is over, so
// that what was recorded yesterday cannot be opened by what is found today. One object serves all
// shards of a listener, so that a client may come back to another shard. Tickets carry a client's
// certificate: a node that changes its trust makes a new object, and old tickets open nothing.
// Threads: thread-safe (a mutex, taken once a handshake). Limits: kTlsTicketKeyLifetime.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "base/bytes.h"
#include "base/time.h"

namespace kith::runtime {

class TicketKeys {
  public:
    static constexpr std::size_t kNameBytes = 16;

    /// As SSL_CTX_set_tlsext_ticket_key_evp_cb() wants them; `name` and `iv` are filled, or read.
    struct Request {
        unsigned char* name;
        unsigned char* iv;
        EVP_CIPHER_CTX* cipher;
        EVP_MAC_CTX* mac;
    };
    /// Sets cipher and MAC up for a new ticket; 1, or -1 if OpenSSL fails.
    [[nodiscard]] int encrypt(const Request& request, Instant now);
    /// The same for a ticket that came: 0 if its key is gone, 2 if the client is to get a new one.
    [[nodiscard]] int decrypt(const Request& request, Instant now);

    [[nodiscard]] std::size_t key_count();

  private:
    struct Key {
        std::array<std::uint8_t, kNameBytes> name;
        std::array<std::uint8_t, 32> cipher;
        std::array<std::uint8_t, 32> mac;
        Instant made_at;
    };

    /// Requires: the mutex.
    void rotate(Instant now);
    [[nodiscard]] static bool set_up(const Key& key, const Request& request, bool is_encryption);

    std::mutex mutex_;
    std::deque<Key> keys_;  // the newest first
};

}  // namespace kith::runtime
