#include "storage/writer_journal.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "storage/backoff.h"

namespace kith::storage {
namespace {

struct Submission {
    ShardId shard;
    CommitTicket ticket;
    WriteBatch batch;
};

/// Collects what a read finds.
class PartFiller final : public QueueVisitor {
  public:
    explicit PartFiller(QueuePart& part) : part_(part) {}
    void on_message(const DeliveryRecord& delivery, const MessageRecord& message) override {
        part_.found.put_message(message);
        part_.found.put_delivery(delivery);
    }
    void on_dropped(const DeliveryRecord& delivery, QueueDrop reason) override {
        part_.dropped.push_back({delivery.key(), delivery.size_bytes, reason});
    }

  private:
    QueuePart& part_;
};

/// How long commits took, counted by powers of two of microseconds.
class CommitTimes {
  public:
    void record_us(std::uint64_t us) {
        ++counts_[std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(us)),
                                        counts_.size() - 1)];
        ++total_;
    }
    /// At least as long as 99 of 100.
    [[nodiscard]] std::uint64_t p99_us() const {
        std::uint64_t above = total_ / 100;
        for (std::size_t i = counts_.size(); i-- > 0;) {
            if (counts_[i] > above) {
                return std::uint64_t{1} << i;
            }
            above -= counts_[i];
        }
        return 0;
    }

  private:
    std::array<std::uint64_t, 40> counts_{};
    std::uint64_t total_ = 0;
};

class WriterJournal final : public Journal {
  public:
    WriterJournal(std::unique_ptr<MessageStore> store, const WriterJournalOptions& options,
                  CommitListener& listener, const Log& log)
        : store_(std::move(store)),
          listener_(listener),
          log_(log),
          last_tickets_(options.shard_count),
          group_tickets_(options.shard_count),
          backoff_(options.retry_wait_min, options.retry_wait_max),
          read_backoff_(options.retry_wait_min, options.retry_wait_max) {
        CHECK(options.shard_count > 0);
        CHECK(options.shard_count <= limits::kShardsMax);
        counters_.messages = store_->message_count();
        thread_ = std::thread([this] { run(); });
    }
    ~WriterJournal() override;

    CommitTicket submit(ShardId shard, WriteBatch& batch) override;
    void read_queue(ShardId shard, const QueueRead& read) override;
    JournalCounters counters() const override;
    void between_commits(const std::function<void(MessageStore&)>& task) override;

  private:
    struct Task {
        const std::function<void(MessageStore&)>& run;
        bool is_done = false;
    };

    struct Read {
        ShardId shard;
        QueueRead read;
    };
    /// What the store cannot do at present.
    struct Trouble {
        bool is_on = false;
        Error error{};
    };

    // On the writer's thread.
    void run();
    [[nodiscard]] bool wait_for_work();
    void run_task(std::unique_lock<std::mutex>& lock);
    void commit_all();
    [[nodiscard]] std::size_t take_group(std::size_t first);
    [[nodiscard]] bool commit_group();
    [[nodiscard]] Status try_commit();
    [[nodiscard]] bool wait_to_retry();
    void read_some();
    [[nodiscard]] Result<QueuePart> try_read(const QueueRead& read);
    [[nodiscard]] bool has_work() const;
    void note_failure(Trouble& trouble, const Error& error);
    void note_success(Trouble& trouble);
    void tell_state();
    void report(std::size_t first, std::size_t behind);
    void recycle();

    const std::unique_ptr<MessageStore> store_;
    CommitListener& listener_;
    const Log& log_;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable task_done_;
    // Under the mutex.
    std::vector<Submission> pending_;
    std::vector<Task*> tasks_;  // one for each thread that waits in between_commits()
    std::deque<Read> reads_;
    std::vector<WriteBatch> spare_;
    std::size_t spare_bytes_ = 0;
    std::vector<CommitTicket> last_tickets_;  // by shard
    JournalCounters counters_;
    CommitTimes commit_times_;
    bool closing_ = false;

    // The writer's own.
    std::vector<Submission> working_;
    std::vector<const WriteBatch*> group_;
    std::vector<CommitTicket> group_tickets_;  // by shard; 0 without a batch in the group
    Backoff backoff_;
    std::size_t due_read_count_ = 0;  // of reads_, from the front
    Backoff read_backoff_;
    std::chrono::steady_clock::time_point read_again_at_{};
    Trouble write_trouble_;
    Trouble read_trouble_;
    StoreState state_ = StoreState::Healthy;  // as the listener knows it
    Error told_error_{};
    std::uint32_t close_try_count_ = 0;
    std::uint64_t lost_count_ = 0;

    std::thread thread_;
};

WriterJournal::~WriterJournal() {
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

CommitTicket WriterJournal::submit(ShardId shard, WriteBatch& batch) {
    CommitTicket ticket;
    bool was_empty = false;
    {
        const std::lock_guard lock(mutex_);
        CHECK(shard.value() < last_tickets_.size());
        ticket = last_tickets_[shard.value()].next();
        last_tickets_[shard.value()] = ticket;
        was_empty = pending_.empty();
        ++counters_.pending_batches;
        counters_.pending_bytes += batch.size_bytes();
        WriteBatch empty;
        if (!spare_.empty()) {
            empty = std::move(spare_.back());
            spare_.pop_back();
            spare_bytes_ -= empty.kept_bytes();
        }
        pending_.push_back({shard, ticket, std::exchange(batch, std::move(empty))});
    }
    if (was_empty) {
        wake_.notify_one();
    }
    return ticket;
}

void WriterJournal::read_queue(ShardId shard, const QueueRead& read) {
    {
        const std::lock_guard lock(mutex_);
        reads_.push_back({shard, read});
        ++counters_.pending_reads;
    }
    wake_.notify_one();
}

JournalCounters WriterJournal::counters() const {
    const std::lock_guard lock(mutex_);
    JournalCounters counters = counters_;
    counters.commit_us_p99 = commit_times_.p99_us();
    return counters;
}

void WriterJournal::between_commits(const std::function<void(MessageStore&)>& task) {
    Task waiting{task};
    std::unique_lock lock(mutex_);
    CHECK(!closing_);
    tasks_.push_back(&waiting);
    wake_.notify_one();
    task_done_.wait(lock, [&] { return waiting.is_done; });
}

void WriterJournal::run() {
    while (wait_for_work()) {
        commit_all();
        recycle();
        read_some();
    }
    if (lost_count_ > 0) {
        LOG(log_, Error, "store closed with changes unwritten", {"batches", lost_count_});
    }
}

/// False when the journal is closing and nothing is left.
bool WriterJournal::wait_for_work() {
    std::unique_lock lock(mutex_);
    if (read_trouble_.is_on && !reads_.empty()) {
        wake_.wait_until(lock, read_again_at_, [this] { return has_work(); });
    } else {
        wake_.wait(lock, [this] { return has_work() || !reads_.empty(); });
    }
    const bool is_due = !closing_ && !reads_.empty();
    const bool has_task = !tasks_.empty();
    if (has_task) {
        run_task(lock);  // one only: a thread that asks again and again does not hold up commits
    }
    std::swap(pending_, working_);
    due_read_count_ = std::min(reads_.size(), kReadsBetweenCommitsMax);
    return has_task || is_due || !working_.empty();
}

/// Requires: the lock.
bool WriterJournal::has_work() const {
    return closing_ || !pending_.empty() || !tasks_.empty();
}

/// A few reads, of those that were there when pending batches were taken: what had been submitted
/// before them has been committed.
void WriterJournal::read_some() {
    // style: a real thread waits for a real disk.
    if (read_trouble_.is_on && std::chrono::steady_clock::now() < read_again_at_) {
        return;
    }
    for (; due_read_count_ > 0; --due_read_count_) {
        Read next;
        {
            const std::lock_guard lock(mutex_);
            if (closing_) {
                return;
            }
            next = reads_.front();
            reads_.pop_front();
        }
        Result<QueuePart> part = try_read(next.read);
        if (!part) {
            const std::lock_guard lock(mutex_);
            reads_.push_back(next);  // the others have their turn
            return;
        }
        listener_.on_queue_read(next.shard, std::move(*part));
    }
}

Result<QueuePart> WriterJournal::try_read(const QueueRead& read) {
    QueuePart part{.read = read};
    PartFiller filler(part);
    const Result<std::uint64_t> next = store_->read_queue(read, filler);
    {
        const std::lock_guard lock(mutex_);
        ++(next ? counters_.reads : counters_.read_failures);
        counters_.pending_reads -= next ? 1U : 0U;
    }
    if (!next) {
        note_failure(read_trouble_, next.error());
        // style: as in read_some().
        read_again_at_ = std::chrono::steady_clock::now() + read_backoff_.next();
        return tl::unexpected(next.error());
    }
    read_backoff_.reset();
    note_success(read_trouble_);
    part.next = *next;
    return part;
}

void WriterJournal::run_task(std::unique_lock<std::mutex>& lock) {
    Task* const task = tasks_.front();
    tasks_.erase(tasks_.begin());
    lock.unlock();
    task->run(*store_);
    lock.lock();
    task->is_done = true;
    task_done_.notify_all();
}

void WriterJournal::commit_all() {
    std::size_t first = 0;
    while (first < working_.size()) {
        const std::size_t behind = take_group(first);
        if (!commit_group()) {
            lost_count_ += working_.size() - first;
            return;
        }
        report(first, behind);
        if (const Status tidied = store_->tidy(); !tidied) {
            LOG(log_, Warn, "store housekeeping failed", {"reason", tidied.error().text},
                {"code", tidied.error().code});
        }
        first = behind;
    }
}

/// Puts submissions from `first` on into the group, as many as fit into one transaction; returns
/// the index behind the last.
std::size_t WriterJournal::take_group(std::size_t first) {
    group_.clear();
    std::fill(group_tickets_.begin(), group_tickets_.end(), CommitTicket());
    std::size_t bytes = 0;
    std::size_t at = first;
    while (at < working_.size()) {
        const Submission& submission = working_[at];
        bytes += submission.batch.size_bytes();
        if (at > first && bytes > kGroupBytesMax) {
            break;
        }
        group_.push_back(&submission.batch);
        group_tickets_[submission.shard.value()] = submission.ticket;
        ++at;
    }
    return at;
}

/// False only if the journal is closing and the store keeps failing.
bool WriterJournal::commit_group() {
    for (;;) {
        const Status status = try_commit();
        if (status) {
            backoff_.reset();
            note_success(write_trouble_);
            return true;
        }
        {
            const std::lock_guard lock(mutex_);
            ++counters_.failures;
        }
        note_failure(write_trouble_, status.error());
        if (!wait_to_retry()) {
            return false;
        }
    }
}

Status WriterJournal::try_commit() {
    // style: a real thread measures a real disk; no decision depends on this clock.
    const auto start = std::chrono::steady_clock::now();
    Status status = store_->commit(group_);
    // style: as above.
    const auto took = std::chrono::steady_clock::now() - start;
    const auto took_us = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(took).count());
    const std::lock_guard lock(mutex_);
    counters_.commit_us_max = std::max(counters_.commit_us_max, took_us);
    commit_times_.record_us(took_us);
    counters_.messages = store_->message_count();
    return status;
}

/// False if the journal is closing and has tried often enough.
bool WriterJournal::wait_to_retry() {
    std::unique_lock lock(mutex_);
    if (closing_ && ++close_try_count_ >= kCloseTriesMax) {
        return false;
    }
    // A journal that begins to close while it waits tries again at once, then starts its count with
    // short waits, whatever the last wait was.
    const bool was_closing = closing_;
    // style: as in try_commit().
    const auto until = std::chrono::steady_clock::now() + backoff_.next();
    const auto is_awaited = [&] { return (closing_ && !was_closing) || !tasks_.empty(); };
    while (wake_.wait_until(lock, until, is_awaited) && !tasks_.empty()) {
        run_task(lock);
    }
    if (closing_ && !was_closing) {
        backoff_.reset();
    }
    return true;
}

void WriterJournal::note_failure(Trouble& trouble, const Error& error) {
    if (trouble.is_on && error == trouble.error) {
        return;
    }
    trouble = {.is_on = true, .error = error};
    LOG(log_, Error,
        &trouble == &write_trouble_ ? "store cannot write, will retry"
                                    : "store cannot read, will retry",
        {"reason", error.text}, {"code", error.code});
    tell_state();
}

void WriterJournal::note_success(Trouble& trouble) {
    if (trouble.is_on) {
        trouble.is_on = false;
        LOG(log_, Info, &trouble == &write_trouble_ ? "store writes again" : "store reads again");
        tell_state();
    }
}

/// To the listener, if it does not know yet. What cannot be written counts for more.
void WriterJournal::tell_state() {
    const Trouble& worst = write_trouble_.is_on ? write_trouble_ : read_trouble_;
    const StoreState state = worst.is_on ? StoreState::Degraded : StoreState::Healthy;
    if (state == state_ && (state == StoreState::Healthy || worst.error == told_error_)) {
        return;
    }
    state_ = state;
    told_error_ = worst.error;
    {
        const std::lock_guard lock(mutex_);
        counters_.state = state;
        counters_.reason = worst.is_on ? worst.error.text : "";
    }
    listener_.on_store_state(state, worst.is_on ? worst.error : Error{ErrorKind::Io, 0, ""});
}

void WriterJournal::report(std::size_t first, std::size_t behind) {
    {
        const std::lock_guard lock(mutex_);
        ++counters_.commits;
        for (std::size_t at = first; at < behind; ++at) {
            const WriteBatch& batch = working_[at].batch;
            counters_.changes += batch.change_count();
            counters_.bytes += batch.size_bytes();
            --counters_.pending_batches;
            counters_.pending_bytes -= batch.size_bytes();
        }
    }
    for (std::size_t shard = 0; shard < group_tickets_.size(); ++shard) {
        if (group_tickets_[shard] != CommitTicket()) {
            listener_.on_committed(ShardId(static_cast<std::uint16_t>(shard)),
                                   group_tickets_[shard]);
        }
    }
}

/// Gives batches back for reuse, outside the time that anybody waits for.
void WriterJournal::recycle() {
    for (Submission& submission : working_) {
        submission.batch.clear();
    }
    {
        const std::lock_guard lock(mutex_);
        const std::size_t bytes_max = kSpareBytesPerShardMax * last_tickets_.size();
        for (Submission& submission : working_) {
            const std::size_t bytes = submission.batch.kept_bytes();
            if (spare_bytes_ + bytes <= bytes_max && spare_.size() < kPlacesKeptMax) {
                spare_bytes_ += bytes;
                spare_.push_back(std::move(submission.batch));
            }
        }
    }
    working_.clear();
    if (working_.capacity() > kPlacesKeptMax) {
        working_.shrink_to_fit();
    }
}

}  // namespace

std::unique_ptr<Journal> make_writer_journal(std::unique_ptr<MessageStore> store,
                                             const WriterJournalOptions& options,
                                             CommitListener& listener, const Log& log) {
    return std::make_unique<WriterJournal>(std::move(store), options, listener, log);
}

std::unique_ptr<Journal> make_writer_journal(std::unique_ptr<MessageStore> store,
                                             std::uint16_t shard_count, CommitListener& listener,
                                             const Log& log) {
    return make_writer_journal(std::move(store), WriterJournalOptions{.shard_count = shard_count},
                               listener, log);
}

}  // namespace kith::storage
