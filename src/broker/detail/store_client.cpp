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
    committed_ = through;
    while (!waiters_.empty() && waiters_.front().ticket <= through) {
        // Moved out first: the action may queue another.
        const std::function<void()> action = std::move(waiters_.front().action);
        waiters_.pop_front();
        action();
    }
}

void StoreClient::run_task() {
    if (batch_.empty()) {
        return;
    }
    const storage::CommitTicket ticket = journal_->submit(shard_->id(), batch_);
    CHECK(ticket == submitted_.next());
    CHECK(batch_.empty());
    submitted_ = ticket;
}

}  // namespace kith::broker
