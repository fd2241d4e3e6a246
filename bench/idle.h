// Connections that do nothing: how fast they are made, and what each costs the broker in memory.
//
// The interval in which nothing happens lets the memory settle, and shows whether idle connections
// cost CPU time. Keep-alive is off: no client pings.
#pragma once

#include "bench/scenario.h"

namespace kith::bench {

class Idle final : public BaseScenario {
  public:
    Idle(Environment environment, std::size_t connections)
        : BaseScenario(std::move(environment)), connection_count_(connections) {}

  private:
    void set_up() override;
    void on_set_up() override;
    void on_measuring() override { settled_ = moment(); }
    void stop_sending() override { ended_ = moment(); }
    void describe(Report& report) override;

    std::size_t connection_count_;
    Moment started_;
    Moment connected_;
    Moment settled_;
    Moment ended_;
};

}  // namespace kith::bench
