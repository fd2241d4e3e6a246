// Too much for two subscribers that have stopped, and a pair beside it that should not notice.
//
// Publishers, a third of them with each QoS, send all they can to a subscriber that reads nothing,
// and to one with a durable session. A pair of its own sends at a fixed rate meanwhile; its
// latencies count from the intended sending, as in Latency, so that a node that stops for the flood
// is charged with it. Reported besides: how much the node's memory grew, how much of the flood it
// took, and how often it did not take more. Threads: shard-local.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "bench/histogram.h"
#include "bench/publish_template.h"
#include "bench/scenario.h"
#include "runtime/task.h"

namespace kith::bench {

struct FloodShape {
    std::size_t publishers = 1;
    std::size_t window = 1;  // QoS 1 and 2: under way for each publisher
};

class Flood final : public BaseScenario, private runtime::Task {
  public:
    Flood(Environment environment, const FloodShape& shape);

  private:
    static constexpr std::size_t kQosCount = 3;

    void set_up() override;
    void subscribe_all() override;
    void start_sending() override;
    void on_measuring() override { measured_from_ = clock(); }
    void stop_sending() override;
    void on_beat() override;
    [[nodiscard]] std::uint64_t expected_count() const override { return probe_sent_count_; }
    void describe(Report& report) override;

    void on_payload(Connection& connection, Bytes payload) override;
    void on_acknowledged(Connection& connection, std::size_t count) override;
    void on_room(Connection& connection) override;

    void run_task() override;
    void send_probes(Instant now);
    void flood(std::size_t publisher);
    [[nodiscard]] std::uint64_t rss_bytes();
    [[nodiscard]] Instant intended(std::uint64_t number) const;

    FloodShape shape_;
    PublishTemplate probe_;
    std::vector<PublishTemplate> packets_;  // of the flood, by QoS
    Connection* probe_publisher_ = nullptr;
    Connection* probe_subscriber_ = nullptr;
    std::array<Connection*, 2> stopped_{};
    std::size_t first_publisher_ = 0;  // index of its connection
    std::vector<std::size_t> under_way_;
    std::array<std::uint64_t, kQosCount> flood_counts_{};
    std::uint64_t blocked_count_ = 0;
    std::uint64_t probe_sent_count_ = 0;
    std::uint64_t rss_before_bytes_ = 0;
    std::uint64_t rss_most_bytes_ = 0;
    Instant started_;
    Instant measured_from_ = Instant::never();
    bool is_sending_ = false;
    Histogram latencies_;
    runtime::CallbackTimer timer_;
};

}  // namespace kith::bench
