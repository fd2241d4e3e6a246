// One scenario of the load generator, from connecting to its report.
//
// A scenario lives on one shard and drives all connections there: over epoll against a broker, in
// tests over the simulation. It is told time, CPU use and the broker's size by its environment.
// Threads: shard-local.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "bench/connection.h"
#include "bench/moment.h"
#include "bench/options.h"
#include "bench/process_probe.h"
#include "bench/report.h"
#include "runtime/shard.h"

namespace kith::bench {

struct Environment {
    runtime::Shard& shard;
    Options options;
    ProcessProbe* broker = nullptr;         // null: the broker's process is not known
    ProcessProbe* generator = nullptr;      // null: nobody asks
    std::function<Instant()> clock;         // finer than the shard's, which ticks once a turn
    std::function<void(std::string)> tell;  // progress, for people
};

/// The report, or why there is none.
using Outcome = tl::expected<Report, std::string>;
using Finished = std::function<void(Outcome)>;

class Scenario {
  public:
    virtual ~Scenario() = default;
    /// `finished` is called once, in a later turn; it may destroy the scenario.
    virtual void start(Finished finished) = 0;
};

/// What scenarios share: connecting a few at a time, subscribing, an interval that is measured
/// between a warm-up and the draining of what is under way.
///
///     set_up() -> all connected -> subscribe_all() -> all granted -> on_set_up()
///
/// A set-up in which the broker says nothing for kSetUpPatience has failed.
///     measure() -> start_sending(), warm-up, measured interval, stop_sending(), drain -> report
class BaseScenario : public Scenario, protected ConnectionEvents {
  public:
    explicit BaseScenario(Environment environment);
    void start(Finished finished) final;

  protected:
    // --- What a scenario says ----------------------------------------------------------------

    /// Adds the connections.
    virtual void set_up() = 0;
    virtual void subscribe_all() {}
    virtual void on_set_up() { measure(); }
    virtual void start_sending() {}
    /// The warm-up is over.
    virtual void on_measuring() {}
    virtual void stop_sending() {}
    /// Deliveries that all that was sent should cause.
    [[nodiscard]] virtual std::uint64_t expected_count() const { return sent_count_; }
    /// Ten times a second, from measure() to the end.
    virtual void on_beat() {}
    /// Adds to the report what only this scenario has.
    virtual void describe(Report& report) { static_cast<void>(report); }

    // --- What it may use ---------------------------------------------------------------------

    Connection& add_connection(const std::string& name);
    /// One side of a pair, on the worker of the broker that --placement wants it on.
    Connection& add_connection(const std::string& name, Side side, std::size_t pair);
    void subscribe(Connection& connection, const std::vector<std::string>& filters, Qos qos);
    void measure();
    void finish();
    /// What measure() measures; a scenario that does not call it says itself from when to when.
    void begin_interval();
    void end_interval(Instant at);
    void fail(std::string reason);
    [[nodiscard]] Moment moment();
    [[nodiscard]] const Options& options() const { return environment_.options; }
    [[nodiscard]] runtime::Shard& shard() { return environment_.shard; }
    [[nodiscard]] Instant clock() const { return environment_.clock(); }
    void tell(std::string text) { environment_.tell(std::move(text)); }
    [[nodiscard]] bool is_measuring() const { return phase_ == Phase::Measuring; }
    /// The first level of all topics of this run and the start of its client ids, so that two runs
    /// on one broker do not meet.
    [[nodiscard]] const std::string& run_id() const { return run_id_; }

    // ConnectionEvents
    void on_ready(Connection& connection) override;
    void on_messages(Connection& connection, std::size_t count) override;
    void on_subscribed(Connection& connection, bool granted) override;
    void on_acknowledged(Connection& connection, std::size_t count) override;
    void on_failed(Connection& connection, const std::string& reason) override;

    std::vector<std::unique_ptr<Connection>> connections_;
    std::uint64_t sent_count_ = 0;      // publishes
    std::uint64_t received_count_ = 0;  // deliveries
    Report report_;

  private:
    enum class Phase : std::uint8_t { SettingUp, WarmingUp, Measuring, Draining, Over };

    Connection& add_client(std::string client_id);
    void open_more();
    void end(Outcome outcome);
    void on_phase_over();
    void beat();
    [[nodiscard]] std::string progress(Instant now) const;
    [[nodiscard]] static ProcessUse read(ProcessProbe* probe);

    Environment environment_;
    std::string run_id_;
    Finished finished_;
    Phase phase_ = Phase::SettingUp;
    std::size_t opened_count_ = 0;
    std::size_t ready_count_ = 0;
    std::size_t subscribes_waiting_ = 0;

    Instant interval_begin_;
    std::uint64_t received_at_begin_ = 0;
    ProcessUse broker_at_begin_;
    ProcessUse generator_at_begin_;

    std::uint64_t received_at_beat_ = 0;
    Instant last_progress_;
    Instant last_told_;
    std::uint64_t received_when_told_ = 0;
    runtime::CallbackTimer phase_timer_;
    runtime::CallbackTimer beat_timer_;
};

}  // namespace kith::bench
