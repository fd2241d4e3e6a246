// QoS 1 and 2 from publishers to subscribers in pairs, each publisher with a window of publishes
// that the broker has not acknowledged.
//
// The subscriber acknowledges too; the window does not wait for it, as that of a real client does
// not: a broker that takes faster than it delivers shows that as undelivered messages or as memory.
// With durable sessions a broker has to keep each message for the subscriber before it acknowledges
// it, if that is what it promises. They speak MQTT 5, whose sessions can end with the run.
#pragma once

#include <vector>

#include "bench/publish_template.h"
#include "bench/scenario.h"

namespace kith::bench {

struct AcknowledgedShape {
    Qos qos = Qos::AtLeastOnce;
    std::size_t pairs = 1;
    std::size_t window = 20;
};

class Acknowledged final : public BaseScenario {
  public:
    Acknowledged(Environment environment, const AcknowledgedShape& shape);

  private:
    struct Pair {
        std::string topic;
        PublishTemplate packet;
        Connection* publisher = nullptr;
        Connection* subscriber = nullptr;
        std::size_t under_way = 0;
    };

    void set_up() override;
    void subscribe_all() override;
    void start_sending() override;
    void stop_sending() override { is_sending_ = false; }
    void describe(Report& report) override;

    void on_acknowledged(Connection& connection, std::size_t count) override;
    void on_room(Connection& connection) override { fill(pair_of(connection)); }

    [[nodiscard]] Pair& pair_of(const Connection& connection) {
        return pairs_[connection.index / 2];
    }
    void fill(Pair& pair);

    AcknowledgedShape shape_;
    std::vector<Pair> pairs_;
    bool is_sending_ = false;
};

}  // namespace kith::bench
