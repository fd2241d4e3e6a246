#include "broker/detail/subscription_index.h"

#include <algorithm>
#include <span>

#include "base/narrow.h"
#include "broker/detail/session.h"
#include "broker/detail/share_group.h"

namespace kith::broker {
namespace {

constexpr std::string_view kSharePrefix = "$share/";

/// Of the place of a shared subscription.
constexpr std::uint32_t kSharedBit = 1U << 31;

FilterPlace with_shared_bit(FilterPlace place) {
    return FilterPlace(place.value() | kSharedBit);
}

FilterPlace without_shared_bit(FilterPlace place) {
    return FilterPlace(place.value() & ~kSharedBit);
}

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

SubscriptionIndex::SubscriptionIndex() {
    CHECK(subscriptions_.take() == 0);  // no subscription has the number 0
}

Subscription& SubscriptionIndex::create(Session& session, std::string_view text) {
    const SubscriptionId id(subscriptions_.take());
    CHECK(id.value() <= kNumberMask);
    Subscription& subscription = subscriptions_[id.value()];
    subscription.session = &session;
    subscription.is_shared = bus::is_shared_text(text);
    if (subscription.is_shared) {
        const FilterPlace place = shared_texts_.insert(text);
        ++shared_texts_.value(place);
        subscription.place = with_shared_bit(place);
        subscription.position = groups_.take();
    } else {
        subscription.place = filters_.insert(text);
    }
    session.subscriptions.add(subscription.place, id);
    return subscription;
}

void SubscriptionIndex::destroy(Subscription& subscription) {
    const SubscriptionId id = id_of(subscription);
    subscription.session->subscriptions.erase(subscription.place);
    if (subscription.is_shared) {
        const FilterPlace place = without_shared_bit(subscription.place);
        --shared_texts_.value(place);
        shared_texts_.prune(place);
        groups_.give_back(subscription.position);
    } else {
        filters_.prune(subscription.place);
    }
    subscriptions_.give_back(id.value());
}

Subscription* SubscriptionIndex::find(const Session& session, std::string_view text) {
    const bool is_shared = bus::is_shared_text(text);
    const FilterPlace place = is_shared ? shared_texts_.find(text) : filters_.find(text);
    if (place == FilterTree::kNone) {
        return nullptr;
    }
    const auto found = session.subscriptions.find(is_shared ? with_shared_bit(place) : place);
    return found == session.subscriptions.end() ? nullptr : &at(found->second);
}

std::string SubscriptionIndex::text(const Subscription& subscription) const {
    return subscription.is_shared ? shared_texts_.text(without_shared_bit(subscription.place))
                                  : filters_.text(subscription.place);
}

std::string SubscriptionIndex::filter(const Subscription& subscription) const {
    std::string text = this->text(subscription);
    if (text.starts_with(kSharePrefix)) {
        text.erase(0, text.find('/', kSharePrefix.size()) + 1);
    }
    return text;
}

SubscriptionId SubscriptionIndex::id_of(const Subscription& subscription) const {
    return subscription.session->subscriptions.at(subscription.place);
}

InterestChange SubscriptionIndex::add(Subscription& subscription) {
    CHECK(!subscription.is_shared);
    return change(subscription.place, [&](FilterEntry& entry) {
        subscription.position = narrow<std::uint32_t>(entry.subscriptions.size());
        entry.subscriptions.push_back(id_of(subscription));
        count_durable(entry, subscription, wants_durably(subscription));
    });
}

InterestChange SubscriptionIndex::refresh(Subscription& subscription) {
    CHECK(!subscription.is_shared);
    return change(subscription.place, [&](FilterEntry& entry) {
        count_durable(entry, subscription, wants_durably(subscription));
    });
}

InterestChange SubscriptionIndex::remove(Subscription& subscription) {
    CHECK(!subscription.is_shared);
    return change(subscription.place, [&](FilterEntry& entry) {
        CHECK(entry.subscriptions[subscription.position] == id_of(subscription));
        count_durable(entry, subscription, false);
        const SubscriptionId last = entry.subscriptions.back();
        entry.subscriptions[subscription.position] = last;
        at(last).position = subscription.position;
        entry.subscriptions.pop_back();
    });
}

void SubscriptionIndex::count_durable(FilterEntry& entry, Subscription& subscription,
                                      bool durable) {
    if (subscription.counted_durable != durable) {
        subscription.counted_durable = durable;
        durable ? ++entry.durable_count : --entry.durable_count;
    }
}

InterestChange SubscriptionIndex::add_group(std::string_view filter, ShareGroup& group) {
    return change(filters_.insert(filter),
                  [&](FilterEntry& entry) { entry.with_extras().groups.push_back(&group); });
}

InterestChange SubscriptionIndex::remove_group(std::string_view filter, ShareGroup& group) {
    const FilterPlace place = filters_.find(filter);
    CHECK(place != FilterTree::kNone);
    const InterestChange changed = change(place, [&](FilterEntry& entry) {
        CHECK(entry.extras != nullptr && std::erase(entry.extras->groups, &group) == 1);
        entry.drop_empty_extras();
    });
    filters_.prune(place);
    return changed;
}

InterestChange SubscriptionIndex::add_tap(std::string_view filter, bus::Subscriber& tap) {
    return change(filters_.insert(filter),
                  [&](FilterEntry& entry) { entry.with_extras().taps.push_back(&tap); });
}

InterestChange SubscriptionIndex::remove_tap(std::string_view filter, bus::Subscriber& tap) {
    const FilterPlace place = filters_.find(filter);
    CHECK(place != FilterTree::kNone);
    const InterestChange changed = change(place, [&](FilterEntry& entry) {
        CHECK(entry.extras != nullptr);
        const auto found = std::ranges::find(entry.extras->taps, &tap);
        CHECK(found != entry.extras->taps.end());
        entry.extras->taps.erase(found);
        entry.drop_empty_extras();
    });
    filters_.prune(place);
    return changed;
}

/// One node more or less of several changes no route.
InterestChange SubscriptionIndex::add_far(std::string_view filter) {
    const std::uint64_t generation = generation_;
    bool is_first = false;
    const InterestChange changed = change(filters_.insert(filter), [&](FilterEntry& entry) {
        is_first = entry.with_extras().far_count++ == 0;
    });
    generation_ = is_first ? generation_ : generation;
    return changed;
}

InterestChange SubscriptionIndex::remove_far(std::string_view filter) {
    const std::uint64_t generation = generation_;
    const FilterPlace place = filters_.find(filter);
    CHECK(place != FilterTree::kNone);
    bool is_last = false;
    const InterestChange changed = change(place, [&](FilterEntry& entry) {
        CHECK(entry.extras != nullptr && entry.extras->far_count > 0);
        is_last = --entry.extras->far_count == 0;
        entry.drop_empty_extras();
    });
    filters_.prune(place);
    generation_ = is_last ? generation_ : generation;
    return changed;
}

Interest SubscriptionIndex::interest(std::string_view filter) const {
    const FilterPlace place = filters_.find(filter);
    if (place == FilterTree::kNone) {
        return Interest::None;
    }
    const std::uint32_t value = filters_.value(place);
    switch (kind_of(value)) {
        case Kind::Single:
            return value == 0                                         ? Interest::None
                   : subscriptions_[number_of(value)].counted_durable ? Interest::Durable
                                                                      : Interest::Transient;
        case Kind::Remote:
            return Interest::None;
        case Kind::Entry:
            return interest_of(entries_[number_of(value)]);
    }
    return Interest::None;
}

Interest SubscriptionIndex::interest_of(const FilterEntry& entry) {
    if (entry.subscriptions.empty() && entry.extras == nullptr) {
        return Interest::None;
    }
    const bool durable_extra =
        entry.extras != nullptr &&
        (entry.extras->far_count > 0 ||
         std::ranges::any_of(entry.extras->groups,
                             [](const ShareGroup* group) { return group->is_durable(); }));
    return entry.durable_count > 0 || durable_extra ? Interest::Durable : Interest::Transient;
}

bool SubscriptionIndex::is_plain(const FilterEntry& entry) {
    return !entry.subscriptions.empty() || (entry.extras != nullptr && !entry.extras->taps.empty());
}

void SubscriptionIndex::set_remote_interest(std::string_view filter, ShardId shard,
                                            Interest interest) {
    const std::uint64_t bit = std::uint64_t{1} << shard.value();
    const FilterPlace place = filters_.insert(filter);
    change(place, [&](FilterEntry& entry) {
        RemoteInterest& remote = entry.remote;
        remote.shards = interest == Interest::None ? remote.shards & ~bit : remote.shards | bit;
        remote.durable_shards = interest == Interest::Durable ? remote.durable_shards | bit
                                                              : remote.durable_shards & ~bit;
    });
    filters_.prune(place);
}

template <typename Edit>
InterestChange SubscriptionIndex::change(FilterPlace place, Edit&& edit) {
    const std::uint32_t value = filters_.value(place);
    FilterEntry entry = unpack(value);
    InterestChange changed{.before = interest_of(entry), .was_plain = is_plain(entry)};
    edit(entry);
    changed.now = interest_of(entry);
    changed.is_plain = is_plain(entry);
    filters_.value(place) = pack(std::move(entry));
    ++generation_;
    return changed;
}

/// Takes all out of `value`; pack() follows.
SubscriptionIndex::FilterEntry SubscriptionIndex::unpack(std::uint32_t value) {
    FilterEntry entry;
    const std::uint32_t number = number_of(value);
    switch (kind_of(value)) {
        case Kind::Single:
            if (number != 0) {
                entry.subscriptions.emplace_back(number);
                entry.durable_count = subscriptions_[number].counted_durable ? 1 : 0;
            }
            break;
        case Kind::Remote:
            entry.remote = remotes_[number].interest;
            release_remote(number);
            break;
        case Kind::Entry:
            entry = std::move(entries_[number]);
            entries_.give_back(number);
            break;
    }
    return entry;
}

std::uint32_t SubscriptionIndex::pack(FilterEntry entry) {
    const bool is_remote = entry.remote.shards != 0;
    if (entry.extras == nullptr && entry.subscriptions.empty()) {
        return is_remote ? value_of(Kind::Remote, retain_remote(entry.remote)) : 0;
    }
    if (entry.extras == nullptr && entry.subscriptions.size() == 1 && !is_remote) {
        return value_of(Kind::Single, entry.subscriptions.front().value());
    }
    const std::uint32_t number = entries_.take();
    entries_[number] = std::move(entry);
    return value_of(Kind::Entry, number);
}

std::uint32_t SubscriptionIndex::value_of(Kind kind, std::uint32_t number) {
    CHECK(number <= kNumberMask);
    return (static_cast<std::uint32_t>(kind) << kKindShift) | number;
}

std::uint32_t SubscriptionIndex::retain_remote(const RemoteInterest& interest) {
    const auto [found, is_new] = remote_numbers_.try_emplace(interest);
    if (is_new) {
        found->second = remotes_.take();
        remotes_[found->second].interest = interest;
    }
    ++remotes_[found->second].reference_count;
    return found->second;
}

void SubscriptionIndex::release_remote(std::uint32_t number) {
    Remote& remote = remotes_[number];
    if (--remote.reference_count == 0) {
        remote_numbers_.erase(remote.interest);
        remotes_.give_back(number);
    }
}

void SubscriptionIndex::resolve(bus::TopicName topic, Route& route) const {
    route.clear();
    std::size_t filter_count = 0;
    const auto add_remote = [&route](const RemoteInterest& remote) {
        route.shards |= remote.shards;
        route.durable_shards |= remote.durable_shards;
    };
    filters_.match(topic, [&](std::uint32_t value) {
        const std::uint32_t number = number_of(value);
        switch (kind_of(value)) {
            case Kind::Single:
                ++filter_count;
                append_target(subscriptions_[number], route);
                return;
            case Kind::Remote:
                add_remote(remotes_[number].interest);
                return;
            case Kind::Entry:
                break;
        }
        const FilterEntry& entry = entries_[number];
        filter_count += entry.subscriptions.empty() ? 0U : 1U;
        for (const SubscriptionId id : entry.subscriptions) {
            append_target(subscriptions_[id.value()], route);
        }
        add_remote(entry.remote);
        if (entry.extras != nullptr) {
            append_extras(*entry.extras, route);
        }
    });
    if (filter_count > 1) {
        merge_targets(route);
    }
    route.durable_local = route.is_far ||
                          std::ranges::any_of(route.targets,
                                              [](const Target& target) {
                                                  return target.maximum_qos != Qos::AtMostOnce &&
                                                         target.session->is_durable();
                                              }) ||
                          std::ranges::any_of(route.groups, [](const ShareGroup* group) {
                              return group->is_durable();
                          });
    route.generation = generation_;
}

void SubscriptionIndex::append_target(const Subscription& subscription, Route& route) {
    const SubscriptionOptions options = subscription.options;
    Target target{.session = subscription.session,
                  .identifiers_begin = narrow<std::uint32_t>(route.identifiers.size()),
                  .maximum_qos = options.maximum_qos(),
                  .receives_own = !options.no_local(),
                  .retain_as_published = options.retain_as_published()};
    if (target.receives_own) {
        target.own_maximum_qos = target.maximum_qos;
    }
    if (subscription.identifier != 0) {
        route.identifiers.push_back(subscription.identifier);
        target.identifier_count = 1;
        target.own_identifier_count = target.receives_own ? 1 : 0;
    }
    route.targets.push_back(target);
}

void SubscriptionIndex::append_extras(const Extras& extras, Route& route) {
    route.groups.insert(route.groups.end(), extras.groups.begin(), extras.groups.end());
    route.taps.insert(route.taps.end(), extras.taps.begin(), extras.taps.end());
    route.is_far = route.is_far || extras.far_count > 0;
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
