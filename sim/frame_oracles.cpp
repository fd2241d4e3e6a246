#include "sim/frame_oracles.h"

#include <fmt/format.h>

#include <algorithm>

#include "wire/mesh/bodies.h"

namespace kith::sim {
namespace {

constexpr std::uint32_t kVisitsMax = 2;
/// A message may be sent again once a second (mesh/limits.h).
constexpr Duration kRetransmit = 1s;
/// Routes follow a change in less: those of nodes that have changed before wait for kSpfDelayMax.
constexpr Duration kTransient = 2s;
/// Nothing changed for so long: a hop limit has no excuse.
constexpr Duration kQuiet = 10s;

}  // namespace

bool covers(std::string_view wide, std::string_view narrow) {
    // Bounded by the levels of both.
    while (true) {
        if (wide == "#") {
            return true;
        }
        const std::size_t wide_end = std::min(wide.find('/'), wide.size());
        const std::size_t narrow_end = std::min(narrow.find('/'), narrow.size());
        const std::string_view wide_level = wide.substr(0, wide_end);
        const std::string_view narrow_level = narrow.substr(0, narrow_end);
        if (narrow_level == "#" || (wide_level != "+" && wide_level != narrow_level)) {
            return false;
        }
        const bool wide_is_last = wide_end == wide.size();
        const bool narrow_is_last = narrow_end == narrow.size();
        if (wide_is_last || narrow_is_last) {
            return (wide_is_last && narrow_is_last) ||
                   (narrow_is_last && wide.substr(wide_end + 1) == "#");
        }
        wide.remove_prefix(wide_end + 1);
        narrow.remove_prefix(narrow_end + 1);
    }
}

void VisitOracle::on_data(NodeIndex node, const mesh::Data& data, Instant now) {
    const auto [at, is_new] = messages_.try_emplace(data.id);
    Watched& watched = at->second;
    if (is_new) {
        oldest_first_.push_back(data.id);
        watched.first_at = now;
        const auto first = std::ranges::lower_bound(changes_, now - kTransient);
        watched.first_change = static_cast<std::size_t>(first - changes_.begin());
    }
    const auto changes = static_cast<std::uint32_t>(changes_.size() - watched.first_change);
    const auto seconds = static_cast<std::uint32_t>((now - watched.first_at) / kRetransmit);
    for (const mesh::Destination& destination : data.destinations) {
        const std::uint32_t visits = ++watched.visits[{node, destination.node}];
        const bool may_circle = data.qos == 0 && has_changed_since(now - kTransient);
        if (visits > kVisitsMax + 2 * changes + seconds && !may_circle) {
            verdicts_.broken(
                Oracle::NoLoops, now,
                fmt::format("a message of QoS {} visits node {} for the {}th time on one way, {} "
                            "changes and {} s after",
                            data.qos, node, visits, changes, seconds));
        }
    }
    if (oldest_first_.size() > kMessagesMax) {
        messages_.erase(oldest_first_.front());
        oldest_first_.pop_front();
    }
}

void VisitOracle::on_change(Instant now) {
    changes_.push_back(now);
}

void VisitOracle::on_hop_limit(NodeIndex node, Instant now) {
    if (!has_changed_since(now - kQuiet)) {
        verdicts_.broken(Oracle::NoLoops, now,
                         fmt::format("a message ran out of hops at node {}, and nothing changed "
                                     "for 10 s",
                                     node));
    }
}

void InterestOracle::on_record(const mesh::Record& record) {
    if (record.key.kind != mesh::RecordKind::Interest) {
        return;
    }
    Part& part = told_[{record.key.origin, record.key.part}];
    if (record.version <= part.version) {
        return;
    }
    const Result<mesh::InterestBody> body =
        record.body.empty() ? mesh::InterestBody{} : mesh::decode_interest(record.body);
    if (!body) {
        return;  // damaged on its way, as a rogue does
    }
    part = {.version = record.version};
    for (const mesh::InterestBody::Entry& entry : body->entries) {
        part.entries.push_back(
            {.group = std::string(entry.share_group), .filter = std::string(entry.filter)});
    }
}

void InterestOracle::judge(const std::vector<Subscription>& subscriptions, Instant now) {
    for (const Subscription& subscription : subscriptions) {
        if (subscription.is_ended) {
            continue;
        }
        bool is_told = false;
        for (auto part = told_.lower_bound({subscription.identity, 0});
             part != told_.end() && part->first.first == subscription.identity; ++part) {
            is_told |= std::ranges::any_of(part->second.entries, [&](const Entry& entry) {
                return entry.group == subscription.group &&
                       covers(entry.filter, subscription.filter);
            });
        }
        if (!is_told) {
            verdicts_.broken(Oracle::Interest, now,
                             fmt::format("node {} subscribes to {} and has not told so",
                                         subscription.node, subscription.filter));
        }
    }
}

}  // namespace kith::sim
