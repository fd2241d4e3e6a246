// Test support: who is let in and what they may do, as their words and names say.
//
// Not part of the module. Threads: one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bus/authenticator.h"
#include "bus/authorizer.h"
#include "runtime/shard.h"

namespace kith::broker::testing {

/// Lets in everybody but those with a password that says how not to: "wrong", "unavailable",
/// "limit" are refused, "later" is let in a turn later, "never" gets no answer. The user name
/// becomes the principal; "viewer" and "admin" have those roles, all others are machines.
class FakeAuthenticator final : public bus::Authenticator {
  public:
    explicit FakeAuthenticator(runtime::Shard& shard) : shard_(shard) {}
    void authenticate(const bus::AuthRequest& request,
                      std::function<void(Result<bus::Principal>)> done) override;
    /// The method "TEST". Each of the client's messages says what becomes of it: "ask" is answered
    /// with "who?", "right NAME" lets NAME in with "welcome", "later NAME" a turn later; "never"
    /// gets no answer, "limit" and "unavailable" are refused as such, anything else is denied.
    [[nodiscard]] std::unique_ptr<bus::AuthExchange> begin_exchange(
        std::string_view method, const bus::AuthRequest& request) override;

  private:
    runtime::Shard& shard_;
};

/// Allows everything to everybody but those of whom it was told what they may do.
class FakeAuthorizer final : public bus::Authorizer {
  public:
    /// What a fake role allows: filters, without variables but `${client}`.
    struct Rules {
        std::vector<std::string> publish;
        std::vector<std::string> subscribe;
        bool publishes_everything = false;
    };
    [[nodiscard]] std::shared_ptr<const bus::TopicRights> rights_of(
        const bus::Principal& principal) override;
    void set_listener(std::function<void()> on_change) override {
        on_change_ = std::move(on_change);
    }
    /// Requires: on the shard's thread, or while it does not run.
    void set(const std::string& name, Rules rules);

  private:
    std::function<void()> on_change_;
    std::map<std::string, std::shared_ptr<const bus::TopicRights>> rights_;
};

}  // namespace kith::broker::testing
