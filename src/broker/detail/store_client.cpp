#include "broker/detail/store_client.h"

#include <utility>

#include "base/check.h"

namespace kith::broker {

void StoreClient::when_committed(std::function<void()> action) {
    const storage::CommitTicket covering = batch_.empty() ? submitted_ : submitted_.next();
    if (covering <= committed_) {
        action();
        return;
    }
    waiters_.push_back({covering, std::move(action)});
}

void StoreClient::on_committed(storage::CommitTicket through) {
    CHECK(through <= submitted_);
    CHECK(through >= committed_);
    committed_ = through;
    while (!uncommitted_.empty() && uncommitted_.front().ticket <= through) {
        uncommitted_bytes_ -= uncommitted_.front().bytes;
        uncommitted_.pop_front();
    }
    while (!waiters_.empty() && waiters_.front().ticket <= through) {
        // Moved out first: the action may queue another.
        const std::function<void()> action = std::move(waiters_.front().action);
        waiters_.pop_front();
        action();
    }
}

void StoreClient::run_task() {
    if (!batch_.empty()) {
        submit();
    }
    for (const storage::QueueRead& read : reads_) {
        journal_->read_queue(shard_->id(), read);
    }
    reads_.clear();
}

void StoreClient::submit() {
    const std::size_t bytes = batch_.size_bytes();
    const storage::CommitTicket ticket = journal_->submit(shard_->id(), batch_);
    CHECK(ticket == submitted_.next());
    CHECK(batch_.empty());
    submitted_ = ticket;
    uncommitted_.push_back({ticket, bytes});
    uncommitted_bytes_ += bytes;
}

}  // namespace kith::broker
