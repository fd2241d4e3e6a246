// Which messages a session has had since it came, for those that may come in two ways.
//
// A session that has moved gets messages at its new node, and for a while those that went to its
// old one. Threads: shard-local. Limits: kMoveSeenMax of one session; beyond it the oldest are
// forgotten.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <deque>
#include <utility>

#include "base/ids.h"
#include "base/time.h"
#include "broker/limits.h"
#include "bus/message.h"

namespace kith::broker {

class SeenMessages {
  public:
    void watch(SessionId session, Instant until) { sessions_[session].until = until; }
    [[nodiscard]] bool is_watched(SessionId session) const { return sessions_.contains(session); }
    /// False if it was seen before. Requires: watched.
    bool add(SessionId session, const bus::MessageSource& source) {
        Seen& seen = sessions_[session];
        const Name name{source.node, source.number};
        if (!seen.names.insert(name).second) {
            return false;
        }
        seen.order.push_back(name);
        if (seen.order.size() > kMoveSeenMax) {
            seen.names.erase(seen.order.front());
            seen.order.pop_front();
        }
        return true;
    }
    /// Calls visit(source) for each, the oldest first.
    template <typename Visit>
    void for_each(SessionId session, Visit&& visit) const {
        const auto found = sessions_.find(session);
        if (found == sessions_.end()) {
            return;
        }
        for (const auto& [node, number] : found->second.order) {
            visit(bus::MessageSource{.node = node, .number = number});
        }
    }
    void forget(SessionId session) { sessions_.erase(session); }
    /// Calls ended(SessionId) for those whose time is over.
    template <typename Ended>
    void forget_old(Instant now, Ended&& ended) {
        boost::unordered::erase_if(sessions_, [&](const auto& entry) {
            const bool is_over = entry.second.until <= now;
            if (is_over) {
                ended(entry.first);
            }
            return is_over;
        });
    }
    [[nodiscard]] bool empty() const { return sessions_.empty(); }

  private:
    using Name = std::pair<std::uint64_t, std::uint64_t>;
    struct Seen {
        boost::unordered_flat_set<Name> names;
        std::deque<Name> order;
        Instant until;
    };
    boost::unordered_flat_map<SessionId, Seen> sessions_;
};

}  // namespace kith::broker
