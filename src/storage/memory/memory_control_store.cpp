// The control store as ordered maps.
#include <algorithm>
#include <deque>
#include <functional>
#include <map>

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
        ++change_count_;
        return {};
    }

    Status remove_token(std::string_view id) override {
        const auto found = tokens_.find(id);
        if (found == tokens_.end()) {
            return fail(ErrorKind::NotFound, "there is no token of this id");
        }
        tokens_.erase(found);
        ++change_count_;
        return {};
    }

    Result<std::vector<TokenRecord>> tokens() override { return values(tokens_); }

    Status add_user(const UserRecord& user) override {
        TRY(check_user(user));
        if (users_.contains(user.name)) {
            return fail(ErrorKind::Conflict, "a user of this name exists");
        }
        if (users_.size() >= kUsersMax) {
            return fail(ErrorKind::Limit, "there are too many users");
        }
        users_.emplace(user.name, user);
        ++change_count_;
        return {};
    }

    Result<std::vector<UserRecord>> users() override { return values(users_); }

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
        if (audit_.size() > kAuditRecordsMax) {
            audit_.pop_back();
        }
        ++change_count_;
        return {};
    }

    Result<std::vector<AuditRecord>> audit(std::size_t count_max) override {
        const auto count = static_cast<std::ptrdiff_t>(std::min(count_max, audit_.size()));
        return std::vector<AuditRecord>(audit_.begin(), audit_.begin() + count);
    }

    Result<std::uint64_t> change_counter() override { return change_count_; }

  private:
    Table<TokenRecord> tokens_;
    Table<UserRecord> users_;
    Table<std::string> settings_;
    std::deque<AuditRecord> audit_;  // the newest first
    std::uint64_t change_count_ = 0;
};

}  // namespace

std::unique_ptr<ControlStore> make_memory_control_store() {
    return std::make_unique<MemoryControlStore>();
}

}  // namespace kith::storage
