// One suite for both backends: the order of a turn, mail, completions, timers, gather().

#include <atomic>
#include <thread>

#include "runtime/gather.h"
#include "runtime/limits.h"
#include "runtime/testing/rig.h"

namespace kith::runtime {
namespace {

template <typename Rig>
class ShardContract : public testing::Test {};

struct RigNames {
    template <typename Rig>
    static std::string GetName(int index) {
        return std::array{"Epoll", "Sim"}[static_cast<std::size_t>(index)];
    }
};
using Rigs = testing::Types<EpollRig, SimRig<SmoothProfile>>;
TYPED_TEST_SUITE(ShardContract, Rigs, RigNames);

class TestTask final : public Task {
  public:
    explicit TestTask(std::function<void()> action) : action_(std::move(action)) {}
    void run_task() override { action_(); }

  private:
    std::function<void()> action_;
};

// Goal: whatever is asked for in one turn happens in the documented order, and once.
TYPED_TEST(ShardContract, ATurnHasItsFixedOrder) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Shard& shard = rig.shard(0);
        std::string order;
        Signal done;
        TestTask deferred([&] { order += "deferred "; });
        TestTask flushed([&] { order += "flushed "; });
        TestTask from_completion([&] { order += "deferred-by-completion "; });
        rig.call(0, [&](Shard&) {
            shard.post(ShardId(0), [&](Shard&) {
                order += "mail ";
                shard.flush_later(flushed);
                shard.flush_later(flushed);
                shard.defer(deferred);
                shard.defer(deferred);
                shard.post_completion(make_mail([&](Shard&) {
                    order += "completion ";
                    shard.defer(from_completion);
                }));
                shard.post(ShardId(0), [&](Shard&) {
                    order += "next-turn-mail";
                    done.set();
                });
            });
        });
        ASSERT_TRUE(rig.wait(done));
        rig.stop();
        EXPECT_EQ(order, "mail deferred completion deferred-by-completion flushed next-turn-mail");
    });
}

TYPED_TEST(ShardContract, TimersFireAfterTheirTimeAndNotBefore) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Instant armed_at;
        Instant fired_at;
        Signal fired;
        CallbackTimer timer([&](Instant now) {
            fired_at = now;
            fired.set();
        });
        rig.call(0, [&](Shard& shard) {
            armed_at = shard.now();
            shard.arm_after(timer, 20ms);
        });
        ASSERT_TRUE(rig.wait(fired));
        rig.stop();
        EXPECT_GE(fired_at - armed_at, 20ms);
        EXPECT_LT(fired_at - armed_at, 10s);
    });
}

TYPED_TEST(ShardContract, DeferredWorkThatDefersItselfDoesNotStopTheShard) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        std::size_t runs = 0;
        std::uint64_t first_turn = 0;
        std::size_t runs_in_first_turn = 0;
        std::unique_ptr<TestTask> busy;
        rig.call(0, [&](Shard& shard) {
            busy = std::make_unique<TestTask>([&] {
                ++runs;
                if (runs == 1) {
                    first_turn = shard.counters().turns;
                }
                runs_in_first_turn += shard.counters().turns == first_turn ? 1U : 0U;
                shard.defer(*busy);
            });
            shard.defer(*busy);
        });
        rig.call(0, [&](Shard&) {});
        rig.call(0, [&](Shard&) { busy.reset(); });
        rig.stop();
        EXPECT_GT(runs, runs_in_first_turn);
        EXPECT_LE(runs_in_first_turn, 2 * kTaskRoundsMax);
    });
}

TYPED_TEST(ShardContract, ATaskMayDestroyItselfAndOthers) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        int runs = 0;
        std::unique_ptr<TestTask> first;
        std::unique_ptr<TestTask> second;
        rig.call(0, [&](Shard& shard) {
            first = std::make_unique<TestTask>([&] {
                ++runs;
                second.reset();
                first.reset();
            });
            second = std::make_unique<TestTask>([&] { ++runs; });
            shard.defer(*first);
            shard.defer(*second);
        });
        rig.call(0, [](Shard&) {});
        rig.stop();
        EXPECT_EQ(runs, 1);
    });
}

// Goal: far more mail than a mailbox holds arrives, once, in order, in both directions at once.
TYPED_TEST(ShardContract, MailBetweenTwoShardsKeepsItsOrder) {
    for_each_seed<TypeParam>(3, [](TypeParam& rig) {
        static constexpr std::uint32_t kMail = 5 * kMailboxSlots;
        struct Received {
            std::array<std::uint32_t, 3> next{};
            std::uint32_t count = 0;
            bool in_order = true;
            Signal all;
        };
        std::array<Received, 3> received;
        for (std::uint16_t from = 0; from < 3; ++from) {
            rig.call(from, [&](Shard& shard) {
                for (std::uint32_t number = 0; number < kMail; ++number) {
                    for (std::uint16_t to = 0; to < 3; ++to) {
                        shard.post(ShardId(to), [&received, from, number](Shard& there) {
                            Received& mine = received[there.id().value()];
                            mine.in_order = mine.in_order && mine.next[from]++ == number;
                            if (++mine.count == 3 * kMail) {
                                mine.all.set();
                            }
                        });
                    }
                }
            });
        }
        for (Received& mine : received) {
            ASSERT_TRUE(rig.wait(mine.all));
            EXPECT_TRUE(mine.in_order);
        }
        rig.stop();
    });
}

TYPED_TEST(ShardContract, CompletionsOfOneThreadKeepTheirOrder) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        static constexpr int kCompletions = 2000;
        int next = 0;
        bool in_order = true;
        Signal all;
        for (int i = 0; i < kCompletions; ++i) {
            rig.shard(0).post_completion(make_mail([&, i](Shard&) {
                in_order = in_order && next++ == i;
                if (next == kCompletions) {
                    all.set();
                }
            }));
        }
        ASSERT_TRUE(rig.wait(all));
        rig.stop();
        EXPECT_TRUE(in_order);
    });
}

TYPED_TEST(ShardContract, UndeliveredMailIsDroppedWithItsShards) {
    const auto witness = std::make_shared<int>(0);
    {
        TypeParam rig(1, 2);
        rig.call(0, [&](Shard& shard) {
            // Posts itself for ever, so that some mail is always under way.
            struct Forever {
                std::shared_ptr<int> held;
                void operator()(Shard& here) { here.post(ShardId(1 - here.id().value()), *this); }
            };
            shard.post(ShardId(1), Forever{witness});
            shard.post(ShardId(0), Forever{witness});
        });
        rig.stop();
    }
    EXPECT_EQ(witness.use_count(), 1);
}

TYPED_TEST(ShardContract, GatherBringsEveryAnswerHome) {
    for_each_seed<TypeParam>(4, [](TypeParam& rig) {
        std::vector<std::unique_ptr<int>> answers;
        const auto witness = std::make_shared<int>(0);
        Signal done;
        rig.call(2, [&](Shard& origin) {
            gather<std::unique_ptr<int>>(
                origin, [](Shard& shard) { return std::make_unique<int>(10 * shard.id().value()); },
                [&, witness](std::vector<std::unique_ptr<int>> all) {
                    answers = std::move(all);
                    done.set();
                });
        });
        ASSERT_TRUE(rig.wait(done));
        rig.stop();
        ASSERT_EQ(answers.size(), 4U);
        for (int i = 0; i < 4; ++i) {
            EXPECT_EQ(*answers[static_cast<std::size_t>(i)], 10 * i);
        }
        EXPECT_EQ(witness.use_count(), 1);
    });
}

}  // namespace
}  // namespace kith::runtime
