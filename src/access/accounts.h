// Users, machines and claim codes, as administrators handle them over HTTP, and how a device that
// has a claim code becomes a machine.
//
// Every change is one visit to the store with its line in the audit; whoever it concerns is
// disconnected before the answer goes out (registry.h). The last administrator can be neither
// removed nor made something less. Passwords are hashed on the pool.
// Threads: shard-local (home). Limits: storage/limits.h, access/limits.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/credential.h"
#include "access/registry.h"
#include "access/sign_in.h"
#include "access/try_guard.h"
#include "crypto/mac.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard.h"

namespace kith::access {

/// What the accounts work with; all of it outlives them.
struct AccountsParts {
    runtime::Shard& home;
    runtime::BlockingPool& hash_pool;
    Registry& registry;
    TryGuard& guard;
    crypto::SecretSource& secrets;
};

/// Who asks, for the audit.
struct Actor {
    std::string who;           // "user:anna"
    std::string from_address;  // "10.0.0.3:5123"
};

/// A password to be set. Generated ones are told once, in the answer.
struct NewPassword {
    enum class Kind : std::uint8_t { Keep, None, Generate, Chosen };
    Kind kind = Kind::Keep;
    std::string text;  // Chosen
};

struct NewUser {
    std::string name;
    bus::Role role = bus::Role::Viewer;
    std::string password;
};

struct UserChange {
    std::string name;
    std::optional<bus::Role> role;
    std::optional<std::string> password;
};

struct NewMachine {
    std::string name;
    std::string note;
    std::vector<std::string> topic_roles = {"own"};
    NewPassword password;
};

struct MachineChange {
    std::string name;
    std::optional<std::string> note;
    std::optional<std::vector<std::string>> topic_roles;
    std::optional<bool> is_enabled;
    NewPassword password;
};

struct MachineAnswer {
    storage::MachineRecord machine;
    std::string password;  // if one was generated: the only time that it is seen
};

struct NewClaimCode {
    std::string note;
    std::string machine;  // empty: the device names itself
    std::vector<std::string> topic_roles = {"own"};
    std::uint32_t uses = 1;
    std::chrono::seconds expires_in{};
};

struct ClaimCodeAnswer {
    storage::ClaimCodeRecord record;
    std::string code;  // the only time that it is seen
};

struct Provisioning {
    std::string code;
    std::string machine;  // empty: the code's
    runtime::SocketAddress from;
};

struct AccountsCounters {
    std::uint64_t provisioned = 0;
    std::uint64_t provision_denied = 0;
    std::uint64_t provision_paused = 0;
};

class Accounts {
  public:
    explicit Accounts(const AccountsParts& parts) : parts_(parts) {}
    Accounts(const Accounts&) = delete;
    Accounts& operator=(const Accounts&) = delete;

    // Errors of all: Invalid, NotFound, Conflict, Limit, Unavailable.
    void add_user(NewUser user, Actor actor, std::function<void(Status)> done);
    void change_user(UserChange change, Actor actor, std::function<void(Status)> done);
    void remove_user(const std::string& name, Actor actor, std::function<void(Status)> done);

    using MachineDone = std::function<void(Result<MachineAnswer>)>;
    void add_machine(NewMachine machine, Actor actor, MachineDone done);
    void change_machine(MachineChange change, Actor actor, MachineDone done);
    void remove_machine(const std::string& name, Actor actor, std::function<void(Status)> done);
    void list_machines(const std::string& after, const std::string& text, std::size_t count_max,
                       std::function<void(Result<std::vector<storage::MachineRecord>>)> done);

    void add_claim_code(NewClaimCode code, Actor actor,
                        std::function<void(Result<ClaimCodeAnswer>)> done);
    void remove_claim_code(const std::string& id, Actor actor, std::function<void(Status)> done);
    void list_claim_codes(std::function<void(Result<std::vector<storage::ClaimCodeRecord>>)> done);

    /// A device redeems its code. Refusals as of signing in; Conflict if the name is taken.
    using ProvisionResult = tl::expected<MachineAnswer, Refusal>;
    void provision(const Provisioning& device, std::function<void(ProvisionResult)> done);

    [[nodiscard]] const AccountsCounters& counters() const { return counters_; }

  private:
    struct Provision;
    struct SetPassword {
        Credential credential;
        std::string generated;
    };
    using Hashed = std::function<void(Result<Credential>)>;

    void hash(std::string password, PasswordOrigin origin, Hashed done);
    [[nodiscard]] storage::AuditRecord line(Actor actor, const char* what,
                                            std::string detail) const;
    void change(storage::AuditRecord audit, std::function<Status(storage::ControlStore&)> work,
                std::function<void(Status)> done);
    void set_password(const NewPassword& password, std::function<void(Result<SetPassword>)> done);
    void redeem(const std::shared_ptr<Provision>& provision);
    void refuse(const std::shared_ptr<Provision>& provision, const Error& error);

    AccountsParts parts_;
    AccountsCounters counters_;
};

}  // namespace kith::access
