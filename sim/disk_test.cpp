#include "sim/disk.h"

#include <gtest/gtest.h>

#include <set>

namespace kith::sim {
namespace {

using mesh::CustodyTicket;

struct Listener final : DiskListener {
    std::vector<std::uint64_t> stored;
    std::vector<std::uint64_t> delivered;
    std::vector<std::uint64_t> tokens;

    void on_stored(CustodyTicket ticket) override { stored.push_back(ticket.value()); }
    void on_delivery_stored(const Delivery& delivery, std::uint64_t token) override {
        delivered.push_back(delivery.progress.delivered);
        tokens.push_back(token);
    }
};

mesh::Data message(std::string_view topic) {
    mesh::Data data;
    data.topic = topic;
    data.destinations.push_back({.node = mesh::NodeId(7), .stream_sequence = 1});
    data.destinations.push_back({.node = mesh::NodeId(8), .stream_sequence = 1});
    return data;
}

struct Rig {
    Disk disk;
    Listener listener;
    Random random{1};

    void sync() {
        ASSERT_TRUE(disk.begin_sync(random));
        disk.finish_sync(listener);
    }
};

TEST(Disk, StoresWithTheNextSync) {
    Rig rig;
    rig.disk.store(CustodyTicket(1), message("a"));
    EXPECT_TRUE(rig.disk.held().empty());
    rig.sync();
    EXPECT_EQ(rig.listener.stored, (std::vector<std::uint64_t>{1}));
    EXPECT_EQ(rig.disk.held().at(CustodyTicket(1))->data().topic, "a");
}

TEST(Disk, LeavesWhatCameDuringASyncToTheNextOne) {
    Rig rig;
    rig.disk.store(CustodyTicket(1), message("a"));
    ASSERT_TRUE(rig.disk.begin_sync(rig.random));
    rig.disk.store(CustodyTicket(2), message("b"));
    EXPECT_FALSE(rig.disk.begin_sync(rig.random)) << "one is under way";
    rig.disk.finish_sync(rig.listener);
    EXPECT_EQ(rig.listener.stored, (std::vector<std::uint64_t>{1}));
    rig.sync();
    EXPECT_EQ(rig.listener.stored, (std::vector<std::uint64_t>{1, 2}));
}

TEST(Disk, ForgetsWhatIsSettled) {
    Rig rig;
    rig.disk.store(CustodyTicket(1), message("a"));
    mesh::Destinations left;
    left.push_back({.node = mesh::NodeId(8), .stream_sequence = 1});
    rig.disk.settle(CustodyTicket(1), left);
    rig.sync();
    EXPECT_EQ(rig.disk.held().at(CustodyTicket(1))->data().destinations, left);
    rig.disk.settle(CustodyTicket(1), {});
    rig.sync();
    EXPECT_TRUE(rig.disk.held().empty());
}

TEST(Disk, LosesAnEndOfWhatWasNotSyncedInACrash) {
    Random random(3);
    std::set<std::size_t> kept;
    for (int i = 0; i < 100; ++i) {
        Rig rig;
        rig.disk.store(CustodyTicket(1), message("synced"));
        rig.sync();
        for (std::uint64_t ticket = 2; ticket <= 4; ++ticket) {
            rig.disk.store(CustodyTicket(ticket), message("not"));
        }
        rig.disk.crash(random, rig.listener);
        ASSERT_GE(rig.disk.held().size(), 1);
        std::uint64_t expected = 1;
        for (const auto& [ticket, stored] : rig.disk.held()) {
            EXPECT_EQ(ticket.value(), expected++) << "a beginning, without holes";
        }
        kept.insert(rig.disk.held().size());
        EXPECT_EQ(rig.disk.pending_count(), 0);
    }
    EXPECT_EQ(kept, (std::set<std::size_t>{1, 2, 3, 4}));
}

TEST(Disk, TellsOfDeliveriesThatSurvivedACrash) {
    bool survived = false;
    bool was_lost = false;
    for (std::uint64_t seed = 1; seed < 50; ++seed) {
        Rig rig;
        Random random(seed);
        rig.disk.store_delivery({.progress = {.delivered = 5, .given_up = {}}}, 9);
        rig.disk.crash(random, rig.listener);
        EXPECT_EQ(rig.listener.delivered.size(), rig.disk.progress().size());
        survived |= !rig.disk.progress().empty();
        was_lost |= rig.disk.progress().empty();
        EXPECT_TRUE(rig.listener.tokens.empty() || rig.listener.tokens[0] == 0);
    }
    EXPECT_TRUE(survived);
    EXPECT_TRUE(was_lost);
}

TEST(Disk, CompletesNothingWhileItIsFull) {
    Rig rig;
    rig.disk.set_health(Disk::Health::Full);
    rig.disk.store(CustodyTicket(1), message("a"));
    rig.sync();
    EXPECT_TRUE(rig.listener.stored.empty());
    rig.disk.set_health(Disk::Health::Good);
    rig.sync();
    EXPECT_EQ(rig.listener.stored, (std::vector<std::uint64_t>{1}));
}

TEST(Disk, StallsForHalfASecondWhenSlow) {
    Rig rig;
    rig.disk.store(CustodyTicket(1), message("a"));
    rig.disk.set_health(Disk::Health::Slow);
    EXPECT_EQ(rig.disk.begin_sync(rig.random), Duration(500ms));
}

TEST(Disk, IsEmptyAfterItIsWiped) {
    Rig rig;
    rig.disk.store(CustodyTicket(1), message("a"));
    rig.disk.store_delivery({.progress = {.delivered = 1, .given_up = {}}}, 1);
    rig.sync();
    rig.disk.wipe();
    EXPECT_TRUE(rig.disk.held().empty());
    EXPECT_TRUE(rig.disk.progress().empty());
}

}  // namespace
}  // namespace kith::sim
