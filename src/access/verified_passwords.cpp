#include "access/verified_passwords.h"

#include "crypto/mac.h"

namespace kith::access {

VerifiedPasswords::VerifiedPasswords(crypto::SecretSource& secrets) {
    secrets.fill(key_);
}

VerifiedPasswords::~VerifiedPasswords() {
    crypto::wipe(key_);
}

void VerifiedPasswords::add(std::string_view name, std::string_view password,
                            const bus::Principal& principal, Instant now) {
    forget(name);
    if (entries_.size() == kVerifiedMax) {
        names_.erase(entries_.back().name);
        entries_.pop_back();
    }
    entries_.push_front({.name = std::string(name),
                         .digest = digest_of(name, password),
                         .principal = principal,
                         .verified_at = now});
    names_.emplace(entries_.front().name, entries_.begin());
}

const bus::Principal* VerifiedPasswords::find(std::string_view name, std::string_view password,
                                              Instant now) const {
    // First, so that a name that is not here costs as much.
    const crypto::Digest digest = digest_of(name, password);
    const auto found = names_.find(name);
    if (found == names_.end() || now - found->second->verified_at > kVerifiedMemory) {
        return nullptr;
    }
    const Entry& entry = *found->second;
    const bool is_same = crypto::equal_in_constant_time(digest, entry.digest);
    return is_same ? &entry.principal : nullptr;
}

void VerifiedPasswords::forget(std::string_view name) {
    if (const auto found = names_.find(name); found != names_.end()) {
        const auto entry = found->second;
        names_.erase(found);
        entries_.erase(entry);
    }
}

void VerifiedPasswords::forget_all() {
    names_.clear();
    entries_.clear();
}

crypto::Digest VerifiedPasswords::digest_of(std::string_view name,
                                            std::string_view password) const {
    // A key of its own for each name: no pair of name and password stands for another.
    const crypto::Digest key_of_name = crypto::hmac_sha256(key_, as_bytes(name));
    return crypto::hmac_sha256(key_of_name, as_bytes(password));
}

}  // namespace kith::access
