#include "wire/mesh/bodies.h"

#include "wire/mesh/detail/frame_reader.h"
#include "wire/mesh/detail/frame_writer.h"

namespace kith::mesh {
namespace {

using detail::FrameReader;
using detail::malformed;

constexpr std::uint8_t kLeaf = 0x01;
constexpr std::uint8_t kLeaving = 0x02;
constexpr std::uint8_t kKnownFlags = 0x03;
constexpr std::size_t kNeighborBytesMin = 8 + 1;
constexpr std::size_t kNeighborBytesMax = 8 + 4;
constexpr std::size_t kEntryBytesMin = 1 + 1 + 2;

static_assert(1 + 2 + kNeighborsMax * kNeighborBytesMax + (1 + kNodeNameBytesMax) + 1 +
                      kLocatorsMax * (1 + kLocatorBytesMax) <=
                  kRecordBodyBytesMax,
              "the largest link state is one record");

void read_neighbors(FrameReader& reader, std::vector<NeighborCost>& neighbors) {
    const std::size_t count = reader.count(kNeighborsMax, kNeighborBytesMin);
    neighbors.reserve(count);
    NodeId previous;
    for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
        NeighborCost neighbor;
        neighbor.node = reader.node_id();
        neighbor.cost = reader.varint_of<std::uint32_t>();
        if (neighbor.node <= previous) {
            reader.fail(malformed("neighbours are not in order"));
        }
        if (neighbor.cost == 0 || neighbor.cost > kCostMax) {
            reader.fail(malformed("cost of a link is 0 or too large"));
        }
        neighbors.push_back(neighbor);
        previous = neighbor.node;
    }
}

template <typename Out>
void put(Out& out, const LinkStateBody& body) {
    out.u8(static_cast<std::uint8_t>(detail::flag(body.role == NodeRole::Leaf, kLeaf) |
                                     detail::flag(body.is_leaving, kLeaving)));
    detail::put_varint(out, body.neighbors.size());
    for (const NeighborCost& neighbor : body.neighbors) {
        detail::put_node_id(out, neighbor.node);
        detail::put_varint(out, neighbor.cost);
    }
    detail::put_text(out, body.name);
    detail::put_varint(out, body.locators.size());
    for (const std::string_view locator : body.locators) {
        detail::put_text(out, locator);
    }
}

/// What a decoder would refuse.
void check(const LinkStateBody& body) {
    CHECK(body.neighbors.size() <= kNeighborsMax);
    NodeId previous;
    for (const NeighborCost& neighbor : body.neighbors) {
        CHECK_TEXT(previous < neighbor.node, "neighbours are not in order");
        CHECK(neighbor.cost != 0);
        CHECK(neighbor.cost <= kCostMax);
        previous = neighbor.node;
    }
    CHECK(body.name.size() <= kNodeNameBytesMax);
    CHECK(body.locators.size() <= kLocatorsMax);
    for (const std::string_view locator : body.locators) {
        CHECK(locator.size() <= kLocatorBytesMax);
    }
}

template <typename Out>
void put(Out& out, const InterestBody& body) {
    detail::put_varint(out, body.entries.size());
    for (const InterestBody::Entry& entry : body.entries) {
        detail::put_varint(out, entry.tenant);
        detail::put_text(out, entry.share_group);
        detail::put_text(out, entry.filter);
    }
}

/// What a decoder would refuse, but for the size.
void check(const InterestBody& body) {
    const InterestBody::Entry* previous = nullptr;
    for (const InterestBody::Entry& entry : body.entries) {
        CHECK(!entry.filter.empty());
        CHECK_TEXT(previous == nullptr || *previous < entry, "filters are not in order");
        previous = &entry;
    }
}

template <typename Body>
std::vector<std::uint8_t> encode_body(const Body& body) {
    check(body);
    std::vector<std::uint8_t> bytes(detail::count_bytes([&body](auto& out) { put(out, body); }));
    ByteWriter out(bytes);
    put(out, body);
    CHECK(out.written() == bytes.size());
    return bytes;
}

/// Before a body is read: a record has no longer one.
Status check_size(Bytes bytes) {
    if (bytes.size() > kRecordBodyBytesMax) {
        return tl::unexpected(detail::beyond_limit("body of a record is too long"));
    }
    return {};
}

}  // namespace

std::vector<std::uint8_t> encode(const LinkStateBody& body) {
    return encode_body(body);
}

std::vector<std::uint8_t> encode(const InterestBody& body) {
    return encode_body(body);
}

Result<LinkStateBody> decode_link_state(Bytes bytes) {
    TRY(check_size(bytes));
    FrameReader reader(bytes);
    LinkStateBody body;
    const std::uint8_t flags = reader.flags(kKnownFlags);
    body.role = (flags & kLeaf) != 0 ? NodeRole::Leaf : NodeRole::Router;
    body.is_leaving = (flags & kLeaving) != 0;
    read_neighbors(reader, body.neighbors);
    body.name = reader.text(kNodeNameBytesMax);
    const std::size_t locators = reader.count(kLocatorsMax, 1);
    for (std::size_t i = 0; i < locators; ++i) {
        body.locators.push_back(reader.text(kLocatorBytesMax));
    }
    TRY(reader.finish());
    return body;
}

Result<InterestBody> decode_interest(Bytes bytes) {
    TRY(check_size(bytes));
    FrameReader reader(bytes);
    InterestBody body;
    const std::size_t count = reader.count(kRecordBodyBytesMax, kEntryBytesMin);
    body.entries.reserve(count);
    for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
        InterestBody::Entry entry;
        entry.tenant = reader.varint_of<std::uint32_t>();
        entry.share_group = reader.text(kRecordBodyBytesMax);
        entry.filter = reader.text(kRecordBodyBytesMax);
        if (entry.filter.empty()) {
            reader.fail(malformed("filter is empty"));
        }
        if (!body.entries.empty() && entry <= body.entries.back()) {
            reader.fail(malformed("filters are not in order"));
        }
        body.entries.push_back(entry);
    }
    TRY(reader.finish());
    return body;
}

}  // namespace kith::mesh
