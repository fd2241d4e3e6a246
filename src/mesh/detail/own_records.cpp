#include "mesh/detail/own_records.h"

#include <algorithm>

namespace kith::mesh {
namespace {

constexpr Duration kChangeInterval = Duration(1s) / kInterestChangesPerSecond;
// Of a record without its body: names, numbers and signature, rounded up.
constexpr std::size_t kRecordOverheadBytes = 96;

}  // namespace

void ExponentialThrottle::on_told(Instant now) {
    const bool is_quiet = delay_ == Duration::zero() || now >= next_at_ + delay_;
    delay_ = is_quiet ? kOriginationDelaySecond : std::min(delay_ * 2, kOriginationDelayMax);
    next_at_ = now + delay_;
}

Instant RateThrottle::next_at() const {
    return full_at_ - kChangeInterval * (kInterestChangesPerSecond - 1);
}

void RateThrottle::on_told(Instant now) {
    full_at_ = std::min(std::max(full_at_, now) + kChangeInterval, now + 1s);
}

OwnRecords::OwnRecords(std::uint32_t epoch, std::uint64_t seed) : epoch_(epoch), random_(seed) {}

Status OwnRecords::tell(RecordKind kind, std::uint16_t part, Bytes body, Instant now) {
    if (part >= kRecordPartsMax) {
        return fail(ErrorKind::Limit, "a record has no such part");
    }
    const auto found = own_.find(Name(kind, part));
    const bool is_known = found != own_.end();
    if (is_known ? std::ranges::equal(found->second.body, body) : body.empty()) {
        return {};
    }
    const std::size_t before =
        is_known ? found->second.body.size() + kRecordOverheadBytes : std::size_t{0};
    const std::size_t after = told_bytes() - before + body.size() + kRecordOverheadBytes;
    if (body.size() > kRecordBodyBytesMax || after > kOriginRecordBytesMax) {
        return fail(ErrorKind::Limit, "a node tells no more than this");
    }
    Own& own = own_[Name(kind, part)];
    own.body.assign(body.begin(), body.end());
    wait(own, now);
    plan();
    return {};
}

bool OwnRecords::supersede(const RecordVersion& heard, bool is_withdrawn, Instant now) {
    const auto found = own_.find(Name(heard.key.kind, heard.key.part));
    const bool has_nothing = found == own_.end() || found->second.body.empty();
    const bool is_last = heard.version == Version{.epoch = UINT32_MAX, .counter = UINT32_MAX};
    if (heard.version > Version{.epoch = epoch_, .counter = counter_}) {
        epoch_ = heard.version.epoch;
        counter_ = heard.version.counter;
    }
    if ((is_withdrawn && has_nothing) || is_last) {
        return false;
    }
    wait(own_[Name(heard.key.kind, heard.key.part)], now);
    plan();
    return true;
}

void OwnRecords::forget(RecordKind kind, std::uint16_t part) {
    const auto found = own_.find(Name(kind, part));
    if (found != own_.end() && found->second.body.empty() && !found->second.is_waiting) {
        own_.erase(found);
        plan();
    }
}

std::vector<OwnRecords::Telling> OwnRecords::take_due(Instant now) {
    std::vector<Telling> due;
    if (now < deadline_) {
        return due;
    }
    for (auto& [name, own] : own_) {
        if (own.refresh_at <= now) {
            wait(own, now);
        }
    }
    while (Entry* next = next_due(now)) {
        auto& [name, own] = *next;
        on_told(name.first, own, now);
        due.push_back(Telling{
            .kind = name.first, .part = name.second, .version = own.version, .body = own.body});
    }
    plan();
    return due;
}

Version OwnRecords::version(RecordKind kind, std::uint16_t part) const {
    const auto found = own_.find(Name(kind, part));
    return found == own_.end() ? Version{} : found->second.version;
}

std::size_t OwnRecords::told_bytes() const {
    std::size_t bytes = 0;
    for (const auto& [name, own] : own_) {
        bytes += own.body.size() + kRecordOverheadBytes;
    }
    return bytes;
}

void OwnRecords::plan() {
    deadline_ = Instant::never();
    for (const auto& [name, own] : own_) {
        deadline_ = std::min({deadline_, own.refresh_at, due_at(name.first, own)});
    }
}

// A second telling before the first has left takes its place, and its turn.
void OwnRecords::wait(Own& own, Instant now) {
    if (++counter_ == 0) {
        ++epoch_;
    }
    own.version = Version{.epoch = epoch_, .counter = counter_};
    own.refresh_at = Instant::never();
    if (!own.is_waiting) {
        own.is_waiting = true;
        own.waits_since = now;
    }
}

// Of those that may go, the one that waits longest; a throttle lets through one after the other.
OwnRecords::Entry* OwnRecords::next_due(Instant now) {
    Entry* next = nullptr;
    for (Entry& entry : own_) {
        const Own& own = entry.second;
        if (due_at(entry.first.first, own) <= now &&
            (next == nullptr || own.waits_since < next->second.waits_since)) {
            next = &entry;
        }
    }
    return next;
}

Instant OwnRecords::due_at(RecordKind kind, const Own& own) const {
    if (!own.is_waiting) {
        return Instant::never();
    }
    switch (kind) {
        case RecordKind::LinkState:
            return std::max(own.waits_since, link_state_.next_at());
        case RecordKind::Interest:
            return std::clamp(interest_.next_at(), own.waits_since,
                              own.waits_since + kInterestDelayMax);
        case RecordKind::Directory:
            return std::clamp(directory_.next_at(), own.waits_since,
                              own.waits_since + kInterestDelayMax);
        case RecordKind::Identity:
        case RecordKind::Revocation:
            break;
    }
    return own.waits_since;
}

void OwnRecords::on_told(RecordKind kind, Own& own, Instant now) {
    own.is_waiting = false;
    own.refresh_at = own.body.empty() ? Instant::never()
                                      : now + random_.between(kRecordRefreshInterval * 7 / 8,
                                                              kRecordRefreshInterval * 9 / 8);
    if (kind == RecordKind::LinkState) {
        link_state_.on_told(now);
    } else if (kind == RecordKind::Interest) {
        interest_.on_told(now);
    } else if (kind == RecordKind::Directory) {
        directory_.on_told(now);
    }
}

}  // namespace kith::mesh
