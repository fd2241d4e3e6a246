// The control store as ordered maps.
#include <algorithm>
#include <cctype>
#include <deque>
#include <functional>
#include <map>

#include "base/bytes.h"
#include "storage/control_rules.h"
#include "storage/limits.h"
#include "storage/memory/memory_stores.h"

namespace kith::storage {
namespace {

template <typename Record>
using Table = std::map<std::string, Record, std::less<>>;

template <typename Record>
std::vector<Record> values(const Table<Record>& table) {
    std::vector<Record> records;
    records.reserve(table.size());
    for (const auto& [key, record] : table) {
        records.push_back(record);
    }
    return records;
}

std::string lower(std::string_view text) {
    std::string lowered(text);
    std::ranges::transform(lowered, lowered.begin(), [](unsigned char character) {
        return static_cast<char>(std::tolower(character));
    });
    return lowered;
}

class MemoryControlStore final : public ControlStore {
  public:
    Status add_token(const TokenRecord& token) override {
        TRY(check_token(token));
        if (tokens_.contains(token.id)) {
            return fail(ErrorKind::Conflict, "a token of this id exists");
        }
        if (tokens_.size() >= kTokensMax) {
            return fail(ErrorKind::Limit, "there are too many tokens");
        }
        tokens_.emplace(token.id, token);
        note_change("tokens", token.id);
        return {};
    }

    Status remove_token(std::string_view id) override {
        const auto found = tokens_.find(id);
        if (found == tokens_.end()) {
            return fail(ErrorKind::NotFound, "there is no token of this id");
        }
        tokens_.erase(found);
        note_change("tokens", id);
        return {};
    }

    Result<std::vector<TokenRecord>> tokens() override { return values(tokens_); }

    Status add_user(const UserRecord& user) override {
        TRY(check_user(user));
        if (users_.contains(user.name)) {
            return fail(ErrorKind::Conflict, "a user of this name exists");
        }
        if (machines_.contains(user.name)) {
            return fail(ErrorKind::Conflict, "a machine has this name");
        }
        if (users_.size() >= kUsersMax) {
            return fail(ErrorKind::Limit, "there are too many users");
        }
        users_.emplace(user.name, user);
        note_change("users", user.name);
        return {};
    }

    Status update_user(const UserRecord& user) override {
        TRY(check_user(user));
        const auto found = users_.find(user.name);
        if (found == users_.end()) {
            return fail(ErrorKind::NotFound, "there is no user of this name");
        }
        const WallTime created_at = found->second.created_at;
        found->second = user;
        found->second.created_at = created_at;
        note_change("users", user.name);
        return {};
    }

    Status remove_user(std::string_view name) override {
        const auto found = users_.find(name);
        if (found == users_.end()) {
            return fail(ErrorKind::NotFound, "there is no user of this name");
        }
        users_.erase(found);
        note_change("users", name);
        return {};
    }

    Result<std::vector<UserRecord>> users() override { return values(users_); }

    Status add_machine(const MachineRecord& machine) override {
        TRY(check_machine(machine));
        if (machines_.contains(machine.name)) {
            return fail(ErrorKind::Conflict, "a machine of this name exists");
        }
        if (users_.contains(machine.name)) {
            return fail(ErrorKind::Conflict, "a user has this name");
        }
        if (machines_.size() >= kMachinesMax) {
            return fail(ErrorKind::Limit, "there are too many machines");
        }
        machines_.emplace(machine.name, machine);
        ++change_count_;
        return {};
    }

    Status update_machine(const MachineRecord& machine) override {
        TRY(check_machine(machine));
        const auto found = machines_.find(machine.name);
        if (found == machines_.end()) {
            return fail(ErrorKind::NotFound, "there is no machine of this name");
        }
        MachineRecord& kept = found->second;
        const bool is_same =
            kept.topic_roles == machine.topic_roles && kept.scram == machine.scram &&
            kept.password_hash == machine.password_hash && kept.is_enabled == machine.is_enabled;
        const WallTime created_at = kept.created_at;
        kept = machine;
        kept.created_at = created_at;
        ++change_count_;
        if (!is_same) {
            note_change("machines", machine.name);
        }
        return {};
    }

    Status remove_machine(std::string_view name) override {
        const auto found = machines_.find(name);
        if (found == machines_.end()) {
            return fail(ErrorKind::NotFound, "there is no machine of this name");
        }
        machines_.erase(found);
        note_change("machines", name);
        remove_rows_of(name);
        return {};
    }

    Result<std::optional<MachineRecord>> find_machine(std::string_view name) override {
        const auto found = machines_.find(name);
        return found == machines_.end() ? std::nullopt
                                        : std::optional<MachineRecord>(found->second);
    }

    Result<std::vector<MachineRecord>> machines(const Page& page) override {
        const std::string text = lower(page.text);
        const std::size_t count_max = std::min(page.count_max, kPageRecordsMax);
        std::vector<MachineRecord> records;
        for (auto at = machines_.upper_bound(page.after);
             at != machines_.end() && records.size() < count_max; ++at) {
            const MachineRecord& machine = at->second;
            if (lower(machine.name).find(text) != std::string::npos ||
                lower(machine.note).find(text) != std::string::npos) {
                records.push_back(machine);
            }
        }
        return records;
    }

    Result<std::size_t> machine_count() override { return machines_.size(); }

    Status add_certificate(const CertificateRecord& certificate) override {
        TRY(check_certificate(certificate));
        if (!machines_.contains(certificate.machine)) {
            return fail(ErrorKind::NotFound, "there is no machine of this name");
        }
        if (certificates_.contains(certificate.fingerprint)) {
            return fail(ErrorKind::Conflict, "a certificate of this fingerprint exists");
        }
        if (certificates_.size() >= kCertificatesMax) {
            return fail(ErrorKind::Limit, "there are too many certificates");
        }
        certificates_.emplace(certificate.fingerprint, certificate);
        ++change_count_;
        return {};
    }

    Status revoke_certificate(const Digest& fingerprint, WallTime at) override {
        const auto found = certificates_.find(fingerprint);
        if (found == certificates_.end()) {
            return fail(ErrorKind::NotFound, "there is no certificate of this fingerprint");
        }
        if (found->second.revoked_at == WallTime()) {
            found->second.revoked_at = at;
        }
        note_change("certificates", to_hex(Bytes(fingerprint)));
        return {};
    }

    Status remove_certificate(const Digest& fingerprint) override {
        if (certificates_.erase(fingerprint) == 0) {
            return fail(ErrorKind::NotFound, "there is no certificate of this fingerprint");
        }
        note_change("certificates", to_hex(Bytes(fingerprint)));
        return {};
    }

    Result<std::optional<CertificateRecord>> find_certificate(const Digest& fingerprint) override {
        const auto found = certificates_.find(fingerprint);
        return found == certificates_.end() ? std::nullopt
                                            : std::optional<CertificateRecord>(found->second);
    }

    Result<std::vector<CertificateRecord>> certificates_of(std::string_view machine) override {
        std::vector<CertificateRecord> records;
        for (const auto& [fingerprint, certificate] : certificates_) {
            if (certificate.machine == machine && records.size() < kPageRecordsMax) {
                records.push_back(certificate);
            }
        }
        return records;
    }

    Status add_claim_code(const ClaimCodeRecord& code) override {
        TRY(check_claim_code(code));
        const bool has_digest = std::ranges::any_of(
            claim_codes_, [&](const auto& entry) { return entry.second.digest == code.digest; });
        if (has_digest || claim_codes_.contains(code.id)) {
            return fail(ErrorKind::Conflict, "this claim code exists");
        }
        if (claim_codes_.size() >= kClaimCodesMax) {
            return fail(ErrorKind::Limit, "there are too many claim codes");
        }
        claim_codes_.emplace(code.id, code);
        ++change_count_;
        return {};
    }

    Status remove_claim_code(std::string_view id) override {
        const auto found = claim_codes_.find(id);
        if (found == claim_codes_.end()) {
            return fail(ErrorKind::NotFound, "there is no claim code of this id");
        }
        claim_codes_.erase(found);
        ++change_count_;
        return {};
    }

    Result<std::vector<ClaimCodeRecord>> claim_codes() override { return values(claim_codes_); }

    Result<std::optional<ClaimCodeRecord>> find_claim_code(const Digest& digest) override {
        for (const auto& [id, code] : claim_codes_) {
            if (code.digest == digest) {
                return std::optional<ClaimCodeRecord>(code);
            }
        }
        return std::optional<ClaimCodeRecord>();
    }

    Status redeem_claim_code(const Digest& digest, const MachineRecord& machine) override {
        TRY(check_machine(machine));
        TRY_ASSIGN(const auto code, find_claim_code(digest));
        if (!code) {
            return fail(ErrorKind::Denied, "there is no such claim code");
        }
        const auto existing = machines_.find(machine.name);
        const bool exists = existing != machines_.end();
        TRY(check_redeeming(*code, machine, exists ? &existing->second : nullptr));
        MachineRecord kept = machine;
        kept.topic_roles = exists ? existing->second.topic_roles : code->topic_roles;
        kept.note = exists ? existing->second.note : machine.note;
        TRY(exists ? update_machine(kept) : add_machine(kept));
        if (--claim_codes_.find(code->id)->second.uses_left == 0) {
            claim_codes_.erase(code->id);
        }
        return {};
    }

    Status put_role(const RoleRecord& role) override {
        TRY(check_role(role));
        if (!roles_.contains(role.name) && roles_.size() >= kRolesMax) {
            return fail(ErrorKind::Limit, "there are too many roles");
        }
        roles_.insert_or_assign(role.name, role);
        note_change("roles", role.name);
        return {};
    }

    Status remove_role(std::string_view name) override {
        const auto found = roles_.find(name);
        if (found == roles_.end()) {
            return fail(ErrorKind::NotFound, "there is no role of this name");
        }
        roles_.erase(found);
        note_change("roles", name);
        return {};
    }

    Result<std::vector<RoleRecord>> roles() override { return values(roles_); }

    Result<std::optional<std::string>> setting(std::string_view key) override {
        const auto found = settings_.find(key);
        if (found == settings_.end()) {
            return std::optional<std::string>();
        }
        return std::optional<std::string>(found->second);
    }

    Status set_setting(std::string_view key, std::string_view value) override {
        TRY(check_setting(key, value));
        if (!settings_.contains(key) && settings_.size() >= kSettingsMax) {
            return fail(ErrorKind::Limit, "there are too many settings");
        }
        settings_.insert_or_assign(std::string(key), std::string(value));
        ++change_count_;
        return {};
    }

    Status remove_setting(std::string_view key) override {
        const auto found = settings_.find(key);
        if (found != settings_.end()) {
            settings_.erase(found);
            ++change_count_;
        }
        return {};
    }

    Status append_audit(const AuditRecord& record) override {
        TRY(check_audit(record));
        audit_.push_front(record);
        audit_.front().id = ++last_audit_id_;
        if (audit_.size() > kAuditRecordsMax) {
            audit_.pop_back();
        }
        ++change_count_;
        return {};
    }

    Result<std::vector<AuditRecord>> audit(const AuditQuery& query) override {
        std::vector<AuditRecord> records;
        for (const AuditRecord& record : audit_) {
            if (records.size() == query.count_max) {
                break;
            }
            if ((query.before_id == 0 || record.id < query.before_id) && record.at >= query.since &&
                record.who.starts_with(query.who) && record.what.starts_with(query.what) &&
                record.from_address.starts_with(query.from_address)) {
                records.push_back(record);
            }
        }
        return records;
    }

    Result<std::uint64_t> change_counter() override { return change_count_; }

    Result<Changes> changes_since(std::uint64_t position) override {
        const std::uint64_t last = changes_forgotten_ + changes_.size();
        Changes changes{.position = last};
        if (position >= last) {
            changes.is_complete = position == last || position == UINT64_MAX;
            return changes;
        }
        changes.is_complete = position >= changes_forgotten_;
        const std::uint64_t skipped = std::max(position, changes_forgotten_) - changes_forgotten_;
        changes.items.assign(changes_.begin() + static_cast<std::ptrdiff_t>(skipped),
                             changes_.end());
        return changes;
    }

  private:
    void note_change(std::string_view table, std::string_view key) {
        changes_.push_back({.table = std::string(table), .key = std::string(key)});
        if (changes_.size() > kChangesMax) {
            changes_.pop_front();
            ++changes_forgotten_;
        }
        ++change_count_;
    }

    void remove_rows_of(std::string_view machine) {
        std::erase_if(certificates_, [&](const auto& entry) {
            if (entry.second.machine != machine) {
                return false;
            }
            note_change("certificates", to_hex(Bytes(entry.first)));
            return true;
        });
        std::erase_if(tokens_, [&](const auto& entry) {
            if (entry.second.machine != machine) {
                return false;
            }
            note_change("tokens", entry.first);
            return true;
        });
    }

    Table<TokenRecord> tokens_;
    Table<UserRecord> users_;
    Table<MachineRecord> machines_;
    std::map<Digest, CertificateRecord> certificates_;
    Table<ClaimCodeRecord> claim_codes_;  // by id
    Table<RoleRecord> roles_;
    Table<std::string> settings_;
    std::deque<Change> changes_;  // the oldest first
    std::uint64_t changes_forgotten_ = 0;
    std::deque<AuditRecord> audit_;  // the newest first
    std::int64_t last_audit_id_ = 0;
    std::uint64_t change_count_ = 0;
};

}  // namespace

std::unique_ptr<ControlStore> make_memory_control_store() {
    return std::make_unique<MemoryControlStore>();
}

}  // namespace kith::storage
