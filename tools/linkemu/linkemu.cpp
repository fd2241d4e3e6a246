// linkemu: wires between network namespaces that lose, delay, double and reorder packets, by a
// seed.
//
//     linkemu --seed 7 --link a-b=/proc/100/ns/net:w0:10.0.0.1,/proc/200/ns/net:w0:10.0.0.2
//
// For kernels without netem, and for what netem cannot do: the same seed drops the same packets.
// Each end of a link is a TUN device in its namespace; between them packets wait in this process.
// Lines of schedule.h come on stdin, and `counters`, which prints them; it ends with stdin, and its
// devices end with it. Needs CAP_NET_ADMIN in both namespaces. IPv4 and IPv6, without a look into
// the packets. Threads: one. Limits: the constants below; a packet beyond them is dropped and
// counted.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/time.h"
#include "tools/linkemu/schedule.h"
#include "tools/linkemu/wire.h"

namespace kith::linkemu {
namespace {

constexpr std::size_t kPacketBytesMax = 1500;
constexpr std::size_t kPacketsMax = 100'000;  // under way in all wires: 150 MB
constexpr std::size_t kPacketsOfTurn = 64;    // of one device, before the others
constexpr std::size_t kLinksMax = 256;
constexpr std::size_t kOrdersMax = 10'000;  // that wait for their time
constexpr std::uint64_t kSeedStep = 0x9E3779B97F4A7C15;

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "linkemu: %s\n", why.c_str());
    std::exit(1);
}

[[noreturn]] void give_up_errno(const std::string& what) {
    give_up(what + ": " + std::strerror(errno));
}

Instant now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return Instant::from_ns(time.tv_sec * 1'000'000'000 + time.tv_nsec);
}

/// One end of a link, as --link names it.
struct End {
    std::string name;
    std::string network;  // a path of a namespace
    std::string device;
    std::string address;
};

struct Link {
    std::string name;
    std::array<End, 2> ends;
    std::array<int, 2> devices{-1, -1};
    std::array<Wire, 2> wires;  // [i] begins at ends[i]
};

struct Packet {
    std::vector<std::uint8_t> bytes;
    Instant leaves;
    std::uint64_t sequence = 0;
    int to = -1;

    /// For a heap whose first is the earliest.
    friend bool operator<(const Packet& a, const Packet& b) {
        return a.leaves != b.leaves ? a.leaves > b.leaves : a.sequence > b.sequence;
    }
};

ifreq request_for(const End& end) {
    ifreq request{};
    if (end.device.size() >= sizeof request.ifr_name) {
        give_up(end.device + ": too long for a device");
    }
    std::memcpy(static_cast<char*>(request.ifr_name), end.device.data(), end.device.size());
    return request;
}

sockaddr address_of(const End& end) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (inet_pton(AF_INET, end.address.c_str(), &address.sin_addr) != 1) {
        give_up(end.address + ": not an IPv4 address");
    }
    return std::bit_cast<sockaddr>(address);
}

/// No IPv6, whose packets of its own would draw from the wire's random stream at times of their
/// own.
void silence(const End& end) {
    const std::string path = "/proc/sys/net/ipv6/conf/" + end.device + "/disable_ipv6";
    const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) {
        return;  // this kernel has none
    }
    if (write(file, "1", 1) != 1) {
        give_up_errno(path);
    }
    close(file);
}

/// Its address, who is on the other side, and up.
void configure(const End& end, const End& other) {
    const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request = request_for(end);
    request.ifr_addr = address_of(end);
    bool is_done = ioctl(control, SIOCSIFADDR, &request) == 0;
    request = request_for(end);
    request.ifr_dstaddr = address_of(other);
    is_done = is_done && ioctl(control, SIOCSIFDSTADDR, &request) == 0;
    request = request_for(end);
    request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_POINTOPOINT | IFF_NOARP;
    is_done = is_done && ioctl(control, SIOCSIFFLAGS, &request) == 0;
    if (!is_done) {
        give_up_errno("configuring " + end.device);
    }
    close(control);
}

/// In the end's namespace; this process stays in it.
int open_device(const End& end, const End& other) {
    const int network = open(end.network.c_str(), O_RDONLY | O_CLOEXEC);
    if (network < 0 || setns(network, CLONE_NEWNET) != 0) {
        give_up_errno("entering " + end.network);
    }
    close(network);
    const int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (device < 0) {
        give_up_errno("/dev/net/tun");
    }
    ifreq request = request_for(end);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (ioctl(device, TUNSETIFF, &request) != 0) {
        give_up_errno("making " + end.device);
    }
    silence(end);
    configure(end, other);
    return device;
}

class Emulator {
  public:
    explicit Emulator(std::vector<std::unique_ptr<Link>> links)
        : links_(std::move(links)),
          epoll_(epoll_create1(EPOLL_CLOEXEC)),
          timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
          started_(now()) {
        CHECK(epoll_ >= 0);
        CHECK(timer_ >= 0);
        packets_.reserve(1024);
        watch(timer_, kTimer);
        watch(STDIN_FILENO, kOrders);
        for (std::size_t i = 0; i < links_.size(); ++i) {
            watch(links_[i]->devices[0], 2 * i);
            watch(links_[i]->devices[1], 2 * i + 1);
        }
    }

    /// Until stdin ends.
    void run() {
        while (!is_over_) {
            arm();
            std::array<epoll_event, 64> events{};
            const int count = epoll_wait(epoll_, events.data(), events.size(), -1);
            obey_due();
            for (int i = 0; i < count; ++i) {
                handle(events[static_cast<std::size_t>(i)].data.u64);
            }
            deliver_due();
        }
        print_counters();
    }

  private:
    static constexpr std::uint64_t kTimer = UINT64_MAX;
    static constexpr std::uint64_t kOrders = UINT64_MAX - 1;

    void watch(int descriptor, std::uint64_t what) const {
        epoll_event event{.events = EPOLLIN, .data = {.u64 = what}};
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) {
            give_up_errno("watching");
        }
    }

    void handle(std::uint64_t what) {
        if (what == kTimer) {
            std::uint64_t count = 0;
            [[maybe_unused]] const ssize_t got = ::read(timer_, &count, sizeof count);
        } else if (what == kOrders) {
            read_orders();
        } else {
            read_packets(*links_[what / 2], what % 2);
        }
    }

    void read_packets(Link& link, std::size_t from) {
        for (std::size_t i = 0; i < kPacketsOfTurn; ++i) {
            std::vector<std::uint8_t> bytes = spare();
            bytes.resize(kPacketBytesMax);
            const ssize_t got = ::read(link.devices[from], bytes.data(), bytes.size());
            if (got <= 0) {
                spares_.push_back(std::move(bytes));
                return;
            }
            bytes.resize(static_cast<std::size_t>(got));
            const Departures departures = link.wires[from].take(now(), bytes.size());
            for (const Instant at : departures.at()) {
                push({.bytes = bytes, .leaves = at, .to = link.devices[1 - from]});
            }
        }
    }

    void push(Packet packet) {
        if (packets_.size() == kPacketsMax) {
            ++overflow_count_;
            return;
        }
        packet.sequence = next_sequence_++;
        packets_.push_back(std::move(packet));
        std::push_heap(packets_.begin(), packets_.end());
    }

    void deliver_due() {
        const Instant time = now();
        while (!packets_.empty() && packets_.front().leaves <= time) {
            std::pop_heap(packets_.begin(), packets_.end());
            Packet& packet = packets_.back();
            // A device that is down or full takes nothing, as a wire that nobody listens to.
            [[maybe_unused]] const ssize_t sent =
                ::write(packet.to, packet.bytes.data(), packet.bytes.size());
            spares_.push_back(std::move(packet.bytes));
            packets_.pop_back();
        }
        if (spares_.size() > 1024) {
            spares_.resize(1024);
        }
    }

    std::vector<std::uint8_t> spare() {
        if (spares_.empty()) {
            return {};
        }
        std::vector<std::uint8_t> bytes = std::move(spares_.back());
        spares_.pop_back();
        return bytes;
    }

    /// For whatever comes first.
    void arm() const {
        Instant first = packets_.empty() ? Instant::never() : packets_.front().leaves;
        for (const Order& order : orders_) {
            first = std::min(first, started_ + *order.at);
        }
        itimerspec when{};
        if (first != Instant::never()) {
            const std::int64_t ns = std::max<std::int64_t>(first.ns(), 1);
            when.it_value = {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
        }
        CHECK(timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr) == 0);
    }

    void read_orders() {
        std::array<char, 4096> piece{};
        const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
        if (got <= 0) {
            is_over_ = true;
            return;
        }
        input_.append(piece.data(), static_cast<std::size_t>(got));
        for (std::size_t end = input_.find('\n'); end != std::string::npos;
             end = input_.find('\n')) {
            take_line(std::string_view(input_).substr(0, end));
            input_.erase(0, end + 1);
        }
        if (input_.size() > kLineBytesMax) {
            give_up("a line too long");
        }
    }

    void take_line(std::string_view line) {
        if (line == "counters") {
            print_counters();
            return;
        }
        const Result<std::optional<Order>> order = parse_order(line);
        if (!order) {
            give_up(std::string(line) + ": " + order.error().text);
        }
        if (!*order) {
            return;
        }
        if ((*order)->at) {
            if (orders_.size() == kOrdersMax) {
                give_up("too many lines that wait for their time");
            }
            orders_.push_back(**order);
            return;
        }
        obey(**order);
        std::printf("done %.*s\n", static_cast<int>(line.size()), line.data());
        std::fflush(stdout);
    }

    void obey_due() {
        const Instant time = now();
        const auto is_due = [&](const Order& order) { return started_ + *order.at <= time; };
        for (const Order& order : orders_) {
            if (is_due(order)) {
                obey(order);
            }
        }
        std::erase_if(orders_, is_due);
    }

    void obey(const Order& order) {
        bool is_known = order.link == "*";
        for (const std::unique_ptr<Link>& link : links_) {
            if (order.link != "*" && order.link != link->name) {
                continue;
            }
            for (std::size_t from = 0; from < 2; ++from) {
                if (order.to.empty() || order.to == link->ends[1 - from].name) {
                    Wire& wire = link->wires[from];
                    wire.set(order.applied_to(wire.settings()));
                    is_known = true;
                }
            }
        }
        if (!is_known) {
            give_up("no link " + order.link + (order.to.empty() ? "" : " to " + order.to));
        }
    }

    void print_counters() const {
        for (const std::unique_ptr<Link>& link : links_) {
            for (std::size_t from = 0; from < 2; ++from) {
                const WireCounters& counted = link->wires[from].counters();
                std::printf(
                    "link %s to %s entered=%llu left=%llu bytes=%llu lost=%llu cut=%llu "
                    "duplicated=%llu reordered=%llu overflowed=%llu\n",
                    link->name.c_str(), link->ends[1 - from].name.c_str(),
                    static_cast<unsigned long long>(counted.entered),
                    static_cast<unsigned long long>(counted.left),
                    static_cast<unsigned long long>(counted.bytes),
                    static_cast<unsigned long long>(counted.lost),
                    static_cast<unsigned long long>(counted.cut),
                    static_cast<unsigned long long>(counted.duplicated),
                    static_cast<unsigned long long>(counted.reordered),
                    static_cast<unsigned long long>(counted.overflowed));
            }
        }
        std::printf("counted overflowed=%llu\n", static_cast<unsigned long long>(overflow_count_));
        std::fflush(stdout);
    }

    std::vector<std::unique_ptr<Link>> links_;
    int epoll_;
    int timer_;
    Instant started_;
    std::vector<Packet> packets_;  // a heap
    std::vector<std::vector<std::uint8_t>> spares_;
    std::vector<Order> orders_;
    std::string input_;
    std::uint64_t next_sequence_ = 0;
    std::uint64_t overflow_count_ = 0;
    bool is_over_ = false;
};

std::vector<std::string> split(std::string_view text, char at) {
    std::vector<std::string> parts;
    while (true) {
        const std::size_t end = text.find(at);
        parts.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

/// "a-b=NAMESPACE:DEVICE:ADDRESS,NAMESPACE:DEVICE:ADDRESS"
std::unique_ptr<Link> parse_link(std::string_view text, std::uint64_t seed) {
    const std::vector<std::string> sides = split(text, '=');
    const std::vector<std::string> names = split(sides.front(), '-');
    const std::vector<std::string> ends = split(sides.back(), ',');
    if (sides.size() != 2 || names.size() != 2 || ends.size() != 2) {
        give_up("--link wants A-B=NAMESPACE:DEVICE:ADDRESS,NAMESPACE:DEVICE:ADDRESS");
    }
    auto link = std::make_unique<Link>(
        Link{.name = sides.front(), .ends = {}, .wires = {Wire(seed), Wire(seed + kSeedStep)}});
    for (std::size_t i = 0; i < 2; ++i) {
        const std::vector<std::string> parts = split(ends[i], ':');
        if (parts.size() != 3) {
            give_up(ends[i] + ": not NAMESPACE:DEVICE:ADDRESS");
        }
        link->ends[i] = {
            .name = names[i], .network = parts[0], .device = parts[1], .address = parts[2]};
    }
    return link;
}

std::uint64_t parse_seed(std::string_view text) {
    std::uint64_t seed = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
    if (error != std::errc() || end != text.data() + text.size()) {
        give_up("--seed wants a number");
    }
    return seed;
}

int run(const std::vector<std::string_view>& arguments) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::uint64_t seed = 1;
    std::vector<std::string_view> texts;
    for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
        if (arguments[i] == "--seed") {
            seed = parse_seed(arguments[i + 1]);
        } else if (arguments[i] == "--link") {
            texts.push_back(arguments[i + 1]);
        } else {
            give_up("usage: linkemu [--seed N] --link A-B=END,END...");
        }
    }
    if (texts.empty() || texts.size() > kLinksMax || arguments.size() % 2 != 0) {
        give_up("usage: linkemu [--seed N] --link A-B=END,END..., 256 links at most");
    }
    std::vector<std::unique_ptr<Link>> links;
    for (const std::string_view text : texts) {
        seed += 2 * kSeedStep;
        links.push_back(parse_link(text, seed));
        Link& link = *links.back();
        link.devices = {open_device(link.ends[0], link.ends[1]),
                        open_device(link.ends[1], link.ends[0])};
    }
    Emulator emulator(std::move(links));
    std::printf("linkemu: ready\n");
    std::fflush(stdout);
    emulator.run();
    return 0;
}

}  // namespace
}  // namespace kith::linkemu

int main(int argc, char** argv) {
    return kith::linkemu::run({argv + 1, argv + argc});
}
