#include "wire/mesh/bodies.h"

#include "wire/mesh/testing/codec_testing.h"

namespace kith::mesh {
namespace {

using namespace testing;

template <typename T>
std::string words_or_error(const Result<T>& result) {
    return result ? words(*result)
                  : std::string(to_string(result.error().kind)) + ": " + result.error().text;
}

std::string link_state(const Buffer& body) {
    return words_or_error(decode_link_state(body));
}

std::string interest(const Buffer& body) {
    return words_or_error(decode_interest(body));
}

/// One neighbour with this cost, no name, no locators.
Buffer with_cost(std::uint64_t cost) {
    return BodyBuilder().u8(0).varint(1).u64(7).varint(cost).blob("").varint(0);
}

TEST(LinkState, CostsHaveARange) {
    EXPECT_EQ(link_state(with_cost(0)), "malformed: cost of a link is 0 or too large");
    EXPECT_EQ(link_state(with_cost(1)).substr(0, 10), "link state");
    EXPECT_EQ(link_state(with_cost(kCostMax)).substr(0, 10), "link state");
    EXPECT_EQ(link_state(with_cost(kCostMax + 1)), "malformed: cost of a link is 0 or too large");
    EXPECT_EQ(link_state(with_cost(1ULL << 32U)), "malformed: number is larger than its field");
}

Buffer with_neighbors(std::initializer_list<std::uint64_t> nodes) {
    BodyBuilder body;
    body.u8(0).varint(nodes.size());
    for (const std::uint64_t node : nodes) {
        body.u64(node).varint(1);
    }
    return body.blob("").varint(0);
}

TEST(LinkState, NeighborsAreInOrderAndNoneTwice) {
    EXPECT_EQ(link_state(with_neighbors({1, 2})).substr(0, 10), "link state");
    EXPECT_EQ(link_state(with_neighbors({2, 1})), "malformed: neighbours are not in order");
    EXPECT_EQ(link_state(with_neighbors({2, 2})), "malformed: neighbours are not in order");
    EXPECT_EQ(link_state(with_neighbors({0})), "malformed: id of a node is 0");
}

TEST(LinkState, ListsHaveLimits) {
    const std::string reason = "limit: list has too many entries";
    EXPECT_EQ(link_state(BodyBuilder().u8(0).varint(kNeighborsMax + 1)), reason);
    EXPECT_EQ(link_state(BodyBuilder().u8(0).varint(0).blob("").varint(kLocatorsMax + 1)), reason);
}

TEST(LinkState, TextsHaveLimits) {
    const auto with = [](std::size_t name_bytes, std::size_t locator_bytes) {
        return link_state(BodyBuilder()
                              .u8(0)
                              .varint(0)
                              .blob(std::string(name_bytes, 'n'))
                              .varint(1)
                              .blob(std::string(locator_bytes, 'l')));
    };
    EXPECT_EQ(with(kNodeNameBytesMax, kLocatorBytesMax).substr(0, 10), "link state");
    EXPECT_EQ(with(kNodeNameBytesMax + 1, 0), "limit: text or blob is too long");
    EXPECT_EQ(with(0, kLocatorBytesMax + 1), "limit: text or blob is too long");
}

TEST(LinkState, ANameIsText) {
    EXPECT_EQ(link_state(BodyBuilder().u8(0).varint(0).blob("\xFF").varint(0)),
              "malformed: text is not valid UTF-8");
}

TEST(LinkState, ReservedFlagsAreMalformed) {
    EXPECT_EQ(link_state(BodyBuilder().u8(4).varint(0).blob("").varint(0)),
              "malformed: reserved flag is set");
}

TEST(LinkState, TheLargestOneIsOneRecord) {
    LinkStateBody body;
    const std::string text(kLocatorBytesMax, 'l');
    body.name = std::string_view(text).substr(0, kNodeNameBytesMax);
    body.locators.assign(kLocatorsMax, text);
    for (std::uint64_t node = 1; node <= kNeighborsMax; ++node) {
        body.neighbors.push_back({NodeId(node), kCostMax});
    }
    const Buffer bytes = encode(body);
    EXPECT_LE(bytes.size(), kRecordBodyBytesMax);
    EXPECT_EQ(link_state(bytes), words(body));
}

TEST(LinkStateDeathTest, TheSenderIsHeldToTheSame) {
    EXPECT_DEATH((void)encode(LinkStateBody{.neighbors = {{NodeId(1), 0}}}), "cost");
    EXPECT_DEATH((void)encode(LinkStateBody{.neighbors = {{NodeId(2), 1}, {NodeId(2), 1}}}),
                 "not in order");
}

/// A filter of tenant 0.
Buffer entry(std::string_view group, std::string_view filter) {
    return BodyBuilder().varint(0).blob(group).blob(filter);
}

TEST(Interest, FiltersAreInOrderAndNoneTwice) {
    const auto with = [](const Buffer& first, const Buffer& second) {
        return interest(BodyBuilder().varint(2).raw(first).raw(second));
    };
    const std::string reason = "malformed: filters are not in order";
    EXPECT_EQ(with(entry("", "a"), entry("", "b")), "interest (0  a) (0  b)");
    EXPECT_EQ(with(entry("", "b"), entry("a", "a")), "interest (0  b) (0 a a)");
    EXPECT_EQ(with(entry("", "b"), entry("", "a")), reason);
    EXPECT_EQ(with(entry("", "a"), entry("", "a")), reason);
    EXPECT_EQ(with(entry("b", "a"), entry("a", "b")), reason);
}

TEST(Interest, AFilterIsTextAndNotEmpty) {
    EXPECT_EQ(interest(BodyBuilder().varint(1).raw(entry("", "")).u8(0).u8(0)),
              "malformed: filter is empty");
    EXPECT_EQ(interest(BodyBuilder().varint(1).raw(entry("", "\xFF"))),
              "malformed: text is not valid UTF-8");
    EXPECT_EQ(interest(BodyBuilder().varint(1).raw(entry("\xFF", "a"))),
              "malformed: text is not valid UTF-8");
}

TEST(Interest, ABodyHasALimit) {
    const auto with = [](std::size_t bytes) {
        const std::string filter(bytes - 5, 'f');  // the count, tenant, group and a length of two
        const Buffer body = encode(InterestBody{.entries = {{.filter = filter}}});
        EXPECT_EQ(body.size(), bytes);
        return interest(body).substr(0, 31);
    };
    EXPECT_EQ(with(kRecordBodyBytesMax).substr(0, 8), "interest");
    EXPECT_EQ(with(kRecordBodyBytesMax + 1), "limit: body of a record is too ");
}

TEST(Interest, AListIsNotLongerThanItsBody) {
    EXPECT_EQ(interest(BodyBuilder().varint(kRecordBodyBytesMax).fill(100)),
              "malformed: frame is shorter than its fields");
}

TEST(InterestDeathTest, TheSenderIsHeldToTheSame) {
    EXPECT_DEATH((void)encode(InterestBody{.entries = {{0, "", "b"}, {0, "", "a"}}}),
                 "not in order");
    EXPECT_DEATH((void)encode(InterestBody{.entries = {{0, "", ""}}}), "filter");
}

}  // namespace
}  // namespace kith::mesh
