// How long a message takes from its publisher to its subscriber, at a fixed rate.
//
// Open arrival: message i is due at start + i / rate, whatever the broker does, and its latency is
// counted from then, not from when it could be sent; so a broker that stalls is charged with every
// message that the stall delayed. The generator keeps its own lateness small by not sleeping while
// the next message is near, and reports it (send_lag_p99_us). With a background rate, QoS 0
// messages of another pair load the broker meanwhile; they count as messages, not as latencies.
#pragma once

#include <optional>
#include <vector>

#include "bench/histogram.h"
#include "bench/publish_template.h"
#include "bench/scenario.h"
#include "runtime/task.h"

namespace kith::bench {

class Latency final : public BaseScenario, private runtime::Task {
  public:
    explicit Latency(Environment environment);

  private:
    /// One publisher and its subscriber.
    struct Flow {
        std::string topic;
        PublishTemplate packet;
        double rate_per_s;
        Qos qos;
        Connection* publisher = nullptr;
        Connection* subscriber = nullptr;
        std::uint64_t sent_count = 0;
        std::size_t under_way = 0;  // QoS 1 and 2, not acknowledged
    };

    void set_up() override;
    void subscribe_all() override;
    void start_sending() override;
    void on_measuring() override { measured_from_ = clock(); }
    void stop_sending() override;
    [[nodiscard]] std::uint64_t expected_count() const override;
    void describe(Report& report) override;

    void on_payload(Connection& connection, Bytes payload) override;
    void on_acknowledged(Connection& connection, std::size_t count) override;

    void run_task() override;
    void add_flow(const std::string& name, double rate_per_s, Qos qos);
    void send_due(Flow& flow, Instant now);
    [[nodiscard]] bool is_probe(const Flow& flow) const { return &flow == flows_.data(); }
    [[nodiscard]] bool may_send(const Flow& flow) const;
    /// When message `number` of the flow is to be sent.
    [[nodiscard]] Instant intended(const Flow& flow, std::uint64_t number) const;

    std::vector<Flow> flows_;  // the one that is measured, and the background if there is one
    Instant started_;
    Instant measured_from_ = Instant::never();
    std::optional<std::uint64_t> due_count_;  // once sending has stopped
    bool is_sending_ = false;
    Histogram latencies_;
    Histogram send_lags_;
    runtime::CallbackTimer timer_;
};

}  // namespace kith::bench
