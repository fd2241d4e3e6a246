#include "mesh/live/live_link.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "mesh/live/limits.h"
#include "wire/mesh/codec.h"

namespace kith::mesh {
namespace {

/// More than a Goodbye takes.
constexpr std::size_t kGoodbyeRoomBytes = 16;

}  // namespace

LiveLink::~LiveLink() {
    abort();
}

void LiveLink::start(std::unique_ptr<runtime::Stream> stream, runtime::Shard& shard) {
    CHECK(stream_ == nullptr && state_ == State::Handshake);
    shard_ = &shard;
    remote_ = stream->info().remote;
    shard.arm_after(*this, kLinkHandshakeMax);
    if (is_dialled()) {
        stream_ = security_.wrap_dialled(std::move(stream), shard);
        stream_->set_handler(this);
        return;
    }
    stream_ = security_.wrap_accepted(std::move(stream), shard);
    stream_->set_handler(this);
    if (!security_.has_handshake()) {
        on_connected();
    }
}

void LiveLink::on_connected() {
    cancel();
    if (!is_dialled() && security_.is_newcomer(stream_->info())) {
        state_ = State::Ended;
        owner_.on_link_newcomer(*this, std::move(stream_));
        return;
    }
    const Result<LinkPeer> peer = security_.identify(stream_->info());
    if (!peer) {
        stream_->abort();
        end(LinkEnd::NotMember);
        return;
    }
    peer_ = *peer;
    state_ = State::Open;
    open_since_ = shard_->now();
    owner_.on_link_ready(*this);
}

void LiveLink::on_data(MutableBytes bytes) {
    received_bytes_ += bytes.size();
    if (!is_open()) {
        return;
    }
    const bool is_whole = rest_.empty();
    if (!is_whole) {
        rest_.insert(rest_.end(), bytes.begin(), bytes.end());
    }
    const Bytes unread = is_whole ? Bytes(bytes) : Bytes(rest_);
    const Result<std::size_t> used = owner_.on_link_bytes(*this, unread);
    if (!used || !is_open()) {
        rest_.clear();
        return;
    }
    const auto used_bytes = static_cast<std::ptrdiff_t>(*used);
    if (is_whole) {
        rest_.assign(bytes.begin() + used_bytes, bytes.end());
    } else {
        rest_.erase(rest_.begin(), rest_.begin() + used_bytes);
    }
    if (rest_.empty() && rest_.capacity() > 0) {
        rest_ = {};  // an idle link holds no buffer
    }
}

bool LiveLink::send(Priority priority, Bytes head, const SharedBytes& body) {
    if (!is_open()) {
        return true;  // takes and forgets
    }
    if (queue_ == nullptr && !stream_->is_congested()) {
        write(head, body);
        return true;
    }
    if (queue_ == nullptr) {
        queue_ = std::make_unique<FrameQueue>();
    }
    if (queue_->size_bytes() >= kLinkQueueBytesEnd) {
        return false;
    }
    queue_->push(priority, head, body);
    return true;
}

void LiveLink::write(Bytes head, const SharedBytes& body) {
    sent_bytes_ += head.size() + body.bytes().size();
    stream_->output().append(head);
    if (!body.empty()) {
        stream_->output().append(body);
    }
    stream_->request_flush();
}

void LiveLink::on_drained() {
    while (queue_ != nullptr && is_open() && !stream_->is_congested()) {
        const FrameQueue::Entry next = queue_->pop();
        write(next.head, next.body);
        if (queue_->empty()) {
            queue_.reset();
        }
    }
}

std::size_t LiveLink::waiting_bytes() const {
    return (queue_ == nullptr ? 0 : queue_->size_bytes()) +
           (stream_ == nullptr ? 0 : stream_->unsent_bytes());
}

void LiveLink::close(GoodbyeReason reason) {
    if (state_ == State::Closing || state_ == State::Ended) {
        return;
    }
    cancel();
    queue_.reset();
    if (is_open()) {
        std::array<std::uint8_t, kGoodbyeRoomBytes> room;
        write(Bytes(room).first(encode(Frame(Goodbye{reason}), room)), {});
    }
    state_ = State::Closing;
    stream_->close();
}

void LiveLink::close_later(Duration delay) {
    if (is_open() && !is_armed()) {
        shard_->arm_after(*this, delay);
    }
}

void LiveLink::abort() {
    cancel();
    state_ = State::Ended;
    queue_.reset();
    if (stream_ != nullptr) {
        stream_->abort();
    }
}

void LiveLink::on_timer(Instant) {
    if (is_open()) {
        owner_.on_link_close_due(*this);
    } else {
        stream_->abort();
        end(LinkEnd::Timeout);
    }
}

void LiveLink::on_closed(const Error& reason) {
    end(reason.kind == ErrorKind::Closed ? LinkEnd::Closed : LinkEnd::Broken);
}

void LiveLink::end(LinkEnd how) {
    cancel();
    state_ = State::Ended;
    queue_.reset();
    owner_.on_link_ended(*this, how);
}

}  // namespace kith::mesh
