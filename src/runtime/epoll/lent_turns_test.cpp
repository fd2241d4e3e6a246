// Turns that a shard runs for a sleeping peer: what must hold whether a turn was lent or not.
//
// Whether a peer sleeps is the scheduler's business, so that these tests repeat what they do until
// a turn has been lent, or very often.

#include "runtime/epoll/epoll_shard.h"

#include <array>
#include <atomic>
#include <memory>
#include <thread>

#include <sys/eventfd.h>
#include <unistd.h>

#include "runtime/testing/rig.h"

namespace kith::runtime {
namespace {

constexpr int kRoundsMax = 20'000;

std::uint64_t turns_lent(EpollRig& rig) {
    std::uint64_t turns = 0;
    for (std::uint16_t i = 0; i < 2; ++i) {
        rig.call(i, [&](Shard& shard) { turns += shard.counters().turns_lent; });
    }
    return turns;
}

/// Posts `action` to shard 1 from a small turn of shard 0, and waits until it has run.
template <typename F>
void post_from_a_small_turn(EpollRig& rig, F action) {
    Signal done;
    rig.shard(0).post_completion(make_mail([&](Shard& shard) {
        shard.post(ShardId(1), [&](Shard& here) {
            action(here);
            done.set();
        });
    }));
    ASSERT_TRUE(rig.wait(done));
}

TEST(LentTurns, ASmallTurnRunsTheTurnOfASleepingPeer) {
    EpollRig rig(1, 2);
    for (int round = 0; round < kRoundsMax && turns_lent(rig) == 0; ++round) {
        post_from_a_small_turn(rig, [](Shard&) {});
    }
    EXPECT_GT(turns_lent(rig), 0U);
}

TEST(LentTurns, ALongTurnWakesItsPeerInstead) {
    EpollRig rig(1, 2);
    std::atomic<bool> was_lent = false;
    for (int round = 0; round < 200; ++round) {
        Signal done;
        rig.shard(0).post_completion(make_mail([&](Shard& shard) {
            const auto until = std::chrono::steady_clock::now() + 2 * kLendTurnMax;
            while (std::chrono::steady_clock::now() < until) {
            }
            shard.post(ShardId(1), [&, lender = std::this_thread::get_id()](Shard&) {
                was_lent = was_lent || std::this_thread::get_id() == lender;
                done.set();
            });
        }));
        ASSERT_TRUE(rig.wait(done));
    }
    EXPECT_FALSE(was_lent);
}

// Goal: the sleeping thread does not know of a timer that a lent turn arms.
TEST(LentTurns, ATimerArmedInOneFires) {
    EpollRig rig(1, 2);
    for (int round = 0; round < 100; ++round) {
        Signal fired;
        CallbackTimer timer([&](Instant) { fired.set(); });
        post_from_a_small_turn(rig, [&](Shard& shard) { shard.arm_after(timer, 1ms); });
        ASSERT_TRUE(rig.wait(fired)) << "round " << round;
        rig.call(1, [](Shard&) {});  // the callback has returned
    }
}

class FlushTask final : public Task {
  public:
    void run_task() override {
        ran_on = std::this_thread::get_id();
        if (last_done != nullptr) {
            last_done->set();
        }
    }
    std::thread::id ran_on;
    Signal* last_done = nullptr;
};

// Goal: who lends a turn must not be kept by the peer's many system calls.
TEST(LentTurns, ManyFlushesAreLeftToTheShardsOwnThread) {
    EpollRig rig(1, 2);
    std::thread::id lender;
    rig.call(0, [&](Shard&) { lender = std::this_thread::get_id(); });
    bool was_lent = false;
    for (int round = 0; round < kRoundsMax && !was_lent; ++round) {
        std::array<FlushTask, kLendFlushesMax + 1> tasks;
        Signal flushed;
        tasks.back().last_done = &flushed;
        post_from_a_small_turn(rig, [&](Shard& shard) {
            was_lent = std::this_thread::get_id() == lender;
            for (FlushTask& task : tasks) {
                shard.flush_later(task);
            }
        });
        ASSERT_TRUE(rig.wait(flushed));
        for (const FlushTask& task : tasks) {
            EXPECT_NE(task.ran_on, lender);
        }
    }
    EXPECT_TRUE(was_lent);
}

/// Something that becomes ready when another thread says so.
class ReadyObject final : public Pollable {
  public:
    explicit ReadyObject(Shard& shard) : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        EXPECT_TRUE(EpollShard::of(shard).watch(fd_.get(), *this, Interest::Read).has_value());
    }
    void on_ready(Readiness) override {}
    [[nodiscard]] int fd() const { return fd_.get(); }

  private:
    FileDescriptor fd_;
};

// Goal: a thread that has just been woken for an object must not touch it when a lent turn has
// destroyed it meanwhile. (A use after free that the address sanitizer sees.)
TEST(LentTurns, MayDestroyWhatTheSleepingThreadIsWokenFor) {
    EpollRig rig(1, 2);
    for (int round = 0; round < 500; ++round) {
        std::unique_ptr<ReadyObject> object;
        rig.call(1, [&](Shard& shard) { object = std::make_unique<ReadyObject>(shard); });
        std::thread waker([fd = ::dup(object->fd())] {
            const std::uint64_t one = 1;
            EXPECT_EQ(::write(fd, &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
            ::close(fd);
        });
        post_from_a_small_turn(rig, [&](Shard& shard) {
            EpollShard::of(shard).unwatch(object->fd());
            object.reset();
        });
        waker.join();
    }
}

}  // namespace
}  // namespace kith::runtime
