#include "mesh/detail/wanted_tree.h"

#include <boost/container/static_vector.hpp>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/narrow.h"
#include "bus/topic.h"
#include "mesh/detail/filter_superset.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {
namespace {

std::uint64_t group_id(const InterestBody::Entry& entry) {
    return share_group_id(entry.tenant, entry.share_group, entry.filter);
}

void insert_sorted(WantedTree::Nodes& nodes, NodeId node) {
    nodes.insert(std::ranges::upper_bound(nodes, node), node);
}

void erase_one(WantedTree::Nodes& nodes, NodeId node) {
    const auto found = std::ranges::lower_bound(nodes, node);
    CHECK(found != nodes.end());
    CHECK(*found == node);
    nodes.erase(found);
    if (nodes.size() <= 1) {
        nodes.shrink_to_fit();
    }
}

void erase_from_group(WantedTree::Wanted& wanted, const InterestBody::Entry& entry, NodeId node) {
    CHECK(wanted.shared != nullptr);
    const auto group =
        std::ranges::lower_bound(*wanted.shared, group_id(entry), {}, &WantedTree::Group::id);
    CHECK(group != wanted.shared->end());
    erase_one(group->nodes, node);
    if (group->nodes.empty()) {
        wanted.shared->erase(group);
    }
    if (wanted.shared->empty()) {
        wanted.shared.reset();
    }
}

/// The levels of a topic or filter by their hashes.
struct Levels {
    boost::container::static_vector<std::uint64_t, limits::kTopicLevelsMax> hashes;
    /// There are more, or any number of them: only `#` matches that.
    bool goes_on = false;

    explicit Levels(std::string_view text) {
        bus::LevelReader reader(text);
        while (!reader.at_end() && !goes_on) {
            const std::string_view level = reader.next();
            goes_on = level == "#" || hashes.size() == hashes.capacity();
            if (!goes_on) {
                hashes.push_back(hash_text(level));
            }
        }
    }
};

}  // namespace

WantedTree::WantedTree() : places_(1), children_(0, ByEdge{&places_}, ByEdge{&places_}) {}

void WantedTree::add(const InterestBody::Entry& entry, NodeId node) {
    const Spot spot = make(entry);
    std::uint32_t& number = spot.is_below ? places_[spot.place].below : places_[spot.place].at;
    if (number == kNone) {
        if (free_wanted_.empty()) {
            number = narrow<std::uint32_t>(wanted_.size());
            wanted_.emplace_back();
        } else {
            number = free_wanted_.back();
            free_wanted_.pop_back();
        }
    }
    Wanted& wanted = wanted_[number];
    if (entry.share_group.empty()) {
        insert_sorted(wanted.nodes, node);
        return;
    }
    if (wanted.shared == nullptr) {
        wanted.shared = std::make_unique<std::vector<Group>>();
    }
    const std::uint64_t id = group_id(entry);
    auto group = std::ranges::lower_bound(*wanted.shared, id, {}, &Group::id);
    if (group == wanted.shared->end() || group->id != id) {
        group = wanted.shared->insert(group, {.id = id, .nodes = {}});
    }
    insert_sorted(group->nodes, node);
}

void WantedTree::remove(const InterestBody::Entry& entry, NodeId node) {
    const Spot spot = locate(entry);
    CHECK(spot.place != kNone);
    std::uint32_t& number = spot.is_below ? places_[spot.place].below : places_[spot.place].at;
    CHECK(number != kNone);
    Wanted& wanted = wanted_[number];
    if (entry.share_group.empty()) {
        erase_one(wanted.nodes, node);
    } else {
        erase_from_group(wanted, entry, node);
    }
    if (wanted.empty()) {
        wanted = {};
        free_wanted_.push_back(std::exchange(number, kNone));
        prune(spot.place);
    }
}

WantedTree::Found WantedTree::find(std::uint32_t tenant, std::string_view topic_or_filter) const {
    static const std::uint64_t reserved_level = hash_text(kReservedTopics);
    const Levels levels(topic_or_filter);
    const bool is_reserved = topic_or_filter.starts_with('$');
    Found found;
    struct Step {
        PlaceIndex place;
        std::size_t depth;
    };
    // Each level takes one branch off and puts two on at most.
    boost::container::static_vector<Step, limits::kTopicLevelsMax + 3> open;
    for (const std::uint32_t owner : {tenant, kEveryTenant}) {
        const PlaceIndex top = child(kRoot, owner);
        if (top != kNone && is_reserved) {
            take_wanted(child(top, reserved_level), found, &Place::at);
        }
        if (top != kNone) {
            open.push_back({top, 0});
        }
    }
    while (!open.empty()) {
        const auto [index, depth] = open.back();
        open.pop_back();
        const bool has_wildcards = depth > 0 || !is_reserved;  // [MQTT-4.7.2-1]
        if (has_wildcards) {
            take_wanted(index, found, &Place::below);
        }
        if (depth == levels.hashes.size()) {
            if (!levels.goes_on) {
                take_wanted(index, found, &Place::at);
            }
            continue;
        }
        const PlaceIndex plus = places_[index].plus;
        if (plus != kNone && has_wildcards) {
            open.push_back({plus, depth + 1});
        }
        const PlaceIndex next = child(index, levels.hashes[depth]);
        if (next != kNone && next != plus) {
            open.push_back({next, depth + 1});
        }
    }
    return found;
}

WantedTree::PlaceIndex WantedTree::child(PlaceIndex parent, std::uint64_t level) const {
    const auto found = children_.find(Edge{parent, level});
    return found == children_.end() ? kNone : *found;
}

WantedTree::PlaceIndex WantedTree::child_or_new(PlaceIndex parent, std::uint64_t level,
                                                bool is_plus) {
    if (const PlaceIndex found = child(parent, level); found != kNone) {
        return found;
    }
    PlaceIndex index = narrow<PlaceIndex>(places_.size());
    if (free_places_.empty()) {
        places_.emplace_back();
    } else {
        index = free_places_.back();
        free_places_.pop_back();
    }
    places_[index].edge = {parent, level};
    children_.insert(index);
    ++places_[parent].child_count;
    if (is_plus) {
        places_[parent].plus = index;
    }
    return index;
}

WantedTree::Spot WantedTree::make(const InterestBody::Entry& entry) {
    Spot spot{.place = child_or_new(kRoot, entry.tenant, false)};
    bus::LevelReader levels(entry.filter);
    while (!levels.at_end()) {
        const std::string_view level = levels.next();
        if (level == "#") {
            spot.is_below = true;
            break;
        }
        spot.place = child_or_new(spot.place, hash_text(level), level == "+");
    }
    return spot;
}

WantedTree::Spot WantedTree::locate(const InterestBody::Entry& entry) const {
    Spot spot{.place = child(kRoot, entry.tenant)};
    bus::LevelReader levels(entry.filter);
    while (!levels.at_end() && spot.place != kNone) {
        const std::string_view level = levels.next();
        if (level == "#") {
            spot.is_below = true;
            break;
        }
        spot.place = child(spot.place, hash_text(level));
    }
    return spot;
}

void WantedTree::take_wanted(PlaceIndex place, Found& found, std::uint32_t Place::*list) const {
    if (place != kNone && places_[place].*list != kNone) {
        found.push_back(&wanted_[places_[place].*list]);
    }
}

void WantedTree::prune(PlaceIndex place) {
    while (place != kRoot && places_[place].child_count == 0 && places_[place].at == kNone &&
           places_[place].below == kNone) {
        const PlaceIndex above = places_[place].edge.parent;
        Place& parent = places_[above];
        --parent.child_count;
        if (parent.plus == place) {
            parent.plus = kNone;
        }
        children_.erase(place);
        places_[place] = {};
        free_places_.push_back(place);
        place = above;
    }
    if (children_.empty()) {
        forget_all();
    }
}

/// Nothing of what once was keeps memory.
void WantedTree::forget_all() {
    children_.rehash(0);
    places_ = std::deque<Place>(1);
    free_places_ = {};
    wanted_ = std::deque<Wanted>();
    free_wanted_ = {};
}

}  // namespace kith::mesh
