// Answers about the node itself, and the two ways out of HTTP: the live feed and MQTT.
#include "api/detail/answers.h"
#include "api/detail/body.h"
#include "api/detail/handlers.h"
#include "api/json_views.h"
#include "api/openapi.h"
#include "api/upgrade.h"
#include "api/web_socket_stream.h"

namespace kith::api {

void Handlers::get_health(const Call&, const Respond& respond) {
    respond(text_response("ok\n"));
}

void Handlers::get_readiness(const Call&, const Respond& respond) {
    const std::string reason = state_->parts.backend.not_ready_reason();
    respond(reason.empty() ? text_response("ok\n") : text_response(reason + "\n", 503));
}

void Handlers::get_metrics(const Call&, const Respond& respond) {
    state_->sampler.need_totals([this, respond] {
        const NodeFacts facts = state_->parts.backend.node();
        const BackupFacts backups = state_->parts.backups.facts();
        const auto uptime = state_->parts.shard.wall_now() - facts.started_at;
        http::Response response = text_response(metrics_text(
            {.totals = state_->usage.latest()->totals,
             .api = state_->counters,
             .sign_in = state_->parts.sign_in.counters(),
             .registry = state_->parts.registry.counters(),
             .backups = backups,
             .passwords = state_->parts.passwords.counters(),
             .accounts = state_->parts.accounts.counters(),
             .sessions = state_->parts.sessions.session_count(),
             .is_store_healthy = facts.is_store_healthy,
             .uptime_s =
                 static_cast<std::uint64_t>(std::max<std::int64_t>(0, uptime.count() / 1000)),
             .version = facts.version,
             .now = state_->parts.shard.wall_now(),
             .certificates = state_->parts.backend.security().certificates,
             .mesh = state_->parts.backend.mesh({.nodes = true, .links = true})}));
        response.headers = {};
        response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        respond(std::move(response));
    });
}

void Handlers::get_certificate(const Call&, const Respond& respond) {
    if (state_->options.ca_pem.empty()) {
        respond(to_response({.status = 404,
                             .code = "certificate.none",
                             .detail = "this node uses a certificate of its owner: ask them"}));
        return;
    }
    http::Response response;
    response.headers.add("Content-Type", "application/x-pem-file");
    response.headers.add("Content-Disposition", "attachment; filename=\"kith-ca.pem\"");
    response.body = state_->options.ca_pem;
    respond(std::move(response));
}

void Handlers::get_openapi(const Call&, const Respond& respond) {
    http::Response response;
    response.headers.add("Content-Type", "application/json");
    response.static_body = as_bytes(openapi_json());
    respond(std::move(response));
}

void Handlers::get_node(const Call&, const Respond& respond) {
    state_->sampler.need_totals([this, respond] {
        const NodeFacts facts = state_->parts.backend.node();
        respond(view_response(NodeView{.facts = facts,
                                       .sample = &*state_->usage.latest(),
                                       .now = state_->parts.shard.wall_now()}));
    });
}

void Handlers::get_stats(const Call&, const Respond& respond) {
    state_->sampler.need_totals([this, respond] {
        respond(view_response(StatsView{.sample = *state_->usage.latest(),
                                        .topic_count = state_->topics.totals().topic_count}));
    });
}

void Handlers::get_usage(const Call& call, const Respond& respond) {
    QueryReader query(call.request.query);
    const UsageQuery wanted{.window_s = query.integer("window_s", 600, 2, 3600),
                            .step_s = query.integer("step_s", 2, 2, 3600)};
    if (is_refused(query, respond)) {
        return;
    }
    const auto series = state_->usage.series(wanted);
    respond(series ? view_response(*series) : error_response(series.error(), "query"));
}

void Handlers::get_events(const Call& call, const Respond& respond) {
    QueryReader query(call.request.query);
    const std::size_t limit = query.limit(50, kEventsMax);
    if (is_refused(query, respond)) {
        return;
    }
    respond(list_response(state_->parts.backend.events(limit), kAsView));
}

void Handlers::open_live(const Call& call, const Respond& respond) {
    auto accepted = accept_websocket(call.request, "");
    if (!accepted) {
        respond(to_response(accepted.error()));
        return;
    }
    if (!state_->live.has_room()) {
        respond(to_response({.status = 503,
                             .code = "feed.limit",
                             .detail = "too many consoles follow the live feed",
                             .retry_after_s = 30}));
        return;
    }
    Reply reply(std::move(*accepted));
    reply.upgrade = [this, caller = call.caller](std::unique_ptr<runtime::Stream> stream,
                                                 std::string rest) {
        state_->live.open(std::move(stream), std::move(rest), caller);
    };
    respond(std::move(reply));
}

void Handlers::open_mqtt(const Call& call, const Respond& respond) {
    auto accepted = accept_websocket(call.request, "mqtt");
    if (!accepted) {
        respond(to_response(accepted.error()));
        return;
    }
    Reply reply(std::move(*accepted));
    // Never anonymous: over HTTP a machine has a session, a bearer token or a token as password.
    reply.upgrade = [this, caller = call.caller](std::unique_ptr<runtime::Stream> stream,
                                                 const std::string& rest) {
        state_->parts.accept_mqtt(
            std::make_unique<WebSocketStream>(state_->parts.shard, std::move(stream), rest),
            {.allow_anonymous = false,
             .session_principal = caller.principal,
             .session_role = caller.role,
             .session_machine = caller.machine,
             .session_topic_roles = caller.topic_roles,
             .session_expires_at = caller.expires_at});
    };
    respond(std::move(reply));
}

}  // namespace kith::api
