#include "mesh/detail/interest_part.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "mesh/detail/filter_superset.h"
#include "mesh/detail/wanted_tree.h"
#include "mesh/limits.h"
#include "wire/mesh/limits.h"

namespace kith::mesh {
namespace {

using Entry = InterestBody::Entry;

/// What an entry takes in a body beside its texts: a tenant and two lengths.
constexpr std::size_t kEntryOverheadBytes = 5 + 2 + 2;
constexpr std::size_t kCountBytes = 2;
constexpr std::size_t kEntryBytesMax = kInterestPartBytesMax - kCountBytes;
static_assert(kInterestPartBytesMax <= kRecordBodyBytesMax);
static_assert(limits::kTopicBytesMax + kEntryOverheadBytes <= kEntryBytesMax,
              "every filter fits alone");

void sort_and_unite(std::vector<Entry>& entries) {
    std::ranges::sort(entries);
    // style: clang 14 does not compile what std::ranges::unique() returns.
    entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
}

}  // namespace

std::size_t InterestPart::bytes_of(const Entry& entry) {
    return kEntryOverheadBytes + entry.share_group.size() + entry.filter.size();
}

bool InterestPart::add(const Entry& entry) {
    filters_.push_back(entry);
    filter_bytes_ += bytes_of(entry);
    if (!is_coarse()) {
        if (filter_bytes_ > kEntryBytesMax) {
            tell_superset_of(filters_);
            filter_count_max_ = filters_.size();
        }
        return true;
    }
    filter_count_max_ = std::max(filter_count_max_, filters_.size());
    if (is_told(entry)) {
        return false;
    }
    std::vector<Entry> entries = told();
    entries.push_back(entry);
    tell_superset_of(std::move(entries));
    return true;
}

bool InterestPart::remove(const Entry& entry) {
    const auto found = std::ranges::find(filters_, entry);
    CHECK(found != filters_.end());
    *found = filters_.back();
    filters_.pop_back();
    filter_bytes_ -= bytes_of(entry);
    if (!is_coarse()) {
        return true;
    }
    const bool fits = filter_bytes_ <= kEntryBytesMax;
    if (!fits && filters_.size() > filter_count_max_ / 2) {
        return false;  // a superset still
    }
    told_.clear();
    tells_groups_ = true;
    if (!fits) {
        tell_superset_of(filters_);
        filter_count_max_ = filters_.size();
    }
    return true;
}

std::vector<std::uint8_t> InterestPart::body() const {
    if (filters_.empty()) {
        return {};
    }
    InterestBody body{.entries = is_coarse() ? told() : filters_};
    sort_and_unite(body.entries);
    std::vector<std::uint8_t> bytes = encode(body);
    CHECK(bytes.size() <= kInterestPartBytesMax);
    return bytes;
}

bool InterestPart::is_told(const Entry& entry) const {
    return std::ranges::any_of(told_, [&](const Told& told) {
        if (!entry.share_group.empty() && tells_groups_) {
            return told.view() == entry;
        }
        return told.share_group.empty() &&
               (told.tenant == entry.tenant || told.tenant == kEveryTenant) &&
               covers(told.filter, entry.filter);
    });
}

std::vector<Entry> InterestPart::told() const {
    std::vector<Entry> entries;
    entries.reserve(told_.size());
    for (const Told& told : told_) {
        entries.push_back(told.view());
    }
    return entries;
}

/// As they are, if there is room; else less and less exactly, until there is.
void InterestPart::tell_superset_of(std::vector<Entry> entries) {
    const auto without_groups = [&entries] {
        for (Entry& entry : entries) {
            entry.share_group = {};
        }
        sort_and_unite(entries);
    };
    if (!tells_groups_) {
        without_groups();
    }
    std::vector<Told> told(entries.begin(), entries.end());
    if (bytes_of(told) > kEntryBytesMax) {
        told = superset_of(entries);
    }
    if (bytes_of(told) > kEntryBytesMax && tells_groups_) {
        tells_groups_ = false;
        without_groups();
        told = superset_of(entries);
    }
    if (bytes_of(told) > kEntryBytesMax) {  // too many tenants
        told.clear();
        for (const std::string_view all : {kReservedTopics, std::string_view("#")}) {
            told.emplace_back(Entry{.tenant = kEveryTenant, .share_group = {}, .filter = all});
        }
    }
    told_ = std::move(told);
}

/// Leaves half of the room to what will come. What is shared stays as it is.
std::vector<InterestPart::Told> InterestPart::superset_of(const std::vector<Entry>& entries) {
    std::vector<Told> result;
    std::map<std::uint32_t, std::vector<std::string_view>> filters_of_tenant;
    for (const Entry& entry : entries) {
        if (entry.share_group.empty()) {
            filters_of_tenant[entry.tenant].push_back(entry.filter);
        } else {
            result.emplace_back(entry);
        }
    }
    const std::size_t room = kEntryBytesMax / 2 - std::min(bytes_of(result), kEntryBytesMax / 2);
    for (const auto& [tenant, filters] : filters_of_tenant) {
        const SupersetBudget budget{.bytes_max = room / filters_of_tenant.size(),
                                    .overhead_bytes = kEntryOverheadBytes};
        for (const std::string& filter : superset(filters, budget)) {
            result.emplace_back(Entry{.tenant = tenant, .share_group = {}, .filter = filter});
        }
    }
    return result;
}

std::size_t InterestPart::bytes_of(const std::vector<Told>& told) {
    std::size_t bytes = 0;
    for (const Told& entry : told) {
        bytes += bytes_of(entry.view());
    }
    return bytes;
}

}  // namespace kith::mesh
