#include "access/client_authenticator.h"

#include <utility>

#include "access/limits.h"
#include "access/machine_desk.h"
#include "access/names.h"
#include "access/password_desk.h"
#include "access/scram_exchange.h"
#include "crypto/token.h"

namespace kith::access {
namespace {

/// Whoever is on this machine may do what it likes; from elsewhere, nothing is free.
bus::Principal anonymous(const bus::AuthRequest& request) {
    bus::Principal principal{.tenant = kDefaultTenant, .name = std::string(kAnonymousName)};
    if (request.is_loopback) {
        principal.topic_roles = {"free"};
    }
    return principal;
}

}  // namespace

void ClientAuthenticator::authenticate(const bus::AuthRequest& request, Done done) {
    if (request.password && !request.password->empty()) {
        if (parts_.tokens.is_token(as_text(*request.password))) {
            check_token(request, std::move(done));
        } else {
            check_password(request, std::move(done));
        }
        return;
    }
    if (!request.session_principal.empty()) {
        check_session(request, std::move(done));
        return;
    }
    if (!request.certificate_fingerprint.empty()) {
        check_certificate(request, std::move(done));
        return;
    }
    if (request.allow_anonymous) {
        done(anonymous(request));
        return;
    }
    done(fail(ErrorKind::Denied,
              "credentials are needed here: a user name and password, or a token as password"));
}

/// A JSON web token that names a machine stands and falls with it; tokens of this node end when
/// their machine does.
void ClientAuthenticator::check_token(const bus::AuthRequest& request, Done done) {
    const std::string_view token = as_text(*request.password);
    if (crypto::token_id(token)) {
        parts_.tokens.check_token(token, std::move(done));
        return;
    }
    parts_.tokens.check_token(token,
                              [this, done = std::move(done)](Result<bus::Principal> principal) {
                                  check_machine(std::move(principal), done);
                              });
}

/// Whoever opened the WebSocket, as far as that still holds.
void ClientAuthenticator::check_session(const bus::AuthRequest& request, Done done) {
    Result<bus::Principal> principal = parts_.tokens.principal_of_session(request);
    if (principal && principal->name.starts_with(kJwtNamePrefix)) {
        check_machine(std::move(principal), std::move(done));
        return;
    }
    done(std::move(principal));
}

void ClientAuthenticator::check_machine(Result<bus::Principal> principal, Done done) {
    if (!principal || principal->machine.empty()) {
        done(std::move(principal));
        return;
    }
    ask_machines(
        [principal = std::move(*principal)](MachineDesk& desk, Done answer) {
            desk.check_machine(principal, std::move(answer));
        },
        std::move(done));
}

void ClientAuthenticator::check_certificate(const bus::AuthRequest& request, Done done) {
    ask_machines(
        [certificate = shown_certificate(request)](MachineDesk& desk, Done answer) {
            desk.check_certificate(certificate, std::move(answer));
        },
        std::move(done));
}

void ClientAuthenticator::ask_machines(std::function<void(MachineDesk&, Done)> question,
                                       Done done) {
    const auto asked = ask<Result<bus::Principal>>(
        [desk = &parts_.machines, question = std::move(question)](PasswordDesk&, Done answer) {
            question(*desk, std::move(answer));
        },
        done);
    if (!asked) {
        done(fail(ErrorKind::Limit, "too many credentials to check at this moment"));
    }
}

void ClientAuthenticator::check_password(const bus::AuthRequest& request, Done done) {
    const std::string_view name = request.user_name.value_or("");
    if (name.empty()) {
        done(fail(ErrorKind::Denied, "the password is no token, and there is no user name"));
        return;
    }
    // shared_ptr: a question has to be copyable, and this text is not.
    const auto attempt = std::make_shared<PasswordTry>(
        PasswordTry{.name = std::string(name),
                    .password = crypto::SecretText(as_text(*request.password)),
                    .remote_address = std::string(request.remote_address)});
    const auto asked = ask<Result<bus::Principal>>(
        [attempt](PasswordDesk& desk, Done answer) {
            desk.check(std::move(*attempt), std::move(answer));
        },
        done);
    if (!asked) {
        done(fail(ErrorKind::Limit, "too many passwords to check at this moment"));
    }
}

std::unique_ptr<bus::AuthExchange> ClientAuthenticator::begin_exchange(
    std::string_view method, const bus::AuthRequest& request) {
    if (method != crypto::kScramMethod) {
        return nullptr;
    }
    return std::make_unique<ScramExchange>(*this, parts_.secrets,
                                           std::string(request.remote_address));
}

}  // namespace kith::access
