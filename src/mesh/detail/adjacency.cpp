#include "mesh/detail/adjacency.h"

#include <algorithm>

#include "base/check.h"

namespace kith::mesh {
namespace {

/// Another link is taken if it costs at most 4/5 of the one in use.
bool is_much_cheaper(const Link& link, const Link& than) {
    return std::uint64_t{link.cost()} * 5 <= std::uint64_t{than.cost()} * 4;
}

}  // namespace

Link& Adjacency::add(std::unique_ptr<Link> link) {
    CHECK(has_room());
    const auto at = std::lower_bound(links_.begin(), links_.end(), link->id(),
                                     [](const auto& a, LinkId id) { return a->id() < id; });
    return **links_.insert(at, std::move(link));
}

const Link* Adjacency::lost_link() const {
    const auto at = std::find_if(links_.begin(), links_.end(),
                                 [](const auto& link) { return link->is_lost(); });
    return at != links_.end() ? at->get() : nullptr;
}

void Adjacency::remove(LinkId link) {
    const auto at = std::find_if(links_.begin(), links_.end(),
                                 [link](const auto& a) { return a->id() == link; });
    CHECK(at != links_.end());
    if (best_ == at->get()) {
        best_ = nullptr;
    }
    links_.erase(at);
}

void Adjacency::choose_best() {
    Link* best = best_ != nullptr && best_->is_up() && !best_->is_suspect ? best_ : nullptr;
    Link* last_resort = best_ != nullptr && best_->is_up() ? best_ : nullptr;
    for (const auto& link : links_) {
        if (!link->is_up()) {
            continue;
        }
        if (last_resort == nullptr) {
            last_resort = link.get();
        }
        if (link->is_suspect) {
            continue;
        }
        const bool is_better = best == nullptr || (best == best_ ? is_much_cheaper(*link, *best)
                                                                 : link->cost() < best->cost());
        if (is_better) {
            best = link.get();
        }
    }
    best_ = best != nullptr ? best : last_resort;
}

bool Adjacency::is_mute() const {
    return best_ != nullptr && best_->is_suspect;
}

bool Adjacency::all_heard_since(Instant since) const {
    return std::all_of(links_.begin(), links_.end(), [since](const auto& link) {
        return !link->is_up() || link->quiet_since() >= since;
    });
}

bool Adjacency::is_quiet(Instant now) const {
    if (is_suspect || suspicion.is_probing()) {
        return true;
    }
    return std::all_of(links_.begin(), links_.end(),
                       [now](const auto& link) { return !link->is_up() || link->is_quiet(now); });
}

Duration Adjacency::answer_patience() const {
    Duration patience{};
    for (const auto& link : links_) {
        if (link->is_up()) {
            patience = std::max(patience, link->round_trip().answer_patience());
        }
    }
    return patience;
}

bool Adjacency::is_receipt_overdue(int times, Instant now) const {
    return std::any_of(links_.begin(), links_.end(), [times, now](const auto& link) {
        return !link->is_suspect && link->receipt_overdue_at(times) <= now;
    });
}

void Adjacency::judge() {
    for (const auto& link : links_) {
        if (link->is_up() && link->quiet_since() < suspicion.since()) {
            link->is_suspect = true;
        }
    }
}

Instant Adjacency::deadline(int times) const {
    Instant at = suspicion.next_at();
    for (const auto& link : links_) {
        at = std::min({at, link->silent_at(times), link->closes_at, link->receipt_due()});
        if (!link->is_suspect && !suspicion.is_probing()) {
            at = std::min(at, link->receipt_overdue_at(times));
        }
    }
    return at;
}

}  // namespace kith::mesh
