#include "node/event_log.h"

#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kith::node {
namespace {

std::string_view version_text(std::uint8_t protocol_version) {
    switch (protocol_version) {
        case 3:
            return "MQTT 3.1";
        case 4:
            return "MQTT 3.1.1";
        default:
            return "MQTT 5.0";
    }
}

std::string_view transport_text(std::string_view transport) {
    if (transport == "tcp") {
        return "TCP";
    }
    if (transport == "tls") {
        return "TLS";
    }
    return transport == "wss" ? "WebSocket over TLS" : "WebSocket";
}

std::string text_of(const broker::Event& event) {
    const std::string_view who = event.client_id.empty() ? "A client" : event.client_id;
    switch (event.kind) {
        case broker::EventKind::ClientConnected:
            return fmt::format("{} connected over {}, {}", who,
                               version_text(event.protocol_version),
                               transport_text(event.transport));
        case broker::EventKind::ClientDisconnected:
            return fmt::format("{} left: {}", who, event.reason);
        case broker::EventKind::ClientRefused:
            return fmt::format("{} was refused: {}", who, event.reason);
        case broker::EventKind::SessionTakenOver:
            return fmt::format("{} was taken over by another connection", who);
        case broker::EventKind::SessionEnded:
            return fmt::format("The session of {} ended: {}", who, event.reason);
        case broker::EventKind::LimitReached:
            return fmt::format("A limit was reached: {}", event.reason);
        case broker::EventKind::StoreDegraded:
            return fmt::format("The store cannot write: {}", event.reason);
        case broker::EventKind::StoreHealthy:
            return "The store writes again";
        case broker::EventKind::ClientSlow:
            return fmt::format("{} is slow: it {}", who, event.reason);
        case broker::EventKind::ClientRecovered:
            return fmt::format("{} {}", who, event.reason);
        case broker::EventKind::AclDenied:
            return fmt::format("{} is not allowed to {}", who, event.reason);
    }
    return {};
}

/// A client id as one topic level: its separators and wildcards would make it several, or a filter.
std::string as_level(std::string_view text) {
    std::string level(text);
    for (char& c : level) {
        if (c == '/' || c == '+' || c == '#') {
            c = '_';
        }
    }
    return level;
}

}  // namespace

NodeEvent to_node_event(const broker::Event& event) {
    return {.at = event.at,
            .kind = std::string(to_string(event.kind)),
            .client_id = std::string(event.client_id),
            .text = text_of(event),
            .address = std::string(event.address),
            .reason = std::string(event.reason),
            .transport = std::string(event.transport),
            .protocol_version = event.protocol_version,
            .is_sign_in = event.is_sign_in};
}

void EventLog::add(const NodeEvent& event) {
    if (log_ != nullptr) {
        write_line(event);
    }
    events_.push_back(event);
    if (events_.size() > kEventsMax) {
        events_.pop_front();
    }
    if (bus_ != nullptr) {
        std::string payload;
        json::Writer json(payload);
        json.begin_object();
        json.field("at", event.at);
        json.field("kind", std::string_view(event.kind));
        json.field("client", std::string_view(event.client_id));
        json.field("text", std::string_view(event.text));
        json.field("address", std::string_view(event.address));
        json.field("reason", std::string_view(event.reason));
        if (!event.node.empty()) {
            json.field("node", std::string_view(event.node));
        }
        json.end_object();
        const std::string& whose = event.client_id.empty() ? event.node : event.client_id;
        const std::string topic = whose.empty()
                                      ? fmt::format("$events/{}", event.kind)
                                      : fmt::format("$events/{}/{}", event.kind, as_level(whose));
        bus_->publish({.topic = bus::TopicName::trusted(topic),
                       .payload = as_bytes(payload),
                       .properties = {},
                       .publisher = {},
                       .published_at = event.at,
                       .expires_at = {}},
                      nullptr);
    }
    if (listener_) {
        listener_(event);
    }
}

void EventLog::write_line(const NodeEvent& event) {
    constexpr std::int64_t kMillisecondsPerSecond = 1000;
    const std::int64_t second = event.at.ms() / kMillisecondsPerSecond;
    if (second != logged_second_) {
        if (unlogged_count_ > 0) {
            LOG(*log_, Info, "events not logged", {"count", unlogged_count_});
        }
        logged_second_ = second;
        logged_count_ = 0;
        unlogged_count_ = 0;
    }
    if (logged_count_ >= kLoggedEventsPerSecondMax) {
        ++unlogged_count_;
        return;
    }
    ++logged_count_;
    // Not the text: a client's id is in it, and only fields are quoted.
    std::string words = event.kind;
    std::ranges::replace(words, '_', ' ');
    LOG(*log_, Info, std::string_view(words), {"client", std::string_view(event.client_id)},
        {"address", std::string_view(event.address)}, {"reason", std::string_view(event.reason)});
}

void EventRelay::on_event(const broker::Event& event) {
    noted_.push_back(to_node_event(event));
    shard_.flush_later(*this);
}

void EventRelay::run_task() {
    shard_.post(ShardId(0), [log = &log_, noted = std::exchange(noted_, {})](runtime::Shard&) {
        for (const NodeEvent& event : noted) {
            log->add(event);
        }
    });
}

}  // namespace kith::node
