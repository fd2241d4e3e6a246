#include "api/web_socket_stream.h"

#include <utility>

#include "api/limits.h"
#include "base/check.h"
#include "runtime/limits.h"

namespace kith::api {

WebSocketStream::WebSocketStream(runtime::Shard& shard, std::unique_ptr<runtime::Stream> lower,
                                 const std::string& rest)
    : Stream(shard.chunks()),
      shard_(&shard),
      lower_(std::move(lower)),
      codec_({.role = websocket::Role::Server,
              .message_bytes_max = kWebSocketMessageBytesMax,
              .mask = {}},
             *this),
      held_(rest.begin(), rest.end()) {
    lower_->set_handler(this);
    if (!held_.empty()) {
        shard_->defer(input_task_);
    }
}

runtime::StreamInfo WebSocketStream::info() const {
    runtime::StreamInfo info = lower_->info();
    info.transport = info.tls == nullptr ? "ws" : "wss";
    return info;
}

// --- Input -------------------------------------------------------------------------------------

void WebSocketStream::on_data(MutableBytes bytes) {
    if (is_closing_ || codec_.is_closing()) {
        return;
    }
    if (is_paused_ || !held_.empty()) {
        held_.insert(held_.end(), bytes.begin(), bytes.end());
        return;
    }
    take_input(bytes);
}

void WebSocketStream::take_held_input() {
    if (shard_ == nullptr || is_paused_ || held_.empty() || is_closing_) {
        return;
    }
    std::vector<std::uint8_t> bytes = std::exchange(held_, {});
    take_input(bytes);
}

void WebSocketStream::take_input(MutableBytes bytes) {
    const Status fed = codec_.feed(bytes);
    lower_->request_flush();  // pongs and close frames
    if (!fed && !failure_) {
        failure_ = fed.error();
    }
    if (lower_->unsent_bytes() > kUnansweredBytesMax && !failure_) {
        failure_ = Error{ErrorKind::Limit, 0, "does not read what it is answered"};
    }
    if (failure_ || codec_.is_closing()) {
        is_closing_ = true;
        lower_->close();
    }
    hand_up();  // last: the handler may destroy this
}

void WebSocketStream::hand_up() {
    if (inbox_.empty()) {
        return;
    }
    std::vector<std::uint8_t> payload = std::exchange(inbox_, {});
    handler_->on_data(payload);
}

void WebSocketStream::on_message(websocket::MessageType type, Bytes message) {
    if (type != websocket::MessageType::Binary) {
        // [MQTT-6.0.0-1] "If any other type of data frame is received the recipient MUST close the
        // Network Connection."
        failure_ = Error{ErrorKind::Protocol, websocket::kUnsupportedData,
                         "a text message where only binary ones are allowed"};
        codec_.close(websocket::kUnsupportedData, "binary messages only");
        return;
    }
    inbox_.insert(inbox_.end(), message.begin(), message.end());
}

void WebSocketStream::on_close(std::uint16_t, std::string_view) {}

void WebSocketStream::pause_reading() {
    is_paused_ = true;
    lower_->pause_reading();
}

void WebSocketStream::resume_reading() {
    is_paused_ = false;
    if (!held_.empty() && shard_ != nullptr) {
        shard_->defer(input_task_);
    }
    lower_->resume_reading();
}

// --- Output ------------------------------------------------------------------------------------

void WebSocketStream::request_flush() {
    CHECK_TEXT(shard_ != nullptr, "flush of a stream between two shards");
    if (codec_.is_closing()) {
        output_.clear();
        return;
    }
    congested_ = congested_ || output_.size_bytes() > runtime::kOutputHighBytes;
    shard_->flush_later(*this);
}

void WebSocketStream::run_task() {
    if (codec_.is_closing()) {
        output_.clear();
        return;
    }
    while (!output_.empty() && (is_closing_ || !lower_->is_congested())) {
        const Bytes front = output_.front();
        const Bytes piece = front.first(cutter_.take(front));
        codec_.send(websocket::MessageType::Binary, piece);
        output_.consume(piece.size());
    }
    if (is_closing_ && output_.empty()) {
        codec_.close(websocket::kNormalClosure, "");
        lower_->close();
        return;
    }
    if (congested_ && output_.size_bytes() < runtime::kOutputLowBytes) {
        congested_ = false;
        if (!is_closing_) {
            handler_->on_drained();  // last: the handler may destroy this
        }
    }
}

void WebSocketStream::on_output(Bytes bytes) {
    lower_->output().append(bytes);
    lower_->request_flush();
}

void WebSocketStream::on_drained() {
    if (!output_.empty()) {
        shard_->flush_later(*this);
    }
}

// --- The end -----------------------------------------------------------------------------------

void WebSocketStream::close() {
    if (is_closing_) {
        return;
    }
    is_closing_ = true;
    if (shard_ != nullptr) {
        shard_->flush_later(*this);
    }
}

void WebSocketStream::abort() {
    cancel_task();
    input_task_.cancel_task();
    output_.clear();
    lower_->abort();
}

void WebSocketStream::on_closed(const Error& reason) {
    end(failure_ ? *failure_ : reason);
}

void WebSocketStream::end(const Error& reason) {
    cancel_task();
    input_task_.cancel_task();
    output_.clear();
    handler_->on_closed(reason);  // last: the handler may destroy this
}

void WebSocketStream::detach() {
    CHECK(shard_ != nullptr);
    cancel_task();
    input_task_.cancel_task();
    output_.unbind();
    lower_->detach();
    shard_ = nullptr;
}

void WebSocketStream::attach(runtime::Shard& shard) {
    CHECK(shard_ == nullptr);
    shard_ = &shard;
    output_.rebind(shard.chunks());
    lower_->attach(shard);
    if (!held_.empty() && !is_paused_) {
        shard_->defer(input_task_);
    }
    if (!output_.empty() || is_closing_) {
        shard_->flush_later(*this);
    }
}

}  // namespace kith::api
