#include "mesh/leaf/leaf_messages.h"

#include <algorithm>

#include "base/check.h"
#include "mesh/live/mesh_host.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {
namespace {

constexpr std::uint32_t kTenant = 0;
/// One machine publishes here: its messages keep their order.
constexpr std::uint64_t kFlow = 1;

bool is_shared(const std::pair<std::string, std::string>& key) {
    return !key.first.empty();
}

}  // namespace

LeafMessages::LeafMessages(runtime::Shard& shard, const Limits& limits,
                           std::function<void(const LeafMessage&)> on_message)
    : shard_(shard), limits_(limits), on_message_(std::move(on_message)) {}

void LeafMessages::attach(MeshHost& host) {
    host_ = &host;
    for (const auto& [key, number] : subscriptions_) {
        tell_interest(key, true);
    }
}

void LeafMessages::meet(std::function<void()> done) {
    begin_barrier([this, done = std::move(done)] {
        has_met_ = true;
        for (const auto& subscribed : std::exchange(subscribed_early_, {})) {
            subscribed();
        }
        for (Pending& pending : std::exchange(waiting_, {})) {
            bytes_ -= bytes_of(pending.publication);
            send(std::move(pending));
        }
        done();
    });
}

void LeafMessages::stop() {
    cancel_task();
    host_ = nullptr;
    on_message_ = nullptr;
    waiting_.clear();
    sent_.clear();
    barriers_.clear();
    subscribed_early_.clear();
    answers_.clear();
}

// Publishing.

std::size_t LeafMessages::bytes_of(const LeafPublication& publication) {
    return publication.topic.size() + publication.properties.size() + publication.payload.size();
}

Status LeafMessages::publish(LeafPublication publication, Done done) {
    const std::size_t bytes = bytes_of(publication);
    if (pending_count() >= limits_.messages_max || bytes_ + bytes > limits_.bytes_max) {
        return fail(ErrorKind::Limit, "too many messages wait");
    }
    Pending pending{std::move(publication), std::move(done)};
    if (has_met_) {
        send(std::move(pending));
    } else {
        bytes_ += bytes;
        waiting_.push_back(std::move(pending));
    }
    return {};
}

void LeafMessages::send(Pending pending) {
    const LeafPublication& publication = pending.publication;
    const Instant now = shard_.now();
    if (publication.expires_at <= now) {
        answer(std::move(pending.done), LeafOutcome::Expired);
        return;
    }
    const bool expires = publication.expires_at != Instant::never();
    const std::uint64_t token = ++last_token_;
    const std::size_t bytes = bytes_of(publication);
    sent_.emplace(token, Sent{.bytes = bytes, .done = std::move(pending.done)});
    bytes_ += bytes;
    const bool is_for_itself = keep_for_itself(publication);
    bool is_for_others = false;
    host_->call([&](MeshNode& core, Instant at) {
        is_for_others = core.publish(
            {.tenant = kTenant,
             .topic = publication.topic,
             .properties = publication.properties,
             .payload = as_bytes(publication.payload),
             .qos = publication.qos,
             .retain = publication.retain,
             .flow = kFlow,
             .published_at = shard_.wall_now(),
             .expires_after_ms = expires ? static_cast<std::uint32_t>(std::clamp<std::int64_t>(
                                               to_ms(publication.expires_at - now), 1, UINT32_MAX))
                                         : 0,
             .level = PublishLevel::Reachable,
             .reachable_only = publication.needs_receiver},
            token, at);
    });
    if (publication.needs_receiver && !is_for_others && !is_for_itself) {
        const auto unwanted = sent_.extract(token);
        bytes_ -= bytes;
        answer(std::move(unwanted.mapped().done), LeafOutcome::NoReceiver);
    }
}

/// Others get it through the core, which sends nothing to its own node.
bool LeafMessages::keep_for_itself(const LeafPublication& publication) {
    Arrived own{.topic = publication.topic,
                .properties = publication.properties,
                .payload = {},
                .qos = publication.qos,
                .retain = publication.retain,
                .is_own = true,
                .groups = {}};
    if (matches(own).empty()) {
        return false;
    }
    const Bytes payload = as_bytes(publication.payload);
    own.payload.assign(payload.begin(), payload.end());
    arrived_.push_back(std::move(own));
    shard_.defer(*this);
    return true;
}

void LeafMessages::answer(Done done, LeafOutcome outcome) {
    if (done) {
        answers_.emplace_back(std::move(done), outcome);
        shard_.defer(*this);
    }
}

// Subscriptions.

Status LeafMessages::subscribe(const bus::SubscriptionFilter& filter, std::uint32_t number,
                               std::function<void()> done) {
    CHECK(number != 0);
    const Key key(filter.share_group, filter.filter.text());
    const bool is_new = !subscriptions_.contains(key);
    if (is_new && subscriptions_.size() >= kLeafSubscriptionsMax) {
        return fail(ErrorKind::Limit, "too many subscriptions");
    }
    subscriptions_[key] = number;
    if (is_new && host_ != nullptr) {
        tell_interest(key, true);
    }
    if (has_met_) {
        begin_barrier(std::move(done));
    } else {
        subscribed_early_.push_back(std::move(done));
    }
    return {};
}

Status LeafMessages::unsubscribe(const bus::SubscriptionFilter& filter) {
    const Key key(filter.share_group, filter.filter.text());
    if (subscriptions_.erase(key) == 0) {
        return fail(ErrorKind::NotFound, "there is no such subscription");
    }
    if (host_ != nullptr) {
        tell_interest(key, false);
    }
    return {};
}

void LeafMessages::tell_interest(const Key& key, bool is_wanted) {
    const Interest interest{.tenant = kTenant, .share_group = key.first, .filter = key.second};
    host_->call([&](MeshNode& core, Instant now) {
        is_wanted ? core.subscribe(interest, now) : core.unsubscribe(interest, now);
    });
}

void LeafMessages::begin_barrier(std::function<void()> done) {
    const std::uint64_t token = ++last_token_;
    barriers_.emplace(token, std::move(done));
    host_->call([token](MeshNode& core, Instant now) { core.barrier(token, now); });
}

std::vector<std::uint32_t> LeafMessages::matches(const Arrived& arrived) const {
    std::vector<std::uint32_t> numbers;
    const bus::TopicName topic = bus::TopicName::trusted(arrived.topic);
    for (const auto& [key, number] : subscriptions_) {
        const auto& [group, filter] = key;
        const bool is_meant =
            is_shared(key)
                ? arrived.is_own ||
                      std::ranges::find(arrived.groups, share_group_id(kTenant, group, filter)) !=
                          arrived.groups.end()
                : arrived.for_all;
        if (is_meant && bus::TopicFilter::trusted(filter).matches(topic)) {
            numbers.push_back(number);
        }
    }
    return numbers;
}

// Of the core: nothing here calls it back.

void LeafMessages::deliver(const Data& data, const StreamProgress&, std::uint64_t token) {
    Arrived& arrived = arrived_.emplace_back();
    arrived.token = token;
    shard_.defer(*this);
    if (data.kind != DataKind::Publication || data.destinations.empty()) {
        arrived.for_all = false;  // for nobody: a service of nodes that this one has not
        return;
    }
    const Destination& here = data.destinations.front();
    arrived.topic = data.topic;
    arrived.properties.assign(data.properties.begin(), data.properties.end());
    arrived.payload.assign(data.payload.begin(), data.payload.end());
    arrived.qos = static_cast<Qos>(data.qos);
    arrived.retain = data.retain;
    arrived.for_all = here.for_all;
    arrived.groups.assign(here.groups.begin(), here.groups.end());
}

void LeafMessages::on_published(std::uint64_t token, PublishLevel) {
    published_.push_back(token);
    shard_.defer(*this);
}

void LeafMessages::on_barrier(std::uint64_t token, bool) {
    barriers_done_.push_back(token);
    shard_.defer(*this);
}

/// Memory is all that there is: it has it already.
void LeafMessages::store(CustodyTicket ticket, const Data&) {
    stored_.push_back(ticket);
    shard_.defer(*this);
}

void LeafMessages::run_task() {
    for (const Arrived& arrived : std::exchange(arrived_, {})) {
        hand_out(arrived);
    }
    if (host_ == nullptr) {
        return;
    }
    const std::vector<CustodyTicket> stored = std::exchange(stored_, {});
    if (!stored.empty()) {
        host_->call([&stored](MeshNode& core, Instant now) {
            for (const CustodyTicket ticket : stored) {
                core.on_stored(ticket, now);
            }
        });
    }
    for (const std::uint64_t token : std::exchange(published_, {})) {
        if (auto sent = sent_.extract(token); !sent.empty()) {
            bytes_ -= sent.mapped().bytes;
            answer(std::move(sent.mapped().done), LeafOutcome::Done);
        }
    }
    for (const std::uint64_t token : std::exchange(barriers_done_, {})) {
        if (const auto barrier = barriers_.extract(token); !barrier.empty()) {
            barrier.mapped()();
        }
    }
    for (const auto& [done, outcome] : std::exchange(answers_, {})) {
        done(outcome);
    }
}

/// The owner first, then the acknowledgement: who dies in between gets it again.
void LeafMessages::hand_out(const Arrived& arrived) {
    const std::vector<std::uint32_t> numbers =
        arrived.topic.empty() ? std::vector<std::uint32_t>() : matches(arrived);
    if (!numbers.empty() && on_message_) {
        on_message_({.topic = arrived.topic,
                     .properties = arrived.properties,
                     .payload = arrived.payload,
                     .qos = arrived.qos,
                     .retain = arrived.retain,
                     .subscriptions = numbers});
    }
    if (arrived.token != 0 && host_ != nullptr) {
        host_->call([token = arrived.token](MeshNode& core, Instant now) {
            core.on_delivered(token, now);
        });
    }
}

}  // namespace kith::mesh
