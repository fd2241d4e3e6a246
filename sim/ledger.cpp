#include "sim/ledger.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/narrow.h"

namespace kith::sim {
namespace {

/// After so long nobody sends anything to a node that is gone.
constexpr Duration kKnownDead = 10s;
/// A message that is missed so soon after a barrier shows that the barrier came too early.
constexpr Duration kEarly = 2s;

std::string_view next_level(std::string_view& rest, bool& is_last) {
    const std::size_t slash = rest.find('/');
    is_last = slash == std::string_view::npos;
    const std::string_view level = rest.substr(0, slash);
    rest = is_last ? std::string_view{} : rest.substr(slash + 1);
    return level;
}

std::string name_of(std::uint64_t number, const Published& message) {
    return fmt::format("message {} of QoS {} from node {}, published at {:.3f} s on {}", number,
                       message.qos, message.node, static_cast<double>(message.at.ns()) / 1e9,
                       message.topic);
}

}  // namespace

bool matches(std::string_view filter, std::string_view topic) {
    bool filter_ends = false;
    bool topic_ends = false;
    // Bounded by the levels of both.
    while (true) {
        const std::string_view wanted = next_level(filter, filter_ends);
        if (wanted == "#") {
            return true;
        }
        const std::string_view level = next_level(topic, topic_ends);
        if (wanted != "+" && wanted != level) {
            return false;
        }
        if (filter_ends || topic_ends) {
            return filter_ends == topic_ends || (topic_ends && filter == "#");
        }
    }
}

SubscriptionIndex Ledger::subscribe(Subscription subscription) {
    subscription.known_in_life.resize(nodes_.size());
    subscriptions_.push_back(std::move(subscription));
    return narrow<SubscriptionIndex>(subscriptions_.size() - 1);
}

void Ledger::unsubscribe(SubscriptionIndex subscription) {
    subscriptions_[subscription].is_ended = true;
}

void Ledger::know(SubscriptionIndex subscription, NodeIndex node, std::uint32_t life, Instant at) {
    subscriptions_[subscription].known_in_life[node] = life;
    subscriptions_[subscription].told_at = at;
}

/// A member of the same share group at the publisher's own node gets it without the mesh.
bool Ledger::has_member_at(NodeIndex node, const Subscription& shared) const {
    return !shared.group.empty() &&
           std::ranges::any_of(subscriptions_, [&](const Subscription& member) {
               return member.node == node && !member.is_ended && member.group == shared.group &&
                      member.filter == shared.filter;
           });
}

std::uint64_t Ledger::publish(Published message) {
    for (SubscriptionIndex i = 0; i < subscriptions_.size(); ++i) {
        const Subscription& subscription = subscriptions_[i];
        // What is for clients of the same node is not the mesh's business.
        if (!subscription.is_ended && subscription.node != message.node &&
            subscription.known_in_life[message.node] == message.life &&
            matches(subscription.filter, message.topic) &&
            !has_member_at(message.node, subscription)) {
            message.claims.push_back(i);
            ++claim_count_;
        }
    }
    message.starts_before = start_counts_[message.node];
    messages_.push_back(std::move(message));
    return messages_.size() - 1;
}

void Ledger::on_acknowledged(std::uint64_t number) {
    messages_[number].is_acknowledged = true;
}

/// The node has had it before for all who subscribe there, or somebody for one of the share groups.
bool Ledger::is_duplicate(const Published& message, mesh::NodeId receiver,
                          const Delivery& delivery) {
    const auto& all = message.arrivals;
    return (delivery.for_all && std::ranges::find(all, receiver) != all.end()) ||
           std::ranges::any_of(delivery.groups, [&](std::uint64_t group) {
               return std::ranges::find(message.groups, group) != message.groups.end();
           });
}

void Ledger::on_delivered(NodeIndex node, mesh::NodeId receiver, const Delivery& delivery,
                          Instant at) {
    ++delivery_count_;
    if (delivery.number >= messages_.size() || messages_[delivery.number].qos != delivery.qos) {
        verdicts_.broken(Oracle::Health, at,
                         fmt::format("node {} got a message that nobody published", node));
        return;
    }
    Published& message = messages_[delivery.number];
    if (is_duplicate(message, receiver, delivery)) {
        ++duplicate_count_;
        if (message.qos == 2) {
            verdicts_.broken(Oracle::ExactlyOnce, at,
                             fmt::format("node {} got {}, which it or another member of a share "
                                         "group has had",
                                         node, name_of(delivery.number, message)));
        }
    }
    bool is_new = false;
    for (const std::uint64_t group : delivery.groups) {
        if (std::ranges::find(message.groups, group) == message.groups.end()) {
            message.groups.push_back(group);
            is_new = true;
        }
    }
    if (delivery.for_all &&
        std::ranges::find(message.arrivals, receiver) == message.arrivals.end()) {
        message.arrivals.push_back(receiver);
        judge_order(node, receiver, message, at);
        is_new = true;
    }
    if (is_new) {
        latencies_ms_.push_back(static_cast<float>((at - message.at).count()) / 1e6F);
    }
}

void Ledger::judge_order(NodeIndex node, mesh::NodeId receiver, const Published& message,
                         Instant at) {
    FlowState& flow = nodes_[node][message.flow];
    if (flow.receiver != receiver) {
        flow = FlowState{.receiver = receiver};
    }
    const std::uint32_t position = message.flow_position;
    const std::uint32_t before = message.qos == 0 ? flow.position_any : flow.position_stream;
    if (position <= before) {
        verdicts_.broken(Oracle::Order, at,
                         fmt::format("node {} got {} of flow {} behind {} (QoS {})", node, position,
                                     message.flow, before, message.qos));
    }
    flow.position_any = std::max(flow.position_any, position);
    if (message.qos > 0) {
        flow.position_stream = std::max(flow.position_stream, position);
    }
}

void Ledger::on_start(NodeIndex node) {
    ++start_counts_[node];
    for (auto& [flow, state] : nodes_[node]) {
        state.position_any = 0;
    }
}

void Ledger::on_destroyed(NodeIndex node, mesh::NodeId identity,
                          const std::vector<std::uint64_t>& lost, Instant at) {
    for (Subscription& subscription : subscriptions_) {
        if (subscription.node == node && subscription.identity == identity) {
            subscription.is_ended = true;
            subscription.destroyed_at = at;
        }
    }
    for (const std::uint64_t number : lost) {
        messages_[number].is_excused = true;
    }
}

bool Ledger::has_arrived(const Published& message, const Subscription& claim) {
    if (claim.group.empty()) {
        return std::ranges::find(message.arrivals, claim.identity) != message.arrivals.end();
    }
    // Any member of the group will do.
    const std::uint64_t group = mesh::share_group_id(0, claim.group, claim.filter);
    return std::ranges::find(message.groups, group) != message.groups.end();
}

/// A message of QoS 2 that a member may have got waits for it, though it will never come back: what
/// it was sent before others knew that it is gone, and what its origin does not know of any more
/// whether it has sent it.
bool Ledger::waits_for_the_dead(const Published& message, const Subscription& claim) const {
    return message.qos == 2 && !claim.group.empty() &&
           std::ranges::any_of(subscriptions_, [&](const Subscription& member) {
               return member.group == claim.group && member.filter == claim.filter &&
                      member.destroyed_at != Instant::never() &&
                      (message.at < member.destroyed_at + kKnownDead ||
                       message.starts_before != start_counts_[message.node]);
           });
}

bool Ledger::is_missing(const Published& message, const Subscription& claim) const {
    const bool is_promised = message.qos > 0 || message.is_reliable;
    return is_promised && message.is_acknowledged && !message.is_excused && !claim.is_ended &&
           !has_arrived(message, claim) && !waits_for_the_dead(message, claim);
}

std::uint64_t Ledger::missing_count() const {
    std::uint64_t count = 0;
    for (const Published& message : messages_) {
        for (const SubscriptionIndex claim : message.claims) {
            count += is_missing(message, subscriptions_[claim]) ? 1U : 0U;
        }
    }
    return count;
}

void Ledger::finish(Instant now) {
    for (std::uint64_t number = 0; number < messages_.size(); ++number) {
        const Published& message = messages_[number];
        for (const SubscriptionIndex claim : message.claims) {
            const Subscription& subscription = subscriptions_[claim];
            if (is_missing(message, subscription)) {
                const bool is_early = message.at - subscription.told_at < kEarly;
                verdicts_.broken(
                    is_early ? Oracle::Barrier : Oracle::NoLoss, now,
                    fmt::format("node {} never got {}, which {}{}{} there wants", subscription.node,
                                name_of(number, message), subscription.group,
                                subscription.group.empty() ? "" : ":", subscription.filter));
            }
        }
    }
}

}  // namespace kith::sim
