// Keeps one peer connected that the configuration names, for ever.
//
// A round finds the peer's addresses and dials them 50 ms apart, the one that worked last time
// first; the first link that is up ends the round, and the rest is given up. A round without a link
// is followed by another one, after 100 ms, then twice as long, up to 5 s. A link that turns out to
// be this node's own end takes its address out for good. One that duplicates another link leaves
// the peer to that, until it ends. Threads: shard-local. Limits: limits.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mesh/ports.h"
#include "runtime/address.h"
#include "runtime/shard.h"
#include "runtime/timer.h"

namespace kith::mesh {

class PeerDialer;

class DialOwner {
  public:
    /// PeerDialer::on_resolved() follows, in a later turn.
    virtual void resolve(PeerDialer& dialer) = 0;
    /// Begins to connect. on_up(), on_failed() or one of their kind follows in a later turn; no
    /// link if there is none to follow.
    [[nodiscard]] virtual std::optional<LinkId> dial(PeerDialer& dialer,
                                                     const runtime::SocketAddress& address) = 0;
    /// Ends an attempt, of which nothing more is to be told.
    virtual void give_up(LinkId link) = 0;

  protected:
    ~DialOwner() = default;
};

class PeerDialer final : private runtime::Timer {
  public:
    enum class State : std::uint8_t {
        Waiting,    // for the next round
        Resolving,  // its name
        Dialling,
        Linked,
        Elsewhere,  // another link reaches it the same way
        Own,        // all of its addresses are this node's own
    };

    /// `peer` is HOST:PORT.
    PeerDialer(runtime::Shard& shard, DialOwner& owner, std::string peer);

    /// The first round, now.
    void start();
    /// Gives up what is under way, and begins nothing more.
    void stop();

    void on_resolved(const Result<std::vector<runtime::SocketAddress>>& addresses);
    void on_up(LinkId link);
    /// Before it was up.
    void on_failed(LinkId link);
    void on_own_address(LinkId link);
    /// A link that was up has ended, after `lasted`; `twin` is one that reaches the peer the same
    /// way, if there is one.
    void on_down(Duration lasted, std::optional<LinkId> twin);
    /// Any link of the node has ended.
    void on_link_gone(LinkId link);

    [[nodiscard]] const std::string& peer() const { return peer_; }
    [[nodiscard]] State state() const { return state_; }
    /// Is content with this link, which it has not made.
    [[nodiscard]] bool relies_on(LinkId link) const {
        return state_ == State::Elsewhere && twin_ == link;
    }
    /// Rounds since the last good link.
    [[nodiscard]] unsigned failed_rounds() const { return failed_rounds_; }

  private:
    struct Attempt {
        LinkId link;
        runtime::SocketAddress address;
    };

    void on_timer(Instant now) override;
    void begin_round();
    void dial_next();
    void end_round();
    void wait();
    [[nodiscard]] std::optional<runtime::SocketAddress> take_attempt(LinkId link);
    [[nodiscard]] bool is_own(const runtime::SocketAddress& address) const;

    runtime::Shard& shard_;
    DialOwner& owner_;
    std::string peer_;
    State state_ = State::Waiting;
    bool is_stopped_ = false;
    unsigned failed_rounds_ = 0;
    std::vector<runtime::SocketAddress> addresses_;  // of this round, the next one last
    std::vector<Attempt> attempts_;
    std::optional<runtime::SocketAddress> last_good_;
    std::vector<runtime::SocketAddress> own_;
    LinkId twin_;  // while Elsewhere
};

[[nodiscard]] std::string_view to_string(PeerDialer::State state);

}  // namespace kith::mesh
