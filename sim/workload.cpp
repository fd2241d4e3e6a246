#include "sim/workload.h"

#include <fmt/format.h>

#include <algorithm>

namespace kith::sim {
namespace {

/// Who publishes and does not ask what became of it.
constexpr std::uint64_t kNobody = UINT64_MAX;

constexpr std::size_t kNumberBytes = 8;

mesh::Interest interest_of(const Subscription& subscription) {
    return {.tenant = 0, .share_group = subscription.group, .filter = subscription.filter};
}

std::uint64_t interest_digest(const mesh::Digests& digests) {
    return digests.of_kind[static_cast<std::size_t>(mesh::RecordKind::Interest) - 1];
}

}  // namespace

Workload::Workload(World& world, Ledger& ledger, const WorkloadOptions& options, Random random)
    : world_(world),
      ledger_(ledger),
      options_(options),
      random_(random),
      retained_random_(random.next()),  // of a copy: what else happens stays as it is
      node_count_(static_cast<NodeIndex>(world.node_count())) {}

void Workload::begin_subscribing() {
    for (std::uint32_t i = 0; i < options_.subscriber_count; ++i) {
        world_.call_at(world_.now() + random_.between(0s, 2s), [this] { subscribe_somewhere(); });
    }
}

void Workload::begin_publishing(Instant until) {
    for (std::uint32_t i = 0; i < options_.publisher_count; ++i) {
        Publisher publisher{.node = static_cast<NodeIndex>(random_.below(node_count_))};
        constexpr std::array kPriorities{mesh::Priority::Default, mesh::Priority::Default,
                                         mesh::Priority::Alarm, mesh::Priority::Bulk};
        publisher.priority = kPriorities[random_.below(kPriorities.size())];
        publishers_.push_back(std::move(publisher));
        world_.call_at(world_.now() + random_.between(0s, options_.publish_interval),
                       [this, i, until] { publish(i, until); });
    }
    retain(until);
    world_.call_at(world_.now() + options_.churn_interval, [this, until] { churn(until); });
}

std::string Workload::random_topic() {
    const std::uint64_t topic = random_.below(options_.topic_count);
    return fmt::format("site{}/value{}", topic % 4, topic / 4);
}

std::string Workload::random_filter() {
    const std::uint64_t topic = random_.below(options_.topic_count);
    switch (random_.below(8)) {
        case 0:
            return fmt::format("site{}/#", topic % 4);
        case 1:
            return fmt::format("+/value{}", topic / 4);
        case 2:
            return fmt::format("site{}/+", topic % 4);
        default:
            return fmt::format("site{}/value{}", topic % 4, topic / 4);
    }
}

void Workload::subscribe_somewhere() {
    const auto node = static_cast<NodeIndex>(random_.below(node_count_));
    std::string filter = random_filter();
    std::string group;
    if (random_.chance(0.25)) {
        // Few groups, so that they have several members.
        const std::uint64_t which = random_.below(3);
        group = fmt::format("group{}", which % 2);
        filter = which == 0 ? "site0/#" : "+/value1";
    }
    if (!world_.answers(node)) {
        return;
    }
    const SubscriptionIndex index = ledger_.subscribe({.node = node,
                                                       .identity = world_.host(node).id(),
                                                       .group = std::move(group),
                                                       .filter = std::move(filter)});
    told_in_life_.resize(index + 1);
    announce(index);
}

/// By node: whether something could go from here to there and back just now. Strangers, who are
/// added later than all members, forward nothing.
std::vector<bool> Workload::reachable_from(NodeIndex node) const {
    std::vector<bool> is_reachable(world_.node_count());
    std::vector<NodeIndex> next{node};
    const Network& network = world_.network();
    while (!next.empty()) {
        const NodeIndex at = next.back();
        next.pop_back();
        if (is_reachable[at] || at >= node_count_ || !world_.answers(at)) {
            continue;
        }
        is_reachable[at] = true;
        for (const WireIndex index : network.wires_of(at)) {
            const Wire& wire = network.wire(index);
            const bool is_whole = network.is_up(index) && wire.directions[0].cuts == 0 &&
                                  wire.directions[1].cuts == 0;
            if (is_whole) {
                next.push_back(wire.nodes[0] == at ? wire.nodes[1] : wire.nodes[0]);
            }
        }
    }
    return is_reachable;
}

/// Tells the node of a subscription, and waits until all others know.
void Workload::announce(SubscriptionIndex index) {
    const Subscription& subscription = ledger_.subscriptions()[index];
    const NodeIndex node = subscription.node;
    const std::uint64_t token = ++last_token_;
    Wait& wait = waits_[token];
    wait = {.subscription = index, .life = world_.host(node).life(), .begun_at = world_.now()};
    const std::vector<bool> is_reachable = reachable_from(node);
    for (const mesh::RouteView& route : world_.host(node).participant().routes()) {
        const NodeIndex other = world_.index_of(route.node);
        if (other < node_count_ && other != node && route.next_hop != mesh::NodeId() &&
            world_.host(other).id() == route.node && is_reachable[other]) {
            wait.covered.emplace_back(other, world_.host(other).life());
        }
    }
    world_.host(node).enter([&](Participant& participant, Instant now) {
        participant.subscribe(interest_of(subscription), now);
        participant.barrier(token, now);
    });
}

void Workload::on_barrier(NodeIndex node, std::uint64_t token, bool is_complete) {
    const auto found = waits_.find(token);
    if (found == waits_.end()) {
        return;
    }
    const Wait wait = std::move(found->second);
    waits_.erase(found);
    (is_complete ? barriers_.complete : barriers_.partial) += 1;
    barriers_.durations_ms.push_back(static_cast<float>((world_.now() - wait.begun_at).count()) /
                                     1e6F);
    if (wait.life != world_.host(node).life()) {
        return;
    }
    told_in_life_[wait.subscription] = wait.life;
    if (!is_complete) {
        return;
    }
    for (const auto& [other, life] : wait.covered) {
        if (world_.host(other).life() == life) {
            ledger_.know(wait.subscription, other, life, world_.now());
        }
    }
}

void Workload::compare_digests() {
    std::vector<std::uint64_t> digests(node_count_);
    for (NodeIndex node = 0; node < node_count_; ++node) {
        if (world_.host(node).is_running()) {
            digests[node] = interest_digest(world_.host(node).participant().digests());
        }
    }
    const std::vector<Subscription>& subscriptions = ledger_.subscriptions();
    for (SubscriptionIndex i = 0; i < subscriptions.size(); ++i) {
        const Subscription& subscription = subscriptions[i];
        const NodeIndex owner = subscription.node;
        if (subscription.is_ended || digests[owner] == 0 ||
            told_in_life_[i] != world_.host(owner).life()) {
            continue;
        }
        for (NodeIndex node = 0; node < node_count_; ++node) {
            const std::uint32_t life = world_.host(node).life();
            if (digests[node] == digests[owner] && subscription.known_in_life[node] != life) {
                ledger_.know(i, node, life, world_.now());
            }
        }
    }
}

void Workload::on_start(NodeIndex node) {
    const std::vector<Subscription>& subscriptions = ledger_.subscriptions();
    for (SubscriptionIndex i = 0; i < subscriptions.size(); ++i) {
        if (subscriptions[i].node == node && !subscriptions[i].is_ended) {
            announce(i);
        }
    }
}

void Workload::churn(Instant until) {
    if (world_.now() >= until) {
        return;
    }
    if (random_.chance(0.5)) {
        end_some_subscription();
    }
    std::size_t active = 0;
    for (const Subscription& subscription : ledger_.subscriptions()) {
        active += subscription.is_ended ? 0U : 1U;
    }
    if (active < options_.subscriber_count) {
        subscribe_somewhere();
    }
    const Duration pause = options_.churn_interval;
    world_.call_at(world_.now() + random_.between(pause / 2, pause * 3 / 2),
                   [this, until] { churn(until); });
}

void Workload::end_some_subscription() {
    const std::vector<Subscription>& subscriptions = ledger_.subscriptions();
    if (subscriptions.empty()) {
        return;
    }
    const auto index = static_cast<SubscriptionIndex>(random_.below(subscriptions.size()));
    const Subscription& subscription = subscriptions[index];
    if (subscription.is_ended || !world_.answers(subscription.node)) {
        return;
    }
    ledger_.unsubscribe(index);
    world_.enter(subscription.node, [&](Participant& participant, Instant now) {
        participant.unsubscribe(interest_of(subscription), now);
    });
}

void Workload::publish(std::size_t index, Instant until) {
    if (world_.now() >= until) {
        return;
    }
    publish_now(publishers_[index]);
    const Duration pause = options_.publish_interval;
    world_.call_at(world_.now() + random_.between(pause / 2, pause * 3 / 2),
                   [this, index, until] { publish(index, until); });
}

void Workload::publish_now(Publisher& publisher) {
    const std::string topic = random_topic();
    const auto qos = static_cast<Qos>(random_.below(3));
    std::vector<std::uint8_t> payload(kNumberBytes + random_.below(options_.payload_bytes_max));
    if (!world_.answers(publisher.node)) {
        return;
    }
    const Host& host = world_.host(publisher.node);
    if (publisher.identity != host.id()) {
        publisher.identity = host.id();
        publisher.flow = flow_count_++;
        publisher.position = 0;
    }
    const std::uint64_t number = ledger_.publish({.node = publisher.node,
                                                  .identity = host.id(),
                                                  .life = host.life(),
                                                  .flow = publisher.flow,
                                                  .flow_position = ++publisher.position,
                                                  .qos = static_cast<std::uint8_t>(qos),
                                                  .is_reliable = options_.is_reliable,
                                                  .topic = topic,
                                                  .at = world_.now()});
    for (std::size_t i = 0; i < kNumberBytes; ++i) {
        payload[i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
    }
    const mesh::Publication publication{.topic = topic,
                                        .payload = payload,
                                        .qos = qos,
                                        .priority = publisher.priority,
                                        .flow = publisher.flow + 1,
                                        .published_at = host.wall_now()};
    world_.enter(publisher.node, [&](Participant& participant, Instant now) {
        participant.publish(publication, number, now);
    });
}

/// Somebody sets a retained message, or deletes it; many do so with the same few topics, also while
/// they cannot know of one another.
void Workload::retain(Instant until) {
    const Duration pause = options_.retain_interval;
    const Instant next = world_.now() + retained_random_.between(pause / 2, pause * 3 / 2);
    if (next < until) {
        world_.call_at(next, [this, until] {
            retain_now();
            retain(until);
        });
    }
}

void Workload::retain_now() {
    const auto node = static_cast<NodeIndex>(retained_random_.below(node_count_));
    const std::string topic =
        fmt::format("kept{}", retained_random_.below(options_.retained_count));
    const auto qos = static_cast<Qos>(retained_random_.below(3));
    const bool is_deleted = retained_random_.chance(0.2);
    std::vector<std::uint8_t> payload(
        is_deleted ? 0 : 1 + retained_random_.below(options_.payload_bytes_max));
    for (std::uint8_t& byte : payload) {
        byte = static_cast<std::uint8_t>(retained_random_.next());
    }
    if (!world_.answers(node)) {
        return;
    }
    world_.host(node).shelf().set(topic, payload);
    world_.enter(node, [&](Participant& participant, Instant now) {
        participant.publish({.tenant = kRetainedTenant,
                             .topic = topic,
                             .payload = payload,
                             .qos = qos,
                             .retain = true,
                             .published_at = world_.host(node).wall_now()},
                            kNobody, now);
    });
}

void Workload::on_published(std::uint64_t token) {
    if (token == kNobody) {
        return;
    }
    ledger_.on_acknowledged(token);
}

}  // namespace kith::sim
