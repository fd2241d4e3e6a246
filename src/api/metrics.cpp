#include "api/metrics.h"

#include "api/detail/metrics_page.h"

#include <chrono>
#include <string_view>
#include <utility>

namespace kith::api {
namespace {

void add_traffic(MetricsPage& page, const broker::Counters& broker) {
    page.counter("messages_in_total", "PUBLISH packets taken from clients.", broker.messages_in);
    page.counter("messages_out_total", "PUBLISH packets sent to clients, resends included.",
                 broker.messages_out);
    page.counter("packets_in_total", "MQTT packets of all types taken from clients.",
                 broker.messages_in + broker.controls_in);
    page.counter("packets_out_total", "MQTT packets of all types sent to clients.",
                 broker.messages_out + broker.controls_out);
    page.counter("payload_bytes_in_total", "Payloads of PUBLISH packets taken from clients.",
                 broker.payload_bytes_in);
    page.counter("payload_bytes_out_total", "Payloads of PUBLISH packets sent to clients.",
                 broker.payload_bytes_out);
    page.counter("bytes_in_total", "MQTT bytes taken from clients.", broker.bytes_in);
    page.counter("bytes_out_total", "MQTT bytes sent to clients.", broker.bytes_out);
    page.head("messages_dropped_total", "Messages not delivered, by reason.", "counter");
    const std::pair<std::string_view, std::uint64_t> dropped[] = {
        {"slow_receiver", broker.dropped_slow},  {"queue_full", broker.dropped_queue_full},
        {"memory", broker.dropped_memory},       {"expired", broker.dropped_expired},
        {"too_large", broker.dropped_too_large}, {"no_receiver", broker.dropped_no_receiver},
    };
    for (const auto& [reason, count] : dropped) {
        page.labelled("messages_dropped_total", "reason", reason, count);
    }
    page.counter("directory_entries_refused_total",
                 "What machines said of themselves and is no entry of the directory.",
                 broker.entries_refused);
    page.counter("no_responders_total",
                 "Requests answered at once, since nobody was there to answer them.",
                 broker.no_responders);
    page.counter("publishers_held_total", "Times a publisher was paused for a slow receiver.",
                 broker.publishers_held);
    page.counter("publishes_not_authorized_total", "Publishes refused for want of a right.",
                 broker.refused_not_authorized);
    page.head("acl_denied_total", "Publishes (wills included) and subscriptions that were denied.",
              "counter");
    page.labelled("acl_denied_total", "action", "publish", broker.denied_publishes);
    page.labelled("acl_denied_total", "action", "subscribe", broker.denied_subscribes);
    page.counter("subscriptions_revoked_total",
                 "Subscriptions that ended because roles had changed.",
                 broker.subscriptions_revoked);
    page.counter("shared_returned_total", "Messages of shared groups offered to another member.",
                 broker.shared_returned);
    page.counter("retained_refused_total", "Retained messages refused because the store is full.",
                 broker.refused_retained_full);
    page.counter("mesh_messages_refused_total",
                 "Messages of other nodes that no client may have published.",
                 broker.refused_from_mesh);
    page.counter("mesh_barriers_partial_total",
                 "SUBACKs sent before all nodes of the mesh had answered.",
                 broker.barriers_partial);
    page.head("session_moves_total", "Sessions that moved between nodes of the mesh, or did not.",
              "counter");
    page.labelled("session_moves_total", "outcome", "in", broker.sessions_moved_in);
    page.labelled("session_moves_total", "outcome", "out", broker.sessions_moved_out);
    page.labelled("session_moves_total", "outcome", "timed_out", broker.session_moves_timed_out);
    page.labelled("session_moves_total", "outcome", "fenced", broker.sessions_fenced);
    page.counter("session_messages_forwarded_total",
                 "Messages that came for sessions that had moved, and were sent behind them.",
                 broker.session_messages_forwarded);
    page.counter("session_messages_twice_total",
                 "Messages that came for a moved session by two nodes, and were taken once.",
                 broker.session_messages_twice);
    page.counter("wills_published_total", "Will messages published.", broker.wills_published);
}

/// Limits, by the name that the configuration gives them.
void add_limits(MetricsPage& page, const std::vector<broker::LimitView>& limits) {
    page.head("limit_reached_total", "Times that a limit was met, by limit.", "counter");
    for (const broker::LimitView& view : limits) {
        page.labelled("limit_reached_total", "limit", broker::facts_of(view.limit).name,
                      view.count.reached_count);
    }
    page.head("limit_used", "What is used of each limit that is a quantity.", "gauge");
    for (const broker::LimitView& view : limits) {
        if (view.used) {
            page.labelled("limit_used", "limit", broker::facts_of(view.limit).name, *view.used);
        }
    }
    page.head("limit_value", "What each limit is; 0 for a rate without one.", "gauge");
    for (const broker::LimitView& view : limits) {
        page.labelled("limit_value", "limit", broker::facts_of(view.limit).name, view.value);
    }
}

void add_clients(MetricsPage& page, const broker::Counters& broker) {
    page.counter("connects_accepted_total", "Clients let in.", broker.connects_accepted);
    page.counter("connects_refused_total", "Clients refused.", broker.connects_refused);
    page.counter("disconnects_total", "Connections of clients that ended.", broker.disconnects);
    page.counter("takeovers_total", "Sessions taken over by another connection.", broker.takeovers);
    page.counter("protocol_errors_total", "Connections ended for breaking the protocol.",
                 broker.protocol_errors);
    page.counter("keep_alive_timeouts_total", "Connections ended for silence.",
                 broker.keep_alive_timeouts);
    page.counter("sessions_expired_total", "Sessions that ended because their time was over.",
                 broker.sessions_expired);
    page.counter("slow_client_episodes_total",
                 "Times a client did not take what waited for it for 2 s.", broker.slow_episodes);
    const auto gauge = [&page](std::string_view name, std::string_view help, std::uint64_t value) {
        page.gauge(name, help, static_cast<double>(value));
    };
    gauge("connections", "Clients connected.", broker.connections);
    gauge("sessions", "Sessions, connected or not.", broker.sessions);
    gauge("sessions_watched",
          "Sessions that have moved here and whose messages may still come by two nodes.",
          broker.sessions_watched);
    gauge("subscriptions", "Subscriptions of all sessions.", broker.subscriptions);
    gauge("shared_subscriptions", "Shared subscriptions among them.", broker.shared_subscriptions);
    gauge("slow_clients", "Connected clients that do not take what waits for them.",
          broker.slow_clients);
    gauge("retained_messages", "Retained messages.", broker.retained);
    gauge("retained_bytes", "Bytes of retained messages.", broker.retained_bytes);
    gauge("queued_messages", "QoS 1 and 2 messages that wait for a client.",
          broker.queued_messages);
    gauge("queued_bytes", "Bytes of these messages.", broker.queued_bytes);
    gauge("held_bytes", "Memory of all that waits: queues, output, packets in part, changes.",
          broker.held_bytes);
    gauge("spilled_messages", "Of the waiting messages, those that are on disk only.",
          broker.spilled_messages);
    gauge("spilled_bytes", "Bytes of these.", broker.spilled_bytes);
    page.counter("spilled_total", "Messages that went to a queue's part on disk.", broker.spilled);
    page.counter("spill_loaded_total", "Messages that came back from there.", broker.spill_loaded);
    gauge("topics", "Topics that are remembered.", broker.topics);
    page.counter("topics_evicted_total", "Topics forgotten to make room.", broker.topics_evicted);
}

void add_node(MetricsPage& page, const MetricsView& view) {
    page.head("build_info", "The version that runs, as a label.", "gauge");
    page.labelled("build_info", "version", view.version, 1);
    page.counter("backups_made_total", "Backups made over HTTP.", view.backups.made_count);
    page.counter("backups_failed_total", "Backups asked for over HTTP that were not made.",
                 view.backups.failed_count);
    const bool has_backup = view.backups.last && view.backups.last->problem.empty();
    page.gauge("backup_last_seconds", "When the last of them was made, in Unix time; 0 if never.",
               has_backup ? static_cast<double>(view.backups.last->ended_at.ms()) / 1000 : 0);
    page.gauge("uptime_seconds", "Time since the start.", static_cast<double>(view.uptime_s));
    page.gauge("resident_bytes", "Memory that the process holds.",
               static_cast<double>(view.totals.resident_bytes));
    page.gauge("stored_bytes", "Bytes of the stores' files.",
               static_cast<double>(view.totals.stored_bytes));
    page.gauge("store_healthy",
               "1 while the store works, 0 while it cannot write or read, or hangs.",
               view.is_store_healthy ? 1 : 0);
    page.counter("store_commits_total", "Transactions of the message store.",
                 view.totals.store_commits);
    page.counter("store_failures_total", "Transactions that had to be tried again.",
                 view.totals.store_failures);
    page.counter("store_reads_total", "Reads of queues that are on disk.", view.totals.store_reads);
    page.counter("store_read_failures_total", "Such reads that had to be tried again.",
                 view.totals.store_read_failures);
    page.gauge("store_messages", "Messages on disk; each counts once.",
               static_cast<double>(view.totals.store_messages));
    page.gauge("store_commit_seconds_p99", "99 of 100 transactions took at most this long.",
               static_cast<double>(view.totals.commit_us_p99) / 1e6);
    page.counter("store_changes_total", "Changes committed to the message store.",
                 view.totals.store_changes);
    page.counter("store_bytes_total", "Bytes of these changes.", view.totals.store_bytes);
    page.gauge("store_pending_batches", "Batches of changes that wait for the disk.",
               static_cast<double>(view.totals.store_pending_batches));
    page.gauge("store_pending_bytes", "Bytes of these batches.",
               static_cast<double>(view.totals.store_pending_bytes));
    page.gauge("store_commit_seconds_max", "Slowest transaction since the start.",
               static_cast<double>(view.totals.commit_us_max) / 1e6);
}

void add_access(MetricsPage& page, const MetricsView& view) {
    const auto add = [&](std::string_view name, std::string_view help, const auto& outcomes) {
        page.head(name, help, "counter");
        for (const auto& [outcome, count] : outcomes) {
            page.labelled(name, "outcome", outcome, count);
        }
    };
    using Outcomes = std::vector<std::pair<std::string_view, std::uint64_t>>;
    const access::PasswordCounters& passwords = view.passwords;
    add("password_checks_total", "Passwords that MQTT clients showed, by outcome.",
        Outcomes{{"accepted", passwords.accepted - passwords.accepted_known},
                 {"known", passwords.accepted_known},
                 {"denied", passwords.denied},
                 {"paused", passwords.paused},
                 {"queue_full", passwords.queue_full}});
    add("scram_exchanges_total", "SCRAM exchanges of MQTT clients, by outcome.",
        Outcomes{{"accepted", passwords.scram_accepted},
                 {"denied", passwords.scram_denied},
                 {"paused", passwords.scram_paused}});
    add("provisions_total", "Claim codes that devices showed, by outcome.",
        Outcomes{{"accepted", view.accounts.provisioned},
                 {"denied", view.accounts.provision_denied},
                 {"paused", view.accounts.provision_paused}});
}

void add_api(MetricsPage& page, const MetricsView& view) {
    const ApiCounters& api = view.api;
    page.head("http_responses_total", "Responses, by class of status.", "counter");
    page.labelled("http_responses_total", "class", "ok", api.responses_2xx);
    page.labelled("http_responses_total", "class", "4xx", api.responses_4xx);
    page.labelled("http_responses_total", "class", "5xx", api.responses_5xx);
    page.head("http_refused_total", "Requests refused for safety, by reason.", "counter");
    const std::pair<std::string_view, std::uint64_t> refused[] = {
        {"host", api.refused_host},   {"origin", api.refused_origin},
        {"csrf", api.refused_csrf},   {"timeout", api.refused_timeout},
        {"limit", api.refused_limit}, {"connections", api.connections_turned_away},
    };
    for (const auto& [reason, count] : refused) {
        page.labelled("http_refused_total", "reason", reason, count);
    }
    page.counter("http_connections_total", "HTTP connections accepted.", api.connections_accepted);
    page.gauge("http_connections", "HTTP connections open.", static_cast<double>(api.connections));
    page.gauge("live_clients", "Consoles that follow the live feed.",
               static_cast<double>(api.live_clients));
    page.counter("live_updates_conflated_total", "Live updates that waited for a slow console.",
                 api.live_updates_conflated);
    page.counter("live_messages_skipped_total", "Messages that the live feed did not show.",
                 api.live_messages_skipped);
    page.counter("live_events_dropped_total", "Events that a slow console did not get.",
                 api.live_events_dropped);
    page.gauge("console_sessions", "People signed in at the console.",
               static_cast<double>(view.sessions));
    page.head("sign_ins_total", "Passwords and claims tried, by outcome.", "counter");
    page.labelled("sign_ins_total", "outcome", "opened", view.sign_in.opened);
    page.labelled("sign_ins_total", "outcome", "denied", view.sign_in.denied);
    page.labelled("sign_ins_total", "outcome", "paused", view.sign_in.paused);
    add_access(page, view);
    page.counter("control_store_failures_total",
                 "Reads and writes of users and tokens that failed.", view.registry.store_failures);
}

void add_credentials(MetricsPage& page, const MetricsView& view) {
    const CredentialCounters& shown = view.totals.credentials;
    page.head("json_web_tokens_total", "JSON web tokens shown, by outcome.", "counter");
    page.labelled("json_web_tokens_total", "outcome", "accepted", shown.jwt_accepted);
    page.labelled("json_web_tokens_total", "outcome", "denied", shown.jwt_denied);
    page.labelled("json_web_tokens_total", "outcome", "limit", shown.jwt_over_limit);
    page.counter("jwks_failures_total", "Changes of access.jwks_file that could not be used.",
                 shown.jwks_failures);
    page.head("client_certificates_total", "Client certificates shown to the broker, by outcome.",
              "counter");
    page.labelled("client_certificates_total", "outcome", "accepted", shown.certificates_accepted);
    page.labelled("client_certificates_total", "outcome", "revoked", shown.certificates_revoked);
    page.labelled("client_certificates_total", "outcome", "denied",
                  shown.certificates_denied - shown.certificates_revoked);
    page.counter("credentials_expired_total",
                 "Connections ended because a token or certificate expired.",
                 view.totals.broker.credentials_expired);
}

void add_certificates(MetricsPage& page, const MetricsView& view) {
    page.head("certificate_days_left", "Whole days until a certificate ends, by its use.", "gauge");
    for (const CertificateStatus& certificate : view.certificates) {
        const auto left =
            std::chrono::floor<std::chrono::days>(certificate.not_after - view.now).count();
        page.labelled("certificate_days_left", "use", certificate.use, left);
    }
}

}  // namespace

void CredentialCounters::add(const CredentialCounters& other) {
    jwt_accepted += other.jwt_accepted;
    jwt_denied += other.jwt_denied;
    jwt_over_limit += other.jwt_over_limit;
    jwks_failures += other.jwks_failures;
    certificates_accepted += other.certificates_accepted;
    certificates_denied += other.certificates_denied;
    certificates_revoked += other.certificates_revoked;
}

std::string metrics_text(const MetricsView& view) {
    MetricsPage page;
    add_node(page, view);
    add_traffic(page, view.totals.broker);
    add_clients(page, view.totals.broker);
    page.histogram("session_move_seconds",
                   "CONNECT until a session from another node of the mesh is here.",
                   view.totals.broker.session_moves);
    page.histogram("delivery_seconds",
                   "Time from arrival of a message to its hand-over to a receiver.",
                   view.totals.broker.delivery);
    add_limits(page, view.totals.limits);
    add_runtime(page, view.totals);
    add_api(page, view);
    add_mesh(page, view.mesh);
    add_certificates(page, view);
    add_credentials(page, view);
    return page.take();
}

}  // namespace kith::api
