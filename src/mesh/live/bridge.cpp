#include "mesh/live/bridge.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "mesh/detail/filter_superset.h"
#include "mesh/limits.h"
#include "mesh/live/bridge_records.h"
#include "mesh/live/limits.h"
#include "mesh/live/mesh_host.h"
#include "mesh/trust/node_key.h"

namespace kith::mesh {
namespace {

static_assert(bus::kMeshMessageBytesMax == kMessageBytesMax);

/// Of what a node says of itself no other node hears; what is left of the reserved topics.
constexpr std::array<std::string_view, 3> kSharedReservedFilters{"$to/#", "$m/#", "$mesh/dir/#"};

/// Those that clients can choose.
constexpr std::array<Priority, 6> kClientPriorities{Priority::Alarm, Priority::Command,
                                                    Priority::Event, Priority::Default,
                                                    Priority::Low,   Priority::Bulk};

Interest interest_of(const bus::MeshInterest& interest) {
    return {.tenant = interest.tenant.value(),
            .share_group = interest.share_group,
            .filter = interest.filter};
}

/// Without its audience.
bus::Message message_of(const Data& data) {
    return {.tenant = TenantId(data.tenant),
            .topic = bus::TopicName::trusted(data.topic),
            .payload = data.payload,
            .properties = data.properties,
            .qos = static_cast<Qos>(data.qos),
            .retain = data.retain,
            .published_at = WallTime::from_ms(data.published_at_ms)};
}

std::vector<std::uint8_t> bytes_of(std::span<const std::uint64_t> groups) {
    std::vector<std::uint8_t> bytes(groups.size() * sizeof(std::uint64_t));
    if (!groups.empty()) {
        std::memcpy(bytes.data(), groups.data(), bytes.size());
    }
    return bytes;
}

}  // namespace

void Bridge::attach(MeshHost& host) {
    host_ = &host;
    own_id_ = node_name_of(host.node().self());
    own_name_ = host.node().name();
}

// Of the core: nothing here calls it back.

void Bridge::deliver(const Data& data, const StreamProgress& progress, std::uint64_t token) {
    if (data.kind == DataKind::Directed) {
        take_directed(data, token);
        return;
    }
    const Destination& here = data.destinations.front();
    const std::vector<std::uint8_t> groups = bytes_of(here.groups);
    bus::Message message = message_of(data);
    message.audience = {.is_from_mesh = true,
                        .for_all = here.for_all,
                        .source = {.node = data.id.origin.value(), .number = data.number},
                        .keeps_retained = data.state_time != 0 || is_inbox(data.topic),
                        .groups = groups};
    if (token == 0) {  // QoS 0: nobody waits for it
        broker_.deliver(message, data.expires_after_ms, {}, nullptr);
        return;
    }
    const StreamPosition stream = stream_of(data);
    note_stream(stream);
    const std::vector<std::uint8_t> key = encode_stream_key(stream);
    const std::vector<std::uint8_t> value = encode_progress(progress);
    broker_.deliver(message, data.expires_after_ms, {.key = key, .value = value}, [this, token] {
        delivered_.push_back(token);
        shard_.defer(*this);
    });
}

/// Its place in the stream has no mark of its own: after a crash, its origin says what it has.
void Bridge::take_directed(const Data& data, std::uint64_t token) {
    directed_.push_back({.from = data.id.origin,
                         .topic = std::string(data.topic),
                         .payload = {data.payload.begin(), data.payload.end()},
                         .qos = static_cast<Qos>(data.qos),
                         .expires_after_ms = data.expires_after_ms,
                         .token = token});
    shard_.defer(*this);
}

void Bridge::hand_out_directed() {
    for (const Directed& message : std::exchange(directed_, {})) {
        if (message.token != 0) {
            delivered_.push_back(message.token);
        }
        const auto service = services_.find(message.topic.substr(0, message.topic.find('/')));
        if (service == services_.end()) {
            ++unclaimed_count_;
            continue;
        }
        service->second->on_directed(message.from, {.topic = message.topic,
                                                    .payload = message.payload,
                                                    .qos = message.qos,
                                                    .expires_after_ms = message.expires_after_ms});
    }
}

void Bridge::listen(std::string_view service, DirectedPort& port) {
    const bool is_new = services_.emplace(service, &port).second;
    CHECK_TEXT(is_new, "two ports for one service");
}

SendOutcome Bridge::send_to(NodeId to, const DirectedMessage& message) {
    SendOutcome outcome{};
    host_->call([&](MeshNode& core, Instant now) {
        outcome = core.send_to(to,
                               {.topic = message.topic,
                                .properties = {},
                                .payload = message.payload,
                                .qos = message.qos,
                                .published_at = shard_.wall_now(),
                                .expires_after_ms = message.expires_after_ms},
                               0, now);
    });
    return outcome;
}

/// Of each origin the streams of two epochs are remembered, as the core does.
void Bridge::note_stream(const StreamPosition& stream) {
    if (!streams_.insert(stream).second) {
        return;
    }
    std::uint32_t newest = 0;
    std::uint32_t before = 0;
    const auto first = streams_.lower_bound(StreamPosition{.origin = stream.origin});
    for (auto it = first; it != streams_.end() && it->origin == stream.origin; ++it) {
        if (it->epoch > newest) {
            before = std::exchange(newest, it->epoch);
        }
    }
    for (auto it = first; it != streams_.end() && it->origin == stream.origin;) {
        if (it->epoch < before) {
            broker_.forget_mark(encode_stream_key(*it));
            it = streams_.erase(it);
        } else {
            ++it;
        }
    }
}

void Bridge::on_barrier(std::uint64_t token, bool is_complete) {
    barriers_done_.emplace_back(token, is_complete);
    shard_.defer(*this);
}

void Bridge::on_wanted(std::uint32_t, std::string_view filter, bool is_wanted) {
    const auto tell = [&](std::string_view each) {
        is_wanted ? broker_.want(kDefaultTenant, each) : broker_.unwant(kDefaultTenant, each);
    };
    if (filter == kReservedTopics) {
        for (const std::string_view each : kSharedReservedFilters) {
            tell(each);
        }
    } else {
        tell(filter);
    }
}

void Bridge::store(CustodyTicket ticket, const Data& data) {
    note_ = encode_note(data);
    if (sending_ != nullptr) {  // the broker stores it with what else its publisher waits for
        sending_->ticket = ticket.value();
        sending_->note = note_;
        return;
    }
    broker_.store(ticket.value(), message_of(data), data.expires_after_ms, note_);
}

/// That some have got it is not worth a write: who gets it again knows it.
void Bridge::settle(CustodyTicket ticket, const Destinations& left) {
    if (left.empty()) {
        broker_.settle(ticket.value());
    }
}

void Bridge::keep_record(const RecordKey& key, Bytes told, Instant expires_at) {
    if (is_restoring_) {
        return;
    }
    const std::vector<std::uint8_t> name = encode_record_key(key);
    if (told.empty()) {
        broker_.forget_mark(name);
        return;
    }
    const WallTime until =
        shard_.wall_now() + std::chrono::milliseconds(to_ms(expires_at - shard_.now()));
    broker_.put_mark({.key = name, .value = encode_record(until, told)});
}

// Of the broker.

void Bridge::subscribe(const bus::MeshInterest& interest) {
    host_->call([&](MeshNode& core, Instant now) { core.subscribe(interest_of(interest), now); });
}

void Bridge::unsubscribe(const bus::MeshInterest& interest) {
    host_->call([&](MeshNode& core, Instant now) { core.unsubscribe(interest_of(interest), now); });
}

void Bridge::barrier(std::function<void(bool)> done) {
    const std::uint64_t token = ++last_barrier_;
    barriers_.emplace(token, std::move(done));
    host_->call([token](MeshNode& core, Instant now) { core.barrier(token, now); });
}

bus::MeshPort::Sent Bridge::send(const bus::Message& message, std::uint32_t expires_after_ms) {
    Sent sent;
    sending_ = &sent;
    host_->call([&](MeshNode& core, Instant now) {
        sent.has_receivers = core.publish({.tenant = message.tenant.value(),
                                           .topic = message.topic.text(),
                                           .properties = message.properties,
                                           .payload = message.payload,
                                           .qos = message.qos,
                                           .retain = message.retain,
                                           .priority = priority_of_(message.properties),
                                           .flow = message.publisher.value(),
                                           .number = message.audience.source.number,
                                           .published_at = message.published_at,
                                           .expires_after_ms = expires_after_ms},
                                          0, now);
    });
    sending_ = nullptr;
    return sent;
}

void Bridge::on_stored(std::uint64_t ticket) {
    stored_.emplace_back(ticket);
    shard_.defer(*this);
}

bool Bridge::is_congested() const {
    const MeshNode& core = host_->node();
    return core.counters().custody_bytes > kUnderWayBytesMax &&
           std::ranges::any_of(kClientPriorities,
                               [&core](Priority each) { return core.is_congested(each); });
}

void Bridge::restore(const Kept& kept) {
    Result<Data> data = decode_note(kept.note);
    if (!data) {
        broker_.settle(kept.ticket);  // a disk may err; what others wait for goes on without it
        return;
    }
    if (kept.has_content) {
        data->topic = kept.message.topic.text();
        data->properties = kept.message.properties;
        data->payload = kept.message.payload;
        data->expires_after_ms = kept.expires_after_ms;
    } else {
        data->kind = DataKind::Void;
        data->expires_after_ms = 0;
    }
    host_->call(
        [&](MeshNode& core, Instant now) { core.restore(CustodyTicket(kept.ticket), *data, now); });
}

void Bridge::on_fetched(const Kept& kept) {
    const Data content{.topic = kept.message.topic.text(),
                       .properties = kept.message.properties,
                       .payload = kept.message.payload};
    host_->call([&](MeshNode& core, Instant now) {
        core.on_fetched(CustodyTicket(kept.ticket), kept.has_content ? &content : nullptr, now);
    });
}

void Bridge::restore_mark(Bytes key, Bytes value) {
    if (is_record_key(key)) {
        is_restoring_ = true;
        restore_record(value);
        is_restoring_ = false;
        return;
    }
    if (is_state_key(key)) {
        if (const Result<KeptState> kept = decode_state(value)) {
            host_->call([&](MeshNode& core, Instant now) {
                core.restore_state(kept->state, kept->told, now);
            });
        }
        return;
    }
    const Result<StreamPosition> stream = decode_stream_key(key);
    const Result<StreamProgress> progress = decode_progress(value);
    if (stream && progress) {
        streams_.insert(*stream);
        host_->call([&](MeshNode& core, Instant) { core.restore_stream(*stream, *progress); });
    }
}

/// One that has expired, or whose origin does not belong any more, stays on disk until another
/// replaces it.
void Bridge::restore_record(Bytes value) {
    const Result<KeptRecord> kept = decode_record(value);
    if (!kept) {
        return;
    }
    const std::int64_t left_ms = std::clamp<std::int64_t>(
        (kept->expires_at - shard_.wall_now()).count(), 0, to_ms(kRecordLifetime));
    host_->call([&](MeshNode& core, Instant now) {
        static_cast<void>(
            core.restore_record(kept->told, static_cast<std::uint32_t>(left_ms), now));
    });
}

std::uint64_t Bridge::group_id(const bus::MeshInterest& group) const {
    return share_group_id(group.tenant.value(), group.share_group, group.filter);
}

/// What has been answered to the broker's or the core's calls, back to the other one.
void Bridge::run_task() {
    hand_out_directed();
    host_->call([this](MeshNode& core, Instant now) {
        for (const std::uint64_t token : std::exchange(delivered_, {})) {
            core.on_delivered(token, now);
        }
        for (const CustodyTicket ticket : std::exchange(stored_, {})) {
            core.on_stored(ticket, now);
        }
        for (const auto& [key, stamp] : std::exchange(stored_states_, {})) {
            core.on_state_stored(key, stamp);
        }
    });
    for (const auto& [token, is_complete] : std::exchange(barriers_done_, {})) {
        const auto found = barriers_.find(token);
        if (found != barriers_.end()) {
            const std::function<void(bool)> done = std::move(found->second);
            barriers_.erase(found);
            done(is_complete);
        }
    }
}

}  // namespace kith::mesh
