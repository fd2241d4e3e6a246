// Keeps one MqttClient connected to a node: name, TCP, TLS, and again when it breaks.
//
// A connection that cannot be made or breaks is tried again after a pause that doubles from try to
// try up to a limit, half of it random; a name with several addresses takes them in turn. Callbacks
// come from the shard's loop; they may use client(), but not destroy the link.
// Threads: shard-local. Limits: client_limits.h.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/address.h"
#include "runtime/shard.h"
#include "runtime/stream.h"
#include "runtime/task.h"
#include "sdk/client_limits.h"
#include "sdk/mqtt_client.h"

namespace kith::runtime {
class BlockingPool;
}  // namespace kith::runtime

namespace kith::sdk {

/// Makes a TLS stream of a connected TCP stream.
using Secure = std::function<std::unique_ptr<runtime::Stream>(std::unique_ptr<runtime::Stream>,
                                                              runtime::Shard&)>;

/// The user name beside a token: MQTT 3 has no password without one [MQTT-3.1.2-22], and a node
/// does not read it.
inline constexpr const char* kTokenUserName = "token";

struct LinkSettings {
    ClientSettings client;
    std::string node;  // "host:port"
    Secure secure;     // null: plain TCP
    /// Resolves host names; null: only addresses are taken. Borrowed.
    runtime::BlockingPool* resolver = nullptr;
    Duration retry_min = kRetryMin;
    Duration retry_max = kRetryMax;
};

class LinkEvents {
  public:
    /// The node accepted the connection.
    virtual void on_link_up(const mqtt::Connack& connack) = 0;
    /// A connection broke or could not be made; it is tried again in a while.
    virtual void on_link_down(const Failure& reason) = 0;
    virtual void on_message(const mqtt::Publish& message) = 0;

  protected:
    ~LinkEvents() = default;
};

class NodeLink final : private runtime::StreamHandler, private runtime::Task, private ClientEvents {
  public:
    NodeLink(runtime::Shard& shard, LinkSettings settings, LinkEvents& events);
    ~NodeLink();

    /// Begins to connect.
    void start();
    [[nodiscard]] MqttClient& client() { return client_; }
    [[nodiscard]] Instant now() const { return shard_.now(); }

    /// Waits at most `grace` until what was published is acknowledged, says goodbye and closes;
    /// `finished` is called in a later turn, as the last callback. What is not done by then fails.
    void finish(Duration grace, std::function<void()> finished);

  private:
    enum class State : std::uint8_t { Idle, Resolving, Connecting, Open, Ending, Ended };

    void connect();
    void resolve_name();
    void on_resolved(Result<std::vector<runtime::SocketAddress>> resolved);
    void connect_to(const runtime::SocketAddress& address);
    void secure();
    void drop(const Failure& reason);
    void arm_client_timer();
    void on_finish_progress();
    void end();
    void ended();

    // runtime::StreamHandler
    void on_connected() override;
    void on_data(MutableBytes bytes) override;
    void on_drained() override;
    void on_closed(const Error& reason) override;
    // runtime::Task
    void run_task() override;
    // ClientEvents
    void on_accepted(const mqtt::Connack& connack) override;
    void on_message(const mqtt::Publish& message) override { events_.on_message(message); }
    void on_work() override;

    runtime::Shard& shard_;
    LinkSettings settings_;
    LinkEvents& events_;
    MqttClient client_;
    State state_ = State::Idle;
    bool is_secured_ = false;
    std::unique_ptr<runtime::Stream> stream_;
    std::vector<runtime::SocketAddress> addresses_;
    std::size_t attempt_count_ = 0;
    unsigned failure_count_ = 0;  // since the last good connection
    Instant accepted_at_ = Instant::never();
    runtime::CallbackTimer attempt_timer_;  // the limit of a try, or the pause before the next
    runtime::CallbackTimer client_timer_;
    runtime::CallbackTimer finish_timer_;
    std::function<void()> finished_;
    /// shared_ptr: a name that is being resolved finds out whether the link is still there.
    std::shared_ptr<NodeLink*> self_;
};

}  // namespace kith::sdk
