// The API's view of the node, answered by the broker on all shards.
//
// Lives on the API's shard. A question that concerns every shard goes to each by mail and is summed
// up here; one that concerns a client goes to the shard where the client lives.
// Threads: shard-local (the API's shard).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/backend.h"
#include "broker/broker.h"
#include "node/event_log.h"
#include "node/loop_probe.h"
#include "node/observatory.h"
#include "runtime/shard.h"
#include "storage/journal.h"

namespace kith::node {

/// What the backend works with; all of it outlives the backend.
struct BackendParts {
    runtime::Shard& shard;
    broker::Broker& broker;
    storage::Journal& journal;
    EventLog& events;
    /// The files of the stores, for their size.
    std::vector<std::string> store_files;
    std::string data_directory;
    /// What one shard counted of signed credentials; called there.
    std::function<api::CredentialCounters(runtime::Shard&)> credentials;
    std::vector<const LoopProbe*> probes = {};  // one a shard, or none
    std::function<api::MeshFacts(const api::MeshWanted&)> mesh = [](const api::MeshWanted&) {
        return api::MeshFacts();
    };
};

class BrokerBackend final : public api::Backend {
  public:
    explicit BrokerBackend(const BackendParts& parts)
        : parts_(parts), observatory_(parts.shard, parts.broker) {}

    /// Before the first request; what does not change.
    void set_facts(api::NodeFacts facts) { facts_ = std::move(facts); }
    void set_ready() { is_ready_ = true; }
    /// What changes when the configuration is read again: certificates and the level of the log.
    void set_security(api::SecurityFacts facts) { security_ = std::move(facts); }
    /// The store's writer reports.
    void set_store_state(bool is_healthy, const std::string& reason);

    // api::Backend
    [[nodiscard]] api::NodeFacts node() override { return facts_; }
    [[nodiscard]] std::string not_ready_reason() override;
    void totals(std::function<void(api::Totals)> done) override;
    void machines(std::function<void(std::vector<broker::ClientView>)> done) override;
    void machine(const std::string& id,
                 std::function<void(std::optional<broker::ClientDetail>)> done) override;
    void disconnect(const std::string& id, std::function<void(Status)> done) override;
    void forget(const std::string& id, std::function<void(Status)> done) override;
    void changed_topics(std::function<void(std::vector<api::TopicSample>)> done) override;
    void retained(std::function<void(std::vector<api::RetainedSample>)> done) override;
    void subscriber_counts(const std::vector<std::string>& topics,
                           std::function<void(std::vector<std::uint32_t>)> done) override;
    void subscribers(const std::string& topic, std::size_t count_max,
                     std::function<void(std::vector<std::string>)> done) override;
    void publish(const api::PublishOrder& order,
                 std::function<void(Result<api::PublishReceipt>)> done) override;
    [[nodiscard]] std::vector<api::NodeEvent> events(std::size_t count_max) override;
    [[nodiscard]] Result<std::unique_ptr<api::Tap>> tap(
        const api::TapRequest& request,
        std::function<void(const api::TappedMessage&)> sink) override;
    [[nodiscard]] api::SecurityFacts security() override;
    [[nodiscard]] api::MeshFacts mesh(const api::MeshWanted& wanted) override {
        return parts_.mesh(wanted);
    }
    void directory(std::function<void(std::vector<api::DirectoryEntry>)> done) override;
    [[nodiscard]] api::Observation& observation() override { return observatory_; }

  private:
    /// Asks every shard's broker, and brings home what they answer, shard by shard.
    template <typename T>
    void ask_all(std::function<T(broker::BrokerShard&)> question,
                 std::function<void(std::vector<T>)> done);
    /// Asks the shard where `client_id` lives.
    template <typename T>
    void ask_home(const std::string& client_id, std::function<T(broker::BrokerShard&)> question,
                  std::function<void(T)> done);
    [[nodiscard]] broker::BrokerShard& here() { return parts_.broker.shard(parts_.shard.id()); }

    BackendParts parts_;
    Observatory observatory_;
    api::NodeFacts facts_;
    api::SecurityFacts security_;
    bool is_ready_ = false;
};

[[nodiscard]] api::NodeEvent to_api_event(const NodeEvent& event);

}  // namespace kith::node
