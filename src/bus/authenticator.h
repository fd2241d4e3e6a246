// The port through which the broker asks who a client is. Answered by access/, faked in tests.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace kith::bus {

/// What a role may do; each may do what the next one may. See docs/guide/access.md.
enum class Role : std::uint8_t { Admin, Operator, Viewer, Machine };

/// Borrowed for the call; an authenticator that answers later copies what it needs.
struct AuthRequest {
    std::string_view client_id;
    std::optional<std::string_view> user_name;
    std::optional<Bytes> password;
    std::string_view remote_address;       // "10.0.0.3:5123"
    std::string_view certificate_subject;  // of the verified client certificate, or empty
    std::string_view session_principal;    // of the HTTP session or token that opened a WebSocket
    Role session_role = Role::Machine;     // and its role
    bool allow_anonymous = false;          // the listener's rule, already judged for this peer
};

struct Principal {
    TenantId tenant = kDefaultTenant;
    std::string name;  // "anonymous", "token:k3f9", "user:anna", "cert:CN=press-07"
    Role role = Role::Machine;
};

/// Threads: shard-local.
class Authenticator {
  public:
    virtual ~Authenticator() = default;
    /// Calls `done` once, in this turn or a later one. Errors: Denied (wrong or missing
    /// credentials), Limit (too many tries), Unavailable (cannot tell now).
    virtual void authenticate(const AuthRequest& request,
                              std::function<void(Result<Principal>)> done) = 0;
};

}  // namespace kith::bus
