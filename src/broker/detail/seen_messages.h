// Which messages a session has had since it came, for those that may come in two ways.
//
// A session that has moved gets messages at its new node, and for a while those that went to its
// old ones. A name is on disk exactly when its message is, as a mark of the same transaction, so
// that a node that loses its power does not take a message again:
//
//     "sn" session 8 | slot 2   ->  place 8 | node 8 | number 8      a message that it has had
//     "so" session 8 | node 8   ->  1                                who may still send behind it
//
// Places count from 1, slots are places modulo kMoveSeenMax. A session is watched until its time is
// over and nobody may send behind it any more. Threads: shard-local. Limits: kMoveSeenMax names
// and kMoveOwnersMax former owners of one session; beyond them the oldest are forgotten.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/time.h"
#include "bus/message.h"
#include "bus/session_port.h"
#include "storage/write_batch.h"

namespace kith::broker {

/// What a mark says.
struct SeenMark {
    SessionId session;
    std::uint64_t place = 0;  // 0: it is a former owner
    bus::MessageSource source;
};

[[nodiscard]] bool is_seen_mark(Bytes key);
/// Nothing if it cannot be read.
[[nodiscard]] std::optional<SeenMark> decode_seen_mark(Bytes key, Bytes value);
void put_seen_mark(storage::WriteBatch& batch, const SeenMark& mark);
void delete_seen_mark(storage::WriteBatch& batch, const SeenMark& mark);

class SeenMessages {
  public:
    /// From now on. Not before `until` is it over, whoever may send; after `at_last` in any case.
    void watch(SessionId session, Instant until, Instant at_last);
    void prolong(SessionId session, Instant until) { sessions_.at(session).until = until; }
    [[nodiscard]] bool is_watched(SessionId session) const { return sessions_.contains(session); }
    /// False if it was seen before. Requires: watched.
    bool add(SessionId session, const bus::MessageSource& source);
    /// Where it stands among the names; 0 if it does not.
    [[nodiscard]] std::uint64_t place_of(SessionId session, const bus::MessageSource& source) const;
    /// As a mark says.
    void restore(const SeenMark& mark);
    void add_owner(SessionId session, bus::PeerId node);
    /// Nothing more will come from `node`.
    void remove_owner(SessionId session, bus::PeerId node, storage::WriteBatch& batch);
    [[nodiscard]] const std::vector<bus::PeerId>& owners(SessionId session) const;
    [[nodiscard]] bool is_time_over(SessionId session, Instant now) const;

    /// Calls visit(source) for each, the oldest first.
    template <typename Visit>
    void for_each(SessionId session, Visit&& visit) const {
        const auto found = sessions_.find(session);
        if (found == sessions_.end()) {
            return;
        }
        for (const auto& [place, name] : found->second.order) {
            visit(bus::MessageSource{.node = name.first, .number = name.second});
        }
    }
    /// Calls visit(SessionId) for each that is watched.
    template <typename Visit>
    void for_each_session(Visit&& visit) const {
        for (const auto& [session, seen] : sessions_) {
            visit(session);
        }
    }
    /// With its marks.
    void forget(SessionId session, storage::WriteBatch& batch);
    [[nodiscard]] bool is_over(SessionId session, Instant now) const;
    [[nodiscard]] bool empty() const { return sessions_.empty(); }

  private:
    using Name = std::pair<std::uint64_t, std::uint64_t>;
    struct Seen {
        boost::unordered_flat_map<Name, std::uint64_t> places;
        std::map<std::uint64_t, Name> order;
        std::vector<bus::PeerId> owners;
        Instant until;
        Instant at_last;
    };
    void put(Seen& seen, std::uint64_t place, const Name& name);

    boost::unordered_flat_map<SessionId, Seen> sessions_;
};

}  // namespace kith::broker
