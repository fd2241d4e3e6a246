#include "access/token_table.h"

#include <algorithm>
#include <tuple>

#include "access/names.h"
#include "crypto/token.h"

namespace kith::access {

TokenTable::TokenTable(const std::vector<storage::TokenRecord>& records) {
    entries_.reserve(records.size());
    for (const storage::TokenRecord& record : records) {
        const auto role = parse_role(record.role);
        if (!role) {
            continue;
        }
        entries_.push_back({.secret_digest = record.secret_digest,
                            .id = record.id,
                            .name = record.name,
                            .role = *role,
                            .created_at = record.created_at,
                            .expires_at = record.expires_at,
                            .topic_roles = split_topic_roles(record.topic_roles),
                            .machine = record.machine});
    }
    std::ranges::sort(entries_, {}, &TokenEntry::secret_digest);
}

const TokenEntry* TokenTable::find(std::string_view token) const {
    const crypto::Digest digest = crypto::token_digest(token);
    const auto found = std::ranges::lower_bound(entries_, digest, {}, &TokenEntry::secret_digest);
    return found != entries_.end() && found->secret_digest == digest ? &*found : nullptr;
}

const TokenEntry* TokenTable::find_id(std::string_view id) const {
    const auto found = std::ranges::find(entries_, id, &TokenEntry::id);
    return found == entries_.end() ? nullptr : &*found;
}

std::vector<const TokenEntry*> TokenTable::list() const {
    std::vector<const TokenEntry*> entries;
    entries.reserve(entries_.size());
    for (const TokenEntry& entry : entries_) {
        entries.push_back(&entry);
    }
    std::ranges::sort(entries, {}, [](const TokenEntry* entry) {
        return std::tie(entry->created_at, entry->id);
    });
    return entries;
}

}  // namespace kith::access
