#include "broker/testing/broker_rig.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace kith::broker::testing {

void RecordingEvents::on_event(const Event& event) {
    events.push_back({event.kind, std::string(event.client_id), std::string(event.reason)});
}

std::size_t RecordingEvents::count(EventKind kind) const {
    return static_cast<std::size_t>(std::ranges::count(events, kind, &Recorded::kind));
}

RecordingEvents::Recorded RecordingEvents::last(EventKind kind) const {
    const auto found = std::find_if(events.rbegin(), events.rend(),
                                    [kind](const Recorded& each) { return each.kind == kind; });
    EXPECT_NE(found, events.rend()) << "no " << to_string(kind);
    return found == events.rend() ? Recorded{} : *found;
}

class BrokerRig::Acceptor final : public runtime::AcceptHandler {
  public:
    Acceptor(BrokerShard& broker, runtime::Shard& shard, const runtime::SocketAddress& address)
        : broker_(broker) {
        auto listener =
            shard.network().listen({.address = address, .shared = true, .backlog = 128}, *this);
        EXPECT_TRUE(listener.has_value());
        listener_ = std::move(*listener);
    }
    void on_accept(std::unique_ptr<runtime::Stream> stream) override {
        broker_.accept(std::move(stream), {.allow_anonymous = true});
    }

  private:
    BrokerShard& broker_;
    std::unique_ptr<runtime::Listener> listener_;
};

BrokerRig::BrokerRig(const RigOptions& options)
    : options_(options),
      own_world_(options.world != nullptr
                     ? nullptr
                     : std::make_unique<runtime::sim::World>(
                           runtime::sim::WorldOptions{.seed = options.seed,
                                                      .piece_bytes_max = options.piece_bytes_max,
                                                      .window_bytes = options.window_bytes})),
      world_(options.world != nullptr ? *options.world : *own_world_),
      store_(storage::make_memory_message_store()) {
    clients_ = &world_.add_host("clients of " + options.name, 1, log_);
    start(options.shard_count);
}

BrokerRig::~BrokerRig() {
    test_clients_.clear();
    acceptors_.clear();
    journal_.reset();
    broker_.reset();
}

void BrokerRig::start(std::uint16_t shard_count) {
    node_ =
        &world_.add_host(options_.name + "-" + std::to_string(++generation_), shard_count, log_);
    BrokerParts parts;
    for (std::uint16_t i = 0; i < shard_count; ++i) {
        runtime::Shard& shard = node_->shard(ShardId(i));
        authenticators_.push_back(std::make_unique<FakeAuthenticator>(shard));
        parts.shards.push_back(&shard);
        parts.authenticators.push_back(authenticators_.back().get());
        authorizers_.push_back(std::make_unique<FakeAuthorizer>());
        for (const auto& [name, rules] : rules_) {
            authorizers_.back()->set(name, rules);
        }
        parts.authorizers.push_back(authorizers_.back().get());
        parts.events.push_back(&events_);
    }
    broker_ = std::make_unique<Broker>(options_.broker, parts);
    ASSERT_TRUE(broker_->recover(*store_));
    journal_ = std::make_unique<SimJournal>(*store_, *node_, options_.commit_delay, *broker_);
    broker_->start(*journal_);
    world_.run_for(10ms);  // interest travels between the shards before anybody connects
    listen();
}

void BrokerRig::listen() {
    for (std::uint16_t i = 0; i < node_->shard_count(); ++i) {
        runtime::Shard& shard = node_->shard(ShardId(i));
        shard.post_completion(runtime::make_mail([this, i](runtime::Shard& here) {
            acceptors_.push_back(
                std::make_unique<Acceptor>(broker_->shard(ShardId(i)), here, address()));
        }));
    }
    world_.run_for(10ms);
}

void BrokerRig::power_off() {
    node_->crash();
    is_off_ = true;
}

void BrokerRig::restart(std::uint16_t shard_count) {
    if (!std::exchange(is_off_, false)) {
        node_->crash();
    }
    acceptors_.clear();
    journal_.reset();
    broker_.reset();
    authenticators_.clear();
    authorizers_.clear();
    start(shard_count);
}

void BrokerRig::set_rules(const std::string& name, const FakeAuthorizer::Rules& rules) {
    rules_[name] = rules;
    for (std::uint16_t i = 0; i < node_->shard_count(); ++i) {
        node_->shard(ShardId(i))
            .post_completion(runtime::make_mail(
                [this, i, name, rules](runtime::Shard&) { authorizers_[i]->set(name, rules); }));
    }
    settle();
}

std::string BrokerRig::id_on(std::uint16_t shard_id, const std::string& prefix) {
    std::string id;
    for (int i = 0; id.empty() || shard(0).home_of(id) != ShardId(shard_id); ++i) {
        id = prefix + "-" + std::to_string(i);
    }
    return id;
}

std::string BrokerRig::topic_on(std::uint16_t shard_id, const std::string& prefix) const {
    std::string topic;
    for (int i = 0; topic.empty() || hash_text(topic) % node_->shard_count() != shard_id; ++i) {
        topic = prefix + "/" + std::to_string(i);
    }
    return topic;
}

void BrokerRig::set_options(const BrokerOptions& options) {
    broker_->set_options(options);
    for (std::uint16_t i = 0; i < options_.shard_count; ++i) {
        shard(i).set_options(options);
    }
}

Counters BrokerRig::counters() {
    Counters sum;
    for (std::uint16_t i = 0; i < node_->shard_count(); ++i) {
        sum.add(shard(i).counters());
    }
    return sum;
}

TestClient& BrokerRig::client(std::string client_id) {
    test_clients_.push_back(std::make_unique<TestClient>(*this, std::move(client_id)));
    return *test_clients_.back();
}

}  // namespace kith::broker::testing
