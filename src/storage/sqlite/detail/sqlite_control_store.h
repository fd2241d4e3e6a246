// The control store over SQLite. Each call is one transaction; other processes may come in between
// two calls, so nothing is remembered from one call to the next. Threads: one at a time.
#pragma once

#include "storage/control_store.h"
#include "storage/sqlite/detail/database.h"

namespace kith::storage::detail {

class SqliteControlStore final : public ControlStore {
  public:
    explicit SqliteControlStore(Database database) : database_(std::move(database)) {}

    // control_store.cpp
    Status add_token(const TokenRecord& token) override;
    Status remove_token(std::string_view id) override;
    Result<std::vector<TokenRecord>> tokens() override;
    Status add_user(const UserRecord& user) override;
    Status update_user(const UserRecord& user) override;
    Status remove_user(std::string_view name) override;
    Result<std::vector<UserRecord>> users() override;
    Result<std::optional<std::string>> setting(std::string_view key) override;
    Status set_setting(std::string_view key, std::string_view value) override;
    Status remove_setting(std::string_view key) override;
    Status append_audit(const AuditRecord& record) override;
    Result<std::vector<AuditRecord>> audit(const AuditQuery& query) override;
    Result<std::uint64_t> change_counter() override;

    // control_machines.cpp
    Status add_machine(const MachineRecord& machine) override;
    Status update_machine(const MachineRecord& machine) override;
    Status remove_machine(std::string_view name) override;
    Result<std::optional<MachineRecord>> find_machine(std::string_view name) override;
    Result<std::vector<MachineRecord>> machines(const Page& page) override;
    Result<std::size_t> machine_count() override;
    Status add_certificate(const CertificateRecord& certificate) override;
    Status revoke_certificate(const Digest& fingerprint, WallTime at) override;
    Status remove_certificate(const Digest& fingerprint) override;
    Result<std::optional<CertificateRecord>> find_certificate(const Digest& fingerprint) override;
    Result<std::vector<CertificateRecord>> certificates_of(std::string_view machine) override;
    Status add_claim_code(const ClaimCodeRecord& code) override;
    Status remove_claim_code(std::string_view id) override;
    Result<std::vector<ClaimCodeRecord>> claim_codes() override;
    Result<std::optional<ClaimCodeRecord>> find_claim_code(const Digest& digest) override;
    Status redeem_claim_code(const Digest& digest, const MachineRecord& machine) override;
    Status put_role(const RoleRecord& role) override;
    Status remove_role(std::string_view name) override;
    Result<std::vector<RoleRecord>> roles() override;
    Result<Changes> changes_since(std::uint64_t position) override;

  private:
    /// Runs a change as one transaction.
    template <typename Change>
    [[nodiscard]] Status write(Change change) {
        TRY_ASSIGN(Transaction transaction, Transaction::begin(database_));
        TRY(change());
        TRY(transaction.commit());
        ++change_count_;
        return {};
    }
    /// Errors: `full` if the table has `count_max` rows.
    [[nodiscard]] Status check_room(const char* count_sql, std::size_t count_max,
                                    const Error& full);
    /// Errors: NotFound with `missing` if no row changed.
    [[nodiscard]] static Status run_on_one(Statement& change, const char* missing);
    /// Deletes the row of a key.
    [[nodiscard]] Status remove_row(const char* sql, std::string_view key, const char* missing);
    [[nodiscard]] Status insert_machine(const MachineRecord& machine);
    [[nodiscard]] Status change_machine(const MachineRecord& machine);
    [[nodiscard]] Status take_use(const ClaimCodeRecord& code);

    Database database_;
    std::uint64_t change_count_ = 0;
};

}  // namespace kith::storage::detail
