// A machine's messages over MQTT: a NodeLink as a Carrier. Threads: shard-local.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "sdk/carrier.h"
#include "sdk/node_link.h"

namespace kith::sdk {

class NodeCarrier final : public Carrier, private LinkEvents {
  public:
    NodeCarrier(runtime::Shard& shard, LinkSettings settings, CarrierEvents& events)
        : events_(events), link_(shard, std::move(settings), *this) {}

    void start() override { link_.start(); }
    [[nodiscard]] bool is_up() override { return link_.client().is_accepted(); }
    [[nodiscard]] Done publish(OutboundMessage message, DoneHandler done) override {
        return link_.client().publish(std::move(message), std::move(done));
    }
    [[nodiscard]] Done subscribe(std::string filter, const SubscribeOptions& options,
                                 DoneHandler done) override {
        return link_.client().subscribe(std::move(filter), options, std::move(done));
    }
    [[nodiscard]] Done unsubscribe(const std::string& filter, DoneHandler done) override {
        return link_.client().unsubscribe(filter, std::move(done));
    }
    void finish(Duration grace, std::function<void()> finished) override {
        link_.finish(grace, std::move(finished));
    }

  private:
    void on_link_up(const mqtt::Connack&) override { events_.on_carrier_up(); }
    void on_link_down(const Failure& reason) override { events_.on_carrier_down(reason); }
    void on_message(const mqtt::Publish& message) override { events_.on_message(message); }

    CarrierEvents& events_;
    NodeLink link_;
};

}  // namespace kith::sdk
