#include "wire/websocket/codec.h"

// Includes <sys/types.h> for ssize_t; no other header of the operating system.
#include <wslay/wslay.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "base/byte_writer.h"
#include "base/check.h"
#include "base/narrow.h"
#include "base/utf8.h"
#include "wire/websocket/limits.h"

namespace kith::websocket {
namespace {

struct FramesDeleter {
    void operator()(wslay_frame_context* frames) const { wslay_frame_context_free(frames); }
};
using Frames = std::unique_ptr<wslay_frame_context, FramesDeleter>;

bool is_control(std::uint8_t opcode) {
    return (opcode & 0x08) != 0;
}

bool is_known(std::uint8_t opcode) {
    return opcode <= WSLAY_BINARY_FRAME ||
           (opcode >= WSLAY_CONNECTION_CLOSE && opcode <= WSLAY_PONG);
}

/// True for codes that may stand in a close frame (section 7.4 and the IANA registry).
bool is_close_code(std::uint16_t code) {
    const bool is_defined = code >= 1000 && code <= 1014;
    const bool is_never_sent = code >= 1004 && code <= 1006;
    const bool is_private = code >= 3000 && code <= 4999;
    return (is_defined && !is_never_sent) || is_private;
}

}  // namespace

/// Frames are wslay's: headers, lengths, masks. What they mean is decided here: wslay's own event
/// layer buffers each fragment in an allocation of its own and closes without a code.
class Codec::Impl {
  public:
    Impl(const CodecOptions& options, CodecHandler& handler);

    Status feed(Bytes bytes);
    void send(wslay_opcode opcode, Bytes payload);
    void close(std::uint16_t code, std::string_view reason);
    [[nodiscard]] bool is_closing() const { return close_sent_ || close_received_; }

  private:
    // Part of a frame, or all of it, in the order of arrival.
    using Piece = wslay_frame_iocb;

    [[nodiscard]] Status take_piece(const Piece& piece);
    [[nodiscard]] Status start_frame(const Piece& piece);
    [[nodiscard]] Status end_data_frame(const Piece& piece, Bytes payload);
    [[nodiscard]] Status end_control_frame(std::uint8_t opcode);
    [[nodiscard]] Status take_close(Bytes payload);
    void send_close(Bytes payload);

    /// Closes with `code` and remembers why.
    [[nodiscard]] Status refuse(std::uint16_t code, const char* text);

    // Callbacks of wslay; `user` is this.
    static ssize_t read_input(std::uint8_t* into, std::size_t bytes, int flags, void* user);
    static ssize_t write_output(const std::uint8_t* from, std::size_t bytes, int flags, void* user);
    static int make_mask(std::uint8_t* into, std::size_t bytes, void* user);

    CodecOptions options_;
    CodecHandler* handler_;
    Frames frames_;
    Bytes input_;  // what feed() was given and wslay has not read yet

    std::uint64_t frame_bytes_left_ = 0;  // of the frame whose pieces arrive
    std::optional<MessageType> message_type_;
    std::vector<std::uint8_t> message_;  // the fragments so far, or the pieces of a frame
    std::array<std::uint8_t, limits::kControlBytesMax> control_{};
    std::size_t control_bytes_ = 0;

    bool close_sent_ = false;
    bool close_received_ = false;
    std::optional<Error> failure_;
};

Codec::Impl::Impl(const CodecOptions& options, CodecHandler& handler)
    : options_(options), handler_(&handler) {
    CHECK(options.role == Role::Server || options.mask);
    const wslay_frame_callbacks callbacks{&write_output, &read_input, &make_mask};
    wslay_frame_context* frames = nullptr;
    CHECK_TEXT(wslay_frame_context_init(&frames, &callbacks, this) == 0, "out of memory");
    frames_.reset(frames);
}

Status Codec::Impl::feed(Bytes bytes) {
    input_ = bytes;
    while (!failure_ && !close_received_) {  // every turn takes a byte at least
        Piece piece{};
        const ssize_t taken = wslay_frame_recv(frames_.get(), &piece);
        if (taken == WSLAY_ERR_WANT_READ) {
            DCHECK(input_.empty());
            break;
        }
        if (taken < 0) {
            return refuse(kProtocolError, "frame header is malformed");
        }
        TRY(take_piece(piece));
    }
    input_ = {};
    return failure_ ? Status(tl::unexpected(*failure_)) : Status();
}

Status Codec::Impl::take_piece(const Piece& piece) {
    const bool is_first = frame_bytes_left_ == 0;
    if (is_first) {
        TRY(start_frame(piece));
        frame_bytes_left_ = piece.payload_length;
    }
    const Bytes payload(piece.data, piece.data_length);
    CHECK(frame_bytes_left_ >= payload.size());
    frame_bytes_left_ -= payload.size();
    const bool is_last = frame_bytes_left_ == 0;
    if (is_control(piece.opcode)) {
        std::ranges::copy(payload, control_.begin() + static_cast<std::ptrdiff_t>(control_bytes_));
        control_bytes_ += payload.size();
        return is_last ? end_control_frame(piece.opcode) : Status();
    }
    // A message in one piece is handed on from where it is.
    const bool is_whole = is_last && piece.fin != 0 && message_.empty();
    if (!is_whole) {
        message_.insert(message_.end(), payload.begin(), payload.end());
    }
    return is_last ? end_data_frame(piece, is_whole ? payload : Bytes(message_)) : Status();
}

Status Codec::Impl::start_frame(const Piece& piece) {
    if (piece.rsv != 0) {
        return refuse(kProtocolError, "reserved bits are set without an extension");
    }
    if (!is_known(piece.opcode)) {
        return refuse(kProtocolError, "opcode is reserved");
    }
    const bool is_masked = piece.mask != 0;
    if (is_masked != (options_.role == Role::Server)) {  // section 5.1
        return refuse(kProtocolError, is_masked ? "frame of a server is masked"
                                                : "frame of a client is not masked");
    }
    if (is_control(piece.opcode)) {
        CHECK(piece.payload_length <= control_.size());  // wslay refuses a longer one
        control_bytes_ = 0;
        return {};
    }
    const bool is_continuation = piece.opcode == WSLAY_CONTINUATION_FRAME;
    if (is_continuation != message_type_.has_value()) {  // section 5.4
        return refuse(kProtocolError, is_continuation ? "continuation of no message"
                                                      : "message inside another message");
    }
    if (!is_continuation) {
        message_type_ = piece.opcode == WSLAY_TEXT_FRAME ? MessageType::Text : MessageType::Binary;
    }
    if (piece.payload_length > options_.message_bytes_max - message_.size()) {
        return refuse(kMessageTooBig, "message is larger than the limit");
    }
    return {};
}

Status Codec::Impl::end_data_frame(const Piece& piece, Bytes payload) {
    if (piece.fin == 0) {
        return {};
    }
    CHECK(message_type_);
    const MessageType type = *message_type_;
    if (type == MessageType::Text && !is_utf8(payload)) {  // section 8.1
        return refuse(kInvalidPayload, "text message is not valid UTF-8");
    }
    message_type_.reset();
    // The handler may come back with send() or close(), so this frame is done before it is called.
    const std::vector<std::uint8_t> kept = std::exchange(message_, {});
    if (!close_sent_) {
        handler_->on_message(type, payload);
    }
    return {};
}

Status Codec::Impl::end_control_frame(std::uint8_t opcode) {
    const Bytes payload = Bytes(control_).first(control_bytes_);
    if (opcode == WSLAY_CONNECTION_CLOSE) {
        return take_close(payload);
    }
    if (opcode == WSLAY_PING) {  // section 5.5.3: the same payload
        send(WSLAY_PONG, payload);
    }
    return {};  // a pong tells nothing that the bytes as such do not
}

Status Codec::Impl::take_close(Bytes payload) {
    std::uint16_t code = kNoStatusReceived;
    std::string_view reason;
    if (!payload.empty()) {
        if (payload.size() == 1) {
            return refuse(kProtocolError, "close frame with half a code");
        }
        code = static_cast<std::uint16_t>((payload[0] << 8) | payload[1]);
        reason = as_text(payload.subspan(2));
        if (!is_close_code(code)) {
            return refuse(kProtocolError, "close code is reserved");
        }
        if (!is_utf8(as_bytes(reason))) {
            return refuse(kInvalidPayload, "close reason is not valid UTF-8");
        }
    }
    close_received_ = true;
    // "it typically echos the status code it received" (section 5.5.1).
    send_close(payload.first(std::min<std::size_t>(payload.size(), 2)));
    handler_->on_close(code, reason);
    return {};
}

void Codec::Impl::close(std::uint16_t code, std::string_view reason) {
    CHECK(is_close_code(code));
    CHECK(reason.size() <= limits::kCloseReasonBytesMax);
    std::array<std::uint8_t, limits::kControlBytesMax> payload{};
    ByteWriter writer(payload);
    writer.u16(code);
    writer.bytes(as_bytes(reason));
    send_close(Bytes(payload).first(writer.written()));
}

void Codec::Impl::send_close(Bytes payload) {
    if (!close_sent_) {
        send(WSLAY_CONNECTION_CLOSE, payload);
        close_sent_ = true;
    }
}

Status Codec::Impl::refuse(std::uint16_t code, const char* text) {
    close(code, text);
    const ErrorKind kind = code == kMessageTooBig ? ErrorKind::Limit : ErrorKind::Protocol;
    failure_ = Error{kind, code, text};
    message_ = {};
    input_ = {};
    return tl::unexpected(*failure_);
}

void Codec::Impl::send(wslay_opcode opcode, Bytes payload) {
    if (close_sent_) {  // section 5.5.1: no frames after a close frame
        return;
    }
    wslay_frame_iocb frame{};
    frame.fin = 1;
    frame.opcode = static_cast<std::uint8_t>(opcode);
    frame.mask = options_.role == Role::Client ? 1 : 0;
    frame.payload_length = payload.size();
    frame.data = payload.data();
    frame.data_length = payload.size();
    const ssize_t sent = wslay_frame_send(frames_.get(), &frame);
    CHECK(sent == narrow<ssize_t>(payload.size()));  // write_output() takes everything
}

ssize_t Codec::Impl::read_input(std::uint8_t* into, std::size_t bytes, int, void* user) {
    auto* self = static_cast<Impl*>(user);
    const std::size_t taken = std::min(bytes, self->input_.size());
    if (taken == 0) {
        return -1;  // which wslay takes for: not now
    }
    std::memcpy(into, self->input_.data(), taken);
    self->input_ = self->input_.subspan(taken);
    return narrow<ssize_t>(taken);
}

ssize_t Codec::Impl::write_output(const std::uint8_t* from, std::size_t bytes, int, void* user) {
    static_cast<Impl*>(user)->handler_->on_output(Bytes(from, bytes));
    return narrow<ssize_t>(bytes);
}

int Codec::Impl::make_mask(std::uint8_t* into, std::size_t bytes, void* user) {
    const std::uint32_t mask = static_cast<Impl*>(user)->options_.mask();
    CHECK(bytes == sizeof(mask));
    std::memcpy(into, &mask, sizeof(mask));
    return 0;
}

Codec::Codec(const CodecOptions& options, CodecHandler& handler)
    : impl_(std::make_unique<Impl>(options, handler)) {}
Codec::~Codec() = default;
Codec::Codec(Codec&&) noexcept = default;
Codec& Codec::operator=(Codec&&) noexcept = default;

Status Codec::feed(MutableBytes bytes) {
    return impl_->feed(bytes);
}

void Codec::send(MessageType type, Bytes message) {
    DCHECK(type == MessageType::Binary || is_utf8(message));
    impl_->send(type == MessageType::Text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME, message);
}

void Codec::ping() {
    impl_->send(WSLAY_PING, {});
}

void Codec::close(std::uint16_t code, std::string_view reason) {
    impl_->close(code, reason);
}

bool Codec::is_closing() const {
    return impl_->is_closing();
}

}  // namespace kith::websocket
