#include "runtime/tls/tls_stream.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <openssl/err.h>

#include "base/check.h"
#include "runtime/limits.h"
#include "runtime/tls/tls_bio.h"
#include "runtime/tls/tls_peer.h"

namespace kith::runtime {
namespace {

constexpr std::size_t kRecordBytesMax = 16 * 1024;
static_assert(std::tuple_size_v<decltype(ShardCounters::tls_handshakes_failed)> ==
              kTlsFailureKinds);

constexpr Error kPeerClosed{ErrorKind::Closed, 0, "the peer closed the connection"};
constexpr Error kHereClosed{ErrorKind::Closed, 0, "the connection is closed"};
constexpr Error kCutShort{ErrorKind::Closed, 0, "the connection ended without a TLS close"};
constexpr Error kClosedInHandshake{ErrorKind::Closed, 0,
                                   "the connection ended during the TLS handshake"};
constexpr Error kHandshakeTimeout{ErrorKind::Timeout, 0, "the TLS handshake took too long"};

/// What OpenSSL's error queue says, with a static text of OpenSSL's own. The code is OpenSSL's
/// reason.
Error openssl_error() {
    const unsigned long code = ERR_peek_last_error();
    const char* text = ERR_reason_error_string(code);
    const int reason = ERR_GET_REASON(code);
    ERR_clear_error();
    const bool denied = reason == SSL_R_CERTIFICATE_VERIFY_FAILED ||
                        reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
    return {denied ? ErrorKind::Denied : ErrorKind::Protocol, static_cast<std::uint16_t>(reason),
            text != nullptr ? text : "the TLS connection failed"};
}

TlsFailure failure_of(int reason) {
    switch (reason) {
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_UNEXPECTED_MESSAGE:
        case SSL_R_BAD_PACKET_LENGTH:
            return TlsFailure::NotTls;
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_VERSION_TOO_LOW:
        case SSL_R_UNKNOWN_PROTOCOL:
        case SSL_R_INAPPROPRIATE_FALLBACK:
            return TlsFailure::Version;
        case SSL_R_NO_SHARED_CIPHER:
        case SSL_R_NO_SUITABLE_KEY_SHARE:
        case SSL_R_NO_SHARED_GROUPS:
        case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
        case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
            return TlsFailure::Cipher;
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
        case SSL_R_BAD_SIGNATURE:
            return TlsFailure::Certificate;
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return TlsFailure::NoCertificate;
        default:
            return reason >= SSL_AD_REASON_OFFSET ? TlsFailure::PeerAlert : TlsFailure::Other;
    }
}

}  // namespace

const char* to_string(TlsFailure failure) {
    switch (failure) {
        case TlsFailure::NotTls:
            return "not_tls";
        case TlsFailure::Version:
            return "version";
        case TlsFailure::Cipher:
            return "cipher";
        case TlsFailure::Certificate:
            return "certificate";
        case TlsFailure::NoCertificate:
            return "no_certificate";
        case TlsFailure::PeerAlert:
            return "peer_alert";
        case TlsFailure::Timeout:
            return "timeout";
        case TlsFailure::Closed:
            return "closed";
        case TlsFailure::Other:
            return "other";
    }
    return "other";
}

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
    CHECK(SSL_set_ex_data(ssl_.get(), 0, this) == 1);
    count_handshake();
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
        end_handshake();
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
    if (state_ == State::Handshake) {
        count_handshake();
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
            const Error reason = openssl_error();
            note_failure(failure_of(reason.code));
            fail_with(reason);
        }
        return true;
    }
    state_ = State::Open;
    end_handshake();
    cancel();
    if (context_->is_server()) {
        ++shard_->counters().tls_handshakes_done;
    }
    peer_ = std::make_unique<TlsPeer>(describe_peer(ssl_.get(), *context_));
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
    end_handshake();
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
            note_failure(TlsFailure::Closed);
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
    if (state_ == State::Handshake) {
        note_failure(TlsFailure::Timeout);
    }
    lower_->abort();
    finish(reason);
}

void TlsStream::finish(const Error& reason) {
    leave();
    state_ = State::Closed;
    output_.clear();
    static_cast<void>(call([&] { handler_->on_closed(reason); }));
}

Instant TlsStream::now() const {
    return shard_->now();
}

void TlsStream::count_handshake() {
    if (context_->is_server() && !std::exchange(counted_, true)) {
        ++shard_->counters().tls_handshakes_open;
    }
}

void TlsStream::end_handshake() {
    if (std::exchange(counted_, false)) {
        --shard_->counters().tls_handshakes_open;
    }
}

void TlsStream::note_failure(TlsFailure failure) {
    if (context_->is_server()) {
        ++shard_->counters().tls_handshakes_failed[static_cast<std::size_t>(failure)];
    }
}

void TlsStream::leave() {
    end_handshake();
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
