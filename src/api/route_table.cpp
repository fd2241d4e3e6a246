#include "api/route_table.h"

#include <optional>

#include "api/detail/handlers.h"
#include "api/limits.h"

namespace kith::api {
namespace {

using enum http::Method;
using enum Access;

constexpr std::size_t kNone = 0;
constexpr std::size_t kSmall = kSmallBodyBytesMax;

constexpr Route kRoutes[] = {
    {Get, "/healthz", Open, kNone, &Handlers::get_health},
    {Get, "/readyz", Open, kNone, &Handlers::get_readiness},
    {Get, "/metrics", Metrics, kNone, &Handlers::get_metrics},
    {Get, "/kith-ca.pem", Open, kNone, &Handlers::get_certificate},
    {Get, "/mqtt", Optional, kNone, &Handlers::open_mqtt},
    {Get, "/api/openapi.json", Viewer, kNone, &Handlers::get_openapi},
    {Get, "/api/v1/claim", Open, kNone, &Handlers::get_claim},
    {Post, "/api/v1/claim", Open, kSmall, &Handlers::post_claim},
    {Get, "/api/v1/session", Optional, kNone, &Handlers::get_session},
    {Post, "/api/v1/session", Open, kSmall, &Handlers::post_session},
    {Delete, "/api/v1/session", Viewer, kNone, &Handlers::delete_session},
    {Get, "/api/v1/node", Viewer, kNone, &Handlers::get_node},
    {Get, "/api/v1/stats", Viewer, kNone, &Handlers::get_stats},
    {Get, "/api/v1/usage", Viewer, kNone, &Handlers::get_usage},
    {Get, "/api/v1/events", Viewer, kNone, &Handlers::get_events},
    {Get, "/api/v1/machines", Viewer, kNone, &Handlers::get_machines},
    {Get, "/api/v1/machines/{id}", Viewer, kNone, &Handlers::get_machine},
    {Get, "/api/v1/machines/{id}/messages", Viewer, kNone, &Handlers::get_machine_messages},
    {Post, "/api/v1/machines/{id}/disconnect", Operator, kSmall, &Handlers::post_disconnect},
    {Delete, "/api/v1/machines/{id}", Operator, kNone, &Handlers::delete_machine},
    {Get, "/api/v1/topics", Viewer, kNone, &Handlers::get_topics},
    {Delete, "/api/v1/topics", Operator, kNone, &Handlers::delete_topic},
    {Post, "/api/v1/publish", Operator, kPublishBodyBytesMax, &Handlers::post_publish},
    {Get, "/api/v1/tokens", Admin, kNone, &Handlers::get_tokens},
    {Post, "/api/v1/tokens", Admin, kSmall, &Handlers::post_token},
    {Delete, "/api/v1/tokens/{id}", Admin, kNone, &Handlers::delete_token},
    {Get, "/api/v1/users", Admin, kNone, &Handlers::get_users},
    {Post, "/api/v1/users", Admin, kSmall, &Handlers::post_user},
    {Patch, "/api/v1/users/{name}", Admin, kSmall, &Handlers::patch_user},
    {Delete, "/api/v1/users/{name}", Admin, kNone, &Handlers::delete_user},
    {Get, "/api/v1/credentials", Admin, kNone, &Handlers::get_credentials},
    {Post, "/api/v1/credentials", Admin, kSmall, &Handlers::post_credential},
    {Get, "/api/v1/credentials/{machine}", Admin, kNone, &Handlers::get_credential},
    {Patch, "/api/v1/credentials/{machine}", Admin, kSmall, &Handlers::patch_credential},
    {Delete, "/api/v1/credentials/{machine}", Admin, kNone, &Handlers::delete_credential},
    {Get, "/api/v1/claim-codes", Admin, kNone, &Handlers::get_claim_codes},
    {Post, "/api/v1/claim-codes", Admin, kSmall, &Handlers::post_claim_code},
    {Delete, "/api/v1/claim-codes/{id}", Admin, kNone, &Handlers::delete_claim_code},
    {Post, "/api/v1/provision", Open, kSmall, &Handlers::post_provision},
    {Get, "/api/v1/credentials/{machine}/certificates", Admin, kNone, &Handlers::get_certificates},
    {Post, "/api/v1/credentials/{machine}/certificates", Admin, kCertificateBodyBytesMax,
     &Handlers::post_certificate},
    {Delete, "/api/v1/credentials/{machine}/certificates/{fingerprint}", Admin, kNone,
     &Handlers::delete_certificate},
    {Get, "/api/v1/connect/watch", Viewer, kNone, &Handlers::get_connect_watch},
    {Get, "/api/v1/limits", Operator, kNone, &Handlers::get_limits},
    {Get, "/api/v1/backup", Admin, kNone, &Handlers::get_backup},
    {Post, "/api/v1/backup", Admin, kSmall, &Handlers::post_backup},
    {Get, "/api/v1/backup/file", Admin, kNone, &Handlers::get_backup_file},
    {Get, "/api/v1/security", Operator, kNone, &Handlers::get_security},
    {Get, "/api/v1/storage", Operator, kNone, &Handlers::get_storage},
    {Get, "/api/v1/mesh", Operator, kNone, &Handlers::get_mesh},
    {Post, "/api/v1/mesh", Admin, kSmall, &Handlers::post_mesh},
    {Get, "/api/v1/mesh/nodes", Operator, kNone, &Handlers::get_mesh_nodes},
    {Get, "/api/v1/mesh/links", Operator, kNone, &Handlers::get_mesh_links},
    {Get, "/api/v1/mesh/routes", Operator, kNone, &Handlers::get_mesh_routes},
    {Get, "/api/v1/mesh/trace", Operator, kNone, &Handlers::get_mesh_trace},
    {Get, "/api/v1/mesh/directory", Viewer, kNone, &Handlers::get_mesh_directory},
    {Get, "/api/v1/mesh/forward", Admin, kNone, &Handlers::open_mesh_forward},
    {Get, "/api/v1/mesh/invites", Admin, kNone, &Handlers::get_mesh_invites},
    {Post, "/api/v1/mesh/invites", Admin, kSmall, &Handlers::post_mesh_invite},
    {Delete, "/api/v1/mesh/nodes/{id}", Admin, kNone, &Handlers::delete_mesh_node},
    {Get, "/api/v1/traces", Operator, kNone, &Handlers::get_traces},
    {Post, "/api/v1/traces", Operator, kSmall, &Handlers::post_trace},
    {Get, "/api/v1/traces/{id}", Operator, kNone, &Handlers::get_trace},
    {Delete, "/api/v1/traces/{id}", Operator, kNone, &Handlers::delete_trace},
    {Get, "/api/v1/slow-clients", Operator, kNone, &Handlers::get_slow_clients},
    {Get, "/api/v1/log-clients", Operator, kNone, &Handlers::get_logged_clients},
    {Get, "/api/v1/log-clients/{id}", Operator, kNone, &Handlers::get_logged_client},
    {Put, "/api/v1/log-clients/{id}", Operator, kSmall, &Handlers::put_logged_client},
    {Delete, "/api/v1/log-clients/{id}", Operator, kNone, &Handlers::delete_logged_client},
    {Get, "/api/v1/roles", Admin, kNone, &Handlers::get_roles},
    {Get, "/api/v1/roles/{name}", Admin, kNone, &Handlers::get_role},
    {Put, "/api/v1/roles/{name}", Admin, kRoleBodyBytesMax, &Handlers::put_role},
    {Delete, "/api/v1/roles/{name}", Admin, kNone, &Handlers::delete_role},
    {Post, "/api/v1/acl-test", Admin, kSmall, &Handlers::post_acl_test},
    {Get, "/api/v1/audit", Admin, kNone, &Handlers::get_audit},
    {Get, "/api/v1/live", Viewer, kNone, &Handlers::open_live},
};

/// The parameters of `pattern` in `segments`; nothing if they do not fit.
std::optional<std::vector<std::string>> fit(std::string_view pattern,
                                            std::span<const std::string> segments) {
    std::vector<std::string> parameters;
    for (const std::string& segment : segments) {
        if (pattern.empty()) {
            return std::nullopt;
        }
        pattern.remove_prefix(1);
        const std::size_t end = std::min(pattern.find('/'), pattern.size());
        const std::string_view wanted = pattern.substr(0, end);
        pattern.remove_prefix(end);
        if (wanted.starts_with('{') && !segment.empty()) {
            parameters.push_back(segment);
        } else if (wanted != segment) {
            return std::nullopt;
        }
    }
    return pattern.empty() ? std::optional(std::move(parameters)) : std::nullopt;
}

}  // namespace

std::span<const Route> routes() {
    return kRoutes;
}

RouteMatch match_route(http::Method method, std::span<const std::string> segments) {
    const http::Method wanted = method == Head ? Get : method;
    RouteMatch match;
    for (const Route& route : kRoutes) {
        auto parameters = fit(route.pattern, segments);
        if (!parameters) {
            continue;
        }
        if (route.method == wanted) {
            match.route = &route;
            match.parameters = std::move(*parameters);
            return match;
        }
        match.allowed += (match.allowed.empty() ? "" : ", ") + std::string(to_string(route.method));
        match.allowed += route.method == Get ? ", HEAD" : "";
    }
    return match;
}

}  // namespace kith::api
