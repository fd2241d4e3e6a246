#include "broker/detail/subscription_index.h"

#include <algorithm>
#include <span>

#include "base/narrow.h"
#include "broker/detail/session.h"
#include "broker/detail/share_group.h"

namespace kith::broker {
namespace {

bool wants_durably(const Subscription& subscription) {
    return subscription.options.maximum_qos() != Qos::AtMostOnce &&
           subscription.session->is_durable();
}

enum class OwnMessages : std::uint8_t { Received, NotReceived };

/// The identifiers of those of `targets` that take their session's own messages, or do not.
void append_identifiers(std::span<const Target> targets, OwnMessages own,
                        const std::vector<std::uint32_t>& from, std::vector<std::uint32_t>& to) {
    for (const Target& each : targets) {
        if (each.identifier_count != 0 && each.receives_own == (own == OwnMessages::Received)) {
            to.push_back(from[each.identifiers_begin]);
        }
    }
}

}  // namespace

void SubscriptionIndex::add(Subscription& subscription) {
    FilterEntry& entry = local_.insert(subscription.filter());
    subscription.position = narrow<std::uint32_t>(entry.subscriptions.size());
    entry.subscriptions.push_back(&subscription);
    count_durable(entry, subscription, wants_durably(subscription));
    ++subscription_count_;
    ++generation_;
}

void SubscriptionIndex::refresh(Subscription& subscription) {
    FilterEntry* entry = local_.find(subscription.filter());
    CHECK(entry != nullptr);
    count_durable(*entry, subscription, wants_durably(subscription));
    ++generation_;
}

void SubscriptionIndex::count_durable(FilterEntry& entry, Subscription& subscription,
                                      bool durable) {
    if (subscription.counted_durable != durable) {
        subscription.counted_durable = durable;
        durable ? ++entry.durable_count : --entry.durable_count;
    }
}

void SubscriptionIndex::remove(Subscription& subscription) {
    FilterEntry* entry = local_.find(subscription.filter());
    CHECK(entry != nullptr);
    CHECK(entry->subscriptions[subscription.position] == &subscription);
    count_durable(*entry, subscription, false);
    Subscription* last = entry->subscriptions.back();
    entry->subscriptions[subscription.position] = last;
    last->position = subscription.position;
    entry->subscriptions.pop_back();
    --subscription_count_;
    ++generation_;
    local_.prune(subscription.filter());
}

void SubscriptionIndex::add_group(std::string_view filter, ShareGroup& group) {
    local_.insert(filter).with_extras().groups.push_back(&group);
    ++generation_;
}

void SubscriptionIndex::remove_group(std::string_view filter, ShareGroup& group) {
    FilterEntry* entry = local_.find(filter);
    CHECK(entry != nullptr && entry->extras != nullptr);
    CHECK(std::erase(entry->extras->groups, &group) == 1);
    entry->drop_empty_extras();
    ++generation_;
    local_.prune(filter);
}

void SubscriptionIndex::add_tap(std::string_view filter, bus::Subscriber& tap) {
    local_.insert(filter).with_extras().taps.push_back(&tap);
    ++generation_;
}

void SubscriptionIndex::remove_tap(std::string_view filter, bus::Subscriber& tap) {
    FilterEntry* entry = local_.find(filter);
    CHECK(entry != nullptr && entry->extras != nullptr);
    const auto found = std::ranges::find(entry->extras->taps, &tap);
    CHECK(found != entry->extras->taps.end());
    entry->extras->taps.erase(found);
    entry->drop_empty_extras();
    ++generation_;
    local_.prune(filter);
}

Interest SubscriptionIndex::interest(std::string_view filter) {
    const FilterEntry* entry = local_.find(filter);
    if (entry == nullptr || entry->empty()) {
        return Interest::None;
    }
    const bool durable_group =
        entry->extras != nullptr &&
        std::ranges::any_of(entry->extras->groups,
                            [](const ShareGroup* group) { return group->is_durable(); });
    return entry->durable_count > 0 || durable_group ? Interest::Durable : Interest::Transient;
}

void SubscriptionIndex::set_remote_interest(std::string_view filter, ShardId shard,
                                            Interest interest) {
    RemoteEntry& entry = remote_.insert(filter);
    const std::uint64_t bit = std::uint64_t{1} << shard.value();
    entry.shards = interest == Interest::None ? entry.shards & ~bit : entry.shards | bit;
    entry.durable_shards =
        interest == Interest::Durable ? entry.durable_shards | bit : entry.durable_shards & ~bit;
    ++generation_;
    remote_.prune(filter);
}

void SubscriptionIndex::resolve(bus::TopicName topic, Route& route) {
    route.clear();
    std::size_t filter_count = 0;
    local_.match_topic(topic, [&](const FilterEntry& entry) {
        filter_count += entry.subscriptions.empty() ? 0U : 1U;
        append_targets(entry, route);
        if (entry.extras != nullptr) {
            const Extras& extras = *entry.extras;
            route.groups.insert(route.groups.end(), extras.groups.begin(), extras.groups.end());
            route.taps.insert(route.taps.end(), extras.taps.begin(), extras.taps.end());
        }
    });
    if (filter_count > 1) {
        merge_targets(route);
    }
    remote_.match_topic(topic, [&](const RemoteEntry& entry) {
        route.shards |= entry.shards;
        route.durable_shards |= entry.durable_shards;
    });
    route.durable_local = std::ranges::any_of(route.targets,
                                              [](const Target& target) {
                                                  return target.maximum_qos != Qos::AtMostOnce &&
                                                         target.session->is_durable();
                                              }) ||
                          std::ranges::any_of(route.groups, [](const ShareGroup* group) {
                              return group->is_durable();
                          });
    route.generation = generation_;
}

void SubscriptionIndex::append_targets(const FilterEntry& entry, Route& route) {
    for (const Subscription* subscription : entry.subscriptions) {
        const SubscriptionOptions options = subscription->options;
        Target target{.session = subscription->session,
                      .identifiers_begin = narrow<std::uint32_t>(route.identifiers.size()),
                      .maximum_qos = options.maximum_qos(),
                      .receives_own = !options.no_local(),
                      .retain_as_published = options.retain_as_published()};
        if (target.receives_own) {
            target.own_maximum_qos = target.maximum_qos;
        }
        if (subscription->identifier != 0) {
            route.identifiers.push_back(subscription->identifier);
            target.identifier_count = 1;
            target.own_identifier_count = target.receives_own ? 1 : 0;
        }
        route.targets.push_back(target);
    }
}

/// Makes one target of all that a session has: the highest QoS, every identifier [MQTT-3.3.4-2],
/// [MQTT-3.3.4-3].
void SubscriptionIndex::merge_targets(Route& route) {
    // By id, not by address: the order is the same in every run.
    std::ranges::stable_sort(route.targets, std::ranges::less{},
                             [](const Target& target) { return target.session->id(); });
    std::vector<Target> merged;
    std::vector<std::uint32_t> identifiers;
    merged.reserve(route.targets.size());
    for (std::size_t first = 0; first < route.targets.size();) {
        std::size_t last = first;
        Target target = route.targets[first];
        while (last < route.targets.size() && route.targets[last].session == target.session) {
            const Target& each = route.targets[last++];
            target.maximum_qos = std::max(target.maximum_qos, each.maximum_qos);
            target.own_maximum_qos = std::max(target.own_maximum_qos, each.own_maximum_qos);
            target.receives_own |= each.receives_own;
            target.retain_as_published |= each.retain_as_published;
        }
        // Identifiers of subscriptions that take the session's own messages come first.
        const auto same = std::span(route.targets).subspan(first, last - first);
        const std::size_t begin = identifiers.size();
        append_identifiers(same, OwnMessages::Received, route.identifiers, identifiers);
        const std::size_t own_end = identifiers.size();
        append_identifiers(same, OwnMessages::NotReceived, route.identifiers, identifiers);
        target.identifiers_begin = narrow<std::uint32_t>(begin);
        target.own_identifier_count = narrow<std::uint32_t>(own_end - begin);
        target.identifier_count = narrow<std::uint32_t>(identifiers.size() - begin);
        merged.push_back(target);
        first = last;
    }
    route.targets = std::move(merged);
    route.identifiers = std::move(identifiers);
}

}  // namespace kith::broker
