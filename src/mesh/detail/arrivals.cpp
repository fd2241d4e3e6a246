#include "mesh/detail/arrivals.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "base/hash.h"
#include "mesh/limits.h"

namespace kith::mesh {

struct Arrivals::Impl {
    struct Flow {
        NodeId origin;
        std::uint64_t flow = 0;
        Priority priority = Priority::Default;

        friend bool operator==(const Flow&, const Flow&) = default;
        friend std::size_t hash_value(const Flow& key) {
            std::size_t seed = key.origin.value() ^ (key.flow * 0x9E3779B97F4A7C15U);
            return seed + static_cast<std::size_t>(key.priority);
        }
    };
    struct Last {
        std::uint32_t epoch = 0;
        std::uint64_t sequence = 0;
    };

    Impl(const MeshOptions& options_in, ArrivalListener& listener_in)
        : options(options_in), listener(listener_in) {}

    const MeshOptions& options;
    ArrivalListener& listener;
    Streams streams;
    std::map<DataId, NodeIds> waiting;           // who waits for the acknowledgement of what
    std::map<std::uint64_t, DataId> deliveries;  // by token
    std::uint64_t last_token = 0;
    struct UnderWay {
        std::uint64_t token = 0;
        Instant since;
    };
    std::deque<UnderWay> under_way;  // the oldest first; some may be done with
    boost::unordered_flat_map<Flow, Last> flows;

    [[nodiscard]] bool note_latest(const Data& data);
    void wait(const DataId& id, NodeId from);
    void accept(const DataId& id);
    void deliver_ready(Instant now);
    void tell_slow(Instant now);
    void trim_under_way();
};

/// Whether no later message of its flow has been here, of any QoS [MQTT-4.6.0-6].
bool Arrivals::Impl::note_latest(const Data& data) {
    if (flows.size() >= kFlowsMax) {
        flows.clear();
    }
    Last& last = flows[Flow{data.id.origin, data.flow, data.priority}];
    const bool is_later = data.id.epoch > last.epoch ||
                          (data.id.epoch == last.epoch && data.id.sequence > last.sequence);
    if (is_later) {
        last = {data.id.epoch, data.id.sequence};
    }
    return is_later;
}

void Arrivals::Impl::wait(const DataId& id, NodeId from) {
    NodeIds& upstreams = waiting[id];
    for (const NodeId upstream : upstreams) {
        if (upstream == from) {
            return;
        }
    }
    upstreams.push_back(from);
}

/// Tells all who sent it that it has arrived.
void Arrivals::Impl::accept(const DataId& id) {
    const auto found = waiting.find(id);
    if (found == waiting.end()) {
        return;
    }
    for (const NodeId upstream : found->second) {
        listener.send_custody(upstream, {id, CustodyVerdict::Accepted, {options.self}});
    }
    waiting.erase(found);
}

void Arrivals::Impl::deliver_ready(Instant now) {
    for (const Streams::Ready& ready : streams.ready(now)) {
        const bool is_for_nobody = !ready.here.for_all && ready.here.groups.empty();
        if (ready.data.kind == DataKind::Void || is_for_nobody) {
            accept(ready.data.id);
            continue;
        }
        (void)note_latest(ready.data);  // these wait for one another, and hold up QoS 0
        deliveries.emplace(++last_token, ready.data.id);
        under_way.push_back({last_token, now});
        listener.deliver(ready.data, ready.progress, last_token);
    }
}

/// What nobody here takes yet need not be sent again.
void Arrivals::Impl::tell_slow(Instant now) {
    while (!under_way.empty() && now - under_way.front().since >= kDeliveryPatience) {
        const auto delivery = deliveries.find(under_way.front().token);
        under_way.pop_front();
        if (delivery == deliveries.end()) {
            continue;
        }
        for (const NodeId upstream : waiting[delivery->second]) {
            listener.send_custody(upstream,
                                  {delivery->second, CustodyVerdict::Waiting, {options.self}});
        }
    }
}

void Arrivals::Impl::trim_under_way() {
    while (!under_way.empty() && !deliveries.contains(under_way.front().token)) {
        under_way.pop_front();
    }
}

Arrivals::Arrivals(const MeshOptions& options, ArrivalListener& listener)
    : impl_(std::make_unique<Impl>(options, listener)) {}
Arrivals::~Arrivals() = default;

void Arrivals::take(const Data& data, const Destination& here, NodeId from, Instant now) {
    if (data.qos == 0) {
        if (impl_->note_latest(data)) {
            impl_->listener.deliver(data, {}, 0);
        } else {
            impl_->listener.on_arrival_drop(DropReason::Overtaken, data);
        }
        return;
    }
    if (impl_->options.mutants.forgets_duplicates) {
        impl_->wait(data.id, from);
        impl_->deliveries.emplace(++impl_->last_token, data.id);
        impl_->listener.deliver(data, {.delivered = here.stream_sequence, .given_up = {}},
                                impl_->last_token);
        return;
    }
    switch (impl_->streams.take(data, here, now)) {
        case Streams::Verdict::Taken:
            impl_->wait(data.id, from);
            break;
        case Streams::Verdict::Duplicate:
            impl_->listener.on_arrival_drop(DropReason::Duplicate, data);
            if (impl_->waiting.contains(data.id)) {
                impl_->wait(data.id, from);
            } else {
                impl_->listener.send_custody(
                    from, {data.id, CustodyVerdict::Accepted, {impl_->options.self}});
            }
            break;
        case Streams::Verdict::TooEarly:  // its sender tries again
            break;
    }
    // What `here` says of the stream may let others go on, whatever became of this one.
    impl_->deliver_ready(now);
}

void Arrivals::on_delivered(std::uint64_t token, Instant) {
    const auto found = impl_->deliveries.find(token);
    if (found == impl_->deliveries.end()) {
        return;
    }
    impl_->accept(found->second);
    impl_->deliveries.erase(found);
    impl_->trim_under_way();
}

void Arrivals::restore(const StreamPosition& stream, const StreamProgress& progress) {
    impl_->streams.restore(stream, progress);
}

void Arrivals::set_reachable(std::span<const NodeId> origins, Instant now) {
    impl_->streams.set_reachable(origins, now);
}

void Arrivals::set_epoch(NodeId origin, std::uint32_t epoch, Instant now) {
    impl_->streams.set_epoch(origin, epoch, now);
}

void Arrivals::forget_epoch(NodeId origin) {
    impl_->streams.forget_epoch(origin);
}

void Arrivals::on_timer(Instant now) {
    impl_->tell_slow(now);
    impl_->streams.on_timer(now);
    impl_->deliver_ready(now);
}

Instant Arrivals::deadline() const {
    const Instant slow = impl_->under_way.empty()
                             ? Instant::never()
                             : impl_->under_way.front().since + kDeliveryPatience;
    return std::min(slow, impl_->streams.deadline());
}

}  // namespace kith::mesh
