#include "mesh/detail/filter_superset.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/limits.h"
#include "bus/topic.h"

namespace kith::mesh {
namespace {

using Filters = std::vector<std::string>;

/// This many siblings are worth one `+`: many of them first.
constexpr std::array<std::size_t, 3> kSiblingsMin = {64, 8, 2};

bool is_reserved(std::string_view filter) {
    return filter.starts_with('$');
}

/// Where a level begins and ends; the end of the text if there are not so many.
struct LevelPlace {
    std::size_t begin;
    std::size_t end;
    bool exists;
};

LevelPlace level_place(std::string_view filter, std::size_t level) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < level; ++i) {
        const std::size_t slash = filter.find('/', begin);
        if (slash == std::string_view::npos) {
            return {filter.size(), filter.size(), false};
        }
        begin = slash + 1;
    }
    return {begin, std::min(filter.find('/', begin), filter.size()), true};
}

std::size_t level_count(std::string_view filter) {
    return static_cast<std::size_t>(std::ranges::count(filter, '/')) + 1;
}

std::size_t bytes_of(const Filters& filters, const SupersetBudget& budget) {
    std::size_t bytes = 0;
    for (const std::string& filter : filters) {
        bytes += filter.size() + budget.overhead_bytes;
    }
    return bytes;
}

void sort_and_unite(Filters& filters) {
    std::ranges::sort(filters);
    // style: clang 14 does not compile what std::ranges::unique() returns.
    filters.erase(std::unique(filters.begin(), filters.end()), filters.end());
}

/// The filter with `+` at this level, if that matches all that the filter does.
std::string with_plus(std::string_view filter, std::size_t level) {
    const LevelPlace place = level_place(filter, level);
    const bool is_widened =
        place.exists && filter.substr(place.begin) != "#" && !(level == 0 && is_reserved(filter));
    if (!is_widened) {
        return std::string(filter);
    }
    return std::string(filter.substr(0, place.begin)).append("+").append(filter.substr(place.end));
}

/// Replaces filters that differ in nothing but this level by one, where so many do.
Filters merge_siblings(const Filters& filters, std::size_t level, std::size_t siblings_min) {
    std::map<std::string, std::size_t> families;
    for (const std::string& filter : filters) {
        ++families[with_plus(filter, level)];
    }
    Filters merged;
    for (const std::string& filter : filters) {
        std::string family = with_plus(filter, level);
        if (families[family] >= siblings_min) {
            merged.push_back(std::move(family));
        } else {
            merged.push_back(filter);
        }
    }
    sort_and_unite(merged);
    return merged;
}

/// Replaces all behind the first `levels` levels by `#`.
Filters cut(const Filters& filters, std::size_t levels) {
    Filters result;
    for (const std::string& filter : filters) {
        if (levels == 0) {
            result.emplace_back(is_reserved(filter) ? kReservedTopics : "#");
            continue;
        }
        const LevelPlace place = level_place(filter, levels);
        result.push_back(place.exists ? filter.substr(0, place.begin) + "#" : filter);
    }
    sort_and_unite(result);
    return result;
}

}  // namespace

std::vector<std::string> superset(const std::vector<std::string_view>& filters,
                                  const SupersetBudget& budget) {
    Filters result(filters.begin(), filters.end());
    sort_and_unite(result);
    std::size_t deepest = 0;
    for (const std::string& filter : result) {
        deepest = std::max(deepest, level_count(filter));
    }
    const auto fits = [&] { return bytes_of(result, budget) <= budget.bytes_max; };
    for (const std::size_t siblings_min : kSiblingsMin) {
        for (std::size_t level = deepest; level > 0 && !fits(); --level) {
            result = merge_siblings(result, level - 1, siblings_min);
        }
    }
    for (std::size_t levels = deepest; levels > 0 && !fits(); --levels) {
        result = cut(result, levels - 1);
    }
    return result;
}

bool covers(std::string_view told, std::string_view wanted) {
    if (told == kReservedTopics || wanted == kReservedTopics) {
        return told == kReservedTopics && is_reserved(wanted);
    }
    if (is_reserved(wanted) && !is_reserved(told)) {
        return false;
    }
    bus::LevelReader told_levels(told);
    bus::LevelReader wanted_levels(wanted);
    while (!told_levels.at_end()) {
        const std::string_view told_level = told_levels.next();
        if (told_level == "#") {
            return true;
        }
        if (wanted_levels.at_end()) {
            return false;
        }
        const std::string_view wanted_level = wanted_levels.next();
        if (wanted_level == "#" || (told_level != "+" && told_level != wanted_level)) {
            return false;
        }
        // "a/#" matches "a" as well.
        if (wanted_levels.at_end() && !told_levels.at_end()) {
            return told_levels.next() == "#" && told_levels.at_end();
        }
    }
    return wanted_levels.at_end();
}

}  // namespace kith::mesh
