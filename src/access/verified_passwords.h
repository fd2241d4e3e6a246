// Which passwords were right not long ago, so that a fleet that comes back does not need 100 ms of
// a core for each machine.
//
// Kept of a password is HMAC-SHA-256 under a key of 256 random bits which was made at the start and
// is nowhere but in this process. That is no weaker than what is on the disk: without the key the
// digest says nothing, and who can read the key can read the passwords themselves as they arrive.
// A digest is looked at only after the try was counted (try_guard.h), so it is no faster way to
// guess, and is gone when its record changes, when kVerifiedMemory is over, and with the process.
// Threads: shard-local (home). Limits: kVerifiedMax; the one verified longest ago makes room.
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "access/limits.h"
#include "base/hash.h"
#include "base/time.h"
#include "bus/authenticator.h"
#include "crypto/digest.h"
#include "crypto/secrets.h"

namespace kith::access {

class VerifiedPasswords {
  public:
    explicit VerifiedPasswords(crypto::SecretSource& secrets);
    VerifiedPasswords(const VerifiedPasswords&) = delete;
    VerifiedPasswords& operator=(const VerifiedPasswords&) = delete;
    ~VerifiedPasswords();

    void add(std::string_view name, std::string_view password, const bus::Principal& principal,
             Instant now);
    /// Whose password this is, if it is the one that was right; null if that has to be found out.
    /// Valid until the next change.
    [[nodiscard]] const bus::Principal* find(std::string_view name, std::string_view password,
                                             Instant now) const;
    void forget(std::string_view name);
    void forget_all();

    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        std::string name;
        crypto::Digest digest{};
        bus::Principal principal;
        Instant verified_at;
    };
    using Entries = std::list<Entry>;  // the one verified last in front

    [[nodiscard]] crypto::Digest digest_of(std::string_view name, std::string_view password) const;

    crypto::Digest key_{};
    Entries entries_;
    std::unordered_map<std::string_view, Entries::iterator, TextHash> names_;  // views into entries
};

}  // namespace kith::access
