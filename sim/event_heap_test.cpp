#include "sim/event_heap.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"

namespace kith::sim {
namespace {

struct Number {
    int value = 0;
    void clear() { value = -1; }
};

int take(EventHeap<Number>& heap) {
    const auto slot = heap.pop();
    const int value = heap[slot].value;
    heap.release(slot);
    return value;
}

TEST(EventHeap, TakesEventsInOrderOfTime) {
    EventHeap<Number> heap;
    for (const int at : {5, 1, 4, 2, 3}) {
        heap.push(Instant::from_ns(at)).value = at;
    }
    for (int expected = 1; expected <= 5; ++expected) {
        EXPECT_EQ(heap.next_at(), Instant::from_ns(expected));
        EXPECT_EQ(take(heap), expected);
    }
    EXPECT_TRUE(heap.empty());
}

TEST(EventHeap, TakesEventsOfOneTimeInOrderOfPushing) {
    EventHeap<Number> heap;
    for (int i = 0; i < 100; ++i) {
        heap.push(Instant::from_ns(7)).value = i;
    }
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(take(heap), i);
    }
}

TEST(EventHeap, AgreesWithASortedMap) {
    EventHeap<Number> heap;
    std::multimap<std::int64_t, int> oracle;  // keeps the order of insertion among equals
    Random random(1);
    for (int i = 0; i < 20'000; ++i) {
        if (oracle.empty() || random.chance(0.52)) {
            const auto at = static_cast<std::int64_t>(random.below(1000));
            heap.push(Instant::from_ns(at)).value = i;
            oracle.emplace(at, i);
            continue;
        }
        ASSERT_EQ(take(heap), oracle.begin()->second);
        oracle.erase(oracle.begin());
    }
    EXPECT_EQ(heap.size(), oracle.size());
}

TEST(EventHeap, ReusesTheSlotsOfReleasedEvents) {
    EventHeap<Number> heap;
    const Number* first = &heap.push(Instant::from_ns(1));
    heap.release(heap.pop());
    EXPECT_EQ(&heap.push(Instant::from_ns(2)), first);
}

TEST(EventHeap, PutsADeferredEventBehindWhatIsPendingThen) {
    EventHeap<Number> heap;
    heap.push(Instant::from_ns(1)).value = 1;
    heap.push(Instant::from_ns(9)).value = 2;
    heap.push_again(heap.pop(), Instant::from_ns(9));
    EXPECT_EQ(take(heap), 2);
    EXPECT_EQ(take(heap), 1);
}

}  // namespace
}  // namespace kith::sim
