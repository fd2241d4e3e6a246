// Test support: one random run of a node with clients that break, disks that stall and power that
// goes, and the oracle that looks at what came of it.
//
// Everything follows from the seed. What holds whatever happens:
//   * A message of QoS 1 or 2 that was acknowledged reaches every durable session that had its
//   SUBACK
//     before the message was sent, and one of QoS 2 reaches it once.
//   * Nobody gets what it has not subscribed to.
//   * A subscriber sees the messages of one publisher, topic and QoS in the order of their sending.
//   * The retained message of a topic is one that no acknowledged write has replaced.
//   * In the end nothing is left behind: no queue, no row, no hold.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "broker/testing/chaos_client.h"

namespace kith::broker::testing {

struct ChaosOptions {
    std::uint64_t seed = 1;
    int step_count = 150;
    /// Chances a step.
    double power_cut = 0.01;
    double drop = 0.05;
    double stall = 0.02;
    /// Chance that a message is retained.
    double retain = 0.3;
    std::size_t client_count = 6;
    std::size_t topic_count = 4;
};

class Chaos {
  public:
    explicit Chaos(const ChaosOptions& options);

    /// Runs, heals everything, waits until it is quiet, and checks.
    void run();
    [[nodiscard]] std::uint64_t trace_hash() { return rig_.world().trace_hash(); }
    [[nodiscard]] std::size_t message_count() const { return log_.size(); }
    [[nodiscard]] std::size_t receipt_count() const;
    [[nodiscard]] std::size_t power_cut_count() const { return power_cuts_.size(); }

  private:
    [[nodiscard]] static RigOptions rig_options(Random& random, std::uint64_t seed);
    void step();
    void act(ChaosClient& client);
    void publish(ChaosClient& client);
    void cut_power();
    void heal();
    [[nodiscard]] std::string topic();
    [[nodiscard]] std::string filter();

    void check_deliveries() const;
    void check_delivery(const ChaosClient& client, const ChaosMessage& message,
                        const std::vector<const ChaosReceipt*>& receipts) const;
    void check_subscribed(const ChaosClient& client) const;
    void check_order(const ChaosClient& client) const;
    void check_retained();
    void check_leftovers();

    ChaosOptions options_;
    Random random_;
    BrokerRig rig_;
    ChaosLog log_;
    std::vector<std::unique_ptr<ChaosClient>> clients_;
    std::vector<Instant> power_cuts_;
};

}  // namespace kith::broker::testing
