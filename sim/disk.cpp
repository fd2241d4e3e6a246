#include "sim/disk.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace kith::sim {
namespace {

// A group commit of a small machine, and one behind whatever else writes.
constexpr Duration kSyncMin = 2ms;
constexpr Duration kSyncMax = 5ms;
constexpr Duration kSlowSync = 500ms;

}  // namespace

std::uint64_t number_of(Bytes payload) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(8, payload.size()); ++i) {
        number = number << 8 | payload[i];
    }
    return number;
}

StoredMessage::StoredMessage(const mesh::Data& data)
    : topic_(data.topic),
      properties_(data.properties.begin(), data.properties.end()),
      payload_(data.payload.begin(), data.payload.end()),
      data_(data) {
    data_.topic = topic_;
    data_.properties = properties_;
    data_.payload = payload_;
}

void Disk::store(mesh::CustodyTicket ticket, const mesh::Data& data) {
    pending_.push_back({.kind = Operation::Kind::Store,
                        .ticket = ticket,
                        .message = std::make_unique<StoredMessage>(data)});
}

void Disk::settle(mesh::CustodyTicket ticket, const mesh::Destinations& left) {
    pending_.push_back({.kind = Operation::Kind::Settle, .ticket = ticket, .left = left});
}

void Disk::store_delivery(Delivery delivery, std::uint64_t token) {
    pending_.push_back(
        {.kind = Operation::Kind::Deliver, .delivery = std::move(delivery), .token = token});
}

std::optional<Duration> Disk::begin_sync(Random& random) {
    if (syncing_count_ > 0 || pending_.empty()) {
        return std::nullopt;
    }
    syncing_count_ = pending_.size();
    const Duration usual = random.between(kSyncMin, kSyncMax);
    return health_ == Health::Good ? usual : kSlowSync;
}

void Disk::finish_sync(DiskListener& listener) {
    std::size_t count = std::exchange(syncing_count_, 0);
    if (health_ == Health::Full) {
        return;
    }
    for (; count > 0; --count) {
        Operation operation = std::move(pending_.front());
        pending_.pop_front();
        apply(operation);
        if (operation.kind == Operation::Kind::Store) {
            listener.on_stored(operation.ticket);
        } else if (operation.kind == Operation::Kind::Deliver) {
            listener.on_delivery_stored(operation.delivery, operation.token);
        }
    }
}

void Disk::apply(Operation& operation) {
    switch (operation.kind) {
        case Operation::Kind::Store:
            held_[operation.ticket] = std::move(operation.message);
            return;
        case Operation::Kind::Settle: {
            const auto held = held_.find(operation.ticket);
            if (held == held_.end()) {
                return;
            }
            if (operation.left.empty()) {
                held_.erase(held);
            } else {
                held->second->set_destinations(operation.left);
            }
            return;
        }
        case Operation::Kind::Deliver:
            progress_[operation.delivery.stream] = operation.delivery.progress;
            return;
    }
}

void Disk::crash(Random& random, DiskListener& listener) {
    for (std::uint64_t kept = random.below(pending_.size() + 1); kept > 0; --kept) {
        Operation operation = std::move(pending_.front());
        pending_.pop_front();
        apply(operation);
        if (operation.kind == Operation::Kind::Deliver) {
            listener.on_delivery_stored(operation.delivery, 0);
        }
    }
    pending_.clear();
    syncing_count_ = 0;
}

void Disk::wipe() {
    held_.clear();
    progress_.clear();
    pending_.clear();
    syncing_count_ = 0;
}

}  // namespace kith::sim
