#include "node/detail/broker_pillar.h"

#include "node/process_facts.h"
#include "runtime/gather.h"
#include "storage/writer_journal.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

namespace kith::node {
namespace {

/// How long clients may take to hear that the node goes away.
constexpr auto kDrainTime = std::chrono::seconds(2);

/// A quarter of what the node may use, where nobody says.
std::size_t queued_bytes_max(const NodeConfig& config) {
    constexpr std::uint64_t kMin = 16ULL * 1024 * 1024;
    constexpr std::uint64_t kMax = 8ULL * 1024 * 1024 * 1024;
    return config.broker.queued_bytes_max != 0 ? config.broker.queued_bytes_max
                                               : std::clamp(memory_bytes() / 4, kMin, kMax);
}

}  // namespace

OrProblem<void> BrokerPillar::prepare() {
    ground_.config.broker.queued_bytes_max = queued_bytes_max(ground_.config);
    make_broker();
    if (auto recovered = recover(); !recovered) {
        return recovered;
    }
    disconnect_who_ended();
    const auto& make_journal = ground_.test_options.make_journal;
    journal = make_journal
                  ? make_journal(std::move(ground_.messages), ground_.shards->size(), *broker,
                                 ground_.log)
                  : storage::make_writer_journal(std::move(ground_.messages),
                                                 ground_.shards->size(), *broker, ground_.log);
    broker->start(*journal);
    ground_.events.set_log(ground_.log);
    ground_.events.set_bus(broker->shard(ShardId(0)));
    return {};
}

void BrokerPillar::make_broker() {
    broker::BrokerParts parts;
    for (std::uint16_t i = 0; i < ground_.shards->size(); ++i) {
        relays.push_back(std::make_unique<EventRelay>(ground_.shard(i), ground_.events));
        parts.shards.push_back(&ground_.shard(i));
        parts.authenticators.push_back(access_.authenticators[i].get());
        parts.authorizers.push_back(access_.authorizers[i].get());
        parts.events.push_back(relays.back().get());
    }
    parts.heap_bytes = heap_bytes;
    broker = std::make_unique<broker::Broker>(ground_.config.broker, parts);
}

OrProblem<void> BrokerPillar::recover() {
    // style: a real clock measures a real disk; no decision depends on it.
    const auto recovery_start = std::chrono::steady_clock::now();
    const Status recovered = broker->recover(*ground_.messages);
    // style: as above.
    const auto recovery_span = std::chrono::steady_clock::now() - recovery_start;
    recovery_ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(recovery_span).count());
    if (!recovered) {
        return problem(
            explain("cannot read " + ground_.data.file("messages.db"), recovered.error()));
    }
    return {};
}

/// Whoever came in with a credential goes with it.
void BrokerPillar::disconnect_who_ended() {
    access_.registry->set_ended_listener([this](const access::EndedPrincipals& ended) {
        for (std::uint16_t i = 0; i < ground_.shards->size(); ++i) {
            ground_.home().post(ShardId(i), [this, ended](runtime::Shard& here) {
                broker->shard(here.id()).disconnect_principals(
                    [&ended](const bus::Principal& principal) { return ended.has(principal); },
                    "the credential has ended or changed");
            });
        }
    });
}

OrProblem<void> BrokerPillar::start() {
    // A question to every shard: when it is answered, what recovery told each of the others is
    // known.
    ask<bool>(ground_.home(), [](runtime::Shard& here, const std::function<void(bool)>& answer) {
        runtime::gather<bool>(
            here, [](runtime::Shard&) { return true; },
            [answer](const std::vector<bool>&) { answer(true); });
    });
    return {};
}

OrProblem<TakeUp> BrokerPillar::reload(const Renewal& renewal) {
    broker::BrokerOptions wanted = renewal.config.broker;
    wanted.queued_bytes_max = queued_bytes_max(renewal.config);
    return TakeUp([this, wanted] {
        broker::BrokerOptions& options = ground_.config.broker;
        options = broker::reloaded(options, wanted);
        broker->set_options(options);
        ground_.on_each_shard([&](runtime::Shard& here, std::uint16_t) {
            broker->shard(here.id()).set_options(options);
        });
    });
}

void BrokerPillar::drain() {
    ground_.on_each_shard(
        [this](runtime::Shard& here, std::uint16_t) { broker->shard(here.id()).disconnect_all(); });
    const auto deadline = std::chrono::steady_clock::now() + kDrainTime;
    while (!is_idle() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

bool BrokerPillar::is_idle() {
    bool is_idle = true;
    ground_.on_each_shard([&](runtime::Shard& here, std::uint16_t) {
        is_idle &= broker->shard(here.id()).is_idle();
    });
    return is_idle;
}

void BrokerPillar::finish() {
    journal.reset();  // commits what was submitted
}

}  // namespace kith::node
