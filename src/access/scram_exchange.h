// Enhanced authentication with SCRAM-SHA-256, one connection's: the messages here, the accounts at
// the desk (password_desk.h), which counts the try when the name is known and says at the end
// whether the account is still the one that the proof was for.
// Threads: shard-local; the desk is asked by mail.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "access/client_authenticator.h"
#include "bus/authenticator.h"
#include "crypto/scram.h"
#include "crypto/secrets.h"

namespace kith::access {

class ScramExchange final : public bus::AuthExchange {
  public:
    /// `owner` and `secrets` outlive this.
    ScramExchange(ClientAuthenticator& owner, crypto::SecretSource& secrets,
                  std::string remote_address)
        : owner_(&owner), secrets_(&secrets), remote_address_(std::move(remote_address)) {}
    ScramExchange(const ScramExchange&) = delete;
    ScramExchange& operator=(const ScramExchange&) = delete;
    ~ScramExchange() override;

    void step(Bytes bytes, std::function<void(Result<bus::AuthStep>)> done) override;

  private:
    enum class State : std::uint8_t { AwaitingFirst, AwaitingFinal, Over };
    using Done = std::function<void(Result<bus::AuthStep>)>;

    void take_first(Bytes bytes, Done done);
    void take_final(Bytes bytes, Done done);

    ClientAuthenticator* owner_;
    crypto::SecretSource* secrets_;
    std::string remote_address_;
    crypto::ScramServer server_;
    std::string verifier_text_;  // of the account when the exchange began; empty: there is none
    State state_ = State::AwaitingFirst;
    std::optional<std::uint64_t> question_;  // that is at the desk
};

}  // namespace kith::access
