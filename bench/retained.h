// Retained messages: stored, then delivered to a new subscriber whose wildcard matches them all,
// then cleared.
//
// They are published with QoS 1 in a window, so that all are stored when the last is acknowledged.
// The measured interval is the delivery, from SUBSCRIBE to the last message. Clearing leaves the
// broker as it was; the messages of a run that breaks stay there.
#pragma once

#include "bench/scenario.h"

namespace kith::bench {

struct RetainedShape {
    std::size_t count = 100'000;
    std::size_t window = 500;
};

class Retained final : public BaseScenario {
  public:
    Retained(Environment environment, const RetainedShape& shape);

  private:
    enum class Stage : std::uint8_t { Connecting, Storing, Delivering, Leaving, Clearing };

    void set_up() override;
    void on_set_up() override;
    void on_beat() override;
    [[nodiscard]] std::uint64_t expected_count() const override { return shape_.count; }
    void describe(Report& report) override;

    void on_acknowledged(Connection& connection, std::size_t count) override;
    void on_messages(Connection& connection, std::size_t count) override;
    void on_room(Connection&) override { fill(); }

    /// Publishes to every topic; acknowledged() follows when the broker has it all.
    void publish_all(Stage stage);
    void fill();
    void acknowledged();
    void deliver();
    void delivered();

    RetainedShape shape_;
    Stage stage_ = Stage::Connecting;
    Connection* publisher_ = nullptr;
    Connection* subscriber_ = nullptr;
    std::size_t published_count_ = 0;  // in this stage
    std::size_t acknowledged_count_ = 0;
    Instant last_delivery_;
    Moment connected_;
    Moment stored_;
    Moment left_;
    Moment cleared_;
};

}  // namespace kith::bench
