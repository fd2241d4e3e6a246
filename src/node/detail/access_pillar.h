// Who may come in and do what: users, machines, tokens, certificates, roles, as the node wires
// them.
//
// Threads: those of pillar.h; credential_counters() on the shard that it is asked about.
#pragma once

#include "access/accounts.h"
#include "access/certificate_office.h"
#include "access/client_authenticator.h"
#include "access/machine_desk.h"
#include "access/password_desk.h"
#include "access/registry.h"
#include "access/role_authorizer.h"
#include "access/session_book.h"
#include "access/sign_in.h"
#include "access/token_authenticator.h"
#include "api/backend.h"
#include "node/detail/ground.h"
#include "node/detail/pillar.h"
#include "node/jwks_keeper.h"

#include <memory>
#include <string>
#include <vector>

namespace kith::node {

struct AccessPillar final : public Pillar {
    explicit AccessPillar(Ground& ground) : ground_(ground) {}

    [[nodiscard]] OrProblem<void> prepare() override;
    [[nodiscard]] OrProblem<void> start() override;
    [[nodiscard]] OrProblem<TakeUp> reload(const Renewal& renewal) override;

    /// What one shard counted of signed credentials. On that shard.
    [[nodiscard]] api::CredentialCounters credential_counters(runtime::Shard& here) const;
    /// The code by which the first user claims the node; empty once there is one.
    [[nodiscard]] std::string issue_claim_code();

    // The parts, which the pillars behind it are wired to; there after prepare().
    std::unique_ptr<access::Registry> registry;
    std::vector<std::unique_ptr<access::TokenAuthenticator>> token_authenticators;
    std::vector<std::unique_ptr<access::RoleAuthorizer>> authorizers;
    access::TryGuard try_guard;
    std::unique_ptr<access::PasswordDesk> passwords;
    std::unique_ptr<access::MachineDesk> machine_desk;
    std::unique_ptr<access::CertificateOffice> certificates;
    std::unique_ptr<JwksKeeper> jwks;
    std::vector<std::unique_ptr<access::ClientAuthenticator>> authenticators;
    std::unique_ptr<access::SessionBook> sessions;
    std::unique_ptr<access::SignIn> sign_in;
    std::unique_ptr<access::Accounts> accounts;

  private:
    void make_shard_parts();
    void set_file_roles(std::vector<access::RoleText> roles);
    [[nodiscard]] OrProblem<JwksKeeper::Policy> read_jwt() const;
    void watch_jwt(const JwksKeeper::Policy& policy);
    void publish_jwt(const JwksKeeper::Policy& policy);

    Ground& ground_;
};

}  // namespace kith::node
