// All API tokens of a node at one moment, to be looked up by what a client shows.
//
// Immutable: a change makes a new table, which every shard gets by mail, so that checking a token
// takes no lock and asks nobody. Look-up is by the SHA-256 of the whole token, which an attacker
// cannot steer towards a stored one. Threads: immutable, any shard.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "bus/authenticator.h"
#include "crypto/digest.h"
#include "storage/control_store.h"

namespace kith::access {

struct TokenEntry {
    crypto::Digest secret_digest{};
    std::string id;
    std::string name;
    bus::Role role = bus::Role::Machine;
    WallTime created_at;
    WallTime expires_at;  // 0 never
    std::vector<std::string> topic_roles;
    std::string machine;  // that it belongs to, or empty

    [[nodiscard]] bool is_expired(WallTime now) const {
        return expires_at != WallTime() && now >= expires_at;
    }
};

class TokenTable {
  public:
    TokenTable() = default;
    /// Records with a role that this version does not know are left out: they open nothing.
    explicit TokenTable(const std::vector<storage::TokenRecord>& records);

    /// The entry for a token's text, expired or not; null if there is none.
    [[nodiscard]] const TokenEntry* find(std::string_view token) const;
    /// The entry of an id; null if there is none.
    [[nodiscard]] const TokenEntry* find_id(std::string_view id) const;
    /// In order of creation.
    [[nodiscard]] std::vector<const TokenEntry*> list() const;
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    std::vector<TokenEntry> entries_;  // sorted by secret_digest
};

}  // namespace kith::access
