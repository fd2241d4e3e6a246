#include "sim/retained_shelf.h"

#include <gtest/gtest.h>

#include <array>

namespace kith::sim {
namespace {

constexpr std::array<std::uint8_t, 3> kWarm{1, 2, 3};

mesh::StateKey key_of(std::string_view topic) {
    return {.hash = mesh::state_hash(kRetainedTenant, topic), .kind = mesh::StateKind::Retained};
}

TEST(RetainedShelf, ReadsWhatWasSetUntilItIsDeleted) {
    RetainedShelf shelf;
    mesh::State state{.key = key_of("oven")};
    EXPECT_FALSE(shelf.read_state(state, Instant()));
    shelf.set("oven", kWarm);
    ASSERT_TRUE(shelf.read_state(state, Instant()));
    EXPECT_EQ(state.name, "oven");
    EXPECT_EQ(Bytes(state.value).size(), kWarm.size());
    EXPECT_EQ(state.tenant, kRetainedTenant);
    shelf.set("oven", {});
    EXPECT_FALSE(shelf.read_state(state, Instant()));
}

TEST(RetainedShelf, TakesAndDeletesWhatRepairBrings) {
    RetainedShelf shelf;
    mesh::State state{.key = key_of("oven"), .name = "oven", .value = kWarm};
    EXPECT_FALSE(shelf.on_state(state)) << "nobody here is to hear of it";
    EXPECT_EQ(shelf.messages().size(), 1U);
    // A deletion names its key alone.
    EXPECT_FALSE(shelf.on_state({.key = key_of("oven"), .is_gone = true}));
    EXPECT_TRUE(shelf.messages().empty());
    EXPECT_FALSE(shelf.on_state({.key = key_of("never heard of"), .is_gone = true}));
}

TEST(RetainedShelf, AWipedOneHasNothing) {
    RetainedShelf shelf;
    shelf.set("oven", kWarm);
    shelf.wipe();
    EXPECT_TRUE(shelf.messages().empty());
}

}  // namespace
}  // namespace kith::sim
