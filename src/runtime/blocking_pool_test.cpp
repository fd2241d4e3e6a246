#include "runtime/blocking_pool.h"

#include <atomic>
#include <thread>

#include "runtime/limits.h"
#include "runtime/testing/rig.h"

namespace kith::runtime {
namespace {

TEST(BlockingPool, RunsWorkElsewhereAndItsMailOnTheAskingShard) {
    EpollRig rig(1, 2);
    const auto pool = make_blocking_pool(2);
    std::thread::id shard_thread;
    std::thread::id work_thread;
    std::thread::id mail_thread;
    Signal done;
    rig.call(1, [&](Shard& shard) {
        shard_thread = std::this_thread::get_id();
        const Status submitted = pool->submit(shard, [&] {
            work_thread = std::this_thread::get_id();
            return make_mail([&](Shard& there) {
                EXPECT_EQ(there.id(), ShardId(1));
                mail_thread = std::this_thread::get_id();
                done.set();
            });
        });
        EXPECT_TRUE(submitted.has_value());
    });
    ASSERT_TRUE(rig.wait(done));
    EXPECT_EQ(mail_thread, shard_thread);
    EXPECT_NE(work_thread, shard_thread);
}

TEST(BlockingPool, RefusesWhatItsQueueCannotHold) {
    EpollRig rig(1, 1);
    Signal go_on;
    auto pool = make_blocking_pool(1);
    const auto wait = [&]() -> std::unique_ptr<Mail> {
        EXPECT_TRUE(go_on.wait_for(std::chrono::seconds(60)));
        return make_mail([](Shard&) {});
    };
    // One may have begun already; the queue is full after that many more.
    std::size_t accepted = 0;
    Status last;
    while ((last = pool->submit(rig.shard(0), wait))) {
        ++accepted;
        ASSERT_LE(accepted, kBlockingQueueMax + 1);
    }
    EXPECT_EQ(last.error().kind, ErrorKind::Limit);
    EXPECT_GE(accepted, kBlockingQueueMax);
    go_on.set();
}

TEST(BlockingPool, DropsWhatHasNotBegunWhenItGoes) {
    EpollRig rig(1, 1);
    std::atomic<int> ran = 0;
    Signal begun;
    Signal go_on;
    auto pool = make_blocking_pool(1);
    const auto witness = std::make_shared<int>(0);
    ASSERT_TRUE(pool->submit(rig.shard(0), [&, witness] {
        ++ran;
        begun.set();
        EXPECT_TRUE(go_on.wait_for(std::chrono::seconds(60)));
        return make_mail([](Shard&) {});
    }));
    ASSERT_TRUE(begun.wait_for(std::chrono::seconds(60)));
    ASSERT_TRUE(pool->submit(rig.shard(0), [&, witness] {
        ++ran;
        return make_mail([](Shard&) {});
    }));
    std::thread ending([&] { pool.reset(); });
    // The queue is emptied at once, though the work in progress is waited for.
    while (witness.use_count() > 2) {
        std::this_thread::yield();
    }
    go_on.set();
    ending.join();
    EXPECT_EQ(ran, 1);
    EXPECT_EQ(witness.use_count(), 1);
}

TEST(BlockingPool, InASimulationMailArrivesLaterInVirtualTime) {
    SimRig<SmoothProfile> rig(1, 1);
    sim::Host& host = rig.host();
    Instant asked;
    Instant answered;
    Signal done;
    rig.call(0, [&](Shard& shard) {
        asked = shard.now();
        const Status submitted = host.blocking_pool().submit(shard, [&] {
            return make_mail([&](Shard& there) {
                answered = there.now();
                done.set();
            });
        });
        EXPECT_TRUE(submitted.has_value());
        EXPECT_FALSE(done.is_set());
    });
    ASSERT_TRUE(rig.wait(done));
    EXPECT_GE(answered - asked, 1ms);
}

}  // namespace
}  // namespace kith::runtime
