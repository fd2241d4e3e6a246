// The port through which the broker asks who a client is. Answered by access/, faked in tests.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace kith::bus {

/// What a role may do; each may do what the next one may. See docs/guide/access.md.
enum class Role : std::uint8_t { Admin, Operator, Viewer, Machine };

/// Borrowed for the call; an authenticator that answers later copies what it needs.
struct AuthRequest {
    std::string_view client_id;
    std::optional<std::string_view> user_name;
    std::optional<Bytes> password;
    std::string_view remote_address;           // "10.0.0.3:5123"
    std::string_view certificate_subject;      // of the verified client certificate, or empty
    std::string_view certificate_issuer;       // and of the authority that signed it
    Bytes certificate_fingerprint;             // SHA-256 of its DER form, or empty
    std::string_view certificate_common_name;  // names in it, as they stand there: to be checked
    std::string_view certificate_dns_name;
    std::string_view certificate_uri_name;
    WallTime certificate_not_after;
    bool is_own_authority = false;       // the certificate was issued by this node
    bool is_loopback = false;            // the peer is on this machine, and no proxy between
    std::string_view session_principal;  // of the HTTP session or token that opened a WebSocket
    Role session_role = Role::Machine;   // and its role
    std::string_view session_machine;    // and what a token says of topics
    std::span<const std::string> session_topic_roles;
    WallTime session_expires_at;   // and when that ends; 0: it is ended by other means
    bool allow_anonymous = false;  // the listener's rule, already judged for this peer
};

struct Principal {
    TenantId tenant = kDefaultTenant;
    std::string name;  // "anonymous", "token:k3f9", "user:anna", "machine:press-07", "jwt:ISS/SUB"
    Role role = Role::Machine;
    std::string machine;                   // that the credential belongs to, or empty
    std::vector<std::string> topic_roles;  // names of roles that say which topics; see access.md
    WallTime expires_at;                   // of the credential: the connection ends then; 0 never
};

/// One step of an enhanced authentication, seen from this side.
struct AuthStep {
    std::vector<std::uint8_t> bytes;     // for the client's next Authentication Data
    std::optional<Principal> principal;  // the exchange is over and this is who it is
};

/// An enhanced authentication under way (MQTT 5, section 4.12), one connection's. Destroying it
/// gives it up: then no answer comes any more. Threads: shard-local.
class AuthExchange {
  public:
    virtual ~AuthExchange() = default;
    /// Takes the client's Authentication Data and calls `done` once, in this turn or a later one.
    /// Not while an answer is pending, and not after one that had a principal or an error. Errors:
    /// as Authenticator::authenticate, and Malformed for what is no message of the method.
    virtual void step(Bytes bytes, std::function<void(Result<AuthStep>)> done) = 0;
};

/// Threads: shard-local.
class Authenticator {
  public:
    virtual ~Authenticator() = default;
    /// Calls `done` once, in this turn or a later one. Errors: Denied (wrong or missing
    /// credentials), Limit (too many tries, or too many at once), Unavailable (cannot tell now).
    virtual void authenticate(const AuthRequest& request,
                              std::function<void(Result<Principal>)> done) = 0;
    /// Begins an enhanced authentication; null if there is no such method.
    [[nodiscard]] virtual std::unique_ptr<AuthExchange> begin_exchange(std::string_view method,
                                                                       const AuthRequest& request) {
        static_cast<void>(method);
        static_cast<void>(request);
        return nullptr;
    }
};

}  // namespace kith::bus
