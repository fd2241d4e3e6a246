// The part of Network that carries frames.
#include <algorithm>

#include "base/check.h"
#include "sim/network.h"

namespace kith::sim {
namespace {

constexpr std::uint32_t kNoEnd = UINT32_MAX;
/// Frames that leave together are lost together, up to so many bytes: a segment.
constexpr std::size_t kSegmentBytes = 1400;
/// Frames of one turn that a wire without loss carries together: a record of TLS.
constexpr std::size_t kWriteBytes = 16U << 10U;
constexpr Duration kRetransmitTimeoutMin = 200ms;
/// With so many segments behind it, a loss is noticed within a round trip.
constexpr std::size_t kFastRetransmitBytes = 3 * kSegmentBytes;
constexpr std::uint32_t kDatagramLateness = 10;

}  // namespace

void Network::send(NodeLink sender, Priority priority, Bytes head, const SharedBytes& body) {
    const EndIndex end = find(sender.node, sender.link);
    if (end == kNoEnd || !ends_[end].is_open) {
        return;
    }
    if (leaves_with_last(end, head.size() + body.bytes().size())) {
        ends_[end].segment->append(head);
        ends_[end].segment->append(body.bytes());
        from(end).counters.bytes += head.size() + body.bytes().size();
        return;
    }
    const Waiting* waiting = ends_[end].waiting.get();
    const bool waits = waiting != nullptr && (waiting->bytes > 0 || !waiting->lost.empty());
    if (waits || from(end).busy_until > timeline_.now) {
        return enqueue(end, priority, head, body);
    }
    transmit(end, head, body);
}

/// A stream whose last segment left just now and has room. It arrives later, so it is still there.
bool Network::leaves_with_last(EndIndex index, std::size_t bytes) const {
    const End& end = ends_[index];
    const Wire& wire = wires_[end.wire];
    const Direction& direction = wire.directions[wire.nodes[0] == end.node ? 0 : 1];
    const std::size_t room = direction.loss.is_none() ? kWriteBytes : kSegmentBytes;
    return wire.options.bytes_per_s == 0 && end.segment != nullptr &&
           end.segment_at == timeline_.now && end.last_arrival > timeline_.now &&
           end.segment->bytes().size() + bytes <= room;
}

Network::Waiting& Network::waiting(End& end) {
    if (end.waiting == nullptr) {
        end.waiting = std::make_unique<Waiting>();
    }
    return *end.waiting;
}

void Network::enqueue(EndIndex index, Priority priority, Bytes head, const SharedBytes& body) {
    End& end = ends_[index];
    Waiting& queue = waiting(end);
    const std::size_t bytes = head.size() + body.bytes().size();
    if (queue.bytes + bytes > kQueueBytesMax) {
        ++from(index).counters.overflows;
        if (wires_[end.wire].options.model == WireModel::Stream) {
            // The node is inside of a call: it hears of it as of any reset.
            reset(other(index));
            if (!end.was_reset) {
                end.was_reset = true;
                timeline_.push(timeline_.now, EventKind::Reset, index, generation_of(index));
            }
        }
        return;
    }
    queue.queues[static_cast<std::size_t>(priority)].push_back(
        Frame{.head = {head.begin(), head.end()}, .body = body});
    queue.bytes += bytes;
    if (queue.lost.empty()) {
        schedule_transmit(index);
    }
}

void Network::schedule_transmit(EndIndex index) {
    Waiting& queue = waiting(ends_[index]);
    if (!queue.is_scheduled) {
        queue.is_scheduled = true;
        timeline_.push(std::max(from(index).busy_until, timeline_.now), EventKind::Transmit, index,
                       generation_of(index));
    }
}

/// Sends what waits, the most urgent first, in segments, as long as the wire is free.
void Network::drain(EndIndex index) {
    while (ends_[index].is_open && waiting(ends_[index]).lost.empty() &&
           waiting(ends_[index]).bytes > 0) {
        if (from(index).busy_until > timeline_.now) {
            return schedule_transmit(index);
        }
        Waiting& queue = waiting(ends_[index]);
        std::deque<Frame> segment;
        std::size_t bytes = 0;
        for (std::deque<Frame>& frames : queue.queues) {
            while (!frames.empty() &&
                   (segment.empty() || bytes + frames.front().size() <= kSegmentBytes)) {
                bytes += frames.front().size();
                segment.push_back(std::move(frames.front()));
                frames.pop_front();
            }
        }
        queue.bytes -= bytes;
        if (wires_[ends_[index].wire].options.model == WireModel::Datagram) {
            for (const Frame& frame : segment) {
                transmit(index, frame.head, frame.body);
            }
        } else if (is_lost(index)) {
            depart(index, bytes);
            lose_segment(index, std::move(segment));
        } else {
            for (const Frame& frame : segment) {
                send_stream(index, depart(index, frame.size()), frame.head, frame.body);
            }
        }
    }
}

bool Network::is_lost(EndIndex end) {
    Direction& direction = from(end);
    if (direction.cuts == 0 && !direction.loss.loses(direction.loss_draw)) {
        return false;
    }
    ++direction.counters.lost;
    return true;
}

/// When the last byte of a frame has left, which counts it.
Instant Network::depart(EndIndex end, std::size_t bytes) {
    Direction& direction = from(end);
    const WireOptions& options = wires_[ends_[end].wire].options;
    const std::size_t bytes_on_wire =
        bytes + (options.model == WireModel::Stream ? kStreamHeaderBytes : kDatagramHeaderBytes);
    ++direction.counters.frames;
    direction.counters.bytes += bytes_on_wire;
    if (options.bytes_per_s == 0) {
        return timeline_.now;
    }
    const auto ns = static_cast<std::int64_t>(bytes_on_wire * 1'000'000'000 / options.bytes_per_s);
    direction.busy_until = std::max(direction.busy_until, timeline_.now) + Duration(ns);
    return direction.busy_until;
}

void Network::transmit(EndIndex end, Bytes head, const SharedBytes& body) {
    const Instant departure = depart(end, head.size() + body.bytes().size());
    const bool is_stream = wires_[ends_[end].wire].options.model == WireModel::Stream;
    if (is_lost(end)) {
        if (is_stream) {
            std::deque<Frame> segment;
            segment.push_back(Frame{.head = {head.begin(), head.end()}, .body = body});
            lose_segment(end, std::move(segment));
        }
        return;
    }
    if (is_stream) {
        send_stream(end, departure, head, body);
    } else {
        send_datagram(end, departure, head, body);
    }
}

void Network::send_stream(EndIndex index, Instant departure, Bytes head, const SharedBytes& body) {
    End& end = ends_[index];
    const Duration delay = draw_delay(wires_[end.wire], from(index));
    end.last_arrival = std::max(end.last_arrival, departure + delay);
    end.segment = &arrive(index, end.last_arrival, head, body);
    end.segment_at = timeline_.now;
    if (towards(index).cuts > 0) {
        expect_acknowledgement(index);
    }
}

void Network::send_datagram(EndIndex end, Instant departure, Bytes head, const SharedBytes& body) {
    const Wire& wire = wires_[ends_[end].wire];
    Direction& direction = from(end);
    const int copies =
        wire.options.duplicate > 0 && direction.loss_draw.chance(wire.options.duplicate) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
        Duration delay = draw_delay(wire, direction);
        if (wire.options.reorder > 0 && direction.delay.chance(wire.options.reorder)) {
            delay *= kDatagramLateness;
        }
        arrive(end, departure + delay, head, body);
    }
}

/// The frame is on its way from `end` to the other one.
Event& Network::arrive(EndIndex end, Instant at, Bytes head, const SharedBytes& body) {
    Event& event = timeline_.push(at, EventKind::Arrival, other(end), generation_of(end));
    event.append(head);
    event.append(body.bytes());
    return event;
}

void Network::lose_segment(EndIndex index, std::deque<Frame> segment) {
    Waiting& queue = waiting(ends_[index]);
    const Duration round_trip = wires_[ends_[index].wire].options.delay_max * 2;
    queue.lost = std::move(segment);
    queue.lost_since = timeline_.now;
    queue.retries = 0;
    const bool is_fast = queue.bytes >= kFastRetransmitBytes && from(index).cuts == 0;
    const Duration pause =
        is_fast ? round_trip + round_trip / 4 : std::max(kRetransmitTimeoutMin, round_trip * 2);
    timeline_.push(timeline_.now + pause, EventKind::Retransmit, index, generation_of(index));
}

void Network::on_retransmit(EndIndex index) {
    if (!ends_[index].is_open) {
        return;
    }
    Waiting& queue = waiting(ends_[index]);
    const WireOptions& options = wires_[ends_[index].wire].options;
    if (timeline_.now - queue.lost_since >= options.user_timeout) {
        return abort(index);
    }
    if (is_lost(index)) {
        ++queue.retries;
        const Duration timeout = std::max(kRetransmitTimeoutMin, options.delay_max * 4);
        const Instant at = std::min(timeline_.now + timeout * (1U << queue.retries),
                                    queue.lost_since + options.user_timeout);
        timeline_.push(at, EventKind::Retransmit, index, generation_of(index));
        return;
    }
    const std::deque<Frame> segment = std::exchange(queue.lost, {});
    for (const Frame& frame : segment) {
        send_stream(index, depart(index, frame.size()), frame.head, frame.body);
    }
    drain(index);
}

/// Nobody acknowledges what was sent into a wire whose way back is cut.
void Network::expect_acknowledgement(EndIndex index) {
    if (!ends_[index].expects_silence) {
        ends_[index].expects_silence = true;
        timeline_.push(timeline_.now + wires_[ends_[index].wire].options.user_timeout,
                       EventKind::Silence, index, generation_of(index));
    }
}

void Network::on_silence(EndIndex index) {
    ends_[index].expects_silence = false;
    const Direction& back = towards(index);
    const Duration user_timeout = wires_[ends_[index].wire].options.user_timeout;
    if (ends_[index].is_open && back.cuts > 0 && timeline_.now - back.cut_since >= user_timeout) {
        abort(index);
    }
}

void Network::on_arrival(const Event& event) {
    End& end = ends_[event.subject];
    if (!listener_.is_powered(end.node)) {
        return;
    }
    if (!end.is_open) {
        return reset(other(event.subject));
    }
    const Result<std::size_t> used = hand_over(end, event.bytes());
    if (!used && end.is_open) {
        abort(event.subject);
    }
}

/// With the beginning of a frame that came before, if there is one.
Result<std::size_t> Network::hand_over(End& end, Bytes bytes) {
    if (end.rest.empty()) {
        const Result<std::size_t> used = listener_.on_bytes(end.node, end.link, bytes);
        if (used && *used < bytes.size() && end.is_open) {
            end.rest.assign(bytes.begin() + static_cast<std::ptrdiff_t>(*used), bytes.end());
        }
        return used;
    }
    std::vector<std::uint8_t> joined = std::exchange(end.rest, {});
    joined.insert(joined.end(), bytes.begin(), bytes.end());
    const Result<std::size_t> used = listener_.on_bytes(end.node, end.link, joined);
    if (used && end.is_open) {
        joined.erase(joined.begin(), joined.begin() + static_cast<std::ptrdiff_t>(*used));
        end.rest = std::move(joined);
    }
    return used;
}

}  // namespace kith::sim
