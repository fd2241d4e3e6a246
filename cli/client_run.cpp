#include "cli/client_run.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <future>

#include "base/check.h"

namespace kith::cli {

EndOfRun::EndOfRun() : event_fd_(eventfd(0, EFD_CLOEXEC)) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal_fd_ = signalfd(-1, &signals, SFD_CLOEXEC);
    CHECK(event_fd_ >= 0);
    CHECK(signal_fd_ >= 0);
}

EndOfRun::~EndOfRun() {
    close(event_fd_);
    close(signal_fd_);
}

void EndOfRun::end(int exit_code) {
    int expected = kNotYet;
    if (exit_code_.compare_exchange_strong(expected, exit_code)) {
        const std::uint64_t one = 1;
        CHECK(write(event_fd_, &one, sizeof(one)) == sizeof(one));
    }
}

bool EndOfRun::ends_within(Duration timeout) {
    std::array<pollfd, 2> fds{pollfd{.fd = event_fd_, .events = POLLIN, .revents = 0},
                              pollfd{.fd = signal_fd_, .events = POLLIN, .revents = 0}};
    return poll(fds.data(), fds.size(), static_cast<int>(to_ms(timeout))) > 0;
}

std::optional<int> EndOfRun::wait(Duration timeout) {
    std::array<pollfd, 2> fds{pollfd{.fd = event_fd_, .events = POLLIN, .revents = 0},
                              pollfd{.fd = signal_fd_, .events = POLLIN, .revents = 0}};
    const int timeout_ms = timeout == Duration::zero() ? -1 : static_cast<int>(to_ms(timeout));
    if (poll(fds.data(), fds.size(), timeout_ms) <= 0 || (fds[0].revents & POLLIN) == 0) {
        return std::nullopt;
    }
    return exit_code_.load();
}

Outcome<std::unique_ptr<ClientRun>> ClientRun::create(sdk::LinkSettings settings,
                                                      sdk::LinkEvents& events) {
    std::unique_ptr<ClientRun> run(new ClientRun);
    auto shards = runtime::make_epoll_shards({.shard_count = 1}, run->log_);
    if (!shards) {
        return Failure{FailureKind::Limit, shards.error().text};
    }
    run->shards_ = std::move(*shards);
    if (!runtime::SocketAddress::parse(settings.node)) {
        run->resolver_ = runtime::make_blocking_pool(1);
        settings.resolver = run->resolver_.get();
    }
    run->link_ = std::make_unique<sdk::NodeLink>(run->shards_->shard(ShardId(0)),
                                                 std::move(settings), events);
    run->shards_->start();
    return run;
}

ClientRun::~ClientRun() {
    if (shards_ != nullptr) {
        shards_->stop();
    }
    resolver_.reset();
    link_.reset();
}

void ClientRun::post(std::function<void(sdk::NodeLink&)> action) {
    shards_->shard(ShardId(0))
        .post_completion(runtime::make_mail(
            [this, action = std::move(action)](runtime::Shard&) { action(*link_); }));
}

void ClientRun::start() {
    post([](sdk::NodeLink& link) { link.start(); });
}

void ClientRun::finish(Duration grace) {
    std::promise<void> finished;
    post([&](sdk::NodeLink& link) { link.finish(grace, [&] { finished.set_value(); }); });
    finished.get_future().wait();
}

}  // namespace kith::cli
