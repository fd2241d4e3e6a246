#include "mesh/detail/streams.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "mesh/limits.h"

namespace kith::mesh {
namespace {

using Verdict = Streams::Verdict;
using Places = std::vector<std::uint64_t>;

constexpr NodeId kOrigin(7);
constexpr Instant kStart = Instant::from_ns(1'000'000'000);

/// A place in a stream, with what its message says of it.
struct Place {
    std::uint64_t number = 0;
    std::uint64_t first = 1;
    std::uint32_t epoch = 1;
    NodeId origin = kOrigin;
    Priority priority = Priority::Default;
    DataKind kind = DataKind::Publication;
};

class StreamsTest : public ::testing::Test {
  protected:
    Verdict take(const Place& place, std::string_view payload = "payload") {
        // Its bytes are gone when the call returns.
        const std::string topic = "topic/" + std::to_string(place.number);
        const std::string properties = "properties";
        const std::string bytes(payload);
        Data data;
        data.id = {.origin = place.origin, .epoch = place.epoch, .sequence = place.number};
        data.priority = place.priority;
        data.kind = place.kind;
        data.qos = 1;
        data.topic = topic;
        data.properties = as_bytes(properties);
        data.payload = as_bytes(bytes);
        const Destination here{.node = NodeId(1),
                               .stream_sequence = place.number,
                               .stream_first = place.first,
                               .groups = {}};
        const Destination other{.node = NodeId(2), .groups = {}};
        data.destinations = {other, here};
        if (records_come_first && place.epoch > told[place.origin]) {
            told[place.origin] = place.epoch;
            streams.set_epoch(place.origin, place.epoch, now);
        }
        return streams.take(data, here, now);
    }
    Verdict take(std::uint64_t number) { return take(Place{.number = number}); }

    /// The places of what is ready, in its order.
    Places ready() {
        Places places;
        for (const Streams::Ready& one : streams.ready(now)) {
            places.push_back(one.here.stream_sequence);
        }
        return places;
    }
    [[nodiscard]] std::uint64_t delivered(std::uint32_t epoch = 1) const {
        return streams.delivered({.origin = kOrigin, .epoch = epoch});
    }
    void restore(const StreamPosition& stream, std::uint64_t delivered) {
        streams.restore(stream, {.delivered = delivered, .given_up = {}});
    }
    void set_reachable(const std::vector<NodeId>& origins) { streams.set_reachable(origins, now); }
    void wait(Duration time) {
        now = now + time;
        streams.on_timer(now);
    }

    Streams streams;
    Instant now = kStart;
    bool records_come_first = true;
    std::map<NodeId, std::uint32_t> told;
};

TEST_F(StreamsTest, WhatComesInOrderIsReadyAtOnce) {
    EXPECT_EQ(take(1), Verdict::Taken);
    EXPECT_EQ(take(2), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{1, 2}));
    EXPECT_EQ(ready(), Places{});
    EXPECT_EQ(delivered(), 2U);
}

TEST_F(StreamsTest, WhatComesEarlyWaitsForWhatIsBeforeIt) {
    EXPECT_EQ(take(3), Verdict::Taken);
    EXPECT_EQ(take(2), Verdict::Taken);
    EXPECT_EQ(ready(), Places{});
    EXPECT_EQ(delivered(), 0U);
    EXPECT_EQ(streams.counters().held_messages, 2U);
    EXPECT_EQ(take(1), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{1, 2, 3}));
    EXPECT_EQ(streams.counters().held_messages, 0U);
    EXPECT_EQ(streams.counters().held_bytes, 0U);
}

TEST_F(StreamsTest, AMessageIsKeptWholeWithItsOwnDestinationAlone) {
    EXPECT_EQ(take({.number = 2}, "second"), Verdict::Taken);
    EXPECT_EQ(take({.number = 1}, ""), Verdict::Taken);
    std::vector<Streams::Ready> all = streams.ready(now);
    ASSERT_EQ(all.size(), 2U);
    const Streams::Ready moved = std::move(all[1]);
    all.clear();
    EXPECT_EQ(moved.data.id.sequence, 2U);
    EXPECT_EQ(moved.data.topic, "topic/2");
    EXPECT_EQ(as_text(moved.data.properties), "properties");
    EXPECT_EQ(as_text(moved.data.payload), "second");
    ASSERT_EQ(moved.data.destinations.size(), 1U);
    EXPECT_EQ(moved.data.destinations[0], moved.here);
}

TEST_F(StreamsTest, WhatCameTwiceIsADuplicate) {
    EXPECT_EQ(take(1), Verdict::Taken);
    EXPECT_EQ(take(1), Verdict::Duplicate);
    EXPECT_EQ(take(3), Verdict::Taken);
    EXPECT_EQ(take(3), Verdict::Duplicate);
    EXPECT_EQ(ready(), (Places{1}));
    EXPECT_EQ(streams.counters().duplicates, 2U);
}

TEST_F(StreamsTest, APlaceThatNoMessageHasIsADuplicate) {
    EXPECT_EQ(take({.number = 0, .first = 0}), Verdict::Duplicate);
    EXPECT_EQ(streams.counters().origins, 0U);
}

TEST_F(StreamsTest, OriginsAndClassesAreStreamsOfTheirOwn) {
    EXPECT_EQ(take({.number = 2}), Verdict::Taken);
    EXPECT_EQ(take({.number = 1, .origin = NodeId(8)}), Verdict::Taken);
    EXPECT_EQ(take({.number = 1, .priority = Priority::Alarm}), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{1, 1}));
    EXPECT_EQ(delivered(), 0U);
    EXPECT_EQ(streams.delivered({NodeId(8), 1, Priority::Default}), 1U);
    EXPECT_EQ(streams.delivered({kOrigin, 1, Priority::Alarm}), 1U);
    EXPECT_EQ(streams.delivered({kOrigin, 1, Priority::Bulk}), 0U);
    EXPECT_EQ(streams.delivered({NodeId(9), 1, Priority::Default}), 0U);
}

TEST_F(StreamsTest, APlaceHolderIsReadyInItsTurn) {
    EXPECT_EQ(take(2), Verdict::Taken);
    EXPECT_EQ(take({.number = 1, .kind = DataKind::Void}), Verdict::Taken);
    const std::vector<Streams::Ready> all = streams.ready(now);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].data.kind, DataKind::Void);
    EXPECT_EQ(all[1].data.kind, DataKind::Publication);
}

TEST_F(StreamsTest, BeyondTheWindowItIsTooEarly) {
    EXPECT_EQ(take(kStreamWindow), Verdict::Taken);
    EXPECT_EQ(take(kStreamWindow + 1), Verdict::TooEarly);
    EXPECT_EQ(take(UINT64_MAX), Verdict::TooEarly);
    EXPECT_EQ(streams.counters().too_early, 2U);
    EXPECT_EQ(take(1), Verdict::Taken);
    EXPECT_EQ(take(kStreamWindow + 1), Verdict::Taken);
}

TEST_F(StreamsTest, BeyondItsBytesAStreamTakesOnlyWhoseTurnItIs) {
    const std::string payload(1U << 20U, 'x');
    std::uint64_t taken = 0;
    while (take({.number = taken + 2}, payload) == Verdict::Taken) {
        ++taken;
        ASSERT_LT(taken, 100U);
    }
    EXPECT_EQ(taken, kStreamBytesMax / payload.size() - 1);
    EXPECT_LE(streams.counters().held_bytes, kStreamBytesMax);
    EXPECT_EQ(take({.number = 2, .origin = NodeId(8)}, payload), Verdict::Taken);
    EXPECT_EQ(take({.number = 1}, payload), Verdict::Taken);
    EXPECT_EQ(ready().size(), taken + 1);
    EXPECT_EQ(take({.number = taken + 3}, payload), Verdict::Taken);
}

TEST_F(StreamsTest, AllStreamsTogetherHoldNoMoreThanTheirBytes) {
    const std::string payload(1U << 20U, 'x');
    bool is_full = false;
    for (std::uint64_t origin = 1; origin <= 20 && !is_full; ++origin) {
        for (std::uint64_t number = 2; number < 8; ++number) {
            const Place place{.number = number, .origin = NodeId(origin)};
            is_full = take(place, payload) == Verdict::TooEarly;
        }
    }
    EXPECT_TRUE(is_full);
    EXPECT_LE(streams.counters().held_bytes, kStreamsBytesMax);
    EXPECT_GT(streams.counters().held_bytes, kStreamsBytesMax / 10 * 9);
    EXPECT_EQ(take({.number = 1, .origin = NodeId(1)}, payload), Verdict::Taken);
}

TEST_F(StreamsTest, WhatTheOriginIsDoneWithIsNotWaitedFor) {
    EXPECT_EQ(take({.number = 501, .first = 500}), Verdict::Taken);
    EXPECT_EQ(ready(), Places{});
    EXPECT_EQ(delivered(), 499U);
    EXPECT_EQ(take({.number = 499, .first = 499}), Verdict::Duplicate);
    EXPECT_EQ(take({.number = 500, .first = 500}), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{500, 501}));
    EXPECT_EQ(streams.counters().given_up, 0U);
}

TEST_F(StreamsTest, WhatWaitsBehindSuchAGapIsHandedOutInOrder) {
    EXPECT_EQ(take(3), Verdict::Taken);
    EXPECT_EQ(take(6), Verdict::Taken);
    EXPECT_EQ(take({.number = 9, .first = 5}), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{3}));
    EXPECT_EQ(delivered(), 4U);
    EXPECT_EQ(take({.number = 10, .first = 10}), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{6, 9, 10}));
}

TEST_F(StreamsTest, ALaterMessageThatKnewLessChangesNothing) {
    EXPECT_EQ(take({.number = 5, .first = 5}), Verdict::Taken);
    EXPECT_EQ(take({.number = 6, .first = 2}), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{5, 6}));
    EXPECT_EQ(delivered(), 6U);
}

TEST_F(StreamsTest, AFirstPlaceBehindItsOwnCountsAsItsOwn) {
    EXPECT_EQ(take({.number = 5, .first = 1000}), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{5}));
    EXPECT_EQ(delivered(), 5U);
}

TEST_F(StreamsTest, ANewEpochBeginsANewStream) {
    EXPECT_EQ(take(1), Verdict::Taken);
    EXPECT_EQ(take({.number = 1, .epoch = 2}), Verdict::Taken);
    EXPECT_EQ(take({.number = 2, .epoch = 2}), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{1, 1, 2}));
    EXPECT_EQ(delivered(1), 1U);
    EXPECT_EQ(delivered(2), 2U);
    EXPECT_EQ(take({.number = 1, .epoch = 1}), Verdict::Duplicate);
}

TEST_F(StreamsTest, ANewEpochEndsTheWaitingInTheOlder) {
    EXPECT_EQ(take(2), Verdict::Taken);
    EXPECT_EQ(take(4), Verdict::Taken);
    EXPECT_EQ(take({.number = 2, .epoch = 2}), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{2, 4}));
    EXPECT_EQ(streams.counters().given_up, 2U);
    EXPECT_EQ(take({.number = 1, .epoch = 2}), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{1, 2}));
}

TEST_F(StreamsTest, WhatStillComesOfTheOlderEpochIsHandedOutOnce) {
    EXPECT_EQ(take(1), Verdict::Taken);
    EXPECT_EQ(take({.number = 1, .epoch = 2}), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{1, 1}));
    EXPECT_EQ(take({.number = 3, .epoch = 1}), Verdict::Taken);
    EXPECT_EQ(take({.number = 3, .epoch = 1}), Verdict::Duplicate);
    EXPECT_EQ(ready(), (Places{3}));
    EXPECT_EQ(delivered(1), 3U);
    EXPECT_EQ(streams.counters().given_up, 1U);
    EXPECT_EQ(take({.number = 2, .epoch = 1}), Verdict::Taken) << "late";
    EXPECT_EQ(take({.number = 2, .epoch = 1}), Verdict::Duplicate);
    EXPECT_EQ(ready(), (Places{2}));
    // Whatever is older than the epoch before came and was acknowledged long ago.
    EXPECT_EQ(take({.number = 1, .epoch = 3}), Verdict::Taken);
    EXPECT_EQ(take({.number = 4, .epoch = 1}), Verdict::Duplicate);
    EXPECT_EQ(delivered(1), 0U);
}

TEST_F(StreamsTest, AGapIsWaitedForAsLongAsTheOriginCanBeReached) {
    set_reachable({kOrigin});
    EXPECT_EQ(take(2), Verdict::Taken);
    EXPECT_EQ(streams.deadline(), Instant::never());
    wait(100 * kStreamGapPatience);
    EXPECT_EQ(ready(), Places{});
    EXPECT_EQ(take(1), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{1, 2}));
}

TEST_F(StreamsTest, AGapOfAnOriginThatHasStartedAnewIsGivenUp) {
    set_reachable({kOrigin});
    EXPECT_EQ(take(3), Verdict::Taken);
    EXPECT_EQ(streams.deadline(), Instant::never());
    wait(kStreamGapPatience);
    streams.set_epoch(kOrigin, 2, now);
    EXPECT_EQ(streams.deadline(), now + kStreamGapPatience);
    wait(kStreamGapPatience / 2);
    streams.set_epoch(kOrigin, 2, now);  // told again: nothing new
    wait(kStreamGapPatience / 2 - 1ns);
    EXPECT_EQ(ready(), Places{});
    wait(1ns);
    EXPECT_EQ(ready(), (Places{3}));
    EXPECT_EQ(streams.counters().given_up, 2U);
    EXPECT_EQ(take(2), Verdict::Taken) << "late";
    EXPECT_EQ(take(5), Verdict::Taken);
    EXPECT_EQ(streams.deadline(), now + kStreamGapPatience);
}

TEST_F(StreamsTest, AnEpochThatItsOriginHasNotToldIsNotTakenYet) {
    records_come_first = false;
    EXPECT_EQ(take(1), Verdict::TooEarly);
    streams.set_epoch(kOrigin, 1, now);
    EXPECT_EQ(take({.number = 1, .epoch = 2}), Verdict::TooEarly);
    EXPECT_EQ(take(1), Verdict::Taken);
    streams.set_epoch(kOrigin, 2, now);
    EXPECT_EQ(take({.number = 1, .epoch = 2}), Verdict::Taken);
    streams.forget_epoch(kOrigin);
    EXPECT_EQ(take({.number = 2, .epoch = 2}), Verdict::TooEarly);
    EXPECT_EQ(streams.counters().too_early, 3U);
    EXPECT_EQ(streams.counters().origins, 1U);
}

TEST_F(StreamsTest, AGapIsGivenUpWhenTheOriginIsGoneForTooLong) {
    set_reachable({kOrigin});
    EXPECT_EQ(take(3), Verdict::Taken);
    wait(kStreamGapPatience);
    set_reachable({});
    EXPECT_EQ(streams.deadline(), now + kStreamGapPatience);
    wait(kStreamGapPatience - 1ns);
    EXPECT_EQ(ready(), Places{});
    wait(1ns);
    EXPECT_EQ(ready(), (Places{3}));
    EXPECT_EQ(streams.counters().given_up, 2U);
    EXPECT_EQ(streams.deadline(), Instant::never());
}

TEST_F(StreamsTest, WhatWasGivenUpAndComesAfterAllIsHandedOutOnce) {
    EXPECT_EQ(take(4), Verdict::Taken);
    wait(kStreamGapPatience);
    EXPECT_EQ(ready(), (Places{4}));
    EXPECT_EQ(streams.counters().given_up, 3U);
    EXPECT_EQ(take(2), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{2}));
    EXPECT_EQ(take(2), Verdict::Duplicate);
    EXPECT_EQ(streams.counters().given_up, 2U);
    // What the origin is done with does not come any more.
    EXPECT_EQ(take(Place{.number = 5, .first = 4}), Verdict::Taken);
    EXPECT_EQ(take(3), Verdict::Duplicate);
    EXPECT_EQ(ready(), (Places{5}));
}

TEST_F(StreamsTest, AfterARestartWhatWasGivenUpIsStillAwaited) {
    EXPECT_EQ(take(1), Verdict::Taken);
    EXPECT_EQ(take(4), Verdict::Taken);
    wait(kStreamGapPatience);
    const std::vector<Streams::Ready> all = streams.ready(now);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].progress, (StreamProgress{.delivered = 1, .given_up = {}}));
    EXPECT_EQ(all[1].progress, (StreamProgress{.delivered = 4, .given_up = {{2, 3}}}));
    streams = Streams();
    streams.set_epoch(kOrigin, 1, now);
    streams.restore({.origin = kOrigin, .epoch = 1}, all[1].progress);
    EXPECT_EQ(take(4), Verdict::Duplicate);
    EXPECT_EQ(take(3), Verdict::Taken);
    const std::vector<Streams::Ready> late = streams.ready(now);
    ASSERT_EQ(late.size(), 1U);
    EXPECT_EQ(late[0].progress, (StreamProgress{.delivered = 4, .given_up = {{2, 2}}}));
    EXPECT_EQ(take(3), Verdict::Duplicate);
}

TEST_F(StreamsTest, WhatWasGivenUpOfTheEpochBeforeIsStillAwaited) {
    EXPECT_EQ(take(3), Verdict::Taken);
    EXPECT_EQ(take({.number = 1, .epoch = 2}), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{3, 1}));
    EXPECT_EQ(take(1), Verdict::Taken);
    EXPECT_EQ(take({.number = 3, .first = 2}), Verdict::Duplicate);
    EXPECT_EQ(take(2), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{1, 2}));
    EXPECT_EQ(take({.number = 9, .first = 7}), Verdict::Taken);
    EXPECT_EQ(take(6), Verdict::Duplicate) << "its origin is done with it";
}

TEST_F(StreamsTest, UnsoundBooksAreTakenForThePositionAlone) {
    streams.restore({.origin = kOrigin, .epoch = 1}, {.delivered = 4, .given_up = {{3, 9}}});
    EXPECT_EQ(take(3), Verdict::Duplicate);
    EXPECT_EQ(take(5), Verdict::Taken);
}

TEST_F(StreamsTest, AnOriginThatComesBackIsWaitedForAnew) {
    EXPECT_EQ(take(2), Verdict::Taken);
    wait(kStreamGapPatience - 1ns);
    set_reachable({kOrigin});
    wait(kStreamGapPatience);
    EXPECT_EQ(ready(), Places{});
    EXPECT_EQ(streams.deadline(), Instant::never());
    set_reachable({});
    wait(kStreamGapPatience - 1ns);
    EXPECT_EQ(ready(), Places{});
    wait(1ns);
    EXPECT_EQ(ready(), (Places{2}));
}

TEST_F(StreamsTest, HowLongAnOriginIsGoneIsItsOwnAffair) {
    set_reachable({kOrigin});
    EXPECT_EQ(take(2), Verdict::Taken);
    wait(kStreamGapPatience / 2);
    EXPECT_EQ(take({.number = 3, .origin = NodeId(8)}), Verdict::Taken);
    wait(kStreamGapPatience / 2);
    set_reachable({});
    wait(kStreamGapPatience / 2);
    EXPECT_EQ(ready(), (Places{3}));
    EXPECT_EQ(streams.deadline(), now + kStreamGapPatience / 2);
    wait(kStreamGapPatience / 2);
    EXPECT_EQ(ready(), (Places{2}));
}

TEST_F(StreamsTest, EachGapHasThePatienceOfWhatWaitsBehindIt) {
    EXPECT_EQ(take(2), Verdict::Taken);
    now = now + 1s;
    EXPECT_EQ(take(3), Verdict::Taken);
    EXPECT_EQ(take(5), Verdict::Taken);
    EXPECT_EQ(streams.deadline(), kStart + kStreamGapPatience);
    now = streams.deadline();
    EXPECT_EQ(ready(), (Places{2, 3}));
    EXPECT_EQ(streams.deadline(), kStart + 1s + kStreamGapPatience);
    now = streams.deadline();
    EXPECT_EQ(ready(), (Places{5}));
}

TEST_F(StreamsTest, WhatWasRestoredIsADuplicate) {
    restore({.origin = kOrigin, .epoch = 2}, 10);
    restore({.origin = kOrigin, .epoch = 1}, 20);
    streams.set_epoch(kOrigin, 2, now);
    EXPECT_EQ(delivered(2), 10U);
    EXPECT_EQ(delivered(1), 20U);
    EXPECT_EQ(take({.number = 10, .epoch = 2}), Verdict::Duplicate);
    EXPECT_EQ(take({.number = 20, .epoch = 1}), Verdict::Duplicate);
    EXPECT_EQ(take({.number = 11, .epoch = 2}), Verdict::Taken);
    EXPECT_EQ(ready(), (Places{11}));
}

TEST_F(StreamsTest, RestoringInAnyOrderKeepsTheLastTwoEpochs) {
    restore({.origin = kOrigin, .epoch = 2}, 20);
    restore({.origin = kOrigin, .epoch = 1}, 10);
    restore({.origin = kOrigin, .epoch = 3}, 30);
    EXPECT_EQ(delivered(1), 0U);
    EXPECT_EQ(delivered(2), 20U);
    EXPECT_EQ(delivered(3), 30U);
}

TEST_F(StreamsTest, BeyondItsOriginsTheLongestGoneIsForgotten) {
    for (std::uint64_t origin = 1; origin <= kStreamOriginsMax; ++origin) {
        now = now + 1ms;
        EXPECT_EQ(take({.number = 1, .origin = NodeId(origin)}), Verdict::Taken);
    }
    set_reachable({NodeId(1)});
    EXPECT_EQ(take({.number = 3, .origin = NodeId(2)}), Verdict::Taken);
    EXPECT_EQ(take({.number = 1, .origin = NodeId(99'999)}), Verdict::Taken);
    EXPECT_EQ(streams.counters().origins, kStreamOriginsMax);
    EXPECT_EQ(streams.delivered({.origin = NodeId(1), .epoch = 1}), 1U);
    EXPECT_EQ(streams.delivered({.origin = NodeId(2), .epoch = 1}), 1U);
    EXPECT_EQ(streams.delivered({.origin = NodeId(3), .epoch = 1}), 0U);
    EXPECT_EQ(streams.delivered({.origin = NodeId(4), .epoch = 1}), 1U);
}

TEST_F(StreamsTest, WhenNoOriginCanBeForgottenANewOneIsTooEarly) {
    for (std::uint64_t origin = 1; origin <= kStreamOriginsMax; ++origin) {
        EXPECT_EQ(take({.number = 2, .origin = NodeId(origin)}), Verdict::Taken);
    }
    EXPECT_EQ(take({.number = 1, .origin = NodeId(99'999)}), Verdict::TooEarly);
    EXPECT_EQ(take({.number = 1, .origin = NodeId(1)}), Verdict::Taken);
    EXPECT_EQ(take({.number = 1, .origin = NodeId(99'999)}), Verdict::Taken);
}

}  // namespace
}  // namespace kith::mesh
