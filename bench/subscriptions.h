// Many subscriptions, then messages through them.
//
// First --count / 2 exact filters, then as many with wildcards, half of them `+` and half `#`, over
// --connections subscribers: how fast each kind is granted and what one costs in memory. Then one
// publisher sends QoS 0, in a window, to topics that match one subscription each, in a random order
// that runs over both kinds.
#pragma once

#include <vector>

#include "bench/lossy_window.h"
#include "bench/scenario.h"

namespace kith::bench {

struct SubscriptionsShape {
    std::size_t subscribers = 100;
    std::size_t count = 200'000;
    std::size_t window = 1'000;
};

class Subscriptions final : public BaseScenario {
  public:
    Subscriptions(Environment environment, const SubscriptionsShape& shape);

  private:
    enum class Stage : std::uint8_t { Connecting, Exact, Wildcard, Publishing };

    void set_up() override;
    void on_set_up() override;
    void start_sending() override;
    void stop_sending() override { is_sending_ = false; }
    void on_beat() override;
    void describe(Report& report) override;

    void on_subscribed(Connection& connection, bool granted) override;
    void on_messages(Connection& connection, std::size_t count) override;
    void on_room(Connection&) override { fill(); }

    void subscribe_range(std::size_t begin, std::size_t end);
    void subscribe_next(Connection& connection);
    [[nodiscard]] std::string filter(std::size_t number) const;
    [[nodiscard]] std::string matching_topic(std::size_t number) const;
    void encode_publishes();
    void fill();

    SubscriptionsShape shape_;
    Stage stage_ = Stage::Connecting;
    std::size_t range_end_ = 0;
    std::vector<std::size_t> next_filters_;  // by subscriber
    Moment connected_;
    Moment exact_;
    Moment wildcard_;

    Connection* publisher_ = nullptr;
    LossyWindow window_;
    std::vector<std::uint8_t> packets_;     // one for each topic, one after the other
    std::vector<std::size_t> packet_ends_;  // packet i is from ends[i] to ends[i + 1]
    std::size_t next_packet_ = 0;
    bool is_sending_ = false;
};

}  // namespace kith::bench
