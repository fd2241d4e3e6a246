#include "runtime/epoll/epoll_shard.h"

#include <algorithm>
#include <array>
#include <ctime>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/check.h"
#include "runtime/detail/io_error.h"
#include "runtime/epoll/interfaces.h"
#include "runtime/epoll/socket_address.h"
#include "runtime/epoll/tcp_listener.h"
#include "runtime/epoll/tcp_socket.h"
#include "runtime/epoll/udp_port.h"

namespace kith::runtime {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kNsPerMs = 1'000'000;

Instant monotonic_now() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return Instant::from_ns(t.tv_sec * kNsPerSecond + t.tv_nsec);
}

WallTime wall_clock_now() {
    timespec t{};
    clock_gettime(CLOCK_REALTIME, &t);
    return WallTime::from_ms(t.tv_sec * 1000 + t.tv_nsec / kNsPerMs);
}

Readiness readiness_of(std::uint32_t events) {
    Readiness readiness = Readiness::None;
    if ((events & EPOLLIN) != 0) {
        readiness = readiness | Readiness::Readable;
    }
    if ((events & EPOLLOUT) != 0) {
        readiness = readiness | Readiness::Writable;
    }
    if ((events & (EPOLLRDHUP | EPOLLHUP)) != 0) {
        readiness = readiness | Readiness::HungUp;
    }
    if ((events & EPOLLERR) != 0) {
        readiness = readiness | Readiness::Failed;
    }
    return readiness;
}

}  // namespace

Result<std::unique_ptr<EpollShard>> EpollShard::create(const ShardOptions& options,
                                                       const Log& log) {
    FileDescriptor epoll(epoll_create1(EPOLL_CLOEXEC));
    if (!epoll.is_open()) {
        return tl::unexpected(io_error(errno, "no epoll descriptor"));
    }
    FileDescriptor wakeup(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wakeup.is_open()) {
        return tl::unexpected(io_error(errno, "no eventfd"));
    }
    epoll_event event{};
    event.events = EPOLLIN | static_cast<std::uint32_t>(EPOLLET);
    event.data.ptr = nullptr;
    if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wakeup.get(), &event) != 0) {
        return tl::unexpected(io_error(errno, "the eventfd cannot be watched"));
    }
    return std::unique_ptr<EpollShard>(
        new EpollShard(options, log, std::move(epoll), std::move(wakeup)));
}

EpollShard::EpollShard(const ShardOptions& options, const Log& log, FileDescriptor epoll,
                       FileDescriptor wakeup)
    : Shard(options, log, monotonic_now()),
      epoll_(std::move(epoll)),
      wakeup_(std::move(wakeup)),
      posted_to_(options.shard_count),
      lend_to_(options.shard_count) {
    network_ = this;
    wall_now_ = wall_clock_now();
    for (std::uint16_t from = 0; from < options.shard_count; ++from) {
        inboxes_.push_back(std::make_unique_for_overwrite<Mailbox>());  // its ring stays untouched
    }
}

EpollShard::~EpollShard() {
    drop_undelivered();
}

void EpollShard::connect_peers(const std::vector<std::unique_ptr<EpollShard>>& shards) {
    CHECK(peers_.empty());
    for (const auto& shard : shards) {
        peers_.push_back(shard.get());
    }
}

void EpollShard::run() {
    const std::lock_guard turn(turn_mutex_);
    thread_ = std::this_thread::get_id();
    while (!stopping_.load(std::memory_order_acquire)) {
        run_turn(monotonic_now(), wall_clock_now());
        lend_turns();
        poll();
    }
    thread_ = std::thread::id();
}

bool EpollShard::may_use() const {
    const std::thread::id runs_on = thread_.load();
    return runs_on == std::thread::id() || runs_on == std::this_thread::get_id();
}

void EpollShard::stop() {
    stopping_.store(true, std::memory_order_release);
    wake();
}

void EpollShard::drop_undelivered() {
    drop_mail();
    for (const auto& inbox : inboxes_) {
        inbox->drop_all();
    }
}

void EpollShard::poll() {
    // A shard that has events anyway neither announces that it sleeps nor gives up its turn.
    if (!take_events() && may_sleep()) {
        sleep();
        static_cast<void>(take_events());
    }
}

bool EpollShard::take_events() {
    std::array<epoll_event, kEventsPerPollMax> events;
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.ptr != nullptr) {
            mark_ready(*static_cast<Pollable*>(event.data.ptr), readiness_of(event.events));
        }
    }
    return count > 0;
}

void EpollShard::sleep() {
    sleeps_until_ = next_deadline();
    const int wait_ms = sleep_ms();
    turn_mutex_.unlock();
    pollfd events{.fd = epoll_.get(), .events = POLLIN, .revents = 0};
    // An interrupted wait is a turn without events.
    static_cast<void>(::poll(&events, 1, wait_ms));
    turn_mutex_.lock();
    asleep_.exchange(false);
}

bool EpollShard::may_sleep() {
    if (has_work()) {
        return false;
    }
    asleep_.exchange(true);
    bool found = stopping_.load(std::memory_order_acquire) || has_work();
    for (std::size_t i = 0; i < peers_.size() && !found; ++i) {
        found = inboxes_[i]->has_mail() || outbox(i).can_push_overflow();
    }
    if (found) {
        asleep_.exchange(false);
    }
    return !found;
}

Mailbox& EpollShard::outbox(std::size_t to) {
    return *peers_[to]->inboxes_[id().value()];
}

int EpollShard::sleep_ms() {
    const Instant deadline = next_deadline();
    if (deadline == Instant::never()) {
        return -1;
    }
    const std::int64_t ns = (deadline - monotonic_now()).count();
    constexpr std::int64_t kSleepMsMax = 3'600'000;
    return static_cast<int>(
        std::clamp<std::int64_t>((ns + kNsPerMs - 1) / kNsPerMs, 0, kSleepMsMax));
}

void EpollShard::post_to_peer(ShardId to, std::unique_ptr<Mail> mail) {
    if (!outbox(to.value()).post(std::move(mail))) {
        ++counters_.mail_overflows;
    }
    posted_to_[to.value()] = true;
    has_posted_ = true;
}

void EpollShard::receive_mail() {
    for (std::size_t from = 0; from < peers_.size(); ++from) {
        const bool sender_waits =
            inboxes_[from]->receive([this](Mail& mail) { mail.deliver(*this); });
        if (sender_waits) {
            peers_[from]->wake();
        }
    }
}

void EpollShard::wake_peers() {
    if (!std::exchange(has_posted_, false)) {
        return;
    }
    const bool lends = can_lend();
    for (std::size_t to = 0; to < peers_.size(); ++to) {
        Mailbox& mailbox = outbox(to);
        const bool pushed = mailbox.has_overflow() && mailbox.push_overflow();
        if (posted_to_[to] || pushed) {
            posted_to_[to] = false;
            if (lends) {
                lend_to_[to] = true;
                has_to_lend_ = true;
            } else {
                counters_.wakeups_sent += peers_[to]->wake_if_asleep() ? 1U : 0U;
            }
        }
        has_posted_ = has_posted_ || mailbox.has_overflow();
    }
}

bool EpollShard::can_lend() const {
    return !is_lent_ && flushes_waiting(kLendFlushesMax + 1) <= kLendFlushesMax &&
           monotonic_now() - now_ < kLendTurnMax;
}

void EpollShard::lend_turns() {
    if (!std::exchange(has_to_lend_, false)) {
        return;
    }
    for (std::size_t to = 0; to < peers_.size(); ++to) {
        if (lend_to_[to]) {
            lend_to_[to] = false;
            peers_[to]->run_lent_turn();
        }
    }
}

void EpollShard::run_lent_turn() {
    // As wake_if_asleep(): whoever takes the announcement back answers for what was posted.
    if (!asleep_.exchange(false)) {
        return;
    }
    const std::unique_lock turn(turn_mutex_, std::try_to_lock);
    if (!turn) {
        interrupt_sleep();
        return;
    }
    const std::thread::id own_thread = thread_.exchange(std::this_thread::get_id());
    is_lent_ = true;
    ++counters_.turns_lent;
    begin_turn(monotonic_now(), wall_clock_now());
    if (flushes_waiting(kLendFlushesMax + 1) <= kLendFlushesMax) {
        finish_turn();
    }
    is_lent_ = false;
    thread_ = own_thread;
    // What is left over is for its own thread, which also has to know of a new, earlier timer.
    if (next_deadline() < sleeps_until_ || !may_sleep()) {
        interrupt_sleep();
    }
}

void EpollShard::wake() {
    static_cast<void>(wake_if_asleep());
}

bool EpollShard::wake_if_asleep() {
    // Any thread. The exchange is the sender's half of the protocol in this class's header.
    if (!asleep_.exchange(false)) {
        return false;
    }
    interrupt_sleep();
    return true;
}

void EpollShard::interrupt_sleep() {
    const std::uint64_t one = 1;
    // Can only fail when the counter is full, and then the shard has an event to wake up to.
    [[maybe_unused]] const ssize_t written = ::write(wakeup_.get(), &one, sizeof(one));
}

Status EpollShard::watch(int fd, Pollable& pollable, Interest interest) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | static_cast<std::uint32_t>(EPOLLET);
    if (interest == Interest::ReadWrite) {
        event.events |= EPOLLOUT;
    }
    event.data.ptr = &pollable;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        return tl::unexpected(io_error(errno, "the kernel watches no more descriptors"));
    }
    return {};
}

void EpollShard::unwatch(int fd) {
    epoll_event ignored{};
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, &ignored);
}

Result<std::unique_ptr<Listener>> EpollShard::listen(const ListenOptions& options,
                                                     AcceptHandler& handler) {
    return TcpListener::open(*this, options, handler);
}

Result<std::unique_ptr<Stream>> EpollShard::connect(const SocketAddress& to,
                                                    StreamHandler& handler) {
    sockaddr_storage storage;
    const socklen_t length = to_kernel(to, storage);
    FileDescriptor fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.is_open()) {
        return tl::unexpected(io_error(errno, "no socket to connect with"));
    }
    TcpSocket::set_stream_options(fd.get());
    TcpSocket::seek_port_once(fd.get());
    int error = 0;
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
        error = errno == EINPROGRESS ? 0 : errno;
    }
    auto stream = std::make_unique<TcpStream>(*this, TcpSocket(std::move(fd)), to,
                                              TcpStream::State::Connecting);
    stream->set_handler(&handler);
    stream->start(error);
    return std::unique_ptr<Stream>(std::move(stream));
}

Result<std::unique_ptr<Datagram>> EpollShard::open_datagram(const DatagramOptions& options,
                                                            DatagramHandler& handler) {
    return UdpPort::open(*this, options, handler);
}

std::vector<NetworkInterface> EpollShard::interfaces() const {
    return machine_interfaces();
}

}  // namespace kith::runtime
