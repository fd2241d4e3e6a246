// The connected clients that do not take what waits for them.
//
// A connection that cannot be given more, because its socket or its window is full while messages
// wait, becomes a suspect; what is given to others costs nothing. If that lasts kSlowAfter without
// a moment of relief, the client is slow: it is counted, shown, and told of as an event, at most
// once in kSlowToldAgainAfter a client and kSlowEventsPerLook a look of the shard. Threads:
// shard-local. Limits: an entry for each connected client at most.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <functional>

#include "base/ids.h"
#include "base/time.h"
#include "broker/events.h"
#include "broker/observe.h"
#include "runtime/timer.h"

namespace kith::broker {

class Session;
struct ShardContext;

inline constexpr Duration kSlowAfter = 2s;
inline constexpr Duration kSlowLookInterval = 1s;
inline constexpr Duration kSlowToldAgainAfter = 60s;
inline constexpr std::uint32_t kSlowEventsPerLook = 10;

class SlowClients final : public runtime::Timer {
  public:
    explicit SlowClients(ShardContext& context) : context_(context) {}

    /// Something waits that its connection, which is_suspect() from now on, does not take.
    void suspect(const Session& session);
    /// A publisher is held back for it. Requires: it is a suspect.
    void note_hold(const Session& session);

    void for_each(const std::function<void(const SlowClientView&)>& visit) const;
    [[nodiscard]] std::size_t slow_count() const { return slow_count_; }

    void on_timer(Instant now) override;

  private:
    struct Suspect {
        Instant since;  // waits without relief
        Instant progress_at;
        Instant told_at;  // never() before the first time
        std::uint64_t sent_bytes_seen = 0;
        std::uint64_t holds = 0;
        bool is_slow = false;
        bool was_told = false;  // that it is slow, and not yet that it has recovered
    };

    /// False when there is nothing to remember any more.
    bool look_at(SessionId id, Suspect& suspect, Instant now);
    void tell(EventKind kind, const Session& session, std::string_view reason);

    ShardContext& context_;
    boost::unordered_flat_map<SessionId, Suspect> suspects_;
    std::size_t slow_count_ = 0;
    std::uint32_t events_left_ = 0;  // of this look
};

}  // namespace kith::broker
