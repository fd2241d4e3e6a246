// Who may do what: the checks that every request passes before it is handled.
//
// Threads: shard-local.
#pragma once

#include <functional>
#include <optional>

#include "api/call.h"
#include "api/problem.h"
#include "api/route_table.h"
#include "api/server.h"

namespace kith::api {

class Gate {
  public:
    /// `parts` outlives the gate.
    explicit Gate(const ApiParts& parts) : parts_(&parts) {}

    /// Finds out who sends `head`; `done` gets the caller, or why the credentials are refused.
    /// Without credentials the caller is Nobody.
    void identify(const http::Request& head,
                  std::function<void(tl::expected<Caller, Problem>)> done) const;

    /// Nothing if this caller may use this route.
    [[nodiscard]] std::optional<Problem> check(const Route& route, const Call& call,
                                               const http::Request& head) const;

    /// True while the session or token of a caller is good; not a sign of life.
    [[nodiscard]] bool is_still_good(const Caller& caller) const;

  private:
    [[nodiscard]] Caller caller_of_cookie(const http::Request& head) const;

    const ApiParts* parts_;
};

/// The name of the cookie that carries a console session.
inline constexpr std::string_view kSessionCookie = "kith_session";
/// The header that carries the CSRF token.
inline constexpr std::string_view kTokenHeader = "X-Kith-Token";

}  // namespace kith::api
