// WebSocket frames (RFC 6455, section 5) both ways, sans-I/O, over wslay.
//
// Bytes of the connection in, messages out; messages in, bytes out. Control frames (ping, close)
// are answered by the codec itself. A peer that breaks the protocol gets a close frame that says
// why: 1002 for wrong frames, 1007 for text that is not UTF-8, 1009 for a message that is too
// large. Between messages nothing is buffered. Limits: message_bytes_max, limits.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/websocket/handshake.h"

namespace kith::websocket {

enum class Role : std::uint8_t { Server, Client };
enum class MessageType : std::uint8_t { Text, Binary };

/// Close codes (section 7.4.1).
inline constexpr std::uint16_t kNormalClosure = 1000;
inline constexpr std::uint16_t kGoingAway = 1001;
inline constexpr std::uint16_t kProtocolError = 1002;
inline constexpr std::uint16_t kUnsupportedData = 1003;
inline constexpr std::uint16_t kNoStatusReceived = 1005;  // never on the wire
inline constexpr std::uint16_t kInvalidPayload = 1007;
inline constexpr std::uint16_t kPolicyViolation = 1008;
inline constexpr std::uint16_t kMessageTooBig = 1009;

/// What a Codec reports while it takes bytes. on_message() and on_close() may send(), ping() or
/// close(); on_output() may not, and none may feed() or destroy the codec.
class CodecHandler {
  public:
    /// A whole message; valid for the call. Text is valid UTF-8.
    virtual void on_message(MessageType type, Bytes message) = 0;
    /// Bytes to send to the peer; valid for the call. A frame may come in several pieces.
    virtual void on_output(Bytes bytes) = 0;
    /// The peer sent a close frame (already answered); no messages follow. A close frame without
    /// a code reports kNoStatusReceived.
    virtual void on_close(std::uint16_t code, std::string_view reason) = 0;

  protected:
    ~CodecHandler() = default;
};

struct CodecOptions {
    Role role = Role::Server;
    /// Largest message taken, all its fragments together.
    std::size_t message_bytes_max = 1024 * 1024;
    /// Client role: where masking keys come from. They must be unpredictable (section 5.3).
    std::function<std::uint32_t()> mask;
};

/// Threads: shard-local; calls its handler only inside feed(), send(), ping() and close().
class Codec {
  public:
    /// Requires: `mask` is set in the client role. `handler` outlives the codec.
    Codec(const CodecOptions& options, CodecHandler& handler);
    ~Codec();
    Codec(Codec&&) noexcept;
    Codec& operator=(Codec&&) noexcept;

    /// Takes bytes from the peer, cut anywhere; `bytes` may be unmasked in place. Errors: Protocol
    /// or Limit with the close code, after the close frame that says so has been output; every
    /// later call returns the same. Bytes after the peer's close frame are ignored.
    [[nodiscard]] Status feed(MutableBytes bytes);

    /// Sends one message in one frame; drops it once the codec is closing.
    /// Requires: text is valid UTF-8.
    void send(MessageType type, Bytes message);
    void ping();
    /// Starts the closing handshake, once; messages of the peer are dropped from then on.
    /// Requires: a code that may be sent, a reason of at most kCloseReasonBytesMax bytes.
    void close(std::uint16_t code, std::string_view reason);
    /// True once a close frame went either way.
    [[nodiscard]] bool is_closing() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::websocket
