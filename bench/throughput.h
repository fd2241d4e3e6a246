// QoS 0 through any number of publishers and subscribers, in groups that share a topic.
//
// one-to-one, one-to-many, many-to-one and pairs differ in their numbers alone. Open loop: each
// publisher sends whatever its connection takes. Windowed: a group has at most so many publishes
// under way (LossyWindow).
#pragma once

#include <vector>

#include "bench/lossy_window.h"
#include "bench/publish_block.h"
#include "bench/scenario.h"

namespace kith::bench {

struct ThroughputShape {
    std::size_t groups = 1;
    std::size_t publishers = 1;   // of each group
    std::size_t subscribers = 1;  // of each group
    std::size_t window = 0;       // publishes under way in each group; 0 is open loop
};

class Throughput final : public BaseScenario {
  public:
    Throughput(Environment environment, const ThroughputShape& shape)
        : BaseScenario(std::move(environment)), shape_(shape) {}

  private:
    struct Group {
        std::string topic;
        PublishBlock block;
        LossyWindow window;
        std::vector<Connection*> publishers;
        std::vector<Connection*> subscribers;
        std::size_t next_publisher = 0;
    };

    void set_up() override;
    void subscribe_all() override;
    void start_sending() override;
    void stop_sending() override { is_sending_ = false; }
    [[nodiscard]] std::uint64_t expected_count() const override {
        return sent_count_ * shape_.subscribers;
    }
    void on_beat() override;
    void describe(Report& report) override;

    void on_messages(Connection& connection, std::size_t count) override;
    void on_room(Connection& connection) override;

    [[nodiscard]] Group& group_of(const Connection& connection);
    void fill(Group& group, Connection& publisher);
    void fill_window(Group& group);
    void send(Group& group, Connection& publisher, std::size_t count);

    ThroughputShape shape_;
    std::vector<Group> groups_;
    bool is_sending_ = false;
};

}  // namespace kith::bench
