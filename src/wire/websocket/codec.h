// WebSocket (RFC 6455), sans-I/O, over wslay: the handshake's accept key, and frames both ways.
//
// Bytes of the connection in, messages out; messages in, bytes out. Control frames (ping, close)
// are answered by the codec itself. Limits: message_bytes_max; a larger message closes with 1009.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace kith::websocket {

enum class Role : std::uint8_t { Server, Client };
enum class MessageType : std::uint8_t { Text, Binary };

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455, 4.2.2).
[[nodiscard]] std::string accept_key(std::string_view key);

/// What a Codec reports while it takes bytes.
class CodecHandler {
  public:
    /// A whole message; valid for the call.
    virtual void on_message(MessageType type, Bytes message) = 0;
    /// Bytes to send to the peer; valid for the call.
    virtual void on_output(Bytes bytes) = 0;
    /// The peer sent a close frame (already answered); no messages follow.
    virtual void on_close(std::uint16_t code, std::string_view reason) = 0;

  protected:
    ~CodecHandler() = default;
};

struct CodecOptions {
    Role role = Role::Server;
    std::size_t message_bytes_max = 1024 * 1024;
    /// Client role: where masking keys come from.
    std::function<std::uint32_t()> mask;
};

/// Threads: shard-local; calls its handler only inside feed(), send() and close().
class Codec {
  public:
    Codec(const CodecOptions& options, CodecHandler& handler);
    ~Codec();
    Codec(Codec&&) noexcept;
    Codec& operator=(Codec&&) noexcept;

    /// Takes bytes from the peer, cut anywhere; `bytes` may be unmasked in place. Errors: Protocol
    /// or Limit, after the close frame that says so has been output.
    [[nodiscard]] Status feed(MutableBytes bytes);
    /// Sends one message in one frame.
    void send(MessageType type, Bytes message);
    void ping();
    void close(std::uint16_t code, std::string_view reason);
    [[nodiscard]] bool is_closing() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::websocket
