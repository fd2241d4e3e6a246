#include "node/detail/access_pillar.h"

#include "node/role_file.h"

#include <functional>
#include <utility>

namespace kith::node {

OrProblem<void> AccessPillar::prepare() {
    runtime::Shard& home = ground_.home();
    crypto::SystemSecrets& secrets = ground_.secrets;
    registry =
        std::make_unique<access::Registry>(access::RegistryParts{.home = home,
                                                                 .store_pool = *ground_.store_pool,
                                                                 .store = *ground_.control,
                                                                 .secrets = secrets});
    sessions = std::make_unique<access::SessionBook>(secrets);
    sign_in = std::make_unique<access::SignIn>(access::SignInParts{.home = home,
                                                                   .hash_pool = *ground_.hash_pool,
                                                                   .registry = *registry,
                                                                   .sessions = *sessions,
                                                                   .guard = try_guard,
                                                                   .secrets = secrets});
    accounts =
        std::make_unique<access::Accounts>(access::AccountsParts{.home = home,
                                                                 .hash_pool = *ground_.hash_pool,
                                                                 .registry = *registry,
                                                                 .guard = try_guard,
                                                                 .secrets = secrets});
    passwords = std::make_unique<access::PasswordDesk>(
        access::PasswordDeskParts{.home = home,
                                  .hash_pool = *ground_.client_hash_pool,
                                  .registry = *registry,
                                  .guard = try_guard,
                                  .secrets = secrets});
    machine_desk =
        std::make_unique<access::MachineDesk>(home, *registry, ground_.config.certificate_machine);
    certificates =
        std::make_unique<access::CertificateOffice>(*registry, ground_.tls.client_authority);
    jwks = std::make_unique<JwksKeeper>(home, *ground_.hash_pool,
                                        [this](JwksKeeper::Policy policy) { publish_jwt(policy); });
    make_shard_parts();
    return {};
}

void AccessPillar::make_shard_parts() {
    for (std::uint16_t i = 0; i < ground_.shards->size(); ++i) {
        token_authenticators.push_back(
            std::make_unique<access::TokenAuthenticator>(ground_.shard(i), *registry, ShardId(0)));
        registry->attach(*token_authenticators.back());
        authenticators.push_back(std::make_unique<access::ClientAuthenticator>(
            access::ClientAuthenticatorParts{.shard = ground_.shard(i),
                                             .tokens = *token_authenticators.back(),
                                             .desk = *passwords,
                                             .machines = *machine_desk,
                                             .home = ShardId(0),
                                             .secrets = ground_.secrets}));
        authorizers.push_back(std::make_unique<access::RoleAuthorizer>(ShardId(i)));
        registry->attach(*authorizers.back());
    }
}

OrProblem<void> AccessPillar::start() {
    auto roles = load_role_file(ground_.config.acl_file);
    if (!roles) {
        return tl::unexpected(roles.error());
    }
    set_file_roles(std::move(*roles));
    const auto started = ask<Status>(
        ground_.home(), [this](runtime::Shard&, const std::function<void(Status)>& answer) {
            registry->start(answer);
        });
    if (!started) {
        return problem(explain("cannot read " + ground_.data.file("control.db"), started.error()));
    }
    auto policy = read_jwt();
    if (!policy) {
        return tl::unexpected(policy.error());
    }
    watch_jwt(*policy);
    return {};
}

OrProblem<TakeUp> AccessPillar::reload(const Renewal& renewal) {
    auto roles = load_role_file(renewal.config.acl_file);
    if (!roles) {
        ground_.at_home([&] { registry->set_file_problem(roles.error().text); });
        return tl::unexpected(roles.error());
    }
    // Whether and for whom tokens are taken stays as it was; the keys are read anew.
    auto policy = read_jwt();
    if (!policy) {
        return tl::unexpected(policy.error());
    }
    return TakeUp([this, roles = std::move(*roles), policy = std::move(*policy)] {
        watch_jwt(policy);
        set_file_roles(roles);
    });
}

void AccessPillar::set_file_roles(std::vector<access::RoleText> roles) {
    ground_.at_home([&] { registry->set_file_roles(std::move(roles)); });
}

/// The keys of JSON web tokens; null if there is no file of them.
OrProblem<JwksKeeper::Policy> AccessPillar::read_jwt() const {
    const NodeConfig& config = ground_.config;
    if (config.jwks_file.empty()) {
        return JwksKeeper::Policy();
    }
    return JwksKeeper::load(config.jwks_file, {.issuer = config.jwt_issuer,
                                               .audience = config.jwt_audience,
                                               .machine_claim = config.jwt_machine_claim});
}

void AccessPillar::watch_jwt(const JwksKeeper::Policy& policy) {
    if (policy != nullptr) {
        ground_.at_home([&] { jwks->watch(ground_.config.jwks_file, policy); });
    }
}

/// On the first shard.
void AccessPillar::publish_jwt(const JwksKeeper::Policy& policy) {
    token_authenticators.front()->set_jwt(policy);
    for (std::uint16_t i = 1; i < ground_.shards->size(); ++i) {
        ground_.home().post(ShardId(i), [this, i, policy](runtime::Shard&) {
            token_authenticators[i]->set_jwt(policy);
        });
    }
}

api::CredentialCounters AccessPillar::credential_counters(runtime::Shard& here) const {
    const access::JwtCounters& jwt = token_authenticators[here.id().value()]->jwt_counters();
    api::CredentialCounters shown{
        .jwt_accepted = jwt.accepted, .jwt_denied = jwt.denied, .jwt_over_limit = jwt.over_limit};
    if (here.id() == ShardId(0)) {  // where these live
        const access::MachineDeskCounters& desk = machine_desk->counters();
        shown.jwks_failures = jwks->failure_count();
        shown.certificates_accepted = desk.certificates_accepted;
        shown.certificates_denied = desk.certificates_denied;
        shown.certificates_revoked = desk.certificates_revoked;
    }
    return shown;
}

std::string AccessPillar::issue_claim_code() {
    return run_on(ground_.home(), [this](runtime::Shard&) {
        return registry->users().empty() ? sign_in->issue_claim_code() : std::string();
    });
}

}  // namespace kith::node
