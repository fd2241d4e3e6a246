// What a machine does, on one shard: handlers by subscription, calls with deadlines, methods,
// timers.
//
// kith/machine.h wraps it for threads; tests run it in the simulation. A call is a QoS 2 publish to
// `$m/<machine>/command/<method>` with a response topic below this machine's inbox and correlation
// data; it expires with its deadline, so that a late machine does not act on it, and fails at once
// if nobody is there to receive it. An answer that is an error carries its text as payload and in
// the user property `error`.
// Threads: shard-local. Limits: client_limits.h.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/shard.h"
#include "sdk/carrier.h"
#include "sdk/client_limits.h"
#include "sdk/kith/machine.h"

namespace kith::sdk {

using LinkHandler = std::function<void(const LinkChange&)>;
using AnswerHandler = std::function<void(Outcome<std::string>)>;
using ServeHandler = std::function<void(const Request&, const Machine::Reply&)>;

/// Makes what carries the machine's messages.
using MakeCarrier = std::function<std::unique_ptr<Carrier>(runtime::Shard&, CarrierEvents&)>;

class MachineCore final : private CarrierEvents {
  public:
    /// Requires: the id is one topic level.
    MachineCore(runtime::Shard& shard, std::string id, const MakeCarrier& make_carrier,
                LinkHandler on_link);
    ~MachineCore();

    void start() { carrier_->start(); }
    [[nodiscard]] bool is_connected() { return carrier_->is_up(); }

    // Each calls its handler once, when it is done or failed; a refusal at once, within the call.
    void publish(std::string topic, std::string payload, const PublishOptions& options,
                 DoneHandler done);
    void subscribe(std::string filter, Machine::MessageHandler handler, Delivery delivery,
                   DoneHandler done);
    void unsubscribe(const std::string& filter, DoneHandler done);
    void call(CallOptions call, AnswerHandler answered);
    void serve(std::string method, ServeHandler handler, DoneHandler done);

    void after(Duration delay, std::function<void()> action);
    void every(Duration interval, std::function<void()> action);

    /// `finished` is the last callback.
    void finish(Duration grace, std::function<void()> finished);

  private:
    struct Subscription {
        std::string filter;
        std::uint32_t identifier;
        Machine::MessageHandler handler;
    };
    struct Call {
        CallOptions options;
        AnswerHandler answered;
        std::unique_ptr<runtime::CallbackTimer> timer;
    };
    struct ActionTimer {
        std::function<void()> action;
        Duration interval;  // zero: once
        std::unique_ptr<runtime::CallbackTimer> timer;
    };
    /// A subscription of the machine's own, made when it is first needed.
    struct Inbox {
        enum class State : std::uint8_t { Closed, Opening, Open };
        State state = State::Closed;
        std::vector<DoneHandler> waiting;
    };

    void on_carrier_up() override;
    void on_carrier_down(const Failure& reason) override;
    void on_message(const mqtt::Publish& message) override;

    void open_inbox(Inbox& inbox, const std::string& filter, Machine::MessageHandler handler,
                    DoneHandler done);
    void send_call(std::uint64_t number);
    void end_call(std::uint64_t number, Outcome<std::string> answer);
    [[nodiscard]] Failure call_failure(std::uint64_t number, const Failure& failure) const;
    void on_call_timeout(std::uint64_t number);
    void on_answer(const Message& message);
    void on_command(const Message& message);
    void answer(const Message& command, const Outcome<std::string>& outcome);
    [[nodiscard]] std::string_view called_part(const Message& command) const;
    void add_timer(Duration delay, Duration interval, std::function<void()> action);
    void on_timer(std::list<ActionTimer>::iterator timer, Instant now);

    runtime::Shard& shard_;
    std::string id_;
    LinkHandler on_link_;
    std::unique_ptr<Carrier> carrier_;
    Failure last_reason_;

    /// shared_ptr: a handler may be replaced while it runs.
    std::map<std::string, std::shared_ptr<Subscription>, std::less<>> subscriptions_;
    std::unordered_map<std::uint32_t, std::shared_ptr<Subscription>> by_identifier_;
    std::uint32_t last_identifier_ = 0;

    Inbox answers_;
    std::map<std::uint64_t, Call> calls_;
    std::uint64_t last_call_ = 0;
    std::string run_;  // tells answers to this run's calls from late ones of an earlier run

    Inbox commands_;
    std::map<std::string, std::shared_ptr<ServeHandler>, std::less<>> methods_;  // as above

    std::list<ActionTimer> timers_;

    /// shared_ptr: a reply that is given later finds out whether the machine is still there.
    std::shared_ptr<MachineCore*> self_;
};

/// True if `text` can be a machine's id or a method: one topic level without wildcards, not empty.
[[nodiscard]] bool is_level(std::string_view text);

}  // namespace kith::sdk
