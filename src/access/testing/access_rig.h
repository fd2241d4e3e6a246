// A node's access on two simulated shards, over a store that can be broken.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "access/accounts.h"
#include "access/certificate_office.h"
#include "access/client_authenticator.h"
#include "access/machine_desk.h"
#include "access/password_desk.h"
#include "access/registry.h"
#include "access/session_book.h"
#include "access/sign_in.h"
#include "access/token_authenticator.h"
#include "crypto/client_certificate.h"
#include "crypto/fake_secrets.h"
#include "crypto/token.h"
#include "runtime/sim/world.h"
#include "storage/memory/memory_stores.h"

namespace kith::access {

/// The store in memory, behind a switch.
class BreakableStore final : public storage::ControlStore {
  public:
    bool is_broken = false;
    bool is_audit_broken = false;
    std::function<void(std::vector<storage::UserRecord>&)> edit_users;  // as a tool would

    Status add_token(const storage::TokenRecord& token) override {
        TRY(works());
        return store_->add_token(token);
    }
    Status remove_token(std::string_view id) override {
        TRY(works());
        return store_->remove_token(id);
    }
    Result<std::vector<storage::TokenRecord>> tokens() override {
        TRY(works());
        return store_->tokens();
    }
    Status add_user(const storage::UserRecord& user) override {
        TRY(works());
        return store_->add_user(user);
    }
    Result<std::vector<storage::UserRecord>> users() override {
        TRY(works());
        TRY_ASSIGN(auto users, store_->users());
        if (edit_users) {
            edit_users(users);
        }
        return users;
    }
    Status update_user(const storage::UserRecord& user) override {
        TRY(works());
        return store_->update_user(user);
    }
    Status remove_user(std::string_view name) override {
        TRY(works());
        return store_->remove_user(name);
    }
    Status add_machine(const storage::MachineRecord& machine) override {
        TRY(works());
        return store_->add_machine(machine);
    }
    Status update_machine(const storage::MachineRecord& machine) override {
        TRY(works());
        return store_->update_machine(machine);
    }
    Status remove_machine(std::string_view name) override {
        TRY(works());
        return store_->remove_machine(name);
    }
    Result<std::optional<storage::MachineRecord>> find_machine(std::string_view name) override {
        TRY(works());
        return store_->find_machine(name);
    }
    Result<std::vector<storage::MachineRecord>> machines(const storage::Page& page) override {
        TRY(works());
        return store_->machines(page);
    }
    Result<std::size_t> machine_count() override {
        TRY(works());
        return store_->machine_count();
    }
    Status add_certificate(const storage::CertificateRecord& certificate) override {
        TRY(works());
        return store_->add_certificate(certificate);
    }
    Status revoke_certificate(const storage::Digest& fingerprint, WallTime at) override {
        TRY(works());
        return store_->revoke_certificate(fingerprint, at);
    }
    Status remove_certificate(const storage::Digest& fingerprint) override {
        TRY(works());
        return store_->remove_certificate(fingerprint);
    }
    Result<std::optional<storage::CertificateRecord>> find_certificate(
        const storage::Digest& fingerprint) override {
        TRY(works());
        return store_->find_certificate(fingerprint);
    }
    Result<std::vector<storage::CertificateRecord>> certificates_of(
        std::string_view machine) override {
        TRY(works());
        return store_->certificates_of(machine);
    }
    Status add_claim_code(const storage::ClaimCodeRecord& code) override {
        TRY(works());
        return store_->add_claim_code(code);
    }
    Status remove_claim_code(std::string_view id) override {
        TRY(works());
        return store_->remove_claim_code(id);
    }
    Result<std::vector<storage::ClaimCodeRecord>> claim_codes() override {
        TRY(works());
        return store_->claim_codes();
    }
    Result<std::optional<storage::ClaimCodeRecord>> find_claim_code(
        const storage::Digest& digest) override {
        TRY(works());
        return store_->find_claim_code(digest);
    }
    Status redeem_claim_code(const storage::Digest& digest,
                             const storage::MachineRecord& machine) override {
        TRY(works());
        return store_->redeem_claim_code(digest, machine);
    }
    Status put_role(const storage::RoleRecord& role) override {
        TRY(works());
        return store_->put_role(role);
    }
    Status remove_role(std::string_view name) override {
        TRY(works());
        return store_->remove_role(name);
    }
    Result<std::vector<storage::RoleRecord>> roles() override {
        TRY(works());
        return store_->roles();
    }
    Result<storage::Changes> changes_since(std::uint64_t position) override {
        TRY(works());
        return store_->changes_since(position);
    }
    Result<std::optional<std::string>> setting(std::string_view key) override {
        return store_->setting(key);
    }
    Status set_setting(std::string_view key, std::string_view value) override {
        return store_->set_setting(key, value);
    }
    Status remove_setting(std::string_view key) override { return store_->remove_setting(key); }
    Status append_audit(const storage::AuditRecord& record) override {
        TRY(works());
        if (is_audit_broken) {
            return fail(ErrorKind::Io, "broken by the test");
        }
        return store_->append_audit(record);
    }
    Result<std::vector<storage::AuditRecord>> audit(const storage::AuditQuery& query) override {
        TRY(works());
        return store_->audit(query);
    }
    Result<std::uint64_t> change_counter() override {
        TRY(works());
        return store_->change_counter();
    }

  private:
    Status works() const {
        return is_broken ? Status(fail(ErrorKind::Io, "broken by the test")) : Status();
    }

    std::unique_ptr<storage::ControlStore> store_ = storage::make_memory_control_store();
};

/// Passes work on, or refuses it as a full pool does.
class BreakablePool final : public runtime::BlockingPool {
  public:
    explicit BreakablePool(runtime::BlockingPool& pool) : pool_(&pool) {}
    bool is_full = false;

    Status submit(runtime::Shard& shard,
                  std::function<std::unique_ptr<runtime::Mail>()> work) override {
        if (is_full) {
            return fail(ErrorKind::Limit, "full by the test");
        }
        return pool_->submit(shard, std::move(work));
    }

  private:
    runtime::BlockingPool* pool_;
};

class AccessRig {
  public:
    AccessRig() {
        registry.attach(authenticators[0]);
        registry.attach(authenticators[1]);
    }

    [[nodiscard]] runtime::Shard& shard(std::uint16_t i) { return host.shard(ShardId(i)); }

    /// Runs `action` on a shard and waits until it has set its answer.
    template <typename Answer>
    Answer await(std::uint16_t i, const std::function<void(std::function<void(Answer)>)>& action) {
        std::optional<Answer> answer;
        shard(i).post_completion(runtime::make_mail([&](runtime::Shard&) {
            action([&answer](Answer given) {
                EXPECT_FALSE(answer.has_value()) << "answered twice";
                answer.emplace(std::move(given));
            });
        }));
        EXPECT_TRUE(world.run_until([&] { return answer.has_value(); }, 1min));
        return std::move(*answer);
    }

    Status start() {
        return await<Status>(0, [this](auto done) { registry.start(std::move(done)); });
    }
    Result<CreatedToken> create_token(const NewToken& token) {
        return await<Result<CreatedToken>>(
            0, [&](auto done) { registry.create_token(token, std::move(done)); });
    }
    Status revoke_token(const std::string& id) {
        return await<Status>(
            0, [&](auto done) { registry.revoke_token(id, "user:anna", std::move(done)); });
    }
    Result<bus::Principal> check_token(std::uint16_t i, const std::string& token) {
        return await<Result<bus::Principal>>(
            i, [&](auto done) { authenticators[i].check_token(token, std::move(done)); });
    }
    Result<bus::Principal> authenticate(const bus::AuthRequest& request) {
        return await<Result<bus::Principal>>(
            1, [&](auto done) { clients[1].authenticate(request, std::move(done)); });
    }
    SignInResult try_sign_in(const Credentials& credentials) {
        return await<SignInResult>(
            0, [&](auto done) { sign_in.sign_in(credentials, std::move(done)); });
    }
    SignInResult try_claim(const Claim& claim) {
        return await<SignInResult>(0, [&](auto done) { sign_in.claim(claim, std::move(done)); });
    }
    /// What is done by another process: straight into the store.
    crypto::Token add_token_outside(const char* role) {
        const crypto::Token token = crypto::make_token(secrets);
        EXPECT_TRUE(store
                        .add_token({.id = token.id,
                                    .name = "by a tool",
                                    .role = role,
                                    .secret_digest = crypto::token_digest(token.text),
                                    .created_at = shard(0).wall_now(),
                                    .expires_at = WallTime()})
                        .has_value());
        return token;
    }
    /// The newest line of the audit, as "who what detail".
    /// "user:anna session.open 10.0.0.9": who, what, detail and address, as far as there are.
    std::string newest_audit() {
        const auto read = store.audit({.count_max = 1});
        if (!read || read->empty()) {
            return "";
        }
        const std::vector<storage::AuditRecord>& records = *read;
        std::string text = records[0].who + " " + records[0].what;
        for (const std::string& part : {records[0].detail, records[0].from_address}) {
            text += part.empty() ? "" : " " + part;
        }
        return text;
    }

    Log log;
    runtime::sim::World world{runtime::sim::WorldOptions{}};
    runtime::sim::Host& host = world.add_host("node", 2, log);
    crypto::FakeSecrets secrets{1};
    BreakableStore store;
    BreakablePool pool{host.blocking_pool()};
    Registry registry{
        RegistryParts{.home = shard(0), .store_pool = pool, .store = store, .secrets = secrets}};
    TokenAuthenticator authenticators[2] = {
        TokenAuthenticator(shard(0), registry, ShardId(0)),
        TokenAuthenticator(shard(1), registry, ShardId(0)),
    };
    TryGuard guard;
    PasswordDesk passwords{PasswordDeskParts{.home = shard(0),
                                             .hash_pool = pool,
                                             .registry = registry,
                                             .guard = guard,
                                             .secrets = secrets}};
    crypto::Identity client_authority =
        crypto::make_client_authority("node", shard(0).wall_now()).value();
    CertificateOffice certificates{registry, client_authority};
    MachineDesk machines{shard(0), registry, CertificateName::CommonName};
    ClientAuthenticator clients[2] = {
        ClientAuthenticator(
            {shard(0), authenticators[0], passwords, machines, ShardId(0), secrets}),
        ClientAuthenticator(
            {shard(1), authenticators[1], passwords, machines, ShardId(0), secrets}),
    };
    Accounts accounts{AccountsParts{.home = shard(0),
                                    .hash_pool = pool,
                                    .registry = registry,
                                    .guard = guard,
                                    .secrets = secrets}};
    SessionBook sessions{secrets};
    SignIn sign_in{SignInParts{.home = shard(0),
                               .hash_pool = pool,
                               .registry = registry,
                               .sessions = sessions,
                               .guard = guard,
                               .secrets = secrets}};
};

}  // namespace kith::access
