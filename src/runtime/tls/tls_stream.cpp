#include "runtime/tls/tls_stream.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <openssl/err.h>

#include "base/check.h"
#include "runtime/limits.h"
#include "runtime/tls/tls_bio.h"
#include "runtime/tls/tls_peer.h"

namespace kith::runtime {
namespace {

constexpr std::size_t kRecordBytesMax = 16 * 1024;

constexpr Error kPeerClosed{ErrorKind::Closed, 0, "the peer closed the connection"};
constexpr Error kHereClosed{ErrorKind::Closed, 0, "the connection is closed"};
constexpr Error kCutShort{ErrorKind::Closed, 0, "the connection ended without a TLS close"};
constexpr Error kClosedInHandshake{ErrorKind::Closed, 0,
                                   "the connection ended during the TLS handshake"};
constexpr Error kHandshakeTimeout{ErrorKind::Timeout, 0, "the TLS handshake took too long"};

/// What OpenSSL's error queue says, with a static text of OpenSSL's own.
Error openssl_error() {
    const unsigned long code = ERR_peek_last_error();
    const char* text = ERR_reason_error_string(code);
    const int reason = ERR_GET_REASON(code);
    ERR_clear_error();
    const bool denied = reason == SSL_R_CERTIFICATE_VERIFY_FAILED ||
                        reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
    return {denied ? ErrorKind::Denied : ErrorKind::Protocol, 0,
            text != nullptr ? text : "the TLS connection failed"};
}

}  // namespace

TlsStream::TlsStream(std::shared_ptr<TlsContextImpl> context, std::unique_ptr<Stream> lower,
                     Shard& shard)
    : Stream(shard.chunks()),
      shard_(&shard),
      context_(std::move(context)),
      lower_(std::move(lower)),
      ssl_(context_->new_connection()),
      input_task_(*this) {
    CHECK_TEXT(ssl_ != nullptr, "out of memory");
}

TlsStream::~TlsStream() {
    leave();
}

void TlsStream::start() {
    lower_->set_handler(this);
    BIO* bio = TlsBio::create(*this);
    CHECK_TEXT(bio != nullptr, "out of memory");
    SSL_set_bio(ssl_.get(), bio, bio);
    deadline_ = shard_->now() + kTlsHandshakeMax;
    shard_->arm(*this, deadline_);
    shard_->flush_later(*this);
}

// --- What the owner asks ---

void TlsStream::request_flush() {
    CHECK_TEXT(shard_ != nullptr, "flush of a stream between two shards");
    if (state_ == State::Failed || state_ == State::Closed || notify_sent_) {
        output_.clear();
        return;
    }
    congested_ = congested_ || output_.size_bytes() > kOutputHighBytes;
    shard_->flush_later(*this);
}

StreamInfo TlsStream::info() const {
    StreamInfo info = lower_->info();
    info.transport = "tls";
    info.tls = peer_.get();
    return info;
}

void TlsStream::pause_reading() {
    paused_ = true;
    if (state_ == State::Open) {  // the handshake goes on
        lower_->pause_reading();
    }
}

void TlsStream::resume_reading() {
    paused_ = false;
    if (shard_ != nullptr && state_ == State::Open && has_held_input()) {
        shard_->defer(input_task_);
    } else {
        lower_->resume_reading();
    }
}

void TlsStream::close() {
    if (state_ == State::Handshake) {
        // Nothing can be sent; what was queued goes nowhere.
        output_.clear();
        state_ = State::Closing;
        notify_sent_ = true;
        lower_->close();
    } else if (state_ == State::Open) {
        begin_closing();
    }
}

void TlsStream::abort() {
    leave();
    state_ = State::Closed;
    output_.clear();
    lower_->abort();
}

void TlsStream::detach() {
    CHECK(shard_ != nullptr);
    hold_rest_of_input();
    leave();
    lower_->detach();
    output_.unbind();
    shard_ = nullptr;
}

void TlsStream::attach(Shard& shard) {
    CHECK(shard_ == nullptr);
    shard_ = &shard;
    output_.rebind(shard.chunks());
    lower_->attach(shard);
    if (state_ == State::Closed) {
        return;
    }
    if (state_ == State::Closing) {
        deadline_ = shard.now() + kCloseGrace;
    }
    if (state_ == State::Handshake || state_ == State::Closing) {
        shard.arm(*this, deadline_);
    }
    if (has_held_input() && !paused_) {
        shard.defer(input_task_);
    }
    shard.flush_later(*this);
}

// --- Input ---

void TlsStream::on_connected() {
    shard_->flush_later(*this);
}

void TlsStream::on_data(MutableBytes bytes) {
    if (held_.empty()) {
        static_cast<void>(take_input(bytes));
        return;
    }
    held_.insert(held_.end(), bytes.begin(), bytes.end());
    take_held_input();
}

void TlsStream::take_held_input() {
    const std::vector<std::uint8_t> held = std::exchange(held_, {});
    if (take_input(held) && !paused_ && state_ == State::Open) {
        lower_->resume_reading();
    }
}

bool TlsStream::take_input(Bytes bytes) {
    input_ = bytes;
    if (state_ == State::Handshake && !continue_handshake()) {
        return false;
    }
    if (state_ == State::Open && !read_records()) {
        return false;
    }
    hold_rest_of_input();
    return true;
}

bool TlsStream::continue_handshake() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (!lower_->output().empty()) {
        lower_->request_flush();
    }
    if (result != 1) {
        if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
            fail_with(openssl_error());
        }
        return true;
    }
    state_ = State::Open;
    cancel();
    peer_ = std::make_unique<TlsPeer>(describe_peer(ssl_.get()));
    if (paused_) {
        lower_->pause_reading();
    }
    if (!output_.empty()) {
        shard_->flush_later(*this);
    }
    return call([this] { handler_->on_connected(); });
}

bool TlsStream::read_records() {
    std::array<std::uint8_t, 2 * kRecordBytesMax> plain;
    while (state_ == State::Open && !paused_) {
        // Small records go up together.
        std::size_t filled = 0;
        int result = 1;
        ERR_clear_error();
        while (filled < plain.size()) {
            result = SSL_read(ssl_.get(), plain.data() + filled,
                              static_cast<int>(plain.size() - filled));
            if (result <= 0) {
                break;
            }
            filled += static_cast<std::size_t>(result);
        }
        // Asked before the callback, which may use OpenSSL for other streams.
        const int error = SSL_get_error(ssl_.get(), result);
        const Error reason = error == SSL_ERROR_SSL ? openssl_error() : kCutShort;
        if (filled > 0 && !call([&] { handler_->on_data(MutableBytes(plain).first(filled)); })) {
            return false;
        }
        if (error == SSL_ERROR_NONE) {
            continue;
        }
        if (error == SSL_ERROR_ZERO_RETURN) {
            peer_closed_ = true;
            begin_closing();
        } else if (error != SSL_ERROR_WANT_READ) {
            fail_with(reason);
        }
        break;
    }
    if (!lower_->output().empty()) {
        lower_->request_flush();
    }
    return true;
}

void TlsStream::hold_rest_of_input() {
    const bool wanted = state_ == State::Open || state_ == State::Handshake;
    if (wanted) {
        held_.assign(input_.begin(), input_.end());
    }
    input_ = {};
}

bool TlsStream::has_held_input() const {
    return !held_.empty() || SSL_has_pending(ssl_.get()) == 1;
}

// --- Output ---

void TlsStream::on_drained() {
    shard_->flush_later(*this);
}

void TlsStream::run_task() {
    if (state_ == State::Handshake) {
        if (!context_->is_server()) {
            static_cast<void>(continue_handshake());
        }
        return;
    }
    if (state_ != State::Open && state_ != State::Closing) {
        return;
    }
    encrypt_output();
    if (state_ == State::Closing && output_.empty() && !notify_sent_) {
        send_close_notify();
    }
    if (congested_ && output_.size_bytes() < kOutputLowBytes) {
        congested_ = false;
        if (state_ == State::Open) {
            static_cast<void>(call([this] { handler_->on_drained(); }));
        }
    }
}

void TlsStream::encrypt_output() {
    while (!output_.empty() && !notify_sent_ && !lower_->is_congested()) {
        const Bytes piece = output_.front();
        const std::size_t bytes = std::min(piece.size(), kRecordBytesMax);
        ERR_clear_error();
        const int written = SSL_write(ssl_.get(), piece.data(), static_cast<int>(bytes));
        if (written <= 0) {
            fail_with(openssl_error());
            return;
        }
        output_.consume(static_cast<std::size_t>(written));
        lower_->request_flush();
    }
}

// --- The end ---

void TlsStream::begin_closing() {
    state_ = State::Closing;
    if (shard_ != nullptr) {  // else attach() goes on
        deadline_ = shard_->now() + kCloseGrace;
        shard_->arm(*this, deadline_);
        shard_->flush_later(*this);
    }
}

void TlsStream::send_close_notify() {
    notify_sent_ = true;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    lower_->request_flush();
    lower_->close();
}

void TlsStream::fail_with(const Error& reason) {
    failure_ = reason;
    state_ = State::Failed;
    output_.clear();
    cancel();
    // OpenSSL has queued its alert; on_closed() follows when the lower stream has ended.
    lower_->request_flush();
    lower_->close();
}

void TlsStream::on_closed(const Error& reason) {
    switch (state_) {
        case State::Handshake:
            finish(reason.kind == ErrorKind::Closed ? kClosedInHandshake : reason);
            return;
        case State::Open:
            finish(reason.kind == ErrorKind::Closed ? kCutShort : reason);
            return;
        case State::Closing:
            finish(reason.kind == ErrorKind::Closed || peer_closed_
                       ? (peer_closed_ ? kPeerClosed : kHereClosed)
                       : reason);
            return;
        case State::Failed:
            finish(*failure_);
            return;
        case State::Closed:
            return;
    }
}

void TlsStream::on_timer(Instant) {
    const Error reason = state_ == State::Handshake ? kHandshakeTimeout
                         : peer_closed_             ? kPeerClosed
                                                    : kHereClosed;
    lower_->abort();
    finish(reason);
}

void TlsStream::finish(const Error& reason) {
    leave();
    state_ = State::Closed;
    output_.clear();
    static_cast<void>(call([&] { handler_->on_closed(reason); }));
}

void TlsStream::leave() {
    cancel_task();
    input_task_.cancel_task();
    cancel();
    if (gone_ != nullptr) {
        *std::exchange(gone_, nullptr) = true;
    }
    input_ = {};
}

template <typename F>
bool TlsStream::call(F&& callback) {
    CHECK_TEXT(handler_ != nullptr, "a stream got an event before its handler");
    bool gone = false;
    gone_ = &gone;
    callback();
    if (gone) {
        return false;
    }
    gone_ = nullptr;
    return true;
}

}  // namespace kith::runtime
