#include "node/client_tap.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "api/limits.h"
#include "runtime/task.h"

namespace kith::node {
namespace {

using Sink = std::function<void(const api::TappedMessage&)>;

struct Noted {
    bool is_from_client = true;
    WallTime at;
    std::string topic;
    std::string payload;
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
};

/// On the client's shard: notes, and posts at the end of the turn.
class Watcher final : public broker::ClientWatcher, public runtime::Task {
  public:
    Watcher(std::string client_id, ShardId to, std::weak_ptr<Sink> sink)
        : client_id_(std::move(client_id)), to_(to), sink_(std::move(sink)) {}

    void start(runtime::Shard& shard, broker::BrokerShard& broker) {
        shard_ = &shard;
        broker.watch_client(client_id_, *this);
    }
    void stop(broker::BrokerShard& broker) {
        broker.unwatch_client(client_id_, *this);
        cancel_task();
    }

    void on_client_message(const broker::ClientMessage& message) override {
        if (noted_.size() >= kTapMessagesPerTurn) {
            return;
        }
        const std::size_t kept = std::min(message.payload.size(), api::kShownPayloadBytes);
        noted_.push_back({.is_from_client = message.is_from_client,
                          .at = message.at,
                          .topic = std::string(message.topic),
                          .payload = std::string(as_text(message.payload.first(kept))),
                          .qos = message.qos,
                          .retain = message.retain});
        shard_->flush_later(*this);
    }

    void run_task() override {
        shard_->post(to_, [sink = sink_, client_id = client_id_,
                           noted = std::exchange(noted_, {})](runtime::Shard&) {
            const std::shared_ptr<Sink> alive = sink.lock();
            if (alive == nullptr) {
                return;  // nobody listens any more
            }
            for (const Noted& each : noted) {
                (*alive)(
                    {.at = each.at,
                     .direction = each.is_from_client ? api::Direction::In : api::Direction::Out,
                     .client = client_id,
                     .topic = each.topic,
                     .payload = as_bytes(each.payload),
                     .qos = each.qos,
                     .retain = each.retain});
            }
        });
    }

  private:
    std::string client_id_;
    ShardId to_;
    std::weak_ptr<Sink> sink_;
    runtime::Shard* shard_ = nullptr;
    std::vector<Noted> noted_;
};

class ClientTap final : public api::Tap {
  public:
    ClientTap(runtime::Shard& shard, broker::Broker& broker, const std::string& client_id,
              Sink sink)
        : shard_(shard),
          broker_(broker),
          home_(broker.shard(shard.id()).home_of(client_id)),
          sink_(std::make_shared<Sink>(std::move(sink))),
          watcher_(std::make_shared<Watcher>(client_id, shard.id(), sink_)) {
        shard_.post(home_, [watcher = watcher_, broker_here = &broker_](runtime::Shard& there) {
            watcher->start(there, broker_here->shard(there.id()));
        });
    }
    /// The watcher goes where it lives, after the mail that started it.
    ~ClientTap() override {
        shard_.post(home_,
                    [watcher = std::move(watcher_), broker_here = &broker_](runtime::Shard& there) {
                        watcher->stop(broker_here->shard(there.id()));
                    });
    }
    ClientTap(const ClientTap&) = delete;
    ClientTap& operator=(const ClientTap&) = delete;

  private:
    runtime::Shard& shard_;
    broker::Broker& broker_;
    ShardId home_;
    // shared_ptr: mails under way find out through it whether anybody still listens.
    std::shared_ptr<Sink> sink_;
    // shared_ptr: handed from this shard to the client's and back to nobody.
    std::shared_ptr<Watcher> watcher_;
};

}  // namespace

std::unique_ptr<api::Tap> tap_client(runtime::Shard& shard, broker::Broker& broker,
                                     const std::string& client_id, Sink sink) {
    return std::make_unique<ClientTap>(shard, broker, client_id, std::move(sink));
}

}  // namespace kith::node
