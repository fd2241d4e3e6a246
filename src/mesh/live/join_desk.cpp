#include "mesh/live/join_desk.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "mesh/live/limits.h"

namespace kith::mesh {

JoinDesk::JoinDesk(runtime::Shard& shard, Ports ports)
    : shard_(shard), ports_(std::move(ports)), self_token_(std::make_shared<JoinDesk*>(this)) {}

JoinDesk::~JoinDesk() {
    *self_token_ = nullptr;
}

bool JoinDesk::has_room_for(const runtime::SocketAddress& remote) const {
    const auto from_there = std::ranges::count_if(channels_, [&remote](const auto& channel) {
        return channel.second->remote().ip() == remote.ip();
    });
    return channels_.size() < kJoinChannelsMax &&
           static_cast<std::size_t>(from_there) < kJoinChannelsPerAddressMax;
}

void JoinDesk::on_newcomer(std::unique_ptr<runtime::Stream> stream) {
    if (!has_room_for(stream->info().remote)) {
        ++counters_.refused;
        stream->abort();
        turned_away_.push_back(std::move(stream));
        shard_.defer(*this);
        return;
    }
    ++counters_.channels;
    const LinkId id(++last_channel_);
    JoinChannelOwner& owner = *this;
    auto& channel = channels_[id];
    channel = std::make_unique<JoinChannel>(id, kRenewalRequestBytesMax, owner);
    channel->start(std::move(stream), shard_);
}

void JoinDesk::on_channel_message(JoinChannel& channel, Bytes message) {
    if (!attempts_.take(shard_.now())) {
        answer(channel.id(), refuse_join_request(JoinVerdict::Busy));
        return;
    }
    const runtime::StreamInfo info = channel.info();
    CHECK(info.tls != nullptr);
    const Status submitted = ports_.files.submit(
        shard_, [desk = self_token_, id = channel.id(), directory = ports_.directory,
                 wall_now = ports_.wall_now(), binding = info.tls->channel_binding,
                 request = std::vector<std::uint8_t>(message.begin(), message.end())]() mutable {
            JoinAttempts counted_already;
            auto outcome = directory.answer(
                request, binding,
                {.wall_now = wall_now, .now = Instant(), .attempts = counted_already});
            return runtime::make_mail([desk, id, outcome = std::move(outcome)](runtime::Shard&) {
                if (*desk == nullptr) {
                    return;
                }
                if (outcome) {
                    (*desk)->answer(id, *outcome);
                } else {
                    (*desk)->on_failed(id, outcome.error().text);
                }
            });
        });
    if (!submitted) {
        answer(channel.id(), refuse_join_request(JoinVerdict::Busy));
    }
}

void JoinDesk::answer(LinkId channel, const JoinOutcome& outcome) {
    ++counters_.verdicts[static_cast<std::size_t>(outcome.verdict)];
    if (ports_.on_answered) {
        ports_.on_answered(outcome);
    }
    const auto found = channels_.find(channel);
    if (found != channels_.end()) {  // it has waited
        found->second->send(outcome.answer);
        found->second->close();
    }
}

void JoinDesk::on_failed(LinkId channel, const std::string& problem) {
    ++counters_.failed;
    if (ports_.on_problem) {
        ports_.on_problem(problem);
    }
    answer(channel, refuse_join_request(JoinVerdict::NotPossible));
}

void JoinDesk::on_channel_ended(JoinChannel& channel, JoinChannelEnd end) {
    counters_.timed_out += end == JoinChannelEnd::Timeout ? 1U : 0U;
    counters_.malformed += end == JoinChannelEnd::Malformed ? 1U : 0U;
    counters_.broken += end == JoinChannelEnd::Broken ? 1U : 0U;
    const auto found = channels_.find(channel.id());
    CHECK(found != channels_.end());
    ended_.push_back(std::move(found->second));
    channels_.erase(found);
    shard_.defer(*this);
}

void JoinDesk::run_task() {
    ended_.clear();
    turned_away_.clear();
}

}  // namespace kith::mesh
