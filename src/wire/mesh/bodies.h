// What is inside of the records: the body of each kind, as values.
#pragma once

#include <boost/container/small_vector.hpp>

#include <compare>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/mesh/limits.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

struct NeighborCost {
    NodeId node;
    std::uint32_t cost = 0;  // of sending to it; 1 to kCostMax

    friend bool operator==(const NeighborCost&, const NeighborCost&) = default;
};

/// No link costs more; a sum of 255 of them fits 32 bits.
inline constexpr std::uint32_t kCostMax = 0xFFFFFF;

///     flags u8 (bit 0: leaf, bit 1: leaving) | neighbors list of (id u64, cost varint)
///   | name text | locators list of text
struct LinkStateBody {
    NodeRole role = NodeRole::Router;
    bool is_leaving = false;
    std::string_view name;                // as people call the node
    std::vector<NeighborCost> neighbors;  // in order of id, none twice
    boost::container::small_vector<std::string_view, kLocatorsMax> locators;  // "HOST:PORT"
};

/// One part of what a node's clients subscribe to. A superset of it: what is here and nobody wants
/// is dropped at the receiver, what is wanted and not here cannot be.
///
///     list of (tenant varint, share group text, filter text)
///
/// In which part a filter is, is the node's to choose; all parts together are its interest.
struct InterestBody {
    struct Entry {
        std::uint32_t tenant = 0;
        std::string_view share_group;  // empty: not shared
        std::string_view filter;       // not empty

        friend auto operator<=>(const Entry&, const Entry&) = default;
    };
    std::vector<Entry> entries;  // in order of tenant, group, filter; none twice
};

/// Requires: valid, and within the limits. An interest may be larger than kRecordBodyBytesMax: its
/// caller sees to it that no part is.
[[nodiscard]] std::vector<std::uint8_t> encode(const LinkStateBody& body);
[[nodiscard]] std::vector<std::uint8_t> encode(const InterestBody& body);

/// Views are borrowed from `bytes`. Texts are UTF-8; whether a filter is one, is not looked at.
/// Errors: Malformed, Limit.
[[nodiscard]] Result<LinkStateBody> decode_link_state(Bytes bytes);
[[nodiscard]] Result<InterestBody> decode_interest(Bytes bytes);

}  // namespace kith::mesh
