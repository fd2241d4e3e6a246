#include "api/detail/live_hub.h"

#include <algorithm>
#include <utility>

#include "api/limits.h"
#include "base/check.h"

namespace kith::api {

LiveHub::LiveHub(const LiveParts& parts) : parts_(parts), timer_([this](Instant) { tick(); }) {}

void LiveHub::open(std::unique_ptr<runtime::Stream> stream, std::string rest,
                   const Caller& caller) {
    CHECK(has_room());
    if (clients_.empty()) {
        looked_after_at_ = parts_.shard.now();
        parts_.shard.arm_after(timer_, kLiveInterval);
    }
    clients_.push_back(std::make_unique<LiveClient>(*this, std::move(stream), caller));
    parts_.counters.live_clients = clients_.size();
    clients_.back()->start(std::move(rest));
}

void LiveHub::tick() {
    if (clients_.empty()) {
        return;
    }
    parts_.shard.arm_after(timer_, kLiveInterval);
    if (parts_.shard.now() - looked_after_at_ >= kLivePingInterval) {
        looked_after_at_ = parts_.shard.now();
        look_after_clients();
    }
    if (std::ranges::any_of(clients_, &LiveClient::follows_machines)) {
        parts_.machines.refresh([] {});
    }
    if (std::ranges::any_of(clients_, &LiveClient::follows_topics)) {
        parts_.sampler.sample_topics([this] { serve(); });
    } else {
        serve();
    }
}

void LiveHub::serve() {
    const LiveBoards now = boards();
    for (const auto& client : clients_) {
        client->serve(now);
    }
}

/// Every few seconds: who may not listen any more, who has to hear that the node is there, and what
/// is worth asking seldom.
void LiveHub::look_after_clients() {
    for (const auto& client : clients_) {
        if (!parts_.is_still_good(client->caller())) {
            client->close(websocket::kPolicyViolation, "the session has ended");
            continue;
        }
        client->ping(wall_now());
    }
    ask_subscribers();
}

void LiveHub::ask_subscribers() {
    std::vector<std::string> topics;
    for (const auto& client : clients_) {
        client->collect_topics(topics);
    }
    std::ranges::sort(topics);
    topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
    std::erase_if(topics, [this](const std::string& topic) {
        return !parts_.topics.topic(topic).has_value();
    });
    if (topics.empty()) {
        return;
    }
    parts_.backend.subscriber_counts(
        topics, [this, topics](const std::vector<std::uint32_t>& counts) {
            for (std::size_t i = 0; i < topics.size() && i < counts.size(); ++i) {
                parts_.topics.set_subscriber_count(topics[i], counts[i]);
            }
        });
}

void LiveHub::note_stats() {
    for (const auto& client : clients_) {
        client->note_stats();
    }
}

void LiveHub::note_event(const NodeEvent& event) {
    for (const auto& client : clients_) {
        client->note_event(event);
    }
}

/// What is followed anew is told with the next tick; the machines must be there by then.
void LiveHub::note_follow() {
    if (std::ranges::any_of(clients_, &LiveClient::follows_machines)) {
        parts_.machines.refresh([] {});
    }
}

void LiveHub::close_all() {
    for (const auto& client : clients_) {
        client->close(websocket::kGoingAway, "the node stops");
    }
}

void LiveHub::end(LiveClient& client) {
    const auto found = std::ranges::find(clients_, &client, &std::unique_ptr<LiveClient>::get);
    CHECK(found != clients_.end());
    ended_.push_back(std::move(*found));
    clients_.erase(found);
    parts_.counters.live_clients = clients_.size();
    parts_.shard.defer(burial_);
}

}  // namespace kith::api
