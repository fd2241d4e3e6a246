// A byte stream inside the binary messages of a WebSocket: how MQTT comes over HTTP.
//
// Takes a stream behind its handshake and is one itself. Messages are not kept apart: MQTT packets
// may span them (MQTT 5.0, section 6). Text messages end the connection, as [MQTT-6.0.0-1] wants.
// A message that leaves has bytes of one MQTT packet, all of them or what is in one output piece.
// Threads: shard-local; moves between shards with its codec.
// Limits: kWebSocketMessageBytesMax a message; output waits here while the lower stream is
// congested.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/packet_cutter.h"
#include "runtime/shard.h"
#include "runtime/stream.h"
#include "runtime/task.h"
#include "wire/websocket/codec.h"

namespace kith::api {

/// Largest message taken, in bytes: packets may be cut into many messages, so this need not be
/// large; clients that put a whole packet into one message fit with the largest packet.
inline constexpr std::size_t kWebSocketMessageBytesMax = 2 * 1024 * 1024;

class WebSocketStream final : public runtime::Stream,
                              private runtime::StreamHandler,
                              private websocket::CodecHandler,
                              private runtime::Task {
  public:
    /// `rest` is what came behind the handshake; it is handed up in this turn's deferred phase.
    WebSocketStream(runtime::Shard& shard, std::unique_ptr<runtime::Stream> lower,
                    const std::string& rest);

    void request_flush() override;
    [[nodiscard]] runtime::StreamInfo info() const override;
    [[nodiscard]] std::size_t unsent_bytes() const override {
        return output_.size_bytes() + lower_->unsent_bytes();
    }
    [[nodiscard]] std::uint64_t sent_bytes() const override { return lower_->sent_bytes(); }
    void pause_reading() override;
    void resume_reading() override;
    void close() override;
    void abort() override;
    void detach() override;
    void attach(runtime::Shard& shard) override;

  private:
    /// Hands up what came while nobody could take it.
    class InputTask final : public runtime::Task {
      public:
        explicit InputTask(WebSocketStream& stream) : stream_(stream) {}
        void run_task() override { stream_.take_held_input(); }

      private:
        WebSocketStream& stream_;
    };

    // runtime::StreamHandler, for the lower stream
    void on_data(MutableBytes bytes) override;
    void on_drained() override;
    void on_closed(const Error& reason) override;
    // websocket::CodecHandler
    void on_message(websocket::MessageType type, Bytes message) override;
    void on_output(Bytes bytes) override;
    void on_close(std::uint16_t code, std::string_view reason) override;
    // runtime::Task: flush
    void run_task() override;

    void take_held_input();
    void take_input(MutableBytes bytes);
    void hand_up();
    void end(const Error& reason);

    runtime::Shard* shard_;  // null between two shards
    std::unique_ptr<runtime::Stream> lower_;
    websocket::Codec codec_;
    PacketCutter cutter_;
    InputTask input_task_{*this};
    std::vector<std::uint8_t> held_;   // raw, came while paused or before the first turn
    std::vector<std::uint8_t> inbox_;  // payloads, to be handed up
    std::optional<Error> failure_;     // why it ends, if not by the peer's wish
    bool is_paused_ = false;
    bool is_closing_ = false;
};

}  // namespace kith::api
