#include "mesh/live/peer_dialer.h"

#include <algorithm>
#include <utility>

#include "mesh/live/limits.h"

namespace kith::mesh {
namespace {

/// After so many doublings it is the longest anyway.
constexpr unsigned kDoublingsMax = 10;

Duration backoff(unsigned failed_rounds, Random& random) {
    const Duration even = std::min<Duration>(
        kDialBackoffMin * (1U << std::min(failed_rounds, kDoublingsMax)), kDialBackoffMax);
    return random.between(even * 3 / 4, even * 5 / 4);
}

}  // namespace

PeerDialer::PeerDialer(runtime::Shard& shard, DialOwner& owner, std::string peer)
    : shard_(shard), owner_(owner), peer_(std::move(peer)) {}

void PeerDialer::start() {
    begin_round();
}

void PeerDialer::stop() {
    is_stopped_ = true;
    end_round();
    state_ = State::Waiting;
}

void PeerDialer::begin_round() {
    state_ = State::Resolving;
    owner_.resolve(*this);
}

void PeerDialer::on_resolved(const Result<std::vector<runtime::SocketAddress>>& addresses) {
    if (state_ != State::Resolving) {
        return;
    }
    if (!addresses || addresses->empty()) {
        wait();
        return;
    }
    addresses_ = *addresses;
    std::erase_if(addresses_, [this](const auto& address) { return is_own(address); });
    if (addresses_.empty()) {
        state_ = State::Own;
        return;
    }
    if (addresses_.size() > kAddressesPerPeerMax) {
        addresses_.resize(kAddressesPerPeerMax);
    }
    // style: clang 14 does not compile std::ranges::stable_partition.
    std::stable_partition(addresses_.begin(), addresses_.end(),
                          [this](const auto& address) { return address == last_good_; });
    std::ranges::reverse(addresses_);
    state_ = State::Dialling;
    dial_next();
}

void PeerDialer::dial_next() {
    while (!addresses_.empty()) {
        const runtime::SocketAddress address = addresses_.back();
        addresses_.pop_back();
        if (const std::optional<LinkId> link = owner_.dial(*this, address)) {
            attempts_.push_back({*link, address});
            break;
        }
    }
    if (!addresses_.empty()) {
        shard_.arm_after(*this, kDialStagger);
    } else if (attempts_.empty()) {
        wait();
    }
}

void PeerDialer::on_timer(Instant) {
    if (state_ == State::Waiting) {
        begin_round();
    } else if (state_ == State::Dialling) {
        dial_next();
    }
}

void PeerDialer::on_up(LinkId link) {
    last_good_ = take_attempt(link);
    end_round();
    state_ = State::Linked;
}

void PeerDialer::on_failed(LinkId link) {
    if (!take_attempt(link)) {
        return;
    }
    if (!addresses_.empty()) {
        dial_next();  // no need to wait for the rest of the 50 ms
    } else if (attempts_.empty()) {
        wait();
    }
}

void PeerDialer::on_own_address(LinkId link) {
    if (const auto address = take_attempt(link); address && own_.size() < kAddressesPerPeerMax) {
        own_.push_back(*address);
    }
    if (!addresses_.empty()) {
        dial_next();
    } else if (attempts_.empty()) {
        begin_round();  // says whether any address is left
    }
}

void PeerDialer::on_down(Duration lasted, std::optional<LinkId> twin) {
    if (state_ != State::Linked) {
        return;
    }
    if (lasted >= kLinkProven) {
        failed_rounds_ = 0;
    }
    if (twin) {
        state_ = State::Elsewhere;
        twin_ = *twin;
    } else {
        wait();
    }
}

void PeerDialer::on_link_gone(LinkId link) {
    if (state_ == State::Elsewhere && link == twin_) {
        failed_rounds_ = 0;
        wait();
    }
}

void PeerDialer::end_round() {
    cancel();
    addresses_.clear();
    for (const Attempt& attempt : std::exchange(attempts_, {})) {
        owner_.give_up(attempt.link);
    }
}

void PeerDialer::wait() {
    state_ = State::Waiting;
    if (!is_stopped_) {
        shard_.arm_after(*this, backoff(failed_rounds_, shard_.random()));
        ++failed_rounds_;
    }
}

std::optional<runtime::SocketAddress> PeerDialer::take_attempt(LinkId link) {
    const auto found = std::ranges::find(attempts_, link, &Attempt::link);
    if (found == attempts_.end()) {
        return std::nullopt;
    }
    const runtime::SocketAddress address = found->address;
    attempts_.erase(found);
    return address;
}

bool PeerDialer::is_own(const runtime::SocketAddress& address) const {
    return std::ranges::find(own_, address) != own_.end();
}

std::string_view to_string(PeerDialer::State state) {
    switch (state) {
        case PeerDialer::State::Waiting:
            return "waiting";
        case PeerDialer::State::Resolving:
            return "resolving";
        case PeerDialer::State::Dialling:
            return "dialling";
        case PeerDialer::State::Linked:
            return "linked";
        case PeerDialer::State::Elsewhere:
            return "elsewhere";
        case PeerDialer::State::Own:
            return "own_address";
    }
    return "unknown";
}

}  // namespace kith::mesh
