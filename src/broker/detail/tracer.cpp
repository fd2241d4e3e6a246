#include "broker/detail/tracer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "broker/detail/route.h"
#include "broker/detail/session.h"
#include "broker/detail/shard_link.h"

namespace kith::broker {
namespace {

constexpr unsigned kMarkBits = 4;  // of the traces; the message's number is above them
constexpr std::uint16_t kMarkTraces = (1U << kMarkBits) - 1;
static_assert(kTracesMax <= kMarkBits);

/// Clients that a match names; the rest is a number.
constexpr std::size_t kClientsNamedMax = 8;

std::uint16_t number_of(std::uint16_t mark) {
    return static_cast<std::uint16_t>(mark >> kMarkBits);
}

std::string plural(std::size_t count, std::string_view one) {
    return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

}  // namespace

void Tracer::start(const TraceSpec& spec, TraceSink& sink) {
    CHECK(spec.slot < kTracesMax);
    CHECK(spec.filter.empty() != spec.client_id.empty());
    CHECK((active_ & (1U << spec.slot)) == 0);
    slots_[spec.slot] = {
        .spec = spec, .sink = &sink, .noted = {}, .left_count = spec.event_count_max};
    active_ = static_cast<std::uint8_t>(active_ | (1U << spec.slot));
    add_onlooker();
}

void Tracer::stop(std::uint8_t slot) {
    CHECK(slot < kTracesMax);
    close(slot);
    slots_[slot] = {};
}

/// It may have been closed already, by its last event.
void Tracer::close(std::uint8_t slot) {
    if ((active_ & (1U << slot)) != 0) {
        active_ = static_cast<std::uint8_t>(active_ & ~(1U << slot));
        remove_onlooker();
    }
}

void Tracer::note(TraceStage stage, const Subject& subject, std::string text) {
    if (!is_tracing()) {
        return;
    }
    add({.at = shard_.wall_now(),
         .shard = shard_.id(),
         .stage = stage,
         .client_id = std::string(subject.client_id),
         .topic = std::string(subject.topic),
         .packet_id = subject.packet_id,
         .qos = std::nullopt,
         .text = std::move(text),
         .payload = {}},
        0, nullptr);
}

void Tracer::step(TraceStage stage, const Subject& subject, const bus::Message& message,
                  std::string text) {
    if (!is_tracing()) {
        return;
    }
    add({.at = shard_.wall_now(),
         .shard = shard_.id(),
         .stage = stage,
         .client_id = std::string(subject.client_id),
         .topic = std::string(message.topic.text()),
         .message = number_of(message.trace),
         .packet_id = subject.packet_id,
         .qos = message.qos,
         .retain = message.retain,
         .payload_bytes = static_cast<std::uint32_t>(message.payload.size()),
         .text = std::move(text),
         .payload = {}},
        message.trace, &message);
}

bool Tracer::wants(const Slot& slot, const TraceEvent& event, std::uint16_t mark,
                   WallTime published_at) const {
    const TraceSpec& spec = slot.spec;
    if (!spec.client_id.empty() && event.client_id == spec.client_id) {
        return true;
    }
    if (!spec.filter.empty() && !event.topic.empty() &&
        bus::TopicFilter::trusted(spec.filter).matches(bus::TopicName::trusted(event.topic))) {
        return true;
    }
    // An earlier trace may have left its mark on what still waits somewhere.
    return (mark & (1U << spec.slot)) != 0 && published_at >= spec.started_at;
}

void Tracer::add(TraceEvent event, std::uint16_t mark, const bus::Message* message) {
    const WallTime published_at = message == nullptr ? event.at : message->published_at;
    for (Slot& slot : slots_) {
        const bool is_active = (active_ & (1U << slot.spec.slot)) != 0 && slot.sink != nullptr;
        if (!is_active || !wants(slot, event, mark, published_at)) {
            continue;
        }
        if (event.sequence == 0) {
            event.sequence = numbers_.last_sequence.fetch_add(1, std::memory_order_relaxed) + 1;
        }
        slot.noted.push_back(event);
        if (slot.spec.with_payload && event.stage == TraceStage::Publish && message != nullptr) {
            const Bytes payload = message->payload;
            slot.noted.back().payload =
                as_text(payload.first(std::min(payload.size(), kTracePayloadBytes)));
        }
        if (--slot.left_count == 0) {
            close(slot.spec.slot);
        }
        shard_.flush_later(*this);
    }
}

std::uint16_t Tracer::published(std::string_view client_id, const bus::Message& message,
                                PacketId packet_id, const char* text) {
    const TraceEvent probe{.client_id = std::string(client_id),
                           .topic = std::string(message.topic.text()),
                           .qos = std::nullopt,
                           .text = {},
                           .payload = {}};
    std::uint16_t traces = 0;
    for (const Slot& slot : slots_) {
        const unsigned bit = 1U << slot.spec.slot;
        if ((active_ & bit) != 0 && slot.sink != nullptr && wants(slot, probe, 0, {})) {
            traces = static_cast<std::uint16_t>(traces | bit);
        }
    }
    if (traces == 0) {
        return 0;
    }
    std::uint32_t number = 0;
    while ((number & (0xFFFFU >> kMarkBits)) == 0) {
        number = numbers_.last_message.fetch_add(1, std::memory_order_relaxed) + 1;
    }
    bus::Message marked = message;
    marked.trace = static_cast<std::uint16_t>((number << kMarkBits) | traces);
    CHECK((marked.trace & kMarkTraces) == traces);
    step(TraceStage::Publish, {client_id, packet_id, {}}, marked, text);
    return marked.trace;
}

void Tracer::matched(const bus::Message& message, const Route& route) {
    if (!is_tracing()) {
        return;
    }
    std::string text = plural(route.targets.size(), "client");
    for (std::size_t i = 0; i < std::min(route.targets.size(), kClientsNamedMax); ++i) {
        text += i == 0 ? ": " : ", ";
        text += route.targets[i].session->client_id();
    }
    if (route.targets.size() > kClientsNamedMax) {
        text += ", ...";
    }
    if (!route.groups.empty()) {
        text += "; " + plural(route.groups.size(), "shared group");
    }
    if (!route.taps.empty()) {
        text += "; " + plural(route.taps.size(), "part") + " of the node";
    }
    if (route.shards != 0) {
        text += "; more on other shards";
    }
    step(TraceStage::Match, {}, message, std::move(text));
}

void Tracer::queued(const Session& session, const bus::Message& message, const Queued& place) {
    std::string text = place.ahead_count == 0
                           ? std::string("queued, the first")
                           : fmt::format("queued behind {}", plural(place.ahead_count, "message"));
    text += session.is_connected() ? "" : "; not connected";
    text += place.awaits_commit ? "; sent when it is on disk" : "";
    step(TraceStage::Queue, {session.client_id(), place.packet_id, {}}, message, std::move(text));
}

void Tracer::delivered(const Session& session, const bus::Message& message, const Delivered& how) {
    bus::Message as_sent = message;
    as_sent.qos = how.qos;
    as_sent.retain = how.retain;
    step(TraceStage::Deliver, {session.client_id(), how.packet_id, {}}, as_sent,
         how.is_again ? "sent again, not acknowledged before" : "sent");
}

void Tracer::dropped(const Session& session, const bus::Message& message, const char* reason) {
    step(TraceStage::Drop, {session.client_id(), {}, {}}, message, reason);
}

void Tracer::settled(const Session& session, const PublishOrigin& origin, mqtt::ReasonCode reason) {
    if (!is_tracing()) {
        return;
    }
    const auto type =
        origin.qos == Qos::AtLeastOnce ? mqtt::PacketType::Puback : mqtt::PacketType::Pubrec;
    add({.at = shard_.wall_now(),
         .shard = shard_.id(),
         .stage = TraceStage::Ack,
         .client_id = std::string(session.client_id()),
         .topic = {},
         .message = number_of(origin.trace),
         .packet_id = origin.packet_id,
         .qos = std::nullopt,
         .text = fmt::format("{} to the publisher: {}", to_string(type), to_string(reason)),
         .payload = {}},
        origin.trace, nullptr);
}

void Tracer::run_task() {
    for (Slot& slot : slots_) {
        if (slot.sink != nullptr && !slot.noted.empty()) {
            slot.sink->on_trace_events(slot.spec.slot, std::exchange(slot.noted, {}),
                                       slot.left_count == 0);
        }
    }
}

}  // namespace kith::broker
