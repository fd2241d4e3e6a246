// What carries a machine's messages: an MQTT connection to a node, or a membership in a mesh.
//
// What a machine is made of (machine_core.h) is the same over both. Threads: shard-local; callbacks
// come from the shard's loop, and never from within the call that they were given to.
#pragma once

#include <functional>
#include <string>

#include "base/time.h"
#include "sdk/detail/outbound_queue.h"
#include "sdk/detail/subscription_list.h"
#include "sdk/kith/outcome.h"
#include "wire/mqtt/packets.h"

namespace kith::sdk {

class CarrierEvents {
  public:
    /// Messages go through from now on.
    virtual void on_carrier_up() = 0;
    /// They do not, or could not be made to; it tries again by itself.
    virtual void on_carrier_down(const Failure& reason) = 0;
    /// A message came; borrowed for the call. It names the subscriptions that it is for, unless a
    /// node does not know such names.
    virtual void on_message(const mqtt::Publish& message) = 0;

  protected:
    ~CarrierEvents() = default;
};

class Carrier {
  public:
    virtual ~Carrier() = default;

    virtual void start() = 0;
    [[nodiscard]] virtual bool is_up() = 0;

    /// `done` once; not if it is refused here. Errors: Invalid, Limit, Stopped.
    [[nodiscard]] virtual Done publish(OutboundMessage message, DoneHandler done) = 0;
    [[nodiscard]] virtual Done subscribe(std::string filter, const SubscribeOptions& options,
                                         DoneHandler done) = 0;
    [[nodiscard]] virtual Done unsubscribe(const std::string& filter, DoneHandler done) = 0;

    /// Waits at most `grace` until what was published is done, and ends; `finished` is called in a
    /// later turn, as the last callback. What is not done by then fails.
    virtual void finish(Duration grace, std::function<void()> finished) = 0;
};

}  // namespace kith::sdk
