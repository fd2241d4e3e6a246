#include "tests/powercut/hasty_journal.h"

#include "storage/writer_journal.h"

namespace kith::test {
namespace {

/// What the true journal tells; of commits nobody wants to hear a second time.
class DeafListener final : public storage::CommitListener {
  public:
    explicit DeafListener(storage::CommitListener& next) : next_(next) {}
    void on_committed(ShardId, storage::CommitTicket) override {}
    void on_store_state(storage::StoreState state, const Error& reason) override {
        next_.on_store_state(state, reason);
    }
    void on_queue_read(ShardId shard, storage::QueuePart part) override {
        next_.on_queue_read(shard, std::move(part));
    }

  private:
    storage::CommitListener& next_;
};

class HastyJournal final : public storage::Journal {
  public:
    HastyJournal(std::unique_ptr<storage::MessageStore> store, std::uint16_t shard_count,
                 storage::CommitListener& listener, const Log& log)
        : listener_(listener),
          deaf_(listener),
          journal_(storage::make_writer_journal(std::move(store), shard_count, deaf_, log)) {}

    storage::CommitTicket submit(ShardId shard, storage::WriteBatch& batch) override {
        const storage::CommitTicket ticket = journal_->submit(shard, batch);
        listener_.on_committed(shard, ticket);
        return ticket;
    }
    void read_queue(ShardId shard, const storage::QueueRead& read) override {
        journal_->read_queue(shard, read);
    }
    storage::JournalCounters counters() const override { return journal_->counters(); }
    void between_commits(const std::function<void(storage::MessageStore&)>& task) override {
        journal_->between_commits(task);
    }

  private:
    storage::CommitListener& listener_;
    DeafListener deaf_;
    std::unique_ptr<storage::Journal> journal_;
};

}  // namespace

std::unique_ptr<storage::Journal> make_hasty_journal(std::unique_ptr<storage::MessageStore> store,
                                                     std::uint16_t shard_count,
                                                     storage::CommitListener& listener,
                                                     const Log& log) {
    return std::make_unique<HastyJournal>(std::move(store), shard_count, listener, log);
}

}  // namespace kith::test
