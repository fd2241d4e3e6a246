// What was reported committed survives the loss of power, and nothing is there by halves.
//
// Random batches, a power cut at a random change of the disk, a new start; several times a seed.
// The store must then hold what all reported groups say, or that and all of the group that was
// under way. Mutants that do not sync must be caught, or the test proves nothing.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <fmt/format.h>

#include "base/random.h"
#include "storage/memory/memory_stores.h"
#include "storage/sqlite/sqlite_stores.h"
#include "storage/testing/record_text.h"
#include "storage/testing/temp_directory.h"
#include "storage/testing/workload.h"
#include "tests/support/vfs/fault_vfs.h"

namespace kith::storage {
namespace {

using testing::to_text;

constexpr int kCyclesPerSeed = 4;
constexpr int kGroupsPerCycle = 25;

/// A small disk with small logs, so that a cut also meets checkpoints.
struct Conditions {
    double leak_chance = 0;
    bool unsafe_no_sync = false;
};

using Group = std::vector<WriteBatch>;

std::vector<const WriteBatch*> pointers(const Group& group) {
    std::vector<const WriteBatch*> batches;
    for (const WriteBatch& batch : group) {
        batches.push_back(&batch);
    }
    return batches;
}

/// The life of one database, and of a memory store that says what it must hold.
class Life {
  public:
    Life(std::uint64_t seed, const Conditions& conditions)
        : random_(seed),
          workload_(seed),
          vfs_({.name = "power-loss", .seed = seed, .leak_chance = conditions.leak_chance}),
          options_{.path = directory_.file("messages.db"),
                   .vfs = "power-loss",
                   .log_pages_max = 30,
                   .unsafe_no_sync = conditions.unsafe_no_sync} {}

    /// What went wrong, or nothing.
    std::string run() {
        for (int cycle = 0; cycle < kCyclesPerSeed; ++cycle) {
            // The last start is left in peace.
            if (cycle + 1 < kCyclesPerSeed) {
                vfs_.cut_after(1 + random_.below(random_.chance(0.3) ? 40 : 400));
            }
            if (std::string wrong = run_until_cut(); !wrong.empty()) {
                return wrong;
            }
            vfs_.cut_power();
            store_.reset();
            vfs_.restore_power();
        }
        return "";
    }

  private:
    std::string run_until_cut() {
        std::string wrong = start();
        for (int i = 0; i < kGroupsPerCycle && wrong.empty() && !vfs_.is_cut(); ++i) {
            commit_group();
            if (random_.chance(0.5) && !store_->tidy() && !vfs_.is_cut()) {
                return "cannot tidy up";
            }
            if (random_.chance(0.05) && !vfs_.is_cut()) {
                store_.reset();
                wrong = start();
            }
        }
        return wrong;
    }

    /// Opens the store and compares. A cut meanwhile excuses everything.
    std::string start() {
        auto opened = open_message_store(options_);
        if (!opened) {
            return vfs_.is_cut() ? "" : std::string("cannot open: ") + opened.error().text;
        }
        store_ = std::move(*opened);
        const std::string content = to_text(*store_);
        if (vfs_.is_cut()) {
            return "";
        }
        if (!is_explained(content)) {
            return "lost or mixed up:\n" + content + "instead of\n" + to_text(*oracle());
        }
        const auto reported = oracle();
        const bool ids_go_on = store_->last_message_id() >= reported->last_message_id() &&
                               store_->last_session_id() >= reported->last_session_id();
        return ids_go_on ? "" : "ids would be used again";
    }

    /// Whether the content is that of the reported groups, with or without the unreported one. If
    /// with, it counts from now on.
    bool is_explained(const std::string& content) {
        const auto reported = oracle();
        const bool without = content == to_text(*reported);
        if (!without) {
            if (!unreported_.empty()) {
                history_.push_back(std::move(unreported_));
            }
            if (content != to_text(*oracle())) {
                return false;
            }
        }
        unreported_.clear();
        history_.emplace_back();  // a recovery, which drops rows without session
        return true;
    }

    void commit_group() {
        Group group(1 + random_.below(4));
        for (WriteBatch& batch : group) {
            workload_.fill(batch, 15);
        }
        const Status status = store_->commit(pointers(group));
        (status ? history_.emplace_back() : unreported_) = std::move(group);
    }

    /// A memory store with all reported groups. An empty group stands for a recovery.
    std::unique_ptr<MessageStore> oracle() {
        auto store = make_memory_message_store();
        (void)to_text(*store);
        for (const Group& group : history_) {
            if (group.empty()) {
                (void)to_text(*store);
            } else {
                EXPECT_TRUE(store->commit(pointers(group)));
            }
        }
        return store;
    }

    testing::TempDirectory directory_;
    Random random_;
    testing::Workload workload_;
    test::FaultVfs vfs_;
    SqliteOptions options_;
    std::unique_ptr<MessageStore> store_;
    std::vector<Group> history_;
    Group unreported_;
};

std::size_t count_failures(std::uint64_t seed_count, const Conditions& conditions) {
    std::size_t failure_count = 0;
    for (std::uint64_t seed = 1; seed <= seed_count; ++seed) {
        failure_count += Life(seed, conditions).run().empty() ? 0U : 1U;
    }
    return failure_count;
}

void expect_no_failure(std::uint64_t seed_count, const Conditions& conditions) {
    for (std::uint64_t seed = 1; seed <= seed_count; ++seed) {
        ASSERT_EQ(Life(seed, conditions).run(), "") << "seed " << seed;
    }
}

TEST(PowerLoss, LosesNothingThatWasReported) {
    expect_no_failure(150, {});
}

TEST(PowerLoss, LosesNothingWhenUnsyncedSectorsAreTorn) {
    expect_no_failure(100, {.leak_chance = 0.1});
    expect_no_failure(100, {.leak_chance = 0.6});
}

TEST(PowerLoss, AStoreThatDoesNotSyncIsCaught) {
    EXPECT_GT(count_failures(10, {.unsafe_no_sync = true}), 0U);
    EXPECT_GT(count_failures(10, {.leak_chance = 0.6, .unsafe_no_sync = true}), 0U);
}

/// Commits messages 1, 2, 3 ... for ever, each with a mark that says its id, and writes the id of
/// each reported one into the pipe.
[[noreturn]] void commit_until_killed(const SqliteOptions& options, int pipe) {
    const test::FaultVfs vfs({.name = options.vfs});
    auto store = open_message_store(options);
    if (!store || !to_text(**store).empty()) {
        ::_exit(1);
    }
    for (std::uint64_t id = 1;; ++id) {
        WriteBatch batch;
        batch.put_session({.id = SessionId(1), .client_id = "c"});
        batch.put_message({.id = MessageId(id), .topic = "t"});
        batch.put_delivery({.session = SessionId(1), .sequence = id, .message = MessageId(id)});
        const std::string position = std::to_string(id);
        batch.put_mark({.key = as_bytes("stream"), .value = as_bytes(position)});
        const WriteBatch* const group = &batch;
        const bool works = (*store)->commit({&group, 1}) && (*store)->tidy();
        if (!works || ::write(pipe, &id, sizeof(id)) != sizeof(id)) {
            ::_exit(1);
        }
    }
}

/// Kills such a process when it has reported `id`; returns the last id that it reported.
std::uint64_t kill_after(std::uint64_t id, const SqliteOptions& options) {
    int pipe[2] = {};
    EXPECT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(pipe[0]);
        commit_until_killed(options, pipe[1]);
    }
    ::close(pipe[1]);
    std::uint64_t reported = 0;
    bool killed = false;
    while (::read(pipe[0], &reported, sizeof(reported)) == sizeof(reported)) {
        if (reported >= id && !killed) {
            ::kill(child, SIGKILL);
            killed = true;
        }
    }
    EXPECT_TRUE(killed);
    EXPECT_EQ(::waitpid(child, nullptr, 0), child);
    ::close(pipe[0]);
    return reported;
}

/// What the real disk holds, seen without the VFS.
std::string read_content(const SqliteOptions& options) {
    auto store = open_message_store({.path = options.path});
    EXPECT_TRUE(store);
    return to_text(**store);
}

std::uint64_t count_messages(const std::string& content) {
    std::uint64_t count = 0;
    while (content.find("message " + std::to_string(count + 1) + " ") != std::string::npos) {
        ++count;
    }
    return count;
}

TEST(PowerLoss, AKilledProcessOnTheVfsHasLostNothingThatItReported) {
    for (const std::uint64_t id : {1U, 2U, 17U, 60U}) {
        testing::TempDirectory directory;
        const SqliteOptions options{
            .path = directory.file("messages.db"), .vfs = "killed", .log_pages_max = 30};
        const std::uint64_t reported = kill_after(id, options);
        const std::string content = read_content(options);
        const std::uint64_t count = count_messages(content);
        EXPECT_TRUE(count == reported || count == reported + 1) << count << " of " << reported;
        const std::string position = std::to_string(count);
        EXPECT_NE(content.find(fmt::format("mark 6:73747265616d value={}:{}\n", position.size(),
                                           to_hex(as_bytes(position)))),
                  std::string::npos)
            << content;
    }
}

TEST(PowerLoss, AKilledProcessThatDoesNotSyncIsCaught) {
    testing::TempDirectory directory;
    const SqliteOptions options{
        .path = directory.file("messages.db"), .vfs = "killed", .unsafe_no_sync = true};
    const std::uint64_t reported = kill_after(20, options);
    EXPECT_LT(count_messages(read_content(options)), reported);
}

}  // namespace
}  // namespace kith::storage
