// One part of what this node tells of its interest: its filters as long as there is room for them,
// else a superset.
//
// A superset lags: it is made to leave room, takes what it lacks as it comes, and is made anew from
// the filters when half of them have gone. So the cost of a change does not grow with the number of
// filters. Invariant: what is told matches all that the filters do. Share groups are kept apart as
// long as that fits; then their filters are told as if they were not shared. Threads: shard-local.
// Limits: kInterestPartBytesMax.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "wire/mesh/bodies.h"

namespace kith::mesh {

class InterestPart {
  public:
    using Entry = InterestBody::Entry;

    /// Bytes of an entry in a body, at most.
    [[nodiscard]] static std::size_t bytes_of(const Entry& entry);

    /// `entry` is borrowed until it is removed. True if something else is told now. Requires: it is
    /// not here.
    [[nodiscard]] bool add(const Entry& entry);
    /// Requires: it is here.
    [[nodiscard]] bool remove(const Entry& entry);

    /// As it is told; empty if there are no filters.
    [[nodiscard]] std::vector<std::uint8_t> body() const;
    /// Of all filters, if they were told as they are.
    [[nodiscard]] std::size_t filter_bytes() const { return filter_bytes_; }
    [[nodiscard]] bool is_coarse() const { return !told_.empty(); }
    [[nodiscard]] bool tells_groups() const { return tells_groups_; }

  private:
    /// An entry with texts of its own.
    struct Told {
        std::uint32_t tenant = 0;
        std::string share_group;
        std::string filter;

        explicit Told(const Entry& entry)
            : tenant(entry.tenant), share_group(entry.share_group), filter(entry.filter) {}
        [[nodiscard]] Entry view() const { return {tenant, share_group, filter}; }
    };

    [[nodiscard]] bool is_told(const Entry& entry) const;
    [[nodiscard]] std::vector<Entry> told() const;
    void tell_superset_of(std::vector<Entry> entries);
    [[nodiscard]] static std::vector<Told> superset_of(const std::vector<Entry>& entries);
    [[nodiscard]] static std::size_t bytes_of(const std::vector<Told>& told);

    std::vector<Entry> filters_;  // in no order
    std::size_t filter_bytes_ = 0;
    std::vector<Told> told_;            // instead of filters_, if it is not empty
    std::size_t filter_count_max_ = 0;  // since told_ was made from them
    bool tells_groups_ = true;
};

}  // namespace kith::mesh
