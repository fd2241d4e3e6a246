// Says who an MQTT client is, on the shard that asks: the broker's port bus/authenticator.h.
//
// What a client shows is judged in this order, and the first that is there decides:
//   a password   a token if it looks like one (token_authenticator.h), else the password of the
//                user or machine of the user name (password_desk.h)
//   a session    of whoever opened its WebSocket
//   a certificate that its TLS has verified (machine_desk.h)
//   nothing      anonymous, where the listener says so
// What is wrong is refused even where the next thing would do.
// Threads: shard-local. Limits: kPasswordsPendingMax.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "access/limits.h"
#include "access/token_authenticator.h"
#include "bus/authenticator.h"
#include "crypto/secrets.h"
#include "runtime/shard.h"

namespace kith::access {

class MachineDesk;
class PasswordDesk;

/// What an authenticator works with; all of it outlives the authenticator.
struct ClientAuthenticatorParts {
    runtime::Shard& shard;
    TokenAuthenticator& tokens;  // of this shard
    PasswordDesk& desk;
    MachineDesk& machines;
    ShardId home;  // of the desks
    crypto::SecretSource& secrets;
};

class ClientAuthenticator final : public bus::Authenticator {
  public:
    explicit ClientAuthenticator(const ClientAuthenticatorParts& parts) : parts_(parts) {}
    ClientAuthenticator(const ClientAuthenticator&) = delete;
    ClientAuthenticator& operator=(const ClientAuthenticator&) = delete;

    void authenticate(const bus::AuthRequest& request,
                      std::function<void(Result<bus::Principal>)> done) override;
    /// "SCRAM-SHA-256". A password in the same CONNECT is not looked at.
    [[nodiscard]] std::unique_ptr<bus::AuthExchange> begin_exchange(
        std::string_view method, const bus::AuthRequest& request) override;

    /// Asks the desk on its shard; `done` is called here, unless the question is given up. Nothing
    /// if too many questions are there already.
    template <typename Answer>
    std::optional<std::uint64_t> ask(
        std::function<void(PasswordDesk&, std::function<void(Answer)>)> question,
        std::function<void(Answer)> done);
    void give_up(std::uint64_t question) { pending_.erase(question); }

  private:
    using Done = std::function<void(Result<bus::Principal>)>;

    void check_token(const bus::AuthRequest& request, Done done);
    void check_session(const bus::AuthRequest& request, Done done);
    void check_machine(Result<bus::Principal> principal, Done done);
    void check_password(const bus::AuthRequest& request, Done done);
    void check_certificate(const bus::AuthRequest& request, Done done);
    void ask_machines(std::function<void(MachineDesk&, Done)> question, Done done);

    ClientAuthenticatorParts parts_;
    // What to do with the answer of the desk, which is the std::function's argument behind the
    // pointer: by number.
    std::unordered_map<std::uint64_t, std::function<void(void*)>> pending_;
    std::uint64_t next_number_ = 0;
};

template <typename Answer>
std::optional<std::uint64_t> ClientAuthenticator::ask(
    std::function<void(PasswordDesk&, std::function<void(Answer)>)> question,
    std::function<void(Answer)> done) {
    if (pending_.size() >= kPasswordsPendingMax) {
        return std::nullopt;
    }
    const std::uint64_t number = next_number_++;
    pending_.emplace(number, [done = std::move(done)](void* answer) {
        done(std::move(*static_cast<Answer*>(answer)));
    });
    parts_.shard.post(parts_.home, [this, desk = &parts_.desk, id = parts_.shard.id(), number,
                                    question = std::move(question)](runtime::Shard& home) {
        question(*desk, [this, &home, id, number](Answer answer) {
            home.post(id, [this, number, answer = std::move(answer)](runtime::Shard&) mutable {
                const auto found = pending_.find(number);
                if (found == pending_.end()) {
                    return;  // given up
                }
                const std::function<void(void*)> take = std::move(found->second);
                pending_.erase(found);
                take(&answer);
            });
        });
    });
    return number;
}

}  // namespace kith::access
