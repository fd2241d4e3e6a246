#include "sdk/kith/machine.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <map>
#include <thread>

#include "runtime/blocking_pool.h"
#include "runtime/shard_group.h"
#include "sdk/machine_core.h"
#include "sdk/mesh_membership.h"
#include "sdk/node_carrier.h"
#include "sdk/tls_link.h"

namespace kith {
namespace {

/// Requests from other threads that the machine's thread has not taken yet. It takes all of them in
/// each turn, so that this is only reached by who asks faster than a thread can listen.
constexpr std::int64_t kPostedMax = 100'000;

template <typename To, typename From>
To clamp_to(From value) {
    return static_cast<To>(std::clamp<std::int64_t>(value, 0, std::numeric_limits<To>::max()));
}

Done check_id(const std::string& id) {
    if (!sdk::is_level(id) || id == "node" || id == "any") {
        return Failure{FailureKind::Invalid,
                       "a machine's id is one topic level, and neither 'node' nor 'any'"};
    }
    return {};
}

Outcome<sdk::LinkSettings> link_settings(const std::string& id, const MachineOptions& options) {
    sdk::LinkSettings settings{.node = options.node,
                               .retry_min = std::max(options.retry_min, options.retry_min.zero()),
                               .retry_max = std::max(options.retry_max, options.retry_min)};
    settings.client = {
        .client_id = id,
        .session_expiry_interval = clamp_to<std::uint32_t>(options.session_expiry.count()),
        .keep_alive = clamp_to<std::uint16_t>(options.keep_alive.count()),
        .queue_messages_max = options.queue_messages_max,
        .queue_bytes_max = options.queue_bytes_max};
    if (!options.token.empty()) {
        settings.client.user_name = sdk::kTokenUserName;
        settings.client.password = options.token;
    }
    if (options.tls) {
        auto secure = sdk::make_tls(options.node, options.ca_file);
        if (!secure) {
            return secure.failure();
        }
        settings.secure = std::move(*secure);
    }
    return settings;
}

/// A result that somebody waits for. Whoever drops it without an answer has closed the machine.
template <typename T>
class Answer {
  public:
    ~Answer() { give(Failure{FailureKind::Stopped, "the machine was closed"}); }
    void give(T value) {
        if (!std::exchange(is_given_, true)) {
            promise_.set_value(std::move(value));
        }
    }
    [[nodiscard]] std::future<T> future() { return promise_.get_future(); }

  private:
    std::promise<T> promise_;
    bool is_given_ = false;
};

/// A callback and the future that it completes. shared_ptr: std::function wants to copy.
template <typename T>
struct Waiting {
    std::shared_ptr<Answer<T>> answer = std::make_shared<Answer<T>>();

    [[nodiscard]] std::function<void(T)> callback() const {
        return [answer = answer](T value) { answer->give(std::move(value)); };
    }
};

}  // namespace

/// A core on a shard, and the way to it from other threads.
class Machine::Impl {
  public:
    Impl(std::string id, const MachineOptions& options) : id_(std::move(id)) {
        if (const Done checked = check_id(id_); !checked) {
            problem_ = checked.failure();
            return;
        }
        auto make_carrier = options.mesh.empty() ? over_node(options) : over_mesh(options);
        if (!make_carrier) {
            problem_ = make_carrier.failure();
            return;
        }
        auto shards = runtime::make_epoll_shards({.shard_count = 1}, log_);
        if (!shards) {
            problem_ = Failure{FailureKind::Limit, shards.error().text};
            return;
        }
        shards_ = std::move(*shards);
        core_ = std::make_unique<sdk::MachineCore>(
            shards_->shard(ShardId(0)), id_, *make_carrier,
            [this, told = options.on_link](const LinkChange& change) { on_link(change, told); });
        shards_->start();
        post([this](sdk::MachineCore& core) {
            thread_ = std::this_thread::get_id();
            core.start();
        });
    }
    ~Impl() { close(std::chrono::seconds(2)); }

    [[nodiscard]] const std::string& id() const { return id_; }
    [[nodiscard]] bool is_connected() const { return is_connected_.load(); }
    [[nodiscard]] bool is_own_thread() const {
        return thread_.load() == std::this_thread::get_id();
    }

    /// Runs `action` on the machine's thread, at once if this is it. Errors: Limit, Stopped, or
    /// what kept the machine from being made.
    [[nodiscard]] Done run(std::function<void(sdk::MachineCore&)> action) {
        if (problem_) {
            return *problem_;
        }
        if (is_closed_.load()) {
            return Failure{FailureKind::Stopped, "the machine was closed"};
        }
        if (is_own_thread()) {
            action(*core_);
            return {};
        }
        if (posted_count_.fetch_add(1) >= kPostedMax) {
            posted_count_.fetch_sub(1);
            return Failure{FailureKind::Limit, "too many requests wait for the machine's thread"};
        }
        post([this, action = std::move(action)](sdk::MachineCore& core) {
            posted_count_.fetch_sub(1);
            action(core);
        });
        return {};
    }

    /// The same for what ends with a callback.
    template <typename T, typename Action>
    void run_or_tell(std::function<void(T)> handler, Action action) {
        const Done taken = run([handler, action = std::move(action)](
                                   sdk::MachineCore& core) mutable { action(core, handler); });
        if (!taken && handler) {
            handler(taken.failure());
        }
    }
    /// The same with a future in place of the callback.
    template <typename T, typename Action>
    [[nodiscard]] std::future<T> run_and_wait(Action action) {
        const Waiting<T> waiting;
        run_or_tell(waiting.callback(), std::move(action));
        return waiting.answer->future();
    }

    void tell_when_connected(Duration timeout, sdk::MachineCore& core,
                             std::function<void(Done)> done) {
        if (core.is_connected()) {
            done({});
            return;
        }
        const std::uint64_t number = ++last_waiter_;
        waiters_.emplace(number, std::move(done));
        core.after(timeout, [this, number] {
            if (const auto waiter = waiters_.extract(number); !waiter.empty()) {
                waiter.mapped()(last_reason_);
            }
        });
    }

    void close(std::chrono::milliseconds grace) {
        if (problem_ || is_own_thread() || is_closed_.exchange(true)) {
            return;
        }
        std::promise<void> finished;
        post([&](sdk::MachineCore& core) {
            waiters_.clear();
            core.finish(grace, [&] { finished.set_value(); });
        });
        finished.get_future().wait();
        shards_->stop();
        resolver_.reset();
        is_connected_ = false;
    }

  private:
    void post(std::function<void(sdk::MachineCore&)> action) {
        shards_->shard(ShardId(0))
            .post_completion(runtime::make_mail(
                [this, action = std::move(action)](runtime::Shard&) { action(*core_); }));
    }

    Outcome<sdk::MakeCarrier> over_node(const MachineOptions& options) {
        auto settings = link_settings(id_, options);
        if (!settings) {
            return settings.failure();
        }
        if (!runtime::SocketAddress::parse(options.node)) {
            resolver_ = runtime::make_blocking_pool(1);
            settings->resolver = resolver_.get();
        }
        return sdk::MakeCarrier(
            [settings = std::move(*settings)](runtime::Shard& shard, sdk::CarrierEvents& events) {
                return std::make_unique<sdk::NodeCarrier>(shard, settings, events);
            });
    }
    Outcome<sdk::MakeCarrier> over_mesh(const MachineOptions& options) {
        auto settings = sdk::mesh_settings(id_, options);
        if (!settings) {
            return settings.failure();
        }
        resolver_ = runtime::make_blocking_pool(1);
        settings->pool = resolver_.get();
        settings->log = &log_;
        return sdk::MakeCarrier(
            [settings = std::move(*settings)](runtime::Shard& shard, sdk::CarrierEvents& events) {
                return std::make_unique<sdk::MeshCarrier>(shard, settings, events);
            });
    }

    /// On the machine's thread.
    void on_link(const LinkChange& change, const std::function<void(const LinkChange&)>& told) {
        is_connected_ = change.is_connected;
        if (change.is_connected) {
            for (auto& [number, done] : std::exchange(waiters_, {})) {
                done({});
            }
        } else {
            last_reason_ = change.reason;
        }
        if (told) {
            told(change);
        }
    }

    std::string id_;
    Log log_;
    std::optional<Failure> problem_;
    std::atomic<bool> is_connected_ = false;
    std::atomic<bool> is_closed_ = false;
    std::atomic<std::int64_t> posted_count_ = 0;
    std::atomic<std::thread::id> thread_;
    std::unique_ptr<runtime::BlockingPool> resolver_;
    std::unique_ptr<runtime::ShardGroup> shards_;
    std::unique_ptr<sdk::MachineCore> core_;

    // The machine's thread alone.
    std::map<std::uint64_t, std::function<void(Done)>> waiters_;
    std::uint64_t last_waiter_ = 0;
    Failure last_reason_{FailureKind::Offline, "the node does not answer in time"};
};

Machine::Machine(std::string id, MachineOptions options)
    : impl_(std::make_shared<Impl>(std::move(id), options)) {}

Machine::~Machine() {
    impl_->close(std::chrono::seconds(2));
}

const std::string& Machine::id() const {
    return impl_->id();
}

bool Machine::is_connected() const {
    return impl_->is_connected();
}

bool Machine::is_own_thread() const {
    return impl_->is_own_thread();
}

Outcome<void> Machine::wait_connected(std::chrono::milliseconds timeout) {
    if (impl_->is_own_thread()) {
        return Failure{FailureKind::Invalid, "a handler must not wait"};
    }
    return impl_
        ->run_and_wait<Done>([impl = impl_.get(), timeout](sdk::MachineCore& core,
                                                           const std::function<void(Done)>& done) {
            impl->tell_when_connected(timeout, core, done);
        })
        .get();
}

std::future<Done> Machine::publish(std::string topic, std::string payload, PublishOptions options) {
    const Waiting<Done> waiting;
    publish(std::move(topic), std::move(payload), std::move(options), waiting.callback());
    return waiting.answer->future();
}

void Machine::publish(std::string topic, std::string payload, PublishOptions options,
                      std::function<void(Done)> done) {
    impl_->run_or_tell(
        std::move(done),
        [topic = std::move(topic), payload = std::move(payload), options = std::move(options)](
            sdk::MachineCore& core, const std::function<void(Done)>& told) mutable {
            core.publish(std::move(topic), std::move(payload), options, told);
        });
}

std::future<Done> Machine::subscribe(std::string filter, MessageHandler handler,
                                     Delivery delivery) {
    return impl_->run_and_wait<Done>(
        [filter = std::move(filter), handler = std::move(handler), delivery](
            sdk::MachineCore& core, const std::function<void(Done)>& done) mutable {
            core.subscribe(std::move(filter), std::move(handler), delivery, done);
        });
}

std::future<Done> Machine::unsubscribe(std::string filter) {
    return impl_->run_and_wait<Done>(
        [filter = std::move(filter)](sdk::MachineCore& core,
                                     const std::function<void(Done)>& done) {
            core.unsubscribe(filter, done);
        });
}

Outcome<std::string> Machine::call(std::string machine, std::string method, std::string payload,
                                   std::chrono::milliseconds timeout) {
    if (impl_->is_own_thread()) {
        return Failure{FailureKind::Invalid, "a handler must not wait"};
    }
    const Waiting<Outcome<std::string>> waiting;
    call({.machine = std::move(machine),
          .method = std::move(method),
          .payload = std::move(payload),
          .timeout = timeout},
         waiting.callback());
    return waiting.answer->future().get();
}

void Machine::call(CallOptions call, std::function<void(Outcome<std::string>)> answered) {
    impl_->run_or_tell(
        std::move(answered),
        [call = std::move(call)](sdk::MachineCore& core, const sdk::AnswerHandler& told) mutable {
            core.call(std::move(call), told);
        });
}

std::future<Done> Machine::serve(std::string method, MethodHandler handler) {
    return serve(std::move(method),
                 [handler = std::move(handler)](const Request& request, const Reply& reply) {
                     reply(handler(request));
                 });
}

std::future<Done> Machine::serve(std::string method,
                                 std::function<void(const Request&, const Reply&)> handler) {
    // weak_ptr: the reply may be kept longer than the machine.
    const std::weak_ptr<Impl> weak = impl_;
    auto on_thread = [weak, handler = std::move(handler)](const Request& request,
                                                          const Reply& reply) {
        handler(request, [weak, reply](const Outcome<std::string>& outcome) {
            if (const std::shared_ptr<Impl> impl = weak.lock()) {
                // A machine that is closed answers nobody.
                static_cast<void>(
                    impl->run([reply, outcome](sdk::MachineCore&) { reply(outcome); }));
            }
        });
    };
    return impl_->run_and_wait<Done>(
        [method = std::move(method), on_thread = std::move(on_thread)](
            sdk::MachineCore& core, const std::function<void(Done)>& done) mutable {
            core.serve(std::move(method), std::move(on_thread), done);
        });
}

void Machine::post(std::function<void()> action) {
    if (impl_->is_own_thread()) {
        after(std::chrono::milliseconds(0), std::move(action));
        return;
    }
    // In its place among the other calls of that thread: a timer would be too late for it.
    static_cast<void>(
        impl_->run([action = std::move(action)](const sdk::MachineCore&) { action(); }));
}

void Machine::after(std::chrono::milliseconds delay, std::function<void()> action) {
    static_cast<void>(impl_->run([delay, action = std::move(action)](sdk::MachineCore& core) {
        core.after(delay, action);
    }));
}

void Machine::every(std::chrono::milliseconds interval, std::function<void()> action) {
    static_cast<void>(impl_->run([interval, action = std::move(action)](sdk::MachineCore& core) {
        core.every(interval, action);
    }));
}

void Machine::close(std::chrono::milliseconds grace) {
    impl_->close(grace);
}

}  // namespace kith
