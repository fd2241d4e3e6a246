#include "api/json_views.h"

#include <algorithm>
#include <cmath>

#include "access/names.h"
#include "base/utf8.h"
#include "crypto/base64.h"

namespace kith::api {
namespace {

bool is_readable(std::string_view text) {
    return is_utf8(as_bytes(text)) && std::ranges::none_of(text, [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r';
           });
}

/// Without the first bytes of a character whose rest was cut off.
std::string_view without_torn_end(std::string_view text) {
    for (std::size_t torn = 0; torn < 4 && torn <= text.size(); ++torn) {
        if (is_utf8(as_bytes(text.substr(0, text.size() - torn)))) {
            return text.substr(0, text.size() - torn);
        }
    }
    return text;
}

/// Null for a text that is not there.
void text_or_null(json::Writer& json, std::string_view name, std::string_view text) {
    json.key(name);
    text.empty() ? json.null() : json.value(text);
}

void time_or_null(json::Writer& json, std::string_view name, WallTime time) {
    json.key(name);
    time == WallTime() ? json.null() : json.value(time);
}

std::string_view protocol_name(std::uint8_t version) {
    switch (version) {
        case 3:
            return "MQTT 3.1";
        case 4:
            return "MQTT 3.1.1";
        default:
            return "MQTT 5.0";
    }
}

void write_machine_members(json::Writer& json, const broker::ClientView& view,
                           const MachineRow* row) {
    json.field("id", view.client_id);
    json.field("online", view.is_online);
    json.field("protocol", protocol_name(view.protocol_version));
    text_or_null(json, "transport", view.transport);
    text_or_null(json, "address", view.remote_address);
    time_or_null(json, "connected_at", view.connected_at);
    time_or_null(json, "last_seen_at",
                 view.is_online ? view.last_received_at : view.disconnected_at);
    json.field("session_expiry_s", view.session_expiry_interval_s);
    json.field("clean_start", view.is_clean_start);
    json.field("keep_alive_s", view.keep_alive_s);
    json.field("subscriptions", view.subscription_count);
    json.field("queued_messages", view.queued_messages);
    json.field("inflight_messages", view.inflight_messages);
    json.field("messages_in_total", view.messages_in);
    json.field("messages_out_total", view.messages_out);
    json.field("bytes_in_total", view.bytes_in);
    json.field("bytes_out_total", view.bytes_out);
    json.field("messages_in_per_s", row == nullptr ? 0.0 : rounded(row->messages_in_per_s));
    json.field("messages_out_per_s", row == nullptr ? 0.0 : rounded(row->messages_out_per_s));
    text_or_null(json, "disconnect_reason", view.disconnect_reason);
    text_or_null(json, "user", view.principal);
}

void write_topic_members(json::Writer& json, const TopicRow& row) {
    json.field("topic", row.path);
    json.field("name", row.name);
    json.field("children", row.child_count);
    json.field("topics", row.topic_count);
    json.field("is_topic", row.is_topic);
    json.field("messages_per_s", rounded(row.messages_per_s));
    json.field("retained", row.is_retained);
    json.field("subscribers", row.subscriber_count);
    json.key("last");
    if (row.value == nullptr) {
        json.null();
        return;
    }
    json.begin_object();
    write_payload(json, row.value->payload, row.value->is_whole() ? Cut::No : Cut::Yes);
    json.field("bytes", row.value->payload_bytes);
    json.field("qos", static_cast<int>(row.value->qos));
    json.field("at", row.value->at);
    json.field("truncated", !row.value->is_whole());
    json.end_object();
}

using Member = double UsagePoint::*;
constexpr std::pair<std::string_view, Member> kSeries[] = {
    {"messages_in_per_s", &UsagePoint::messages_in_per_s},
    {"messages_out_per_s", &UsagePoint::messages_out_per_s},
    {"bytes_in_per_s", &UsagePoint::bytes_in_per_s},
    {"bytes_out_per_s", &UsagePoint::bytes_out_per_s},
    {"connections", &UsagePoint::connections},
    {"queued_messages", &UsagePoint::queued_messages},
    {"resident_bytes", &UsagePoint::resident_bytes},
};

}  // namespace

double rounded(double rate) {
    return std::round(rate * 100) / 100;
}

void write_payload(json::Writer& json, std::string_view payload, Cut cut) {
    const std::string_view whole = cut == Cut::Yes ? without_torn_end(payload) : payload;
    const bool is_text = is_readable(whole);
    json.key("payload");
    if (is_text) {
        json.value(whole);
    } else {
        json.value(crypto::to_base64(as_bytes(payload), crypto::Base64::Padded));
    }
    json.field("encoding", is_text ? "text" : "base64");
}

void write(json::Writer& json, const ListenerFacts& listener) {
    json.begin_object();
    json.field("kind", listener.kind);
    json.field("address", listener.address);
    json.field("tls", listener.is_tls);
    json.field("insecure", listener.is_insecure);
    json.field("anonymous", listener.allows_anonymous);
    json.field("proxy", listener.is_behind_proxy);
    json.end_object();
}

void write(json::Writer& json, const NodeView& view) {
    const NodeFacts& facts = view.facts;
    json.begin_object();
    json.field("name", facts.name);
    json.field("version", facts.version);
    json.field("started_at", facts.started_at);
    json.field("uptime_s", std::max<std::int64_t>(0, (view.now - facts.started_at).count() / 1000));
    json.field("shards", facts.shard_count);
    json.field("pid", facts.process_id);
    json.field("resident_bytes",
               view.sample == nullptr ? std::uint64_t{0} : view.sample->totals.resident_bytes);
    json.key("store");
    json.begin_object();
    json.field("state", facts.is_store_healthy ? "healthy" : "degraded");
    text_or_null(json, "reason", facts.store_reason);
    json.end_object();
    json.key("listeners");
    json.begin_array();
    for (const ListenerFacts& listener : facts.listeners) {
        write(json, listener);
    }
    json.end_array();
    json.key("hosts");
    json.begin_array();
    for (const std::string& host : facts.hosts) {
        json.value(host);
    }
    json.end_array();
    json.key("limits");
    json.begin_object();
    for (const auto& [name, limit] : facts.limits) {
        json.field(name, limit);
    }
    json.end_object();
    json.end_object();
}

void write(json::Writer& json, const StatsView& view) {
    const UsageSample& sample = view.sample;
    const broker::Counters& broker = sample.totals.broker;
    json.begin_object();
    json.field("at", sample.at);
    json.field("messages_in_total", broker.messages_in);
    json.field("messages_out_total", broker.messages_out);
    json.field("bytes_in_total", broker.bytes_in);
    json.field("bytes_out_total", broker.bytes_out);
    json.field("messages_in_per_s", rounded(sample.messages_in_per_s));
    json.field("messages_out_per_s", rounded(sample.messages_out_per_s));
    json.field("bytes_in_per_s", rounded(sample.bytes_in_per_s));
    json.field("bytes_out_per_s", rounded(sample.bytes_out_per_s));
    json.field("connections", broker.connections);
    json.field("machines_known", broker.sessions);
    json.field("sessions", broker.sessions);
    json.field("subscriptions", broker.subscriptions);
    json.field("retained", broker.retained);
    json.field("queued_messages", broker.queued_messages);
    json.field("dropped_messages_total", broker.dropped_slow + broker.dropped_queue_full +
                                             broker.dropped_expired + broker.dropped_too_large);
    json.field("topics", view.topic_count);
    json.field("resident_bytes", sample.totals.resident_bytes);
    json.field("delivery_p99_ms", sample.delivery_p99_ms);
    json.field("commit_ms_max", static_cast<double>(sample.totals.commit_us_max) / 1000);
    json.field("stored_bytes", sample.totals.stored_bytes);
    json.field("mesh_unreachable", sample.totals.mesh.unreachable_count);
    json.field("mesh_parted", sample.totals.mesh.is_parted);
    json.end_object();
}

void write(json::Writer& json, const UsageSeries& series) {
    json.begin_object();
    json.field("step_s", series.step.count());
    json.field("end", series.end);
    json.key("series");
    json.begin_object();
    for (const auto& [name, member] : kSeries) {
        json.key(name);
        json.begin_array();
        for (const std::optional<UsagePoint>& point : series.points) {
            point ? json.value(rounded((*point).*member)) : json.null();
        }
        json.end_array();
    }
    json.end_object();
    json.end_object();
}

void write(json::Writer& json, const MachineRow& row) {
    json.begin_object();
    write_machine_members(json, row.view, &row);
    json.end_object();
}

void write(json::Writer& json, const MachineDetailView& view) {
    json.begin_object();
    write_machine_members(json, view.detail.client, view.row);
    json.key("subscription_list");
    json.begin_array();
    for (const broker::SubscriptionView& subscription : view.detail.subscriptions) {
        json.begin_object();
        json.field("filter", subscription.filter);
        json.field("qos", static_cast<int>(subscription.maximum_qos));
        json.field("no_local", subscription.no_local);
        json.field("retain_as_published", subscription.retain_as_published);
        json.key("identifier");
        subscription.identifier == 0 ? json.null() : json.value(subscription.identifier);
        json.end_object();
    }
    json.end_array();
    json.key("will");
    if (view.detail.will) {
        json.begin_object();
        json.field("topic", view.detail.will->topic);
        json.field("qos", static_cast<int>(view.detail.will->qos));
        json.field("retain", view.detail.will->retain);
        json.field("delay_s", view.detail.will->delay_s);
        json.end_object();
    } else {
        json.null();
    }
    json.field("receive_maximum", view.detail.client.receive_maximum);
    json.key("topics_published");
    json.begin_array();
    for (const TopicRow& row : view.published) {
        json.begin_object();
        json.field("topic", row.path);
        json.field("last_at", row.value->at);
        json.end_object();
    }
    json.end_array();
    json.end_object();
}

void write(json::Writer& json, const TopicRow& row) {
    json.begin_object();
    write_topic_members(json, row);
    json.end_object();
}

void write(json::Writer& json, const TopicDetailView& view) {
    json.begin_object();
    write_topic_members(json, view.row);
    text_or_null(json, "publisher", view.row.value == nullptr ? "" : view.row.value->publisher);
    json.key("history");
    json.begin_array();
    if (view.row.value != nullptr) {
        for (const HistoryPoint& point : view.row.value->history) {
            json.begin_object();
            json.field("at", point.at);
            json.field("value", point.value);
            json.end_object();
        }
    }
    json.end_array();
    json.key("subscriber_list");
    json.begin_array();
    for (const std::string& subscriber : view.subscribers) {
        json.value(subscriber);
    }
    json.end_array();
    json.null_field("content_type");
    json.end_object();
}

void write(json::Writer& json, const KeptMessage& message) {
    json.begin_object();
    json.field("at", message.at);
    json.field("direction", message.direction == Direction::In ? "in" : "out");
    json.key("client");
    message.client.empty() ? json.null() : json.value(message.client);
    json.field("topic", message.topic);
    json.field("qos", static_cast<int>(message.qos));
    json.field("retain", message.retain);
    write_payload(json, message.payload,
                  message.payload.size() < message.payload_bytes ? Cut::Yes : Cut::No);
    json.field("bytes", message.payload_bytes);
    json.end_object();
}

void write(json::Writer& json, const NodeEvent& event) {
    json.begin_object();
    json.field("at", event.at);
    json.field("kind", event.kind);
    text_or_null(json, "machine", event.machine);
    json.field("text", event.text);
    json.key("detail");
    json.begin_object();
    const std::pair<std::string_view, const std::string*> details[] = {
        {"address", &event.address}, {"reason", &event.reason}, {"transport", &event.transport}};
    for (const auto& [name, text] : details) {
        if (!text->empty()) {
            json.field(name, *text);
        }
    }
    json.end_object();
    json.end_object();
}

void write(json::Writer& json, const ConnectState& state) {
    json.begin_object();
    time_or_null(json, "reached_at", state.reached_at);
    json.key("refused");
    if (state.refused_at == WallTime()) {
        json.null();
    } else {
        json.begin_object();
        json.field("at", state.refused_at);
        json.field("reason", state.refused_reason);
        json.end_object();
    }
    time_or_null(json, "accepted_at", state.accepted_at);
    json.key("first_message");
    state.first_message ? write(json, *state.first_message) : json.null();
    json.end_object();
}

std::string session_json(const Caller& caller, std::string_view node) {
    std::string out;
    json::Writer json(out);
    json.begin_object();
    json.key("user");
    json.begin_object();
    json.field("name", caller.user.empty() ? caller.principal : caller.user);
    json.field("role", access::to_string(caller.role));
    json.end_object();
    json.field("csrf_token", caller.csrf_token);
    json.field("node", node);
    json.end_object();
    return out;
}

}  // namespace kith::api
