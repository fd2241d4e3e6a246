// A machine among others: publishes, subscribes, calls methods of other machines, serves its own.
//
//     kith::Machine clock{"alarm-clock", {.node = "gw-1:1883", .token = "kk_..."}};
//     clock.publish("alarm-clock/time", "07:00", {.retain = true});
//     clock.subscribe("coffee-maker/state", [](const kith::Message& m) { show(m.payload); });
//     auto coffee = clock.call("coffee-maker", "brew", "lungo");
//     if (!coffee) { complain(coffee.failure().text); }
//
// A machine connects by itself and again when the connection breaks. What it published and is not
// acknowledged is sent again, what it subscribed to stays subscribed, what the node had for it
// waits there for `session_expiry`. Nothing throws; failures are values (outcome.h).
//
// Threads: every function may be called from any thread, but for close() and the destructor, which
// belong to the owner. Handlers run one at a time on the machine's own thread: they should return
// soon, and must not wait for a future or use the blocking call(). Needs the standard library only.
#pragma once

#include <kith/outcome.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kith {

/// MQTT's quality of service.
enum class Delivery : std::uint8_t {
    AtMostOnce = 0,   // sent once; lost if the connection breaks meanwhile
    AtLeastOnce = 1,  // sent until acknowledged; may arrive twice
    ExactlyOnce = 2,  // as long as the node keeps the session
};

struct Message {
    std::string topic;
    std::string payload;  // bytes of any kind
    Delivery delivery = Delivery::AtMostOnce;
    bool retained = false;  // it was there before the subscription
    std::string content_type;
    std::string response_topic;
    std::string correlation_data;
    std::vector<std::pair<std::string, std::string>> user_properties;
};

struct PublishOptions {
    Delivery delivery = Delivery::AtLeastOnce;
    bool retain = false;  // the node keeps it as the topic's last value
    /// When nobody wants it any more; whole seconds, zero is never.
    std::chrono::seconds expiry{0};
    std::string content_type;
    std::vector<std::pair<std::string, std::string>> user_properties;
};

/// A call of one of this machine's methods.
struct Request {
    std::string method;
    std::string payload;
    std::vector<std::pair<std::string, std::string>> user_properties;
};

struct CallOptions {
    std::string machine;
    std::string method;
    std::string payload;
    /// From now to the answer, connecting included. A call that could not be delivered by then is
    /// not made later.
    std::chrono::milliseconds timeout{10'000};
};

/// The connection came or went; `reason` is why it went or could not be made.
struct LinkChange {
    bool is_connected = false;
    Failure reason;
};

struct MachineOptions {
    /// Makes the machine a member of a mesh, which needs no node and no server: the directory of
    /// its membership, or a join token (`kith mesh invite`), with which it becomes a member once.
    /// Then `node`, `token` and what is about them below mean nothing.
    std::string mesh;
    /// With a token: where the machine keeps its key and its membership; empty is
    /// $XDG_STATE_HOME/kith/<id>, or ~/.local/state/kith/<id>. Keep it: a token is good for once.
    std::string mesh_directory;
    /// ADDRESS:PORT where other members link to it. Port 0 is any; empty is any on all interfaces.
    std::string mesh_listen;
    /// HOST:PORT of members that it does not find by itself, since they are on other networks.
    std::vector<std::string> mesh_peers;
    /// Told the code by which somebody with the mesh's authority lets it in (`kith mesh pair
    /// CODE`), while it belongs to no mesh; again when it has another one. On the machine's thread.
    std::function<void(const std::string& code)> on_pairing_code;

    /// HOST:PORT of the node. A name is resolved anew for each connection.
    std::string node = "127.0.0.1:1883";
    /// An API token (`kith token create`). Plain MQTT on the node's own computer needs none.
    std::string token;
    /// TLS, with the node's certificate checked against `ca_file` (PEM), or against the system's
    /// certificates if that is empty.
    bool tls = false;
    std::string ca_file;

    /// How long the node keeps this machine's session when its connection is lost. A machine that
    /// is closed or started anew begins without one.
    std::chrono::seconds session_expiry{300};
    /// After so long without a packet the connection is probed; 0 to 65,535 s, 0 never.
    std::chrono::seconds keep_alive{30};
    /// The first and the longest pause before it is tried again.
    std::chrono::milliseconds retry_min{250};
    std::chrono::milliseconds retry_max{30'000};

    /// Publishes that may wait for a connection or an acknowledgement; more are refused.
    std::size_t queue_messages_max = 10'000;
    std::size_t queue_bytes_max = std::size_t{16} * 1024 * 1024;

    /// Told of each change. On the machine's thread.
    std::function<void(const LinkChange&)> on_link;
};

class Machine {
  public:
    using MessageHandler = std::function<void(const Message&)>;
    /// Gives the answer, or a failure whose text the caller gets.
    using MethodHandler = std::function<Outcome<std::string>(const Request&)>;
    /// Gives the answer, once; from any thread and at any time.
    using Reply = std::function<void(Outcome<std::string>)>;

    /// `id` is the machine's name: one topic level that no other machine of the node has. Starts to
    /// connect and returns at once. An id or option that cannot be is told by every operation.
    explicit Machine(std::string id, MachineOptions options = {});
    /// close() with its default grace.
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    [[nodiscard]] const std::string& id() const;
    [[nodiscard]] bool is_connected() const;
    /// Whether this is called from a handler.
    [[nodiscard]] bool is_own_thread() const;
    /// Waits for the connection. Errors: Offline or Refused with the last reason, Invalid.
    Outcome<void> wait_connected(std::chrono::milliseconds timeout = std::chrono::seconds(10));

    /// The future is ready when the node has acknowledged the message; for AtMostOnce when it was
    /// handed to the connection. It may be dropped.
    /// Errors: Invalid topic, Limit (too many wait, or too large), Refused by the node, Stopped.
    std::future<Done> publish(std::string topic, std::string payload, PublishOptions options = {});
    /// The same with a callback on the machine's thread.
    void publish(std::string topic, std::string payload, PublishOptions options,
                 std::function<void(Done)> done);

    /// Messages on topics that match `filter` go to `handler`: retained ones first, then each as it
    /// is published. Subscribing to the same filter again replaces the handler. The future is ready
    /// when the node has answered. Errors: Invalid filter, Limit, Refused by the node, Stopped.
    std::future<Done> subscribe(std::string filter, MessageHandler handler,
                                Delivery delivery = Delivery::AtLeastOnce);
    std::future<Done> unsubscribe(std::string filter);

    /// Calls a method of another machine and waits for the answer. Not from a handler.
    /// Errors: Absent (nobody serves there now; known at once), Timeout (nobody answered; it may
    /// have happened), Refused (the machine's own error, or the node's), Limit, Invalid, Stopped.
    Outcome<std::string> call(std::string machine, std::string method, std::string payload = {},
                              std::chrono::milliseconds timeout = std::chrono::seconds(10));
    /// The same with a callback on the machine's thread.
    void call(CallOptions call, std::function<void(Outcome<std::string>)> answered);

    /// Answers calls of `method`, one topic level. Serving it again replaces the handler. Callers
    /// with MQTT 5 name a response topic; others publish to `$m/<id>/command/<method>/<call id>`
    /// and find the answer on `$m/<id>/reply/<call id>`.
    std::future<Done> serve(std::string method, MethodHandler handler);
    /// For a method whose answer takes its time.
    std::future<Done> serve(std::string method,
                            std::function<void(const Request&, const Reply&)> handler);

    /// Runs `action` on the machine's thread: in its turn among the other calls, once after
    /// `delay`, or again and again, until the machine is closed. Handlers and actions share that
    /// thread and so need no locks between them. At most 10,000 timers; more are ignored.
    void post(std::function<void()> action);
    void after(std::chrono::milliseconds delay, std::function<void()> action);
    void every(std::chrono::milliseconds interval, std::function<void()> action);

    /// Sends what waits, for `grace` at most, says goodbye and ends the thread. What is not done by
    /// then fails with Stopped. Nothing is called back afterwards. Not from a handler.
    void close(std::chrono::milliseconds grace = std::chrono::seconds(2));

  private:
    class Impl;
    /// shared_ptr: a reply that is given later finds out whether the machine is still there.
    std::shared_ptr<Impl> impl_;
};

}  // namespace kith
