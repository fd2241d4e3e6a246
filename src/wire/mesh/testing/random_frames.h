// Makes random frames and bodies that a correct node may send; every type, every field.
//
// The same seed makes the same. Views point into the generator, which keeps all it made.
#pragma once

#include <algorithm>
#include <deque>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "wire/mesh/bodies.h"
#include "wire/mesh/frames.h"

namespace kith::mesh::testing {

class RandomFrames {
  public:
    explicit RandomFrames(std::uint64_t seed) : random_(seed) {}

    Frame any() { return of_type(static_cast<FrameType>(1 + random_.below(17))); }

    Frame of_type(FrameType type) {
        switch (type) {
            case FrameType::Hello:
                return hello();
            case FrameType::Receipt:
                return Receipt{.received_frames = number<std::uint32_t>()};
            case FrameType::Record:
                return record();
            case FrameType::RecordAck:
                return RecordAck{.records = records()};
            case FrameType::RecordRequest:
                return record_request();
            case FrameType::Digest:
                return digest();
            case FrameType::DigestList:
                return digest_list();
            case FrameType::Echo:
                return echo();
            case FrameType::Data:
                return message();
            case FrameType::CustodyAck:
                return custody_ack();
            case FrameType::Credit:
                return Credit{.priority = priority(), .bytes_total = varint()};
            case FrameType::Goodbye:
                return Goodbye{.reason = static_cast<GoodbyeReason>(random_.below(6))};
            case FrameType::State:
                return state();
            case FrameType::StateDigest:
                return state_digest();
            case FrameType::StateList:
                return state_list();
            case FrameType::StateRequest:
                return state_request();
            case FrameType::Circuit:
                return circuit();
        }
        return Goodbye{};
    }

    Hello hello() {
        Hello frame;
        frame.sequence = number<std::uint32_t>();
        frame.wants_answer = coin();
        frame.is_answer = coin();
        frame.interval_ms = number<std::uint16_t>();
        frame.sent_at_us = varint();
        if (coin()) {
            frame.echo_sent_at_us = std::max<std::uint64_t>(varint(), 1);
            frame.echo_held_us = number<std::uint32_t>();
        }
        frame.received_frames = number<std::uint32_t>();
        frame.heard_of_last_16 = number<std::uint16_t>();
        frame.tells_digests = coin();
        if (frame.tells_digests) {
            for (std::uint64_t& digest : frame.digests.of_kind) {
                digest = number<std::uint64_t>();
            }
            frame.digests.of_state = number<std::uint64_t>();
        }
        return frame;
    }

    Record record() {
        Record frame;
        frame.key = key(kind());
        frame.version = version();
        frame.left_ms = number<std::uint32_t>();
        frame.lifetime_s = number<std::uint32_t>();
        frame.body = blob(kRecordBodyBytesMax);
        frame.signature = bytes(kSignatureBytes);
        return frame;
    }

    RecordRequest record_request() {
        RecordRequest frame{.records = records()};
        for (RecordVersion& record : frame.records) {
            record.version = {};
        }
        return frame;
    }

    Digest digest() {
        Digest frame;
        frame.kind = kind();
        for (std::uint64_t& bucket : frame.buckets) {
            bucket = coin() ? 0 : number<std::uint64_t>();
        }
        return frame;
    }

    DigestList digest_list() {
        DigestList frame;
        frame.kind = kind();
        frame.bucket_mask = number<std::uint64_t>();
        std::set<RecordKey> keys;
        for (std::uint64_t i = length(); i > 0; --i) {
            keys.insert(key(frame.kind));
        }
        for (const RecordKey& key : keys) {
            frame.records.push_back({key, version()});
        }
        frame.first = RecordKey{.origin = {}, .kind = frame.kind, .part = 0};
        frame.last = {.origin = NodeId(~std::uint64_t{0}), .kind = frame.kind, .part = 0xFFFF};
        if (!keys.empty() && coin()) {
            frame.first = *keys.begin();
            frame.last = *keys.rbegin();
        }
        return frame;
    }

    Echo echo() {
        Echo frame;
        frame.initiator = node();
        frame.epoch = number<std::uint32_t>();
        frame.wave = number<std::uint32_t>();
        frame.wanted = records();
        frame.is_complete = coin();
        return frame;
    }

    Data message() {
        Data frame;
        frame.id = data_id();
        frame.priority = priority();
        frame.kind = static_cast<DataKind>(random_.below(3));
        frame.hops_left = static_cast<std::uint8_t>(random_.below(kHopsMax + 1));
        frame.qos = static_cast<std::uint8_t>(random_.below(3));
        frame.retain = coin();
        frame.wants_replica = coin();
        frame.flow = number<std::uint64_t>();
        frame.published_at_ms = static_cast<std::int64_t>(number<std::uint64_t>());
        frame.expires_after_ms = number<std::uint32_t>();
        frame.tenant = number<std::uint32_t>();
        frame.number = coin() ? number<std::uint64_t>() : 0;
        if (coin()) {
            frame.state_time = std::max<std::uint64_t>(number<std::uint64_t>(), 1);
            frame.state_replaces = number<std::uint64_t>();
            frame.state_forget_h = number<std::uint32_t>();
        }
        for (const NodeId node : nodes(1 + length())) {
            frame.destinations.push_back(destination(node));
        }
        frame.topic = text(kTopicBytesMax);
        frame.properties = blob(300);
        frame.payload = blob(20'000);
        return frame;
    }

    CustodyAck custody_ack() {
        CustodyAck frame;
        for (std::uint64_t i = length(); i > 0; --i) {
            CustodyEntry& entry = frame.entries.emplace_back();
            entry.id = data_id();
            entry.verdict = static_cast<CustodyVerdict>(random_.below(4));
            for (const NodeId node : nodes(length())) {
                entry.destinations.push_back(node);
            }
        }
        return frame;
    }

    State state() {
        State frame;
        frame.key = state_key();
        frame.stamp = stamp();
        frame.replaces = number<std::uint64_t>();
        frame.forget_h = number<std::uint32_t>();
        frame.is_gone = coin();
        if (!frame.is_gone) {
            frame.tenant = number<std::uint32_t>();
            frame.qos = static_cast<std::uint8_t>(random_.below(3));
            frame.name = text(100);
            frame.published_at_ms = static_cast<std::int64_t>(number<std::uint64_t>());
            frame.expires_after_ms = number<std::uint32_t>();
            frame.properties = blob(300);
            frame.value = blob(frame.key.kind == StateKind::Retained ? 20'000 : 500);
        }
        return frame;
    }

    StateDigest state_digest() {
        StateDigest frame;
        for (std::uint64_t i = length(); i > 0; --i) {
            frame.buckets[random_.below(kStateBuckets)] = number<std::uint64_t>();
        }
        return frame;
    }

    StateList state_list() {
        StateList frame;
        frame.last = {.hash = ~std::uint64_t{0}, .kind = StateKind::Session};
        for (const StateKey& key : state_keys()) {
            frame.entries.push_back({.key = key, .stamp = stamp()});
        }
        if (!frame.entries.empty() && coin()) {
            frame.first = frame.entries.front().key;
            frame.last = frame.entries.back().key;
        }
        return frame;
    }

    StateRequest state_request() {
        StateRequest frame;
        for (const StateKey& key : state_keys()) {
            frame.keys.push_back(key);
        }
        return frame;
    }

    Circuit circuit() {
        Circuit frame;
        frame.id = {node(), number<std::uint32_t>(), std::max<std::uint64_t>(varint(), 1)};
        frame.kind = static_cast<CircuitKind>(random_.below(4));
        frame.is_from_origin = frame.kind == CircuitKind::Open || coin();
        switch (frame.kind) {
            case CircuitKind::Open:
                frame.destination = node();
                frame.way = std::max<std::uint32_t>(number<std::uint32_t>(), 1);
                frame.hops_left = number<std::uint8_t>();
                frame.resumes = coin();
                break;
            case CircuitKind::Bytes:
                frame.before = varint();
                frame.bytes = bytes(1 + random_.below(coin() ? 20 : kCircuitBytesMax));
                break;
            case CircuitKind::Room:
                frame.allowed = varint();
                frame.received = coin() ? frame.allowed : frame.allowed / 2;
                break;
            case CircuitKind::Close:
                frame.end = static_cast<CircuitEnd>(random_.below(kCircuitEndCount));
                break;
        }
        return frame;
    }

    LinkStateBody link_state() {
        LinkStateBody body;
        body.role = coin() ? NodeRole::Leaf : NodeRole::Router;
        body.is_leaving = coin();
        body.name = text(kNodeNameBytesMax);
        for (const NodeId node : nodes(length())) {
            const std::uint32_t cost = number<std::uint32_t>() % kCostMax;
            body.neighbors.push_back({.node = node, .cost = cost + 1});
        }
        for (std::uint64_t i = random_.below(kLocatorsMax + 1); i > 0; --i) {
            body.locators.push_back(text(kLocatorBytesMax));
        }
        return body;
    }

    InterestBody interest() {
        std::set<InterestBody::Entry> entries;
        for (std::uint64_t i = length(); i > 0; --i) {
            const std::string_view filter = text(100);
            entries.insert({.tenant = static_cast<std::uint32_t>(random_.below(3)),
                            .share_group = coin() ? std::string_view() : text(20),
                            .filter = filter.empty() ? "#" : filter});
        }
        return {.entries = {entries.begin(), entries.end()}};
    }

    Random& random() { return random_; }

  private:
    bool coin() { return random_.below(2) == 0; }

    template <typename T>
    T number() {
        // The ends of the range are where encoders go wrong.
        const T edges[] = {0, 1, 127, 128, 255, static_cast<T>(16'384), static_cast<T>(~T{0})};
        return coin() ? edges[random_.below(std::size(edges))] : static_cast<T>(random_.next());
    }
    /// As large as a varint may be, of any length.
    std::uint64_t varint() { return number<std::uint64_t>() >> (1 + random_.below(63)); }

    NodeId node() { return NodeId(std::max<std::uint64_t>(number<std::uint64_t>(), 1)); }
    std::set<NodeId> nodes(std::uint64_t count) {
        std::set<NodeId> made;
        while (made.size() < count) {
            made.insert(node());
        }
        return made;
    }
    DataId data_id() {
        return {node(), number<std::uint32_t>(), std::max<std::uint64_t>(varint(), 1)};
    }
    Priority priority() { return static_cast<Priority>(random_.below(kPriorityCount)); }
    RecordKind kind() { return static_cast<RecordKind>(1 + random_.below(kRecordKindCount)); }
    RecordKey key(RecordKind kind) {
        return {node(), kind, static_cast<std::uint16_t>(random_.below(kRecordPartsMax))};
    }
    StateKey state_key() {
        const auto hash = number<std::uint64_t>();
        return {.hash = hash, .kind = static_cast<StateKind>(1 + random_.below(kStateKindCount))};
    }
    std::set<StateKey> state_keys() {
        std::set<StateKey> made;
        for (std::uint64_t i = length(); i > 0; --i) {
            made.insert(state_key());
        }
        return made;
    }
    Stamp stamp() {
        const auto time = std::max<std::uint64_t>(number<std::uint64_t>(), 1);
        return {.time = time, .writer = node()};
    }
    Version version() {
        const std::uint32_t epoch = number<std::uint32_t>();
        return {.epoch = epoch, .counter = number<std::uint32_t>()};
    }
    RecordVersions records() {
        RecordVersions made;
        for (std::uint64_t i = length(); i > 0; --i) {
            const RecordKey any = key(kind());
            made.push_back({any, version()});
        }
        return made;
    }
    Destination destination(NodeId node) {
        Destination made;
        made.node = node;
        made.for_all = coin();
        if (coin()) {
            made.stream_sequence = std::max<std::uint64_t>(varint(), 1);
            made.stream_first = coin() ? made.stream_sequence : random_.below(made.stream_sequence);
        }
        std::set<std::uint64_t> groups;
        for (std::uint64_t i = random_.below(4); i > 0; --i) {
            groups.insert(number<std::uint64_t>());
        }
        made.groups.assign(groups.begin(), groups.end());
        return made;
    }

    /// Of a list: mostly what fits in place, now and then more.
    std::uint64_t length() { return random_.below(random_.below(8) == 0 ? 40 : 6); }

    std::string_view text(std::size_t bytes_max) {
        constexpr std::string_view kPieces[] = {"x",    "plant/h2/", "+",      "#",
                                                "\x7F", "\u00FC",    "\uFFFF", "\U0010FFFF"};
        std::string& made = texts_.emplace_back();
        for (std::uint64_t i = random_.below(12); i > 0; --i) {
            const std::string_view piece = kPieces[random_.below(std::size(kPieces))];
            if (made.size() + piece.size() <= bytes_max) {
                made += piece;
            }
        }
        return made;
    }

    Bytes bytes(std::size_t count) {
        std::vector<std::uint8_t>& made = blobs_.emplace_back(count);
        for (std::uint8_t& byte : made) {
            byte = static_cast<std::uint8_t>(random_.next());
        }
        return made;
    }
    Bytes blob(std::size_t bytes_max) {
        // Now and then long enough for lengths of two or three bytes.
        const std::size_t kSizes[] = {0, 3, 30, 200, 20'000};
        const std::size_t size = kSizes[random_.below(std::size(kSizes))];
        return bytes(random_.below(std::min(size, bytes_max) + 1));
    }

    Random random_;
    std::deque<std::string> texts_;
    std::deque<std::vector<std::uint8_t>> blobs_;
};

}  // namespace kith::mesh::testing
