#include "sim/host.h"

#include <algorithm>

#include "base/check.h"
#include "base/narrow.h"
#include "sim/seeds.h"

namespace kith::sim {
namespace {

/// A node that wants to be called again and again at the same time is stuck.
constexpr std::uint32_t kStuckCalls = 1000;
constexpr Duration kStuckPause = 1ms;
constexpr Duration kReadTime = 1ms;

/// Two clocks that are wrong by this are as far apart as stamps may be.
constexpr std::chrono::milliseconds kSkewMax = 30s;

}  // namespace

Host::Host(const Surroundings& surroundings, NodeIndex index, HostOptions options)
    : surroundings_(surroundings),
      index_(index),
      options_(std::move(options)),
      clock_(options_.clock),
      disk_draw_(stream(surroundings.seed, Purpose::Disk, index)) {
    take_identity();
}

void Host::take_identity() {
    Random draw = stream(surroundings_.seed, Purpose::Identity, index_, identity_count_++);
    id_ = mesh::NodeId(draw.next() | 1U);  // 0 is none
    key_ = draw.next();
    std::uint64_t since = 0;
    if (options_.forced_id) {
        id_ = *options_.forced_id;
        since = 1;  // behind the one that it is a twin of
    }
    incarnation_ = 0;
    last_epoch_ = 0;
    trust_ = std::make_unique<FakeTrust>(id_, key_, surroundings_.seed, since);
}

void Host::start() {
    CHECK(participant_ == nullptr);
    ++life_;
    reads_.clear();
    ++incarnation_;
    is_powered_ = true;
    frozen_until_ = Instant();
    timer_local_ = Instant::never();
    ++timer_generation_;
    mesh::MeshOptions options = surroundings_.options;
    options.self = id_;
    options.name = "n" + std::to_string(index_);
    options.role = options_.role;
    options.epoch = std::max(
        last_epoch_ + 1, narrow<std::uint32_t>(std::max<std::int64_t>(wall_now().ms(), 0) / 1000));
    last_epoch_ = options.epoch;
    const ParticipantFactory& factory = options_.factory ? options_.factory : surroundings_.factory;
    participant_ =
        factory({.options = options,
                 .ports = {*this, *trust_, *this, *this, *this, surroundings_.record_pool, &shelf_},
                 .seed = stream_seed(surroundings_.seed, Purpose::Core, index_, life_),
                 .now = local_now()});
    const auto skew = wall_now() - Clock().wall(surroundings_.timeline->now);
    had_right_time_ = had_right_time_ && skew < kSkewMax && -skew < kSkewMax;
    participant_->set_wall_time(wall_now(), local_now());
    restore();
    surroundings_.observer->on_start(index_);
    after_call();
}

void Host::restore() {
    for (const auto& [stream, progress] : disk_.progress()) {
        participant_->restore_stream(stream, progress);
    }
    for (const auto& [ticket, message] : disk_.held()) {
        participant_->restore(ticket, message->data(), local_now());
    }
    shelf_.restore(*participant_, local_now());
}

void Host::jump_wall(std::chrono::milliseconds by) {
    clock_.jump(by);
    if (participant_ != nullptr) {
        participant_->set_wall_time(wall_now(), local_now());
    }
}

void Host::kill(Death death) {
    if (participant_ == nullptr) {
        return;
    }
    participant_.reset();
    is_powered_ = death == Death::Process;
    surroundings_.network->kill_node(index_, death);
    disk_.crash(disk_draw_, *this);
}

void Host::wipe() {
    CHECK(participant_ == nullptr);
    disk_.wipe();
    shelf_.wipe();
    had_right_time_ = true;
    take_identity();
}

void Host::on_timer(std::uint32_t generation) {
    if (participant_ == nullptr || generation != timer_generation_) {
        return;  // one of before the deadline changed
    }
    const bool is_due = participant_->deadline() <= local_now();
    timer_local_ = Instant::never();
    if (is_due) {
        participant_->on_timer(local_now());
        const bool is_stuck = participant_->deadline() <= local_now();
        stuck_count_ = is_stuck ? stuck_count_ + 1 : 0;
        if (stuck_count_ >= kStuckCalls) {
            surroundings_.observer->on_stuck(index_);
            schedule_timer(surroundings_.timeline->now + kStuckPause);
            timer_local_ = local_now();
        }
    }
    after_call();
}

void Host::schedule_timer(Instant at) {
    surroundings_.timeline->push(at, EventKind::Timer, index_, ++timer_generation_);
}

void Host::on_synced(std::uint32_t life) {
    if (participant_ == nullptr || life != life_) {
        return;
    }
    disk_.finish_sync(*this);
    after_call();
}

/// Whatever was called: there may be a new deadline, and something to sync.
void Host::after_call() {
    const Instant deadline = participant_->deadline();
    if (deadline < timer_local_) {
        timer_local_ = deadline;
        schedule_timer(std::max(clock_.global(deadline), surroundings_.timeline->now));
    }
    if (const auto duration = disk_.begin_sync(disk_draw_)) {
        surroundings_.timeline->push(surroundings_.timeline->now + *duration, EventKind::Sync,
                                     index_, life_);
    }
}

void Host::send(mesh::LinkId link, Priority priority, Bytes head, const SharedBytes& body) {
    surroundings_.network->send({index_, link}, priority, head, body);
}

void Host::close(mesh::LinkId link, mesh::GoodbyeReason) {
    surroundings_.network->close(index_, link);
}

void Host::store(mesh::CustodyTicket ticket, const mesh::Data& data) {
    disk_.store(ticket, data);
}

void Host::settle(mesh::CustodyTicket ticket, const mesh::Destinations& left) {
    disk_.settle(ticket, left);
}

void Host::fetch(mesh::CustodyTicket ticket) {
    if (reads_.empty()) {
        surroundings_.timeline->push(surroundings_.timeline->now + kReadTime, EventKind::Read,
                                     index_, life_);
    }
    reads_.push_back(ticket);
}

void Host::on_read(std::uint32_t life) {
    if (participant_ == nullptr || life != life_) {
        return;
    }
    for (const mesh::CustodyTicket ticket : std::exchange(reads_, {})) {
        const auto found = disk_.held().find(ticket);
        const mesh::Data* content = found == disk_.held().end() ? nullptr : &found->second->data();
        participant_->on_fetched(ticket, content, local_now());
    }
    after_call();
}

void Host::deliver(const mesh::Data& data, const mesh::StreamProgress& progress,
                   std::uint64_t token) {
    if (data.state_time != 0) {
        shelf_.set(data.topic, data.payload);
    }
    if (data.tenant == kRetainedTenant && data.qos == 0) {
        return;
    }
    Delivery delivery{.id = data.id,
                      .stream = mesh::stream_of(data),
                      .progress = progress,
                      .qos = data.qos,
                      .flow = data.flow,
                      .number = number_of(data.payload),
                      .is_retained = data.tenant == kRetainedTenant};
    for (const mesh::Destination& destination : data.destinations) {
        if (destination.node == id_) {
            delivery.for_all = destination.for_all;
            delivery.groups.assign(destination.groups.begin(), destination.groups.end());
        }
    }
    if (data.qos == 0) {
        surroundings_.observer->on_deliver(index_, delivery);
    } else {
        disk_.store_delivery(std::move(delivery), token);
    }
}

void Host::on_published(std::uint64_t token, mesh::PublishLevel level) {
    surroundings_.observer->on_published(index_, token, level);
}

void Host::on_barrier(std::uint64_t token, bool is_complete) {
    surroundings_.observer->on_barrier(index_, token, is_complete);
}

void Host::on_neighbor(mesh::NodeId neighbor, mesh::NeighborChange change) {
    surroundings_.observer->on_neighbor(index_, neighbor, change);
}

void Host::on_drop(mesh::DropReason reason, const mesh::Data* data) {
    surroundings_.observer->on_drop(index_, reason, data);
}

void Host::on_routes(std::size_t reachable) {
    surroundings_.observer->on_routes(index_, reachable);
}

void Host::on_stored(mesh::CustodyTicket ticket) {
    participant_->on_stored(ticket, local_now());
}

void Host::on_delivery_stored(const Delivery& delivery, std::uint64_t token) {
    if (!delivery.is_retained) {
        surroundings_.observer->on_deliver(index_, delivery);
    }
    if (participant_ != nullptr) {
        participant_->on_delivered(token, local_now());
    }
}

}  // namespace kith::sim
