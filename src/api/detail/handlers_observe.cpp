// Answers for whoever looks closely: traces, slow clients, the packets of one client.
#include <algorithm>
#include <charconv>

#include "api/detail/answers.h"
#include "api/detail/body.h"
#include "api/detail/handlers.h"
#include "api/json_views.h"
#include "api/limits.h"
#include "api/observation.h"

namespace kith::api {
namespace {

void text_or_null(json::Writer& json, std::string_view name, std::string_view text) {
    json.key(name);
    text.empty() ? json.null() : json.value(text);
}

void write_members(json::Writer& json, const TraceFacts& facts) {
    json.field("id", facts.id);
    text_or_null(json, "topic", facts.order.topic);
    text_or_null(json, "client", facts.order.client);
    json.field("payload", facts.order.with_payload);
    json.field("state", facts.is_running ? "running" : "done");
    text_or_null(json, "end_reason", facts.end_reason);
    json.field("started_at", facts.started_at);
    json.field("ends_at", facts.ends_at);
    json.field("started_by", facts.order.started_by);
    json.field("events", facts.event_count);
    json.field("count_max", facts.order.events_max);
}

void write(json::Writer& json, const TraceFacts& facts) {
    json.begin_object();
    write_members(json, facts);
    json.end_object();
}

void write(json::Writer& json, const broker::TraceEvent& event, bool with_payload) {
    json.begin_object();
    json.field("number", event.sequence);
    json.field("at", event.at);
    json.field("shard", event.shard.value());
    json.field("stage", to_string(event.stage));
    text_or_null(json, "client", event.client_id);
    text_or_null(json, "topic", event.topic);
    json.key("message");
    event.message == 0 ? json.null() : json.value(event.message);
    json.key("packet_id");
    event.packet_id == PacketId() ? json.null() : json.value(event.packet_id.value());
    json.key("qos");
    event.qos ? json.value(static_cast<int>(*event.qos)) : json.null();
    json.key("retain");
    event.qos ? json.value(event.retain) : json.null();
    json.key("bytes");
    event.qos ? json.value(event.payload_bytes) : json.null();
    json.field("text", event.text);
    if (with_payload && event.stage == broker::TraceStage::Publish) {
        write_payload(json, event.payload,
                      event.payload.size() < event.payload_bytes ? Cut::Yes : Cut::No);
    }
    json.end_object();
}

void write_members(json::Writer& json, const TracePage& page) {
    write_members(json, page.facts);
    write_items(json, page.events, [&page](json::Writer& to, const broker::TraceEvent& event) {
        write(to, event, page.facts.order.with_payload);
    });
    json.key("next");
    if (page.facts.is_running || page.next < page.facts.event_count) {
        json.value(std::to_string(page.next));
    } else {
        json.null();
    }
}

double seconds_of(Duration span) {
    return static_cast<double>(to_ms(span)) / 1000;
}

void write(json::Writer& json, const broker::SlowClientView& view) {
    json.begin_object();
    json.field("client", view.client_id);
    json.field("address", view.remote_address);
    json.field("waiting_bytes", view.unsent_bytes + view.queued_bytes);
    json.field("unsent_bytes", view.unsent_bytes);
    json.field("queued_bytes", view.queued_bytes);
    json.field("queued_messages", view.queued_messages);
    json.field("inflight_messages", view.inflight_messages);
    json.field("inflight_messages_max", view.inflight_messages_max);
    json.field("waits_for_s", seconds_of(view.waits_for));
    json.field("no_progress_for_s", seconds_of(view.no_progress_for));
    json.field("dropped_messages", view.dropped);
    json.field("publishers_held", view.publishers_held);
    json.end_object();
}

enum class Packets : bool { No, Yes };

void write(json::Writer& json, const LoggedClient& logged, Packets packets) {
    json.begin_object();
    json.field("client", logged.client);
    json.field("started_by", logged.started_by);
    json.field("ends_at", logged.ends_at);
    json.field("packets", logged.packet_count);
    if (packets == Packets::Yes) {
        json.key("items");
        json.begin_array();
        for (const LoggedPacket& packet : logged.packets) {
            json.begin_object();
            json.field("at", packet.at);
            json.field("direction", packet.is_from_client ? "in" : "out");
            json.field("packet", packet.type);
            json.key("packet_id");
            packet.packet_id == 0 ? json.null() : json.value(packet.packet_id);
            json.field("text", packet.text);
            json.end_object();
        }
        json.end_array();
        json.null_field("next");
    }
    json.end_object();
}

http::Response log_response(const LoggedClient& logged, Packets packets) {
    std::string body;
    json::Writer json(body);
    write(json, logged, packets);
    return json_response(std::move(body));
}

http::Response unknown(std::string_view code, std::string detail) {
    return to_response({.status = 404, .code = code, .detail = std::move(detail)});
}

}  // namespace

void Handlers::get_traces(const Call&, const Respond& respond) {
    respond(list_response(state_->parts.backend.observation().traces(),
                          [](json::Writer& json, const TraceFacts& facts) { write(json, facts); }));
}

void Handlers::post_trace(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    TraceOrder order;
    order.topic = body.optional_text("topic").value_or("");
    order.client = body.optional_text("client").value_or("");
    order.seconds =
        body.optional_integer("seconds", 1, kTraceSecondsMax).value_or(kTraceSecondsDefault);
    order.events_max =
        body.optional_integer("count_max", 1, kTraceEventsMax).value_or(kTraceEventsDefault);
    order.with_payload = body.flag("payload");
    order.started_by = call.caller.principal;
    if (order.topic.empty() == order.client.empty()) {
        body.refuse("either `topic` (a filter) or `client` says what to follow");
    }
    if (is_refused(body, respond)) {
        return;
    }
    const Result<TraceFacts> started = state_->parts.backend.observation().start_trace(order);
    if (!started) {
        respond(error_response(started.error(), "trace"));
        return;
    }
    respond(object_response([&](json::Writer& json) { write_members(json, *started); }, 201));
}

void Handlers::get_trace(const Call& call, const Respond& respond) {
    QueryReader query(call.request.query);
    const auto from = static_cast<std::size_t>(query.integer("cursor", 0, 0, kTraceEventsMax));
    const std::size_t limit = query.limit(kTraceEventsMax, kTraceEventsMax);
    if (is_refused(query, respond)) {
        return;
    }
    const std::optional<TracePage> page =
        state_->parts.backend.observation().trace(call.parameters.at(0), from, limit);
    if (!page) {
        respond(unknown("trace.unknown", "no trace of that name, or one that was forgotten"));
        return;
    }
    respond(object_response([&](json::Writer& json) { write_members(json, *page); }));
}

void Handlers::delete_trace(const Call& call, const Respond& respond) {
    const Status removed = state_->parts.backend.observation().remove_trace(call.parameters.at(0));
    respond(done_response(removed, "trace"));
}

void Handlers::get_slow_clients(const Call& call, const Respond& respond) {
    QueryReader query(call.request.query);
    const std::size_t limit = query.limit();
    if (is_refused(query, respond)) {
        return;
    }
    state_->parts.backend.observation().slow_clients(
        [respond, limit](std::vector<broker::SlowClientView> views) {
            const auto waiting = [](const broker::SlowClientView& view) {
                return view.unsent_bytes + view.queued_bytes;
            };
            std::ranges::stable_sort(views, std::ranges::greater{}, waiting);
            views.resize(std::min(views.size(), limit));
            respond(list_response(views,
                                  [](json::Writer& json, const auto& view) { write(json, view); }));
        });
}

void Handlers::get_logged_clients(const Call&, const Respond& respond) {
    respond(list_response(
        state_->parts.backend.observation().logged_clients(),
        [](json::Writer& json, const LoggedClient* logged) { write(json, *logged, Packets::No); }));
}

void Handlers::get_logged_client(const Call& call, const Respond& respond) {
    const LoggedClient* logged =
        state_->parts.backend.observation().logged_client(call.parameters.at(0));
    respond(logged == nullptr ? unknown("log.unknown", "the packets of this client are not logged")
                              : log_response(*logged, Packets::Yes));
}

void Handlers::put_logged_client(const Call& call, const Respond& respond) {
    Observation::LogOrder order{.client = call.parameters.at(0),
                                .started_by = call.caller.principal};
    if (!call.request.body.empty()) {
        Body body(call.request.body);
        order.seconds =
            body.optional_integer("seconds", 1, kLogSecondsMax).value_or(kLogSecondsDefault);
        if (is_refused(body, respond)) {
            return;
        }
    }
    Observation& observation = state_->parts.backend.observation();
    if (const Status begun = observation.log_client(order); !begun) {
        respond(error_response(begun.error(), "log"));
        return;
    }
    respond(log_response(*observation.logged_client(order.client), Packets::No));
}

void Handlers::delete_logged_client(const Call& call, const Respond& respond) {
    const Status ended = state_->parts.backend.observation().end_log(call.parameters.at(0));
    respond(done_response(ended, "log"));
}

}  // namespace kith::api
