#include "mesh/detail/interest.h"

#include <boost/container/flat_map.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/narrow.h"
#include "bus/topic.h"
#include "mesh/detail/filter_superset.h"
#include "mesh/detail/interest_part.h"
#include "mesh/detail/wanted_tree.h"
#include "mesh/limits.h"
#include "wire/mesh/frames.h"
#include "wire/mesh/limits.h"

namespace kith::mesh {
namespace {

using Entry = InterestBody::Entry;

static_assert(kInterestParts <= kRecordPartsMax);
static_assert(kInterestParts * kInterestPartBytesMax <= kOriginRecordBytesMax / 4 * 3,
              "leaves room for what else a node tells");

Entry entry_of(const Interest& interest) {
    return {
        .tenant = interest.tenant, .share_group = interest.share_group, .filter = interest.filter};
}

std::uint64_t group_id(const Entry& entry) {
    return share_group_id(entry.tenant, entry.share_group, entry.filter);
}

/// A filter with texts of its own.
struct OwnFilter {
    std::uint32_t tenant = 0;
    std::string share_group;
    std::string filter;

    explicit OwnFilter(const Entry& entry)
        : tenant(entry.tenant), share_group(entry.share_group), filter(entry.filter) {}
    [[nodiscard]] Entry view() const { return {tenant, share_group, filter}; }
};

struct FilterLess {
    using is_transparent = void;
    static Entry view(const Entry& entry) { return entry; }
    static Entry view(const OwnFilter& filter) { return filter.view(); }

    template <typename Left, typename Right>
    bool operator()(const Left& left, const Right& right) const {
        return view(left) < view(right);
    }
};

}  // namespace

struct LocalInterest::Impl {
    struct Use {
        std::size_t count = 0;
        std::uint16_t part = 0;
    };

    /// The first part with room; where nobody has any, one by hash, which becomes a superset.
    [[nodiscard]] std::uint16_t choose_part(const Entry& entry) const;

    std::map<OwnFilter, Use, FilterLess> filters;
    std::array<InterestPart, kInterestParts> parts;
    boost::unordered_flat_set<std::uint64_t> groups;  // share_group_id() of what is shared
    std::size_t silent_part_count = 0;                // that tell no groups

    void note_groups(bool told_before, bool tells) {
        silent_part_count += told_before && !tells ? 1U : 0U;
        silent_part_count -= !told_before && tells ? 1U : 0U;
    }
};

std::uint16_t LocalInterest::Impl::choose_part(const Entry& entry) const {
    const std::size_t bytes = InterestPart::bytes_of(entry);
    for (const std::size_t bytes_max : {kInterestPartBytesUsual, kInterestPartBytesMax}) {
        for (std::size_t part = 0; part < parts.size(); ++part) {
            if (!parts[part].is_coarse() && parts[part].filter_bytes() + bytes <= bytes_max) {
                return narrow<std::uint16_t>(part);
            }
        }
    }
    const std::uint64_t hash =
        hash_text(entry.filter) ^ (hash_text(entry.share_group) * 3) ^ entry.tenant;
    return narrow<std::uint16_t>(hash % kInterestParts);
}

LocalInterest::LocalInterest() : impl_(std::make_unique<Impl>()) {}
LocalInterest::~LocalInterest() = default;

std::optional<std::uint16_t> LocalInterest::add(const Interest& interest) {
    const Entry entry = entry_of(interest);
    if (const auto found = impl_->filters.find(entry); found != impl_->filters.end()) {
        ++found->second.count;
        return std::nullopt;
    }
    if (!entry.share_group.empty()) {
        impl_->groups.insert(group_id(entry));
    }
    const std::uint16_t part = impl_->choose_part(entry);
    const auto added = impl_->filters.emplace(entry, Impl::Use{.count = 1, .part = part}).first;
    const bool told_groups = impl_->parts[part].tells_groups();
    const bool has_changed = impl_->parts[part].add(added->first.view());
    impl_->note_groups(told_groups, impl_->parts[part].tells_groups());
    return has_changed ? std::optional(part) : std::nullopt;
}

std::optional<std::uint16_t> LocalInterest::remove(const Interest& interest) {
    const auto found = impl_->filters.find(entry_of(interest));
    if (found == impl_->filters.end() || --found->second.count > 0) {
        return std::nullopt;
    }
    if (!found->first.share_group.empty()) {
        impl_->groups.erase(group_id(found->first.view()));
    }
    const std::uint16_t part = found->second.part;
    const bool told_groups = impl_->parts[part].tells_groups();
    const bool has_changed = impl_->parts[part].remove(found->first.view());
    impl_->note_groups(told_groups, impl_->parts[part].tells_groups());
    impl_->filters.erase(found);
    return has_changed ? std::optional(part) : std::nullopt;
}

std::uint16_t LocalInterest::part_of(const Interest& interest) const {
    const auto found = impl_->filters.find(entry_of(interest));
    CHECK(found != impl_->filters.end());
    return found->second.part;
}

std::vector<std::uint8_t> LocalInterest::body(std::uint16_t part) const {
    CHECK(part < kInterestParts);
    return impl_->parts[part].body();
}

std::size_t LocalInterest::size() const {
    return impl_->filters.size();
}

bool LocalInterest::has_group(std::uint64_t id) const {
    return impl_->groups.contains(id);
}

LocalInterest::GroupIds LocalInterest::untold_groups(std::uint32_t tenant,
                                                     std::string_view topic) const {
    GroupIds ids;
    if (impl_->silent_part_count == 0) [[likely]] {
        return ids;
    }
    for (const auto& [own, use] : impl_->filters) {
        const Entry entry = own.view();
        if (!entry.share_group.empty() && entry.tenant == tenant &&
            !impl_->parts[use.part].tells_groups() &&
            bus::TopicFilter::trusted(entry.filter).matches(bus::TopicName::trusted(topic))) {
            ids.push_back(group_id(entry));
        }
    }
    std::ranges::sort(ids);
    return ids;
}

std::size_t LocalInterest::coarse_part_count() const {
    return static_cast<std::size_t>(std::ranges::count_if(impl_->parts, &InterestPart::is_coarse));
}

namespace {

/// A topic of a tenant, as answers are found by it.
struct TopicView {
    std::uint32_t tenant;
    std::string_view topic;
};
struct TopicKey {
    std::uint32_t tenant;
    std::string topic;

    [[nodiscard]] TopicView view() const { return {tenant, topic}; }
};

struct TopicHash {
    using is_transparent = void;
    using is_avalanching = void;
    std::size_t operator()(const TopicView& key) const {
        return hash_text(key.topic) ^ (key.tenant * std::uint64_t{0x9E37'79B9'7F4A'7C15});
    }
    std::size_t operator()(const TopicKey& key) const { return (*this)(key.view()); }
};

struct TopicEqual {
    using is_transparent = void;
    static TopicView view(const TopicView& key) { return key; }
    static TopicView view(const TopicKey& key) { return key.view(); }
    template <typename Left, typename Right>
    bool operator()(const Left& left, const Right& right) const {
        return view(left).tenant == view(right).tenant && view(left).topic == view(right).topic;
    }
};

/// The answers for topics that were asked for lately. Who is asked again survives; the rest goes
/// half by half when there are too many.
class MatchCache {
  public:
    using Match = InterestTable::Match;

    [[nodiscard]] const Match* find(const TopicView& key) {
        if (const auto found = young_.find(key); found != young_.end()) {
            return &found->second;
        }
        const auto found = old_.find(key);
        if (found == old_.end()) {
            return nullptr;
        }
        Match match = std::move(found->second);
        old_.erase(found);
        return &insert(key, std::move(match));
    }

    const Match& insert(const TopicView& key, Match match) {
        const std::size_t bytes = bytes_of(key, match);
        if (young_.size() >= kMatchCacheTopicsMax / 2 ||
            young_bytes_ + bytes > kMatchCacheBytesMax / 2) {
            old_ = std::move(young_);
            young_ = {};
            young_bytes_ = 0;
        }
        young_bytes_ += bytes;
        return young_.emplace(TopicKey{key.tenant, std::string(key.topic)}, std::move(match))
            .first->second;
    }

    void clear() {
        if (size() > 0) {
            *this = {};
        }
    }
    [[nodiscard]] std::size_t size() const { return young_.size() + old_.size(); }

  private:
    using Answers = boost::unordered_flat_map<TopicKey, Match, TopicHash, TopicEqual>;

    [[nodiscard]] static std::size_t bytes_of(const TopicView& key, const Match& match) {
        std::size_t bytes =
            sizeof(Answers::value_type) + key.topic.size() + match.nodes.size() * sizeof(NodeId);
        for (const Match::Group& group : match.groups) {
            bytes += sizeof(group) + group.nodes.size() * sizeof(NodeId);
        }
        return bytes;
    }

    Answers young_;
    Answers old_;
    std::size_t young_bytes_ = 0;
};

/// Whether what a node tells can be taken as it is.
Status check_entry(const Entry& entry) {
    if (entry.filter != kReservedTopics && !bus::TopicFilter::create(entry.filter)) {
        return fail(ErrorKind::Malformed, "not a topic filter");
    }
    if (entry.share_group.find_first_of("/+#") != std::string_view::npos) {
        return fail(ErrorKind::Malformed, "wildcard or level in the name of a share group");
    }
    return {};
}

/// Of a body that was checked; in order, none twice.
std::vector<Entry> entries_of(Bytes body) {
    if (body.empty()) {
        return {};
    }
    Result<InterestBody> decoded = decode_interest(body);
    CHECK(decoded.has_value());
    return std::move(decoded->entries);
}

void unite(std::vector<NodeId>& nodes, std::size_t source_count) {
    if (source_count > 1) {
        std::ranges::sort(nodes);
    }
    // style: clang 14 does not compile what std::ranges::unique() returns.
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    nodes.shrink_to_fit();  // answers are kept
}

}  // namespace

struct InterestTable::Impl {
    using Parts = boost::container::flat_map<std::uint16_t, std::vector<std::uint8_t>>;

    [[nodiscard]] Match compute(std::uint32_t tenant, std::string_view topic) const;
    void replace(NodeId node, Bytes before, Bytes now);
    void changed();

    WantedTree tree;
    boost::unordered_flat_map<NodeId, Parts> parts_of_node;  // as they were told
    std::size_t part_count = 0;
    std::uint64_t generation = 0;
    MatchCache cache;
    std::vector<Change> changes;
};

InterestTable::Match InterestTable::Impl::compute(std::uint32_t tenant,
                                                  std::string_view topic) const {
    Match match;
    std::size_t source_count = 0;
    std::map<std::uint64_t, std::vector<NodeId>> groups;
    for (const WantedTree::Wanted* wanted : tree.find(tenant, topic)) {
        source_count += wanted->nodes.empty() ? 0U : 1U;
        match.nodes.insert(match.nodes.end(), wanted->nodes.begin(), wanted->nodes.end());
        for (const WantedTree::Group& told : wanted->groups()) {
            std::vector<NodeId>& nodes = groups[told.id];
            nodes.insert(nodes.end(), told.nodes.begin(), told.nodes.end());
        }
    }
    unite(match.nodes, source_count);
    for (auto& [id, nodes] : groups) {
        unite(nodes, 2);
        match.groups.push_back({.id = id, .nodes = std::move(nodes)});
    }
    return match;
}

/// What stays is not touched, and what comes is there before what it replaces goes.
void InterestTable::Impl::replace(NodeId node, Bytes before, Bytes now) {
    const std::vector<Entry> old_entries = entries_of(before);
    const std::vector<Entry> new_entries = entries_of(now);
    std::vector<Entry> difference;
    std::ranges::set_difference(new_entries, old_entries, std::back_inserter(difference));
    for (const Entry& entry : difference) {
        tree.add(entry, node);
        changes.push_back({entry.tenant, std::string(entry.filter), true});
    }
    difference.clear();
    std::ranges::set_difference(old_entries, new_entries, std::back_inserter(difference));
    for (const Entry& entry : difference) {
        tree.remove(entry, node);
        changes.push_back({entry.tenant, std::string(entry.filter), false});
    }
    part_count += now.empty() ? 0U : 1U;
    part_count -= before.empty() ? 0U : 1U;
}

void InterestTable::Impl::changed() {
    ++generation;
    cache.clear();
}

InterestTable::InterestTable() : impl_(std::make_unique<Impl>()) {}
InterestTable::~InterestTable() = default;

Status InterestTable::set(NodeId node, std::uint16_t part, Bytes body) {
    if (part >= kRecordPartsMax || body.size() > kRecordBodyBytesMax) {
        return fail(ErrorKind::Limit, "interest in more or larger parts than allowed");
    }
    if (!body.empty()) {
        TRY_ASSIGN(const InterestBody decoded, decode_interest(body));
        for (const Entry& entry : decoded.entries) {
            TRY(check_entry(entry));
        }
    }
    const auto known = impl_->parts_of_node.find(node);
    const bool is_known = known != impl_->parts_of_node.end() && known->second.contains(part);
    const bool is_same = is_known ? std::ranges::equal(known->second[part], body) : body.empty();
    if (is_same) {
        return {};
    }
    Impl::Parts& parts = impl_->parts_of_node[node];
    impl_->replace(node, is_known ? Bytes(parts[part]) : Bytes(), body);
    if (body.empty()) {
        parts.erase(part);
    } else {
        parts[part].assign(body.begin(), body.end());
    }
    if (parts.empty()) {
        impl_->parts_of_node.erase(node);
    }
    impl_->changed();
    return {};
}

void InterestTable::remove(NodeId node) {
    const auto found = impl_->parts_of_node.find(node);
    if (found == impl_->parts_of_node.end()) {
        return;
    }
    for (const auto& [part, body] : found->second) {
        impl_->replace(node, body, {});
    }
    impl_->parts_of_node.erase(found);
    impl_->changed();
}

std::vector<InterestTable::Change> InterestTable::take_changes() {
    return std::exchange(impl_->changes, {});
}

const InterestTable::Match& InterestTable::match(std::uint32_t tenant, std::string_view topic) {
    const TopicView key{tenant, topic};
    if (const Match* known = impl_->cache.find(key)) {
        return *known;
    }
    return impl_->cache.insert(key, impl_->compute(tenant, topic));
}

bool InterestTable::has(NodeId node, const Interest& interest) const {
    const std::uint64_t id = group_id(entry_of(interest));
    const auto found = impl_->tree.find(interest.tenant, interest.filter);
    return std::ranges::any_of(found, [&](const WantedTree::Wanted* wanted) {
        if (std::ranges::binary_search(wanted->nodes, node)) {
            return true;
        }
        const auto is_in_group = [&](const WantedTree::Group& group) {
            return group.id == id && std::ranges::binary_search(group.nodes, node);
        };
        return !interest.share_group.empty() && std::ranges::any_of(wanted->groups(), is_in_group);
    });
}

std::uint64_t InterestTable::generation() const {
    return impl_->generation;
}

InterestTable::Size InterestTable::size() const {
    return {.nodes = impl_->parts_of_node.size(),
            .parts = impl_->part_count,
            .places = impl_->tree.place_count(),
            .cached_topics = impl_->cache.size()};
}

}  // namespace kith::mesh
