#include "mesh/detail/record_outboxes.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace kith::mesh {
namespace {

constexpr Instant kStart = Instant::from_ns(1'000'000'000);
using Slots = std::vector<RecordSlot>;

class RecordOutboxesTest : public ::testing::Test {
  protected:
    RecordSlot put(std::uint16_t part, std::uint32_t counter = 1, std::size_t bytes = 100) {
        const RecordKey key{.origin = NodeId(5), .kind = RecordKind::Interest, .part = part};
        if (const RecordSlot former = store.slot_of(key); former != kNoSlot) {
            outboxes.withdraw(former);
        }
        return store.put({.key = key,
                          .version = {.epoch = 1, .counter = counter},
                          .expires_at = kStart + 1h,
                          .told = SharedBytes::copy_of(std::vector<std::uint8_t>(bytes)),
                          .body_bytes = 0});
    }
    /// Everything that may go now, as if it were sent.
    Slots send(RecordOutboxes::Index neighbor) {
        Slots slots;
        for (RecordSlot slot = outboxes.take_next(neighbor); slot != kNoSlot;
             slot = outboxes.take_next(neighbor)) {
            outboxes.on_sent(neighbor, {.slot = slot}, now);
            slots.push_back(slot);
        }
        return slots;
    }

    Instant now = kStart;
    RecordStore store;
    RecordOutboxes outboxes{store};
    RecordOutboxes::Index a = outboxes.open();
    RecordOutboxes::Index b = outboxes.open();
};

TEST_F(RecordOutboxesTest, RecordsGoOnceInTheOrderInWhichTheyCame) {
    EXPECT_TRUE(outboxes.is_empty(a));
    const RecordSlot first = put(1);
    const RecordSlot second = put(2);
    outboxes.add(a, second);
    outboxes.add(a, first);
    outboxes.add(a, second);
    EXPECT_EQ(send(a), (Slots{second, first}));
    EXPECT_TRUE(send(a).empty());
    EXPECT_FALSE(outboxes.is_empty(a));
    EXPECT_TRUE(outboxes.is_empty(b));
}

TEST_F(RecordOutboxesTest, WhatIsNewGoesToAllButWhoSentIt) {
    const RecordSlot slot = put(1);
    outboxes.add_to_all(slot, a);
    EXPECT_TRUE(send(a).empty());
    EXPECT_EQ(send(b), Slots{slot});
    outboxes.withdraw(slot);
    outboxes.add_to_all(slot, RecordOutboxes::kNobody);
    EXPECT_EQ(send(a), Slots{slot});
    EXPECT_EQ(send(b), Slots{slot});
}

TEST_F(RecordOutboxesTest, WhatIsInFlightGoesAgainOnlyAsANewerOne) {
    const RecordSlot slot = put(1);
    outboxes.add(a, slot);
    send(a);
    outboxes.add(a, slot);
    EXPECT_TRUE(send(a).empty());
    EXPECT_EQ(put(1, 2), slot);
    outboxes.add_to_all(slot, RecordOutboxes::kNobody);
    EXPECT_EQ(send(a), Slots{slot});
    now = now + kRecordRetransmitInterval;
    EXPECT_EQ(outboxes.take_overdue(a, now).size(), 1U) << "the newer one, once";
}

TEST_F(RecordOutboxesTest, WhatIsKnownDoesNotGo) {
    const RecordSlot slot = put(1);
    outboxes.add(a, slot);
    outboxes.on_known(a, slot, now);
    EXPECT_TRUE(outboxes.is_empty(a));
    EXPECT_TRUE(send(a).empty());
}

TEST_F(RecordOutboxesTest, WhatIsThereNoMoreDoesNotGo) {
    const RecordSlot sent = put(1);
    const RecordSlot waiting = put(2);
    outboxes.add(a, sent);
    send(a);
    outboxes.add(a, waiting);
    outboxes.withdraw(sent);
    outboxes.withdraw(waiting);
    EXPECT_TRUE(outboxes.is_empty(a));
    EXPECT_EQ(outboxes.deadline(a), Instant::never());
}

TEST_F(RecordOutboxesTest, WhatIsTooMuchWaitsForAcknowledgements) {
    Slots slots;
    for (std::uint16_t part = 0; part < 6; ++part) {
        slots.push_back(put(part, 1, kRecordBytesInFlightMax / 4));
        outboxes.add(a, slots.back());
    }
    EXPECT_EQ(send(a).size(), 4U);
    EXPECT_FALSE(outboxes.has_room(a));
    EXPECT_TRUE(outboxes.has_waiting(a));
    outboxes.on_known(a, slots[0], now);
    EXPECT_EQ(send(a), Slots{slots[4]});
    outboxes.withdraw(slots[1]);
    EXPECT_EQ(send(a), Slots{slots[5]});
}

TEST_F(RecordOutboxesTest, SendingAgainTakesNoMoreRoom) {
    const RecordSlot large = put(0, 1, kRecordBytesInFlightMax);
    outboxes.add(a, large);
    outboxes.add(a, put(1));
    EXPECT_EQ(send(a).size(), 1U);
    const Instant later = kStart + kRecordRetransmitInterval;
    EXPECT_EQ(outboxes.deadline(a), later);
    EXPECT_TRUE(outboxes.take_overdue(a, later - 1ns).empty());
    const auto overdue = outboxes.take_overdue(a, later);
    ASSERT_EQ(overdue.size(), 1U);
    outboxes.on_sent(a, overdue.front(), later);
    outboxes.on_known(a, large, later);
    EXPECT_EQ(send(a).size(), 1U);
}

// Goal: over a link with a long way, nothing is sent twice for being slow.
TEST_F(RecordOutboxesTest, PatienceFollowsTheTimeThatAcknowledgementsTake) {
    for (std::uint16_t part = 0; part < 20; ++part) {
        const RecordSlot slot = put(part);
        outboxes.add(a, slot);
        send(a);
        now = now + 400ms;
        outboxes.on_known(a, slot, now);
    }
    outboxes.add(a, put(99));
    send(a);
    EXPECT_EQ(outboxes.deadline(a), now + 800ms);
}

TEST_F(RecordOutboxesTest, WhatIsNeverAcknowledgedMakesRoomInTheEnd) {
    outboxes.add(a, put(0));
    send(a);
    int sends = 1;
    while (!outboxes.is_empty(a)) {
        now = outboxes.deadline(a);
        for (const auto& overdue : outboxes.take_overdue(a, now)) {
            outboxes.on_sent(a, overdue, now);
            ++sends;
        }
    }
    EXPECT_EQ(sends, kRecordSendsMax);
    EXPECT_LT(now - kStart, 30s);
}

TEST_F(RecordOutboxesTest, WhoComesAfterAnotherBeginsWithNothing) {
    const RecordSlot sent = put(1);
    const RecordSlot waiting = put(2);
    outboxes.add(a, sent);
    send(a);
    outboxes.add(a, waiting);
    outboxes.close(a);
    ASSERT_EQ(outboxes.open(), a);
    EXPECT_TRUE(outboxes.is_empty(a));
    EXPECT_TRUE(send(a).empty());
    outboxes.add(a, sent);
    EXPECT_EQ(send(a), Slots{sent});
}

using Naive =
    std::map<RecordOutboxes::Index, std::pair<std::set<RecordSlot>, std::set<RecordSlot>>>;

/// A newer version: nobody has it.
void wait_again(Naive& naive, RecordSlot slot) {
    for (auto& [neighbor, flags] : naive) {
        flags.second.erase(slot);
        flags.first.insert(slot);
    }
}

/// What is on its way already does not wait again.
void insert_unless(std::set<RecordSlot>& waiting, const std::set<RecordSlot>& flying,
                   RecordSlot slot) {
    if (!flying.contains(slot)) {
        waiting.insert(slot);
    }
}

// Goal: flags of many neighbours and records, in all orders, against sets; queues stay small.
TEST_F(RecordOutboxesTest, AgreesWithSetsOfKeys) {
    Random random(11);
    Naive naive;
    naive[a];
    naive[b];
    while (naive.size() < 100) {
        naive[outboxes.open()];
    }
    Slots slots;
    for (std::uint16_t part = 0; part < 50; ++part) {
        slots.push_back(put(part));
    }
    for (int step = 0; step < 50'000; ++step) {
        const RecordOutboxes::Index neighbor = random.below(naive.size());
        const RecordSlot slot = slots[random.below(slots.size())];
        auto& [waiting, flying] = naive[neighbor];
        switch (random.below(5)) {
            case 0:
                outboxes.add(neighbor, slot);
                insert_unless(waiting, flying, slot);
                break;
            case 1:
                outboxes.on_known(neighbor, slot, now);
                waiting.erase(slot);
                flying.erase(slot);
                break;
            case 2:
                if (const RecordSlot next = outboxes.take_next(neighbor); next != kNoSlot) {
                    ASSERT_EQ(waiting.erase(next), 1U);
                    outboxes.on_sent(neighbor, {.slot = next}, now);
                    flying.insert(next);
                } else {
                    ASSERT_TRUE(waiting.empty());
                }
                break;
            case 3:
                if (random.chance(0.1)) {
                    put(store.at(slot).key.part, static_cast<std::uint32_t>(step));
                    outboxes.add_to_all(slot, neighbor);
                    wait_again(naive, slot);
                    waiting.erase(slot);
                }
                break;
            default:
                if (random.chance(0.02)) {
                    outboxes.close(neighbor);
                    waiting.clear();
                    flying.clear();
                    ASSERT_EQ(outboxes.open(), neighbor);
                }
        }
        ASSERT_EQ(outboxes.has_waiting(neighbor), !waiting.empty());
        ASSERT_EQ(outboxes.is_empty(neighbor), waiting.empty() && flying.empty());
    }
}

}  // namespace
}  // namespace kith::mesh
