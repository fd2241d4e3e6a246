// The state machine of a stream directly over a socket, the same for the kernel's and the
// simulated network's.
//
// Socket is the compile-time backend:
//
//     long read(MutableBytes)             bytes > 0, 0 at the end, or -errno; -EAGAIN if none wait
//     long write(std::span<iovec>)        bytes taken, or -errno; less than all: wait for Writable
//     int take_error()                    the pending errno, 0 if none
//     void shutdown_write()
//     void close(CloseMode)               idempotent
//     Status watch(Shard&, Pollable&)     edge-triggered readiness from now on, present one
//     included
//     void unwatch(Shard&)
//     static constexpr const char* kTransport
//
// Half open, the two directions end one after the other, and the stream with the second.
// Order of an end: input is read to its end, the turn's output is written, then on_closed() runs in
// the flush phase. Only one kind of failure cannot wait: a failed socket whose reading is paused.
// Threads: shard-local; owned by one shard at a time, see Stream::detach().
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <sys/uio.h>

#include "base/check.h"
#include "runtime/detail/io_error.h"
#include "runtime/half_open.h"
#include "runtime/limits.h"
#include "runtime/pollable.h"
#include "runtime/shard.h"
#include "runtime/stream.h"

namespace kith::runtime {

enum class CloseMode : std::uint8_t { Orderly, Reset };

template <typename Socket>
class TransportStream final : public Stream, private Task, private Pollable {
  public:
    enum class State : std::uint8_t { Connecting, Open, Closed };

    /// start() comes next, when the stream is where it stays.
    TransportStream(Shard& shard, Socket socket, const SocketAddress& remote, State state)
        : Stream(shard.chunks()),
          shard_(&shard),
          socket_(std::move(socket)),
          remote_(remote),
          state_(state) {}
    ~TransportStream() override { abort(); }

    /// `connect_errno` is what connecting has failed with already. An accepted stream is read
    /// before it is watched: mostly its first packet is there, and then the stream goes to another
    /// shard.
    void start(int connect_errno = 0) {
        pending_errno_ = static_cast<std::uint16_t>(connect_errno);
        if (state_ == State::Open) {
            shard_->mark_ready(*this, Readiness::Readable);
        } else {
            watch();
        }
    }

    void request_flush() override {
        CHECK_TEXT(shard_ != nullptr, "flush of a stream between two shards");
        if (state_ == State::Closed || write_shut_) {
            output_.clear();
            return;
        }
        congested_ = congested_ || output_.size_bytes() > kOutputHighBytes;
        shard_->flush_later(*this);
    }

    [[nodiscard]] StreamInfo info() const override {
        return {.remote = remote_,
                .transport = Socket::kTransport,
                .tls = nullptr,
                .is_proxied = proxied_};
    }

    void pause_reading() override { paused_ = true; }
    void resume_reading() override {
        paused_ = false;
        if (readable_ && state_ == State::Open && shard_ != nullptr) {
            shard_->mark_ready(*this, Readiness::Readable);
        }
    }

    void close() override {
        if (state_ == State::Closed || closing_) {
            return;
        }
        closing_ = true;
        if (shard_ != nullptr) {
            start_closing();
        }
    }

    /// As half_open.h says.
    void keep_half_open(HalfOpenHandler& handler) {
        CHECK(!eof_);
        half_open_ = true;
        rare().half_open_handler = &handler;
    }
    void end_output() {
        CHECK(half_open_);
        CHECK(shard_ != nullptr);
        output_ended_ = true;
        shard_->flush_later(*this);
    }

    void set_client(const SocketAddress& client, Bytes unread) override {
        CHECK(shard_ != nullptr);
        remote_ = client;
        proxied_ = true;
        if (!unread.empty()) {
            rare().unread.assign(unread.begin(), unread.end());
            shard_->mark_ready(*this, Readiness::Readable);
        }
    }

    void abort() override {
        if (state_ == State::Closed) {
            leave();
            return;
        }
        leave();
        state_ = State::Closed;
        output_.clear();
        rare_.reset();
        socket_.close(CloseMode::Reset);
    }

    void detach() override {
        CHECK(shard_ != nullptr);
        leave();
        if (rare_ != nullptr) {
            rare_->grace.cancel();
        }
        if (watched_ && state_ != State::Closed) {
            socket_.unwatch(*shard_);
        }
        watched_ = false;
        output_.unbind();
        shard_ = nullptr;
    }

    void attach(Shard& shard) override {
        CHECK(shard_ == nullptr);
        shard_ = &shard;
        output_.rebind(shard.chunks());
        if (state_ == State::Closed) {
            return;
        }
        readable_ = false;
        write_blocked_ = false;
        watch();
        if (closing_ || (eof_ && !half_open_)) {
            start_closing();
        }
        if (!output_.empty()) {
            request_flush();
        }
        if (has_unread()) {
            shard_->mark_ready(*this, Readiness::Readable);
        }
    }

  private:
    struct GraceTimer final : public Timer {
        explicit GraceTimer(TransportStream& stream_in) : stream(stream_in) {}
        void on_timer(Instant) override { stream.finish(stream.closed_reason()); }
        TransportStream& stream;
    };

    /// What few streams need, and not for long.
    struct Rare {
        explicit Rare(TransportStream& stream) : grace(stream) {}
        GraceTimer grace;
        std::vector<std::uint8_t> unread;  // see set_client()
        HalfOpenHandler* half_open_handler = nullptr;
    };

    [[nodiscard]] Rare& rare() {
        if (rare_ == nullptr) {
            rare_ = std::make_unique<Rare>(*this);
        }
        return *rare_;
    }
    [[nodiscard]] bool has_unread() const { return rare_ != nullptr && !rare_->unread.empty(); }

    void watch() {
        watched_ = true;
        if (pending_errno_ == 0) {
            const Status watched = socket_.watch(*shard_, *this);
            pending_errno_ = watched ? std::uint16_t{0} : watched.error().code;
        }
        if (pending_errno_ != 0) {
            shard_->mark_ready(*this, Readiness::Failed);
        }
    }

    /// Leaves the shard's lists, and tells a dispatch in progress that this stream is gone.
    void leave() {
        forget_ready();
        cancel_task();
        if (shard_ != nullptr) {
            shard_->leave_dispatch(*this);
        }
    }

    void start_closing() {
        shard_->flush_later(*this);
        if (!rare().grace.is_armed()) {
            shard_->arm_after(rare_->grace, kCloseGrace);
        }
        if (closing_ && readable_) {  // a paused reader too must see the other side's end
            shard_->mark_ready(*this, Readiness::Readable);
        }
    }

    // --- Input phase ---

    void on_ready(Readiness readiness) override {
        if (state_ == State::Connecting && !finish_connect(readiness)) {
            return;
        }
        if (!watched_) {
            shard_->flush_later(*this);  // watches, if the stream is still here then
        }
        if (has(readiness, Readiness::Writable | Readiness::Failed)) {
            write_blocked_ = false;
            if (!output_.empty() || closing_) {
                shard_->flush_later(*this);
            }
        }
        hung_up_ = hung_up_ || has(readiness, Readiness::HungUp | Readiness::Failed);
        readable_ = readable_ || hung_up_ || has(readiness, Readiness::Readable);
        if (is_paused()) {
            if (has(readiness, Readiness::Failed)) {
                fail_with(pending_errno_ != 0 ? pending_errno_ : socket_.take_error());
            }
            return;
        }
        if (readable_ && !eof_) {
            read_input();
        } else if (eof_ && half_open_ && has(readiness, Readiness::Failed)) {
            finish(io_error(pending_errno_ != 0 ? pending_errno_ : socket_.take_error(),
                            "the connection failed"));
        }
    }

    /// True if the stream is open and may go on.
    bool finish_connect(Readiness readiness) {
        const int error = pending_errno_ != 0 ? pending_errno_ : socket_.take_error();
        if (error != 0) {
            fail_with(error);
            return false;
        }
        if (!has(readiness, Readiness::Writable)) {
            return false;  // not yet
        }
        state_ = State::Open;
        return closing_ || call([this] { handler_->on_connected(); });
    }

    [[nodiscard]] bool is_paused() const { return paused_ && !closing_; }

    void read_input() {
        const MutableBytes buffer = shard_->read_buffer();
        std::size_t taken_bytes = 0;
        while (!is_paused()) {
            if (has_unread()) [[unlikely]] {
                std::vector<std::uint8_t> unread = std::exchange(rare_->unread, {});
                if (!closing_ && !call([&] { handler_->on_data(unread); })) {
                    return;
                }
                continue;
            }
            if (taken_bytes >= kReadBytesPerTurnMax) {
                shard_->mark_ready(*this, Readiness::Readable);
                return;
            }
            const long count = socket_.read(buffer);
            if (count <= 0) {
                end_of_input(static_cast<int>(-count));
                return;
            }
            const auto bytes = static_cast<std::size_t>(count);
            taken_bytes += bytes;
            if (!closing_ && !call([&] { handler_->on_data(buffer.first(bytes)); })) {
                return;
            }
            if (bytes < buffer.size() && !hung_up_) {
                readable_ = false;  // a short read: the next bytes come with a new edge
                return;
            }
        }
    }

    /// The socket gave no more: `error` is 0 at the end of the stream, EAGAIN, or a failure.
    void end_of_input(int error) {
        readable_ = false;
        if (error == EAGAIN) {
            if (pending_errno_ != 0) {
                fail_with(pending_errno_);
            }
            return;
        }
        if (error != 0) {
            fail_with(error);
            return;
        }
        eof_ = true;
        if (!half_open_ || closing_) {
            start_closing();
            return;
        }
        shard_->flush_later(*this);  // which closes it if this side has ended before
        (void)call([this] { rare_->half_open_handler->on_end(); });
    }

    // --- Flush phase ---

    void run_task() override {
        if (state_ != State::Open) {
            return;
        }
        if (!watched_) {
            watch();
        }
        if (!output_.empty() && !write_blocked_ && !write_shut_) {
            write_output();
        }
        if (output_.empty() && (closing_ || output_ended_) && !write_shut_) {
            write_shut_ = true;
            socket_.shutdown_write();
        }
        if (output_.empty() && eof_ && (!half_open_ || write_shut_)) {
            finish(closed_reason());
            return;
        }
        if (congested_ && output_.size_bytes() < kOutputLowBytes) {
            congested_ = false;
            if (!closing_) {
                (void)call([this] { handler_->on_drained(); });
            }
        }
    }

    void write_output() {
        std::array<iovec, kGatherMax> vectors;
        const std::size_t count = output_.gather(vectors);
        std::size_t offered_bytes = 0;
        for (std::size_t i = 0; i < count; ++i) {
            offered_bytes += vectors[i].iov_len;
        }
        const long written = socket_.write(std::span(vectors).first(count));
        if (written < 0 && written != -EAGAIN) {
            // What the peer sent before it failed is read first, in the next turn.
            output_.clear();
            pending_errno_ = static_cast<std::uint16_t>(-written);
            shard_->mark_ready(*this, Readiness::Failed);
            return;
        }
        const std::size_t written_bytes = written < 0 ? 0 : static_cast<std::size_t>(written);
        output_.consume(written_bytes);
        sent_bytes_ += written_bytes;
        if (written_bytes < offered_bytes) {
            write_blocked_ = true;
        } else if (!output_.empty()) {
            shard_->mark_ready(*this, Readiness::Writable);  // the rest goes next turn
        }
    }

    // --- The end ---

    void fail_with(int error) {
        finish(eof_ ? closed_reason() : io_error(error, "the connection failed"));
    }

    [[nodiscard]] Error closed_reason() const {
        return {ErrorKind::Closed, 0,
                eof_ ? "the peer closed the connection" : "the connection is closed"};
    }

    /// The last thing: the handler may destroy the stream.
    void finish(const Error& reason) {
        cancel_task();
        forget_ready();
        output_.clear();
        if (rare_ != nullptr) {
            rare_->grace.cancel();
        }
        socket_.close(CloseMode::Orderly);
        state_ = State::Closed;
        (void)call([&] { handler_->on_closed(reason); });
    }

    template <typename F>
    [[nodiscard]] bool call(F&& callback) {
        CHECK_TEXT(handler_ != nullptr, "a stream got an event before its handler");
        return shard_->dispatch(*this, std::forward<F>(callback));
    }

    Shard* shard_;  // null between two shards
    std::unique_ptr<Rare> rare_;
    Socket socket_;
    std::uint16_t pending_errno_ = 0;  // a failure to report once input is read
    SocketAddress remote_;
    State state_;
    bool watched_ : 1 = false;  // by the shard's poller
    bool paused_ : 1 = false;
    bool readable_ : 1 = false;       // reading may give bytes: no EAGAIN since the last edge
    bool hung_up_ : 1 = false;        // no further edge will come: read to the end
    bool write_blocked_ : 1 = false;  // a write was short: wait for the next Writable
    bool closing_ : 1 = false;        // close() was called
    bool write_shut_ : 1 = false;
    bool eof_ : 1 = false;
    bool half_open_ : 1 = false;     // each side ends for itself
    bool output_ended_ : 1 = false;  // this one, once what is queued is written
    bool proxied_ : 1 = false;       // a proxy has said who the client is
};

}  // namespace kith::runtime
