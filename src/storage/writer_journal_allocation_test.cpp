// Steady traffic does not allocate: neither filling batches nor handing them to the writer.
#include <atomic>

#include <gtest/gtest.h>

#include "storage/testing/gate.h"
#include "storage/writer_journal.h"
#include "tests/support/allocations/allocations.h"

namespace kith::storage {
namespace {

class NullStore final : public MessageStore {
  public:
    explicit NullStore(testing::Gate& gate) : gate_(gate) {}
    Status recover(RecoveryVisitor&) override { return {}; }
    Status commit(std::span<const WriteBatch* const>) override {
        gate_.pass();
        return {};
    }
    Result<std::uint64_t> read_queue(const QueueRead& read, QueueVisitor&) override {
        return read.behind;
    }
    std::uint64_t message_count() const override { return 0; }
    MessageId last_message_id() const override { return {}; }
    SessionId last_session_id() const override { return {}; }

  private:
    testing::Gate& gate_;
};

/// Passes the news on without allocating.
class Listener final : public CommitListener {
  public:
    void on_committed(ShardId, CommitTicket through) override {
        committed_.store(through.value());
        committed_.notify_one();
    }
    void on_store_state(StoreState, const Error&) override {}
    void on_queue_read(ShardId, QueuePart) override {}
    void wait_for(CommitTicket ticket) {
        for (auto seen = committed_.load(); seen < ticket.value(); seen = committed_.load()) {
            committed_.wait(seen);
        }
    }

  private:
    std::atomic<std::uint64_t> committed_ = 0;
};

TEST(Allocation, SteadyTrafficThroughAJournalDoesNotAllocate) {
    const Log log;
    Listener listener;
    testing::Gate gate;
    const auto journal = make_writer_journal(std::make_unique<NullStore>(gate), 1, listener, log);
    WriteBatch batch;
    const std::vector<std::uint8_t> payload(100);
    const auto submit = [&](std::uint64_t id) {
        for (int i = 0; i < 20; ++i) {
            batch.put_message({.id = MessageId(id), .topic = "plant/h2", .payload = payload});
            batch.put_delivery({.session = SessionId(1), .sequence = id, .message = MessageId(id)});
            batch.delete_delivery({SessionId(1), id, MessageId(id)});
        }
        return journal->submit(ShardId(0), batch);
    };
    // More batches at once than steady traffic ever has under way: one filled, one committed, one
    // on its way back. Then a few more, until all of them have come back.
    gate.close();
    std::uint64_t id = 1;
    while (id < 6) {
        (void)submit(id++);
    }
    gate.open();
    while (id < 10) {
        listener.wait_for(submit(id++));
    }
    const std::size_t before = test::allocation_count();
    while (id < 1000) {
        listener.wait_for(submit(id++));
    }
    EXPECT_EQ(test::allocation_count(), before);
}

}  // namespace
}  // namespace kith::storage
