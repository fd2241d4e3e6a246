// A frame in words, field by field: two frames with the same words are the same, whatever their
// views point to.
#pragma once

#include <string>

#include <fmt/format.h>

#include "base/bytes.h"
#include "wire/mesh/bodies.h"
#include "wire/mesh/frames.h"

namespace kith::mesh::testing {

inline std::string words(NodeId id) {
    return fmt::format("{:016x}", id.value());
}

inline std::string words(const DataId& id) {
    return fmt::format("{}/{}/{}", words(id.origin), id.epoch, id.sequence);
}

inline std::string words(const RecordKey& key) {
    return fmt::format("{}/{}/{}", words(key.origin), static_cast<int>(key.kind), key.part);
}

inline std::string words(const RecordVersion& record) {
    return fmt::format("{}@{}.{}", words(record.key), record.version.epoch, record.version.counter);
}

std::string words(const Destination& d);
std::string words(const CustodyEntry& e);
std::string words(const NeighborCost& n);
std::string words(const StateKey& key);
std::string words(const StateVersion& entry);

/// "[a b c ]".
template <typename List>
std::string words_of_all(const List& list) {
    std::string joined = "[";
    for (const auto& entry : list) {
        joined += words(entry) + " ";
    }
    return joined + "]";
}

inline std::string words(const Hello& f) {
    std::string text = fmt::format(
        "hello {} wants={} is={} interval={} sent={} echo={} held={} received={} heard={:04x}",
        f.sequence, f.wants_answer, f.is_answer, f.interval_ms, f.sent_at_us, f.echo_sent_at_us,
        f.echo_held_us, f.received_frames, f.heard_of_last_16);
    text += f.tells_digests ? " tells" : " keeps";
    for (const std::uint64_t digest : f.digests.of_kind) {
        text += fmt::format(" {:x}", digest);
    }
    return text + fmt::format(" {:x}", f.digests.of_state);
}

inline std::string words(const Receipt& f) {
    return fmt::format("receipt {}", f.received_frames);
}

inline std::string words(const Record& f) {
    return fmt::format("record {} left={} lifetime={} body={} signature={}",
                       words(RecordVersion{f.key, f.version}), f.left_ms, f.lifetime_s,
                       to_hex(f.body), to_hex(f.signature));
}

inline std::string words(const RecordAck& f) {
    return "record-ack " + words_of_all(f.records);
}

inline std::string words(const RecordRequest& f) {
    return "record-request " + words_of_all(f.records);
}

inline std::string words(const Digest& f) {
    std::string text = fmt::format("digest {}", static_cast<int>(f.kind));
    for (const std::uint64_t bucket : f.buckets) {
        text += fmt::format(" {:x}", bucket);
    }
    return text;
}

inline std::string words(const DigestList& f) {
    return fmt::format("digest-list {} mask={:x} first={} last={} {}", static_cast<int>(f.kind),
                       f.bucket_mask, words(f.first), words(f.last), words_of_all(f.records));
}

inline std::string words(const Echo& f) {
    return fmt::format("echo {} {} {} complete={} {}", words(f.initiator), f.epoch, f.wave,
                       f.is_complete, words_of_all(f.wanted));
}

inline std::string words(const Destination& d) {
    std::string text = fmt::format("{} stream={}..{} all={}", words(d.node), d.stream_first,
                                   d.stream_sequence, d.for_all);
    for (const std::uint64_t group : d.groups) {
        text += fmt::format(" {:x}", group);
    }
    return text;
}

inline std::string words(const Data& f) {
    return fmt::format(
               "data {} priority={} kind={} hops={} qos={} retain={} replica={} flow={:x} at={} "
               "expires={} tenant={} ",
               words(f.id), static_cast<int>(f.priority), static_cast<int>(f.kind), f.hops_left,
               f.qos, f.retain, f.wants_replica, f.flow, f.published_at_ms, f.expires_after_ms,
               f.tenant) +
           fmt::format("state={:x}/{:x}/{} ", f.state_time, f.state_replaces, f.state_forget_h) +
           fmt::format("number={:x} ", f.number) +
           fmt::format("{} topic={} properties={} payload={}", words_of_all(f.destinations),
                       f.topic, to_hex(f.properties), to_hex(f.payload));
}

inline std::string words(const CustodyEntry& e) {
    return fmt::format("{} {} {}", words(e.id), static_cast<int>(e.verdict),
                       words_of_all(e.destinations));
}

inline std::string words(const CustodyAck& f) {
    return "custody-ack " + words_of_all(f.entries);
}

inline std::string words(const Credit& f) {
    return fmt::format("credit {} {}", static_cast<int>(f.priority), f.bytes_total);
}

inline std::string words(const Goodbye& f) {
    return fmt::format("goodbye {}", static_cast<int>(f.reason));
}

inline std::string words(const StateKey& key) {
    return fmt::format("{:x}/{}", key.hash, static_cast<int>(key.kind));
}

inline std::string words(const Stamp& stamp) {
    return fmt::format("{:x}@{}", stamp.time, words(stamp.writer));
}

inline std::string words(const State& f) {
    return fmt::format("state {} {} replaces={:x} forget={} gone={} tenant={} qos={} at={} ",
                       words(f.key), words(f.stamp), f.replaces, f.forget_h, f.is_gone, f.tenant,
                       f.qos, f.published_at_ms) +
           fmt::format("expires={} name={} properties={} value={}", f.expires_after_ms, f.name,
                       to_hex(f.properties), to_hex(f.value));
}

inline std::string words(const StateDigest& f) {
    std::string text = "state-digest";
    for (const std::uint64_t bucket : f.buckets) {
        text += fmt::format(" {:x}", bucket);
    }
    return text;
}

inline std::string words(const StateVersion& entry) {
    return words(entry.key) + "=" + words(entry.stamp);
}

inline std::string words(const StateList& f) {
    return fmt::format("state-list {} {} {}", words(f.first), words(f.last),
                       words_of_all(f.entries));
}

inline std::string words(const StateRequest& f) {
    return "state-request " + words_of_all(f.keys);
}

inline std::string words(const Circuit& f) {
    return fmt::format("circuit {}/{}/{} kind={} from_origin={} ", words(f.id.origin), f.id.epoch,
                       f.id.number, static_cast<int>(f.kind), f.is_from_origin) +
           fmt::format("to={} way={} hops={} resumes={} before={} {} received={} allowed={} end={}",
                       words(f.destination), f.way, f.hops_left, f.resumes, f.before,
                       to_hex(f.bytes), f.received, f.allowed, static_cast<int>(f.end));
}

inline std::string words(const Frame& frame) {
    return std::visit([](const auto& f) { return words(f); }, frame);
}

inline std::string words(const NeighborCost& n) {
    return fmt::format("{}={}", words(n.node), n.cost);
}

inline std::string words(const LinkStateBody& b) {
    std::string text =
        fmt::format("link state role={} leaving={} name={} {}", static_cast<int>(b.role),
                    b.is_leaving, b.name, words_of_all(b.neighbors));
    for (const std::string_view locator : b.locators) {
        text += fmt::format(" {}", locator);
    }
    return text;
}

inline std::string words(const InterestBody& b) {
    std::string text = "interest";
    for (const InterestBody::Entry& entry : b.entries) {
        text += fmt::format(" ({} {} {})", entry.tenant, entry.share_group, entry.filter);
    }
    return text;
}

}  // namespace kith::mesh::testing
