// A TLS connection over any stream.
//
// OpenSSL reads from the range that the lower stream hands up and writes straight into the lower
// stream's output: one copy each way. Plain output waits in this stream's queue until the handshake
// is done and the lower stream is not congested; it is encrypted in the flush phase, a record of at
// most 16 KiB at a time, so that many small messages of a turn share a record.
// The end: close_notify counts as the peer's end; a connection that just ends was cut short, and
// says so in its reason.
// Threads: shard-local; moves between shards with its OpenSSL object.
// Limits: kTlsHandshakeMax for the handshake, kCloseGrace for closing.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "runtime/shard.h"
#include "runtime/stream.h"
#include "runtime/tls/tls_context_impl.h"

namespace kith::runtime {

class TlsStream final : public Stream, private StreamHandler, private Task, private Timer {
  public:
    TlsStream(std::shared_ptr<TlsContextImpl> context, std::unique_ptr<Stream> lower, Shard& shard);
    ~TlsStream() override;

    /// Takes the lower stream over; a client's first message leaves in this turn's flush.
    void start();

    void request_flush() override;
    [[nodiscard]] StreamInfo info() const override;
    [[nodiscard]] std::size_t unsent_bytes() const override {
        return output_.size_bytes() + lower_->unsent_bytes();
    }
    [[nodiscard]] std::uint64_t sent_bytes() const override { return lower_->sent_bytes(); }
    void pause_reading() override;
    void resume_reading() override;
    void close() override;
    void abort() override;
    void detach() override;
    void attach(Shard& shard) override;

    // For OpenSSL's callbacks.
    [[nodiscard]] const TlsContextImpl& context() const { return *context_; }
    [[nodiscard]] Instant now() const;

  private:
    enum class State : std::uint8_t {
        Handshake,
        Open,
        Closing,  // no more input; close_notify is sent or will be
        Failed,   // the alert is on its way out, `failure_` follows
        Closed,
    };

    /// Goes on with input that waited, in the deferred phase.
    class InputTask final : public Task {
      public:
        explicit InputTask(TlsStream& stream) : stream_(stream) {}
        void run_task() override { stream_.take_held_input(); }

      private:
        TlsStream& stream_;
    };

    // The lower stream's handler.
    void on_connected() override;
    void on_data(MutableBytes bytes) override;
    void on_drained() override;
    void on_closed(const Error& reason) override;

    void run_task() override;
    void on_timer(Instant now) override;

    // These return false if a callback destroyed, aborted or detached this stream.
    bool take_input(Bytes bytes);
    [[nodiscard]] bool continue_handshake();
    [[nodiscard]] bool read_records();

    void take_held_input();
    void hold_rest_of_input();
    [[nodiscard]] bool has_held_input() const;

    void encrypt_output();
    void send_close_notify();
    void begin_closing();
    void fail_with(const Error& reason);
    void finish(const Error& reason);
    void leave();
    void count_handshake();
    void end_handshake();
    void note_failure(TlsFailure failure);

    template <typename F>
    [[nodiscard]] bool call(F&& callback);

    friend struct TlsBio;

    Shard* shard_;  // null between two shards
    std::shared_ptr<TlsContextImpl> context_;
    std::unique_ptr<Stream> lower_;
    SslPointer ssl_;
    InputTask input_task_;
    std::unique_ptr<TlsPeer> peer_;
    Bytes input_;                     // what OpenSSL reads next, within take_input() only
    std::vector<std::uint8_t> held_;  // input that came while reading was paused or was moving
    std::optional<Error> failure_;
    Instant deadline_;      // of the handshake, or of closing
    bool* gone_ = nullptr;  // set while a callback runs, see call()
    State state_ = State::Handshake;
    bool counted_ = false;  // as a handshake under way, at the shard
    bool paused_ = false;
    bool peer_closed_ = false;  // its close_notify came
    bool notify_sent_ = false;
};

}  // namespace kith::runtime
