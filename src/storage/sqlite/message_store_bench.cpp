// What the message store costs: rows a second by size of a commit, the slowest commits, recovery.
//
// Payloads of 100 bytes, one delivery a message. The directory is KITH_BENCH_DIRECTORY or that of
// temporary files; only a real disk tells the truth about syncs.
//     ninja -C build/release message_store_bench && build/release/.../message_store_bench
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/check.h"
#include "storage/sqlite/sqlite_stores.h"

namespace kith::storage {
namespace {

constexpr std::uint64_t kSessions = 100;

/// A store in a directory of its own.
class BenchStore {
  public:
    BenchStore() {
        const char* chosen = std::getenv("KITH_BENCH_DIRECTORY");
        std::string pattern =
            chosen != nullptr ? chosen : std::filesystem::temp_directory_path().string();
        pattern += "/kith-bench-XXXXXX";
        CHECK(::mkdtemp(pattern.data()) != nullptr);
        directory_ = pattern;
        open();
    }
    ~BenchStore() {
        store_.reset();
        std::filesystem::remove_all(directory_);
    }

    void open() {
        store_.reset();
        auto opened = open_message_store({.path = directory_ + "/messages.db"});
        CHECK(opened.has_value());
        store_ = std::move(*opened);
    }
    std::size_t recover() {
        class Count final : public RecoveryVisitor {
          public:
            void on_session(const SessionRecord&) override { ++rows; }
            void on_subscription(const SubscriptionRecord&) override { ++rows; }
            void on_queue(const QueueRecord& queue) override { rows += queue.message_count; }
            void on_delivery(const DeliveryRecord&) override { ++rows; }
            void on_inbound(SessionId, PacketId) override { ++rows; }
            void on_retained(const RetainedRecord&) override { ++rows; }
            void on_mark(const MarkRecord&) override { ++rows; }
            std::size_t rows = 0;
        } count;
        CHECK(store_->recover(count).has_value());
        return count.rows;
    }
    void commit(const WriteBatch& batch) {
        const WriteBatch* const group = &batch;
        CHECK(store_->commit({&group, 1}).has_value());
    }
    void tidy() { CHECK(store_->tidy().has_value()); }

  private:
    std::string directory_;
    std::unique_ptr<MessageStore> store_;
};

void put(WriteBatch& batch, std::uint64_t id) {
    static const std::vector<std::uint8_t> payload(100, 'x');
    batch.put_message({.id = MessageId(id),
                       .topic = "plant/hall-2/oven-3/temp_c",
                       .payload = payload,
                       .qos = Qos::AtLeastOnce,
                       .published_at = WallTime::from_ms(1'700'000'000'000)});
    batch.put_delivery({.session = SessionId(1 + id % kSessions),
                        .sequence = id,
                        .message = MessageId(id),
                        .qos = Qos::AtLeastOnce});
}

void drop(WriteBatch& batch, std::uint64_t id) {
    batch.delete_delivery({SessionId(1 + id % kSessions), id, MessageId(id)});
}

void put_sessions(BenchStore& store) {
    WriteBatch batch;
    for (std::uint64_t id = 1; id <= kSessions; ++id) {
        batch.put_session({.id = SessionId(id), .client_id = "press"});
    }
    store.commit(batch);
}

/// Every commit puts so many messages and drops those of the commit before.
void puts_and_trailing_drops(benchmark::State& state) {
    BenchStore store;
    (void)store.recover();
    put_sessions(store);
    const auto message_count = static_cast<std::uint64_t>(state.range(0));
    std::vector<double> commit_ms;
    std::uint64_t next = 1;
    WriteBatch batch;
    while (state.KeepRunning()) {
        // style: a bench measures.
        const auto start = std::chrono::steady_clock::now();
        batch.clear();
        for (std::uint64_t i = 0; i < message_count; ++i, ++next) {
            put(batch, next);
            if (next > message_count) {
                drop(batch, next - message_count);
            }
        }
        store.commit(batch);
        store.tidy();  // delays the next commit, so it counts
        // style: as above.
        const auto end = std::chrono::steady_clock::now();
        const std::chrono::duration<double, std::milli> took = end - start;
        commit_ms.push_back(took.count());
    }
    std::sort(commit_ms.begin(), commit_ms.end());
    // Three rows a message that comes and goes: message, delivery, and both deleted.
    state.counters["messages/s"] =
        benchmark::Counter(static_cast<double>(next - 1), benchmark::Counter::kIsRate);
    state.counters["p50_ms"] = commit_ms[commit_ms.size() / 2];
    state.counters["p99_ms"] = commit_ms[commit_ms.size() * 99 / 100];
    state.counters["max_ms"] = commit_ms.back();
}
BENCHMARK(puts_and_trailing_drops)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->UseRealTime();

/// Messages that come and go within one commit.
void puts_and_drops_that_meet(benchmark::State& state) {
    BenchStore store;
    (void)store.recover();
    put_sessions(store);
    const auto message_count = static_cast<std::uint64_t>(state.range(0));
    std::uint64_t next = 1;
    WriteBatch batch;
    while (state.KeepRunning()) {
        batch.clear();
        for (std::uint64_t i = 0; i < message_count; ++i, ++next) {
            put(batch, next);
            drop(batch, next);
        }
        store.commit(batch);
        store.tidy();
    }
    state.counters["messages/s"] =
        benchmark::Counter(static_cast<double>(next - 1), benchmark::Counter::kIsRate);
}
BENCHMARK(puts_and_drops_that_meet)->Arg(1)->Arg(100)->Arg(1000)->UseRealTime();

/// A backlog that only grows, 1,000 messages a commit, until there are so many; then a new start.
void recovery(benchmark::State& state) {
    BenchStore store;
    (void)store.recover();
    put_sessions(store);
    WriteBatch batch;
    const auto message_count = static_cast<std::uint64_t>(state.range(0));
    for (std::uint64_t id = 1; id <= message_count; ++id) {
        put(batch, id);
        if (id % 1000 == 0) {
            store.commit(batch);
            store.tidy();
            batch.clear();
        }
    }
    while (state.KeepRunning()) {
        store.open();
        benchmark::DoNotOptimize(store.recover());
    }
}
BENCHMARK(recovery)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace kith::storage

BENCHMARK_MAIN();
