#include "node/client_logs.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace kith::node {

/// Logs what passes on one shard and takes it home once a turn.
class ClientLogs::Relay final : public broker::PacketLogSink, public runtime::Task {
  public:
    Relay(ClientLogs& logs, ShardId home, std::string client)
        : logs_(logs), home_(home), client_(std::move(client)) {}

    void start(runtime::Shard& shard, broker::BrokerShard& broker) {
        shard_ = &shard;
        broker.log_packets(client_, *this);
    }
    void stop(broker::BrokerShard& broker) {
        broker.end_packet_log(client_);
        cancel_task();
    }

    void on_packet(const std::string& client_id, const broker::PacketNote& note) override {
        LOG(shard_->log(), Debug, "packet", {"client", std::string_view(client_id)},
            {"direction", note.is_from_client ? "in" : "out"}, {"packet", note.type},
            {"packet_id", std::uint64_t{note.packet_id.value()}},
            {"text", std::string_view(note.text)});
        if (noted_.size() < api::kLoggedPacketsMax) {
            noted_.push_back({.at = note.at,
                              .is_from_client = note.is_from_client,
                              .type = std::string(note.type),
                              .packet_id = note.packet_id.value(),
                              .text = note.text});
        }
        shard_->flush_later(*this);
    }

    void run_task() override {
        shard_->post(home_, [logs = &logs_, client = client_, noted = std::exchange(noted_, {})](
                                runtime::Shard&) mutable { logs->add(client, std::move(noted)); });
    }

  private:
    ClientLogs& logs_;
    ShardId home_;
    std::string client_;
    runtime::Shard* shard_ = nullptr;
    std::vector<api::LoggedPacket> noted_;
};

Status ClientLogs::start(const api::Observation::LogOrder& order) {
    auto found = std::ranges::find(entries_, order.client,
                                   [](const auto& entry) { return entry->logged.client; });
    if (found == entries_.end()) {
        if (entries_.size() >= api::kLoggedClientsMax) {
            return fail(ErrorKind::Limit, "the packets of as many clients are logged as can be");
        }
        auto entry = std::make_unique<Entry>();
        entry->logged.client = order.client;
        entry->timer =
            std::make_unique<runtime::CallbackTimer>([this, client = order.client](Instant) {
                const std::string name = client;  // the timer goes with its entry
                const Status stopped = stop(name);
                CHECK(stopped.has_value());
            });
        start_on_shards(*entry);
        entries_.push_back(std::move(entry));
        found = std::prev(entries_.end());
    }
    Entry& entry = **found;
    entry.logged.started_by = order.started_by;
    entry.logged.ends_at = home_.wall_now() + std::chrono::seconds(order.seconds);
    home_.arm_after(*entry.timer, std::chrono::seconds(order.seconds));
    return {};
}

void ClientLogs::start_on_shards(Entry& entry) {
    for (std::uint16_t i = 0; i < home_.shard_count(); ++i) {
        entry.relays.push_back(std::make_shared<Relay>(*this, home_.id(), entry.logged.client));
        home_.post(ShardId(i),
                   [relay = entry.relays.back(), broker = &broker_](runtime::Shard& shard) {
                       relay->start(shard, broker->shard(shard.id()));
                   });
    }
}

std::vector<const api::LoggedClient*> ClientLogs::list() const {
    std::vector<const api::LoggedClient*> all;
    for (const auto& entry : entries_) {
        all.push_back(&entry->logged);
    }
    return all;
}

const api::LoggedClient* ClientLogs::find(const std::string& client) const {
    const auto found =
        std::ranges::find(entries_, client, [](const auto& entry) { return entry->logged.client; });
    return found == entries_.end() ? nullptr : &(*found)->logged;
}

Status ClientLogs::stop(const std::string& client) {
    const auto found =
        std::ranges::find(entries_, client, [](const auto& entry) { return entry->logged.client; });
    if (found == entries_.end()) {
        return fail(ErrorKind::NotFound, "the packets of this client are not logged");
    }
    for (std::uint16_t i = 0; i < home_.shard_count(); ++i) {
        home_.post(ShardId(i),
                   [relay = std::move((*found)->relays[i]), broker = &broker_](
                       runtime::Shard& shard) { relay->stop(broker->shard(shard.id())); });
    }
    entries_.erase(found);
    return {};
}

void ClientLogs::add(const std::string& client, std::vector<api::LoggedPacket> packets) {
    const auto found =
        std::ranges::find(entries_, client, [](const auto& entry) { return entry->logged.client; });
    if (found == entries_.end()) {
        return;  // it has been stopped meanwhile
    }
    api::LoggedClient& logged = (*found)->logged;
    logged.packet_count += packets.size();
    std::ranges::move(packets, std::back_inserter(logged.packets));
    while (logged.packets.size() > api::kLoggedPacketsMax) {
        logged.packets.pop_front();
    }
}

}  // namespace kith::node
