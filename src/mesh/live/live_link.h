// One connection to a neighbour, from the first packet to the last: handshake, frames, good-bye.
//
// Knows bytes and nothing of what they mean: MeshHost hands them to the core. While the stream is
// congested, frames wait here by priority, so that a hello is not stuck behind a long message that
// nobody has begun to send. Threads: shard-local. Limits: limits.h.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/shared_bytes.h"
#include "mesh/live/frame_queue.h"
#include "mesh/live/link_security.h"
#include "mesh/ports.h"
#include "runtime/shard.h"
#include "runtime/stream.h"
#include "runtime/timer.h"

namespace kith::mesh {

class LiveLink;

enum class LinkEnd : std::uint8_t {
    Closed,     // by either side, in order
    Broken,     // the connection failed
    Timeout,    // of the handshake
    NotMember,  // who it is could not be proved, or does not belong
};

/// Called from events of the link; may destroy it only in a later turn.
class LinkOwner {
  public:
    /// The handshake is done: peer() is known.
    virtual void on_link_ready(LiveLink& link) = 0;
    /// Somebody wants to be let in: no link. The stream has to get its next handler in this call;
    /// the link has ended, and this is the last call.
    virtual void on_link_newcomer(LiveLink& link, std::unique_ptr<runtime::Stream> stream) = 0;
    /// As MeshNode::on_bytes(): how many were used.
    [[nodiscard]] virtual Result<std::size_t> on_link_bytes(LiveLink& link, Bytes bytes) = 0;
    /// close_later() is due.
    virtual void on_link_close_due(LiveLink& link) = 0;
    /// The last call.
    virtual void on_link_ended(LiveLink& link, LinkEnd end) = 0;

  protected:
    ~LinkOwner() = default;
};

class LiveLink final : private runtime::StreamHandler, private runtime::Timer {
  public:
    enum class Direction : std::uint8_t { Dialled, Accepted };
    enum class State : std::uint8_t { Handshake, Open, Closing, Ended };

    LiveLink(LinkId id, Direction direction, LinkOwner& owner, LinkSecurity& security)
        : id_(id), direction_(direction), owner_(owner), security_(security) {}
    ~LiveLink();

    /// What a connection is opened with, until start().
    [[nodiscard]] runtime::StreamHandler& handler() { return *this; }
    /// Takes the connection; the handshake begins.
    void start(std::unique_ptr<runtime::Stream> stream, runtime::Shard& shard);

    [[nodiscard]] LinkId id() const { return id_; }
    [[nodiscard]] bool is_dialled() const { return direction_ == Direction::Dialled; }
    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] bool is_open() const { return state_ == State::Open; }
    /// Requires: on_link_ready() has come.
    [[nodiscard]] const LinkPeer& peer() const { return peer_; }
    [[nodiscard]] const runtime::SocketAddress& remote() const { return remote_; }
    [[nodiscard]] Instant open_since() const { return open_since_; }
    [[nodiscard]] std::size_t waiting_bytes() const;
    [[nodiscard]] std::uint64_t received_bytes() const { return received_bytes_; }
    [[nodiscard]] std::uint64_t sent_bytes() const { return sent_bytes_; }

    /// Frames of one turn leave together. False: so much waits that the link is of no use any more;
    /// the frame was not taken.
    [[nodiscard]] bool send(Priority priority, Bytes head, const SharedBytes& body);
    /// Says good-bye if the other side would understand it; on_link_ended() follows.
    void close(GoodbyeReason reason);
    /// on_link_close_due() comes then, if the link is still open.
    void close_later(Duration delay);
    /// Ends at once, without on_link_ended().
    void abort();

  private:
    void on_connected() override;
    void on_data(MutableBytes bytes) override;
    void on_drained() override;
    void on_closed(const Error& reason) override;
    void on_timer(Instant now) override;

    void write(Bytes head, const SharedBytes& body);
    void end(LinkEnd how);

    LinkId id_;
    Direction direction_;
    State state_ = State::Handshake;
    LinkOwner& owner_;
    LinkSecurity& security_;
    runtime::Shard* shard_ = nullptr;
    std::unique_ptr<runtime::Stream> stream_;
    runtime::SocketAddress remote_;
    LinkPeer peer_;
    Instant open_since_;
    std::vector<std::uint8_t> rest_;     // the beginning of a frame whose end has not come
    std::unique_ptr<FrameQueue> queue_;  // null: nothing waits
    std::uint64_t received_bytes_ = 0;
    std::uint64_t sent_bytes_ = 0;  // that the stream was given
};

}  // namespace kith::mesh
