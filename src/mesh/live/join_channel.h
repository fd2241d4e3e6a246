// One connection over which a node is let in: a message each way, each of them as
//
//     length u16, big-endian | JoinRequest, RenewalRequest or JoinAnswer (mesh/trust/enrolment.h)
//
// Both ends use it. Whoever is at the other end is a stranger: a second message, a longer one than
// there can be, or none in time end the channel. Threads: shard-local. Limits: kJoinChannelMax, and
// the bytes it is made with.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "mesh/ports.h"
#include "runtime/shard.h"
#include "runtime/stream.h"
#include "runtime/timer.h"

namespace kith::mesh {

class JoinChannel;

enum class JoinChannelEnd : std::uint8_t { Closed, Broken, Timeout, Malformed };

/// Called from events of the channel; may destroy it only in a later turn.
class JoinChannelOwner {
  public:
    /// The handshake of one that was dialled is done.
    virtual void on_channel_ready(JoinChannel& channel) = 0;
    /// The other side's only message.
    virtual void on_channel_message(JoinChannel& channel, Bytes message) = 0;
    /// The last call.
    virtual void on_channel_ended(JoinChannel& channel, JoinChannelEnd end) = 0;

  protected:
    ~JoinChannelOwner() = default;
};

class JoinChannel final : private runtime::StreamHandler, private runtime::Timer {
  public:
    /// Requires: message_bytes_max fits the length.
    JoinChannel(LinkId id, std::size_t message_bytes_max, JoinChannelOwner& owner)
        : id_(id), message_bytes_max_(message_bytes_max), owner_(owner) {}
    ~JoinChannel() { abort(); }

    /// What a connection is opened with, until start().
    [[nodiscard]] runtime::StreamHandler& handler() { return *this; }
    void start(std::unique_ptr<runtime::Stream> stream, runtime::Shard& shard);

    [[nodiscard]] LinkId id() const { return id_; }
    /// Requires: started.
    [[nodiscard]] runtime::StreamInfo info() const { return stream_->info(); }
    [[nodiscard]] const runtime::SocketAddress& remote() const { return remote_; }
    [[nodiscard]] bool is_open() const { return is_open_; }

    void send(Bytes message);
    /// What was sent still leaves; on_channel_ended() follows.
    void close();
    /// Ends at once, without on_channel_ended().
    void abort();

  private:
    void on_connected() override;
    void on_data(MutableBytes bytes) override;
    void on_closed(const Error& reason) override;
    void on_timer(Instant now) override;

    [[nodiscard]] std::optional<std::size_t> length() const;
    void end(JoinChannelEnd how);

    LinkId id_;
    std::size_t message_bytes_max_;
    JoinChannelOwner& owner_;
    std::unique_ptr<runtime::Stream> stream_;
    runtime::SocketAddress remote_;
    std::vector<std::uint8_t> received_;
    bool is_open_ = true;
    bool is_told_ = false;  // the message
};

}  // namespace kith::mesh
