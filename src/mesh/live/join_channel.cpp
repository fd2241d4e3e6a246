#include "mesh/live/join_channel.h"

#include <array>
#include <utility>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/check.h"
#include "base/narrow.h"
#include "mesh/live/limits.h"

namespace kith::mesh {
namespace {

constexpr std::size_t kLengthBytes = 2;

}  // namespace

void JoinChannel::start(std::unique_ptr<runtime::Stream> stream, runtime::Shard& shard) {
    CHECK(stream_ == nullptr);
    stream_ = std::move(stream);
    stream_->set_handler(this);
    remote_ = stream_->info().remote;
    shard.arm_after(*this, kJoinChannelMax);
}

void JoinChannel::send(Bytes message) {
    std::array<std::uint8_t, kLengthBytes> head;
    ByteWriter(head).u16(narrow<std::uint16_t>(message.size()));
    stream_->output().append(head);
    stream_->output().append(message);
    stream_->request_flush();
}

void JoinChannel::close() {
    if (is_open_) {
        stream_->close();
    }
}

void JoinChannel::abort() {
    cancel();
    is_open_ = false;
    if (stream_ != nullptr) {
        stream_->abort();
    }
}

void JoinChannel::on_connected() {
    owner_.on_channel_ready(*this);
}

std::optional<std::size_t> JoinChannel::length() const {
    if (received_.size() < kLengthBytes) {
        return std::nullopt;
    }
    return ByteReader(received_).u16();
}

void JoinChannel::on_data(MutableBytes bytes) {
    const std::size_t room = kLengthBytes + message_bytes_max_ - received_.size();
    const bool is_too_much = is_told_ || bytes.size() > room;
    if (!is_too_much) {
        received_.insert(received_.end(), bytes.begin(), bytes.end());
    }
    const std::optional<std::size_t> expected = length();
    if (is_too_much || (expected && (*expected > message_bytes_max_ ||
                                     received_.size() > kLengthBytes + *expected))) {
        stream_->abort();
        end(JoinChannelEnd::Malformed);
        return;
    }
    if (expected && received_.size() == kLengthBytes + *expected) {
        is_told_ = true;
        owner_.on_channel_message(*this, Bytes(received_).subspan(kLengthBytes));
    }
}

void JoinChannel::on_timer(Instant) {
    stream_->abort();
    end(JoinChannelEnd::Timeout);
}

void JoinChannel::on_closed(const Error& reason) {
    end(reason.kind == ErrorKind::Closed ? JoinChannelEnd::Closed : JoinChannelEnd::Broken);
}

void JoinChannel::end(JoinChannelEnd how) {
    cancel();
    is_open_ = false;
    owner_.on_channel_ended(*this, how);
}

}  // namespace kith::mesh
