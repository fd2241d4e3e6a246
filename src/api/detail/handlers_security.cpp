// How well the node is kept: facts of all who know some, judged by posture.h.
#include "access/names.h"
#include "api/detail/answers.h"
#include "api/detail/handlers.h"
#include "api/json_views.h"
#include "api/limits.h"
#include "api/posture.h"

namespace kith::api {
namespace {

struct SecurityView {
    const PostureFacts& facts;
    const Posture& posture;
};

PostureFacts gather(ApiState& state) {
    PostureFacts facts;
    facts.now = state.parts.shard.wall_now();
    facts.node = state.parts.backend.node();
    facts.security = state.parts.backend.security();
    const access::Registry& registry = state.parts.registry;
    for (const access::TokenEntry* entry : registry.tokens().list()) {
        facts.keys.push_back({.role = entry->role,
                              .created_at = entry->created_at,
                              .expires_at = entry->expires_at,
                              .last_used_at = registry.last_used(entry->id)});
    }
    for (const storage::UserRecord& user : registry.users()) {
        facts.users.push_back(access::parse_role(user.role).value_or(bus::Role::Machine));
    }
    facts.control_failures = registry.counters().store_failures;
    facts.control_checks = registry.counters().store_checks;
    facts.sign_in_paused_at = state.parts.sign_in.counters().paused_at;
    for (const NodeEvent& event : state.parts.backend.events(kEventsMax)) {
        if (event.kind == "client_refused" && facts.now - event.at < kLately) {
            facts.client_refused_last =
                facts.clients_refused_lately == 0 ? event.machine : facts.client_refused_last;
            ++facts.clients_refused_lately;
        }
    }
    const BackupFacts backups = state.parts.backups.facts();
    if (backups.last && backups.last->problem.empty()) {
        facts.last_backup_at = backups.last->ended_at;
    }
    for (const broker::LimitView& limit : state.usage.latest()->totals.limits) {
        const bool is_lately =
            limit.count.reached_count > 0 && facts.now - limit.count.last_reached_at < kLately;
        if (is_lately) {
            facts.limits_reached_lately.emplace_back(broker::facts_of(limit.limit).words);
        }
    }
    return facts;
}

void write_headings(json::Writer& json, const Posture& posture) {
    json.key("headings");
    json.begin_array();
    for (const PostureHeading& heading : posture) {
        json.begin_object();
        json.field("id", heading.id);
        json.field("title", heading.title);
        json.key("checks");
        json.begin_array();
        for (const Check& check : heading.checks) {
            json.begin_object();
            json.field("id", check.id);
            json.field("title", check.title);
            json.field("state", to_string(check.state));
            json.field("detail", check.detail);
            json.key("fix");
            check.fix.empty() ? json.null() : json.value(check.fix);
            json.key("link");
            check.link.empty() ? json.null() : json.value(check.link);
            json.end_object();
        }
        json.end_array();
        json.end_object();
    }
    json.end_array();
}

void write_listeners(json::Writer& json, const NodeFacts& node) {
    json.key("listeners");
    json.begin_array();
    for (const ListenerFacts& listener : node.listeners) {
        write(json, listener);
    }
    json.end_array();
}

void write_certificates(json::Writer& json, const PostureFacts& facts) {
    json.key("certificates");
    json.begin_array();
    for (const CertificateStatus& certificate : facts.security.certificates) {
        json.begin_object();
        json.field("use", certificate.use);
        json.field("subject", certificate.subject);
        json.field("issuer", certificate.issuer);
        json.key("names");
        json.begin_array();
        for (const std::string& name : certificate.names) {
            json.value(name);
        }
        json.end_array();
        json.field("not_before", certificate.not_before);
        json.field("not_after", certificate.not_after);
        json.field("days_left", days_until(certificate.not_after, facts.now));
        json.field("fingerprint", certificate.fingerprint);
        json.field("own", certificate.is_own);
        json.end_object();
    }
    json.end_array();
}

void write(json::Writer& json, const SecurityView& view) {
    json.begin_object();
    json.field("at", view.facts.now);
    json.field("state", to_string(worst_of(view.posture)));
    write_headings(json, view.posture);
    write_listeners(json, view.facts.node);
    write_certificates(json, view.facts);
    json.end_object();
}

}  // namespace

void Handlers::get_security(const Call&, const Respond& respond) {
    state_->sampler.need_totals([this, respond] {
        const PostureFacts facts = gather(*state_);
        const Posture posture = assess(facts);
        respond(view_response(SecurityView{.facts = facts, .posture = posture}));
    });
}

}  // namespace kith::api
