#include "sdk/node_link.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "runtime/blocking_pool.h"
#include "runtime/network.h"
#include "runtime/resolve.h"

namespace kith::sdk {
namespace {

/// After the goodbye, how long the node may take to close its side.
constexpr Duration kCloseTimeout = 1s;

/// The pause doubles at most this often: enough to get from any first one to any longest one.
constexpr unsigned kDoublingsMax = 16;

Failure offline(const Error& error) {
    return {FailureKind::Offline, error.text};
}

}  // namespace

NodeLink::NodeLink(runtime::Shard& shard, LinkSettings settings, LinkEvents& events)
    : shard_(shard),
      settings_(std::move(settings)),
      events_(events),
      client_(settings_.client, *this),
      attempt_timer_([this](Instant) {
          if (stream_ == nullptr && state_ == State::Idle) {
              connect();
          } else {
              drop({FailureKind::Offline, "the node does not answer in time"});
          }
      }),
      client_timer_([this](Instant now) {
          if (const Done outcome = client_.tick(now); !outcome) {
              drop(outcome.failure());
              return;
          }
          arm_client_timer();
          on_work();
      }),
      finish_timer_([this](Instant) {
          if (state_ == State::Ending) {
              ended();
          } else {
              end();
          }
      }),
      self_(std::make_shared<NodeLink*>(this)) {}

NodeLink::~NodeLink() {
    *self_ = nullptr;
}

void NodeLink::start() {
    CHECK(state_ == State::Idle);
    connect();
}

void NodeLink::connect() {
    shard_.arm_after(attempt_timer_, kConnectTimeout);
    if (const auto literal = runtime::SocketAddress::parse(settings_.node)) {
        connect_to(*literal);
        return;
    }
    resolve_name();
}

void NodeLink::resolve_name() {
    state_ = State::Resolving;
    if (settings_.resolver == nullptr) {
        drop({FailureKind::Invalid, "the node is not given as ADDRESS:PORT"});
        return;
    }
    const Status submitted =
        settings_.resolver->submit(shard_, [self = self_, name = settings_.node] {
            return runtime::make_mail(
                [self, resolved = runtime::resolve(name)](runtime::Shard&) mutable {
                    if (*self != nullptr) {
                        (*self)->on_resolved(std::move(resolved));
                    }
                });
        });
    if (!submitted) {
        drop(offline(submitted.error()));
    }
}

void NodeLink::on_resolved(Result<std::vector<runtime::SocketAddress>> resolved) {
    if (state_ != State::Resolving) {
        return;
    }
    if (!resolved) {
        drop(offline(resolved.error()));
        return;
    }
    addresses_ = std::move(*resolved);
    connect_to(addresses_[attempt_count_ % addresses_.size()]);
}

void NodeLink::connect_to(const runtime::SocketAddress& address) {
    state_ = State::Connecting;
    ++attempt_count_;
    is_secured_ = false;
    auto stream = shard_.network().connect(address, *this);
    if (!stream) {
        drop(offline(stream.error()));
        return;
    }
    stream_ = std::move(*stream);
}

void NodeLink::on_connected() {
    if (settings_.secure != nullptr && !is_secured_) {
        secure();
        return;
    }
    state_ = State::Open;
    client_.open(shard_.now());
    on_work();
}

/// The next on_connected() is that of the TLS stream.
void NodeLink::secure() {
    is_secured_ = true;
    stream_ = settings_.secure(std::move(stream_), shard_);
    stream_->set_handler(this);
}

void NodeLink::on_data(MutableBytes bytes) {
    if (state_ == State::Ending) {
        return;
    }
    if (const Done outcome = client_.receive(bytes, shard_.now()); !outcome) {
        drop(outcome.failure());
        return;
    }
    on_work();
}

void NodeLink::on_drained() {
    stream_->resume_reading();
    on_work();
}

void NodeLink::on_closed(const Error& reason) {
    if (state_ == State::Ending) {
        ended();
        return;
    }
    drop(offline(reason));
}

void NodeLink::on_accepted(const mqtt::Connack& connack) {
    attempt_timer_.cancel();
    accepted_at_ = shard_.now();
    arm_client_timer();
    events_.on_link_up(connack);
}

void NodeLink::on_work() {
    shard_.defer(*this);
}

void NodeLink::run_task() {
    if (stream_ != nullptr && state_ == State::Open) {
        client_.pump(shard_.now());
        while (!client_.output().empty()) {
            stream_->output().append(client_.output());
            client_.output().clear();
            stream_->request_flush();
            if (stream_->is_congested()) {
                // Who does not take our answers sends us no more questions.
                stream_->pause_reading();
                return;
            }
            client_.pump(shard_.now());
        }
    }
    on_finish_progress();
}

void NodeLink::arm_client_timer() {
    if (const Instant deadline = client_.next_deadline(); deadline != Instant::never()) {
        shard_.arm(client_timer_, deadline);
    }
}

/// The connection is of no use any more, or there never was one.
void NodeLink::drop(const Failure& reason) {
    if (state_ == State::Ending) {
        ended();
        return;
    }
    state_ = State::Idle;
    if (stream_ != nullptr) {
        stream_->abort();
        stream_.reset();
    }
    client_.close();
    client_timer_.cancel();
    const bool was_good =
        accepted_at_ != Instant::never() && shard_.now() - accepted_at_ >= kStableAfter;
    accepted_at_ = Instant::never();
    const unsigned doublings = was_good ? 0 : failure_count_;
    failure_count_ = std::min(doublings + 1, kDoublingsMax);
    const Duration pause =
        std::min(settings_.retry_max, settings_.retry_min * (std::int64_t{1} << doublings));
    shard_.arm_after(attempt_timer_, shard_.random().between(pause / 2, pause));
    events_.on_link_down(reason);
    on_work();  // nothing to send, but perhaps to finish
}

void NodeLink::finish(Duration grace, std::function<void()> finished) {
    CHECK(finished_ == nullptr);
    finished_ = std::move(finished);
    shard_.arm_after(finish_timer_, grace);
    on_work();
}

void NodeLink::on_finish_progress() {
    if (finished_ != nullptr && state_ != State::Ending && client_.pending_count() == 0) {
        end();
    }
}

void NodeLink::end() {
    attempt_timer_.cancel();
    client_timer_.cancel();
    client_.stop({FailureKind::Stopped, "the machine was closed"});
    if (state_ != State::Open) {
        ended();
        return;
    }
    state_ = State::Ending;
    client_.disconnect();
    stream_->output().append(client_.output());
    client_.close();
    stream_->request_flush();
    stream_->close();
    shard_.arm_after(finish_timer_, kCloseTimeout);
}

void NodeLink::ended() {
    state_ = State::Ended;
    finish_timer_.cancel();
    cancel_task();
    if (stream_ != nullptr) {
        stream_->abort();
        stream_.reset();
    }
    std::exchange(finished_, nullptr)();
}

}  // namespace kith::sdk
