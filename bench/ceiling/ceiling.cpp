// The least that could pass for a broker: parse, exact match, one write per connection and turn.
//
// It exists to be measured beside brokers: what Kith reaches of it is what Kith's features cost.
// README.md says what it leaves out. Invariant: nothing is lost between clients that stay
// connected; who publishes into a full output is not read until there is room.
// Threads: one. Limits: the constants below, and descriptors.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/byte_reader.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"
#include "wire/mqtt/frame.h"

namespace kith::ceiling {
namespace {

constexpr std::size_t kPacketBytesMax = 1024 * 1024;
constexpr std::size_t kReadBytes = 64 * 1024;          // of one connection and turn
constexpr std::size_t kOutputHighBytes = 1024 * 1024;  // who publishes into more, waits
constexpr std::size_t kOutputLowBytes = 512 * 1024;    // until there is no more than this
constexpr std::size_t kEventsMax = 256;
constexpr int kBacklog = 4096;

constexpr std::uint8_t kConnack = 0x20;
constexpr std::uint8_t kPublish = 0x30;
constexpr std::uint8_t kQos1 = 0x02;  // in the flags of a PUBLISH
constexpr std::uint8_t kPuback = 0x40;
constexpr std::uint8_t kSuback = 0x90;
constexpr std::uint8_t kPingresp = 0xD0;
constexpr std::uint8_t kVersion311 = 4;
constexpr std::uint8_t kRefusedVersion = 1;  // of a CONNACK
constexpr std::uint8_t kRefusedFilter = 0x80;

/// One connection.
struct Client {
    explicit Client(int descriptor) : fd(descriptor) {}

    void send(Bytes bytes) { output.insert(output.end(), bytes.begin(), bytes.end()); }
    [[nodiscard]] std::size_t unsent_bytes() const { return output.size() - sent_bytes; }
    [[nodiscard]] bool is_full() const { return unsent_bytes() > kOutputHighBytes; }

    int fd;
    mqtt::Framer framer{kPacketBytesMax};
    std::vector<std::uint8_t> output;
    std::size_t sent_bytes = 0;  // of output
    std::uint32_t events = EPOLLIN;
    std::uint16_t last_packet_id = 0;
    bool is_connected = false;  // CONNECT has come
    bool is_to_flush = false;   // in Ceiling::to_flush_
    bool is_closing = false;
    Client* waits_for = nullptr;  // this one's output is full; it is in Ceiling::waiting_
    std::vector<std::string> topics;
};

struct Subscriber {
    Client* client;
    std::uint8_t qos;
};

/// A PUBLISH with what is needed to pass it on. Borrowed.
struct Message {
    Bytes packet;  // whole
    std::string_view topic;
    Bytes head;        // topic with its length
    Bytes payload;     // to the end
    std::uint8_t qos;  // 0 or 1
    std::array<std::uint8_t, 2> packet_id;
};

class Ceiling {
  public:
    explicit Ceiling(int listener) : listener_(listener), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        CHECK(epoll_ >= 0);
        watch(EPOLL_CTL_ADD, listener_, EPOLLIN, nullptr);
    }

    [[noreturn]] void run() {
        while (true) {
            turn();
        }
    }

  private:
    void turn();
    void accept_all();
    void watch(int operation, int fd, std::uint32_t events, Client* client) const;
    void read(Client& client);
    void feed(Client& client, Bytes bytes);
    /// False if what it asks is not MQTT, or not done here.
    bool take(Client& client, const mqtt::Frame& frame);
    bool connect(Client& client, Bytes body);
    bool subscribe(Client& client, Bytes body);
    bool publish(Client& client, const mqtt::Frame& frame);
    void deliver(const Message& message, const Subscriber& to);
    void answer(Client& client, Bytes bytes);
    void to_flush(Client& client);
    void flush(Client& client);
    void want(Client& client, std::uint32_t events);
    void resume_who_waits_for(Client& client);
    void close(Client& client);
    void drop_closed();

    int listener_;
    int epoll_;
    std::vector<std::unique_ptr<Client>> clients_;  // by descriptor
    boost::unordered_flat_map<std::string, std::vector<Subscriber>, TextHash, std::equal_to<>>
        topics_;
    std::vector<Client*> to_flush_;
    std::vector<Client*> waiting_;
    std::vector<Client*> closing_;
    std::array<epoll_event, kEventsMax> events_{};
    std::array<std::uint8_t, kReadBytes> room_{};
};

/// Everything readable is read, then everything written: one read and one write a connection.
void Ceiling::turn() {
    const int count = epoll_wait(epoll_, events_.data(), kEventsMax, -1);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events_[static_cast<std::size_t>(i)];
        auto* client = static_cast<Client*>(event.data.ptr);
        if (client == nullptr) {
            accept_all();
            continue;
        }
        if ((event.events & EPOLLOUT) != 0) {
            to_flush(*client);
        }
        if (client->waits_for == nullptr) {
            read(*client);
        } else if ((event.events & (EPOLLHUP | EPOLLERR)) != 0) {
            close(*client);
        }
    }
    do {
        // By position: who is read again while an output drains may fill others.
        for (std::size_t i = 0; i < to_flush_.size(); ++i) {
            flush(*to_flush_[i]);
        }
        to_flush_.clear();
        drop_closed();
    } while (!to_flush_.empty());
    for (Client* client : waiting_) {
        want(*client, client->events & ~std::uint32_t{EPOLLIN});
    }
}

void Ceiling::accept_all() {
    int fd = -1;
    while ((fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        const auto index = static_cast<std::size_t>(fd);
        clients_.resize(std::max(clients_.size(), index + 1));
        clients_[index] = std::make_unique<Client>(fd);
        watch(EPOLL_CTL_ADD, fd, EPOLLIN, clients_[index].get());
    }
}

void Ceiling::watch(int operation, int fd, std::uint32_t events, Client* client) const {
    epoll_event event{};
    event.events = events;
    event.data.ptr = client;
    CHECK(epoll_ctl(epoll_, operation, fd, &event) == 0);
}

void Ceiling::read(Client& client) {
    if (client.is_closing) {
        return;
    }
    const ssize_t got = recv(client.fd, room_.data(), room_.size(), 0);
    if (got > 0) {
        feed(client, Bytes(room_).first(static_cast<std::size_t>(got)));
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        close(client);
    }
}

/// Takes packets until there are no more, or until one has filled an output.
void Ceiling::feed(Client& client, Bytes bytes) {
    bool is_fine = true;
    const Status fed = client.framer.feed(bytes, [&](const mqtt::Frame& frame) {
        is_fine = take(client, frame);
        if (client.is_full()) {
            client.waits_for = &client;  // it does not read its answers
        }
        return is_fine && client.waits_for == nullptr;
    });
    if (client.waits_for != nullptr) {
        waiting_.push_back(&client);
    }
    if (!fed || !is_fine) {
        close(client);
    }
}

bool Ceiling::take(Client& client, const mqtt::Frame& frame) {
    const mqtt::PacketType type = frame.type();
    if (!client.is_connected) {
        return type == mqtt::PacketType::Connect && connect(client, frame.body);
    }
    if (type == mqtt::PacketType::Publish) {
        return publish(client, frame);
    }
    if (type == mqtt::PacketType::Subscribe) {
        return subscribe(client, frame.body);
    }
    if (type == mqtt::PacketType::Pingreq) {
        answer(client, std::array<std::uint8_t, 2>{kPingresp, 0});
        return true;
    }
    return type == mqtt::PacketType::Puback;
}

/// Of a CONNECT only the version matters.
bool Ceiling::connect(Client& client, Bytes body) {
    ByteReader reader(body);
    const Bytes name = reader.bytes(reader.u16());
    const std::uint8_t version = reader.u8();
    const bool is_known = !reader.failed() && as_text(name) == "MQTT" && version == kVersion311;
    const std::uint8_t code = is_known ? std::uint8_t{0} : kRefusedVersion;
    answer(client, std::array<std::uint8_t, 4>{kConnack, 2, 0, code});
    client.is_connected = is_known;
    return is_known;
}

bool Ceiling::subscribe(Client& client, Bytes body) {
    ByteReader reader(body);
    const Bytes packet_id = reader.bytes(2);
    std::vector<std::uint8_t> codes;
    while (!reader.at_end()) {
        const std::string_view filter = as_text(reader.bytes(reader.u16()));
        const std::uint8_t qos = std::min(reader.u8(), std::uint8_t{1});
        if (reader.failed()) {
            return false;
        }
        if (filter.find_first_of("+#") != std::string_view::npos) {
            codes.push_back(kRefusedFilter);
            continue;
        }
        std::vector<Subscriber>& subscribers = topics_[std::string(filter)];
        std::erase_if(subscribers, [&](const Subscriber& each) { return each.client == &client; });
        subscribers.push_back({&client, qos});
        client.topics.emplace_back(filter);
        codes.push_back(qos);
    }
    // The length of a longer SUBACK would take more than one byte.
    constexpr std::size_t kCodesMax = 125;
    if (codes.empty() || codes.size() > kCodesMax) {
        return false;
    }
    answer(client, std::array{kSuback, static_cast<std::uint8_t>(codes.size() + 2)});
    answer(client, packet_id);
    answer(client, codes);
    return true;
}

bool Ceiling::publish(Client& client, const mqtt::Frame& frame) {
    ByteReader reader(frame.body);
    const std::string_view topic = as_text(reader.bytes(reader.u16()));
    Message message{
        .packet = {frame.body.data() + frame.body.size() - frame.total_bytes, frame.total_bytes},
        .topic = topic,
        .head = frame.body.first(frame.body.size() - reader.rest().size()),
        .payload = {},
        .qos = static_cast<std::uint8_t>((frame.flags() >> 1) & 3),
        .packet_id = {}};
    if (message.qos == 1) {
        message.packet_id = {reader.u8(), reader.u8()};
    }
    message.payload = reader.rest();
    if (reader.failed() || message.qos > 1) {
        return false;
    }
    if (const auto found = topics_.find(message.topic); found != topics_.end()) {
        for (const Subscriber& subscriber : found->second) {
            deliver(message, subscriber);
            if (subscriber.client->is_full()) {
                client.waits_for = subscriber.client;
            }
        }
    }
    if (message.qos == 1) {
        answer(client,
               std::array<std::uint8_t, 4>{kPuback, 2, message.packet_id[0], message.packet_id[1]});
    }
    return true;
}

/// The packet is passed on as it came, but for its flags and its packet id.
void Ceiling::deliver(const Message& message, const Subscriber& to) {
    Client& client = *to.client;
    if (client.is_closing) {
        return;
    }
    to_flush(client);
    const std::size_t at = client.output.size();
    if (message.qos == 0 || to.qos == 1) {
        client.send(message.packet);
        client.output[at] = static_cast<std::uint8_t>(kPublish | (message.qos == 0 ? 0 : kQos1));
        if (message.qos == 1) {
            client.last_packet_id = static_cast<std::uint16_t>(client.last_packet_id % 65'535 + 1);
            std::uint8_t* id = client.output.data() + client.output.size() -
                               message.payload.size() - message.packet_id.size();
            id[0] = static_cast<std::uint8_t>(client.last_packet_id >> 8);
            id[1] = static_cast<std::uint8_t>(client.last_packet_id);
        }
        return;
    }
    client.output.push_back(kPublish);
    struct Length {
        void u8(std::uint8_t value) { output.push_back(value); }
        std::vector<std::uint8_t>& output;
    } length{client.output};
    const std::size_t bytes = message.head.size() + message.payload.size();
    mqtt::put_variable_byte_integer(length, static_cast<std::uint32_t>(bytes));
    client.send(message.head);
    client.send(message.payload);
}

void Ceiling::answer(Client& client, Bytes bytes) {
    client.send(bytes);
    to_flush(client);
}

void Ceiling::to_flush(Client& client) {
    if (!client.is_to_flush) {
        client.is_to_flush = true;
        to_flush_.push_back(&client);
    }
}

void Ceiling::flush(Client& client) {
    client.is_to_flush = false;
    const std::size_t unsent = client.unsent_bytes();
    if (unsent != 0) {
        const ssize_t sent =
            ::send(client.fd, client.output.data() + client.sent_bytes, unsent, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            close(client);
            return;
        }
        client.sent_bytes += static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
    }
    // What was sent goes when that is cheap: when nothing is left, or little is to be moved.
    if (client.sent_bytes >= client.unsent_bytes()) {
        const auto sent = static_cast<std::ptrdiff_t>(client.sent_bytes);
        client.output.erase(client.output.begin(), client.output.begin() + sent);
        client.sent_bytes = 0;
    }
    const bool is_sent = client.unsent_bytes() == 0;
    want(client, is_sent ? client.events & ~std::uint32_t{EPOLLOUT} : client.events | EPOLLOUT);
    if (client.unsent_bytes() <= kOutputLowBytes) {
        resume_who_waits_for(client);
    }
}

void Ceiling::want(Client& client, std::uint32_t events) {
    if (events != client.events && !client.is_closing) {
        client.events = events;
        watch(EPOLL_CTL_MOD, client.fd, events, &client);
    }
}

/// First what they had sent before they were stopped; that may stop them again.
void Ceiling::resume_who_waits_for(Client& client) {
    const auto first = std::stable_partition(
        waiting_.begin(), waiting_.end(), [&](Client* each) { return each->waits_for != &client; });
    const std::vector<Client*> resumed(first, waiting_.end());
    waiting_.erase(first, waiting_.end());
    for (Client* each : resumed) {
        each->waits_for = nullptr;
        if (!each->is_closing) {
            want(*each, each->events | EPOLLIN);
            feed(*each, {});
        }
    }
}

/// It stays in memory until the end of the turn: events and lists may still name it.
void Ceiling::close(Client& client) {
    if (!client.is_closing) {
        client.is_closing = true;
        closing_.push_back(&client);
    }
}

void Ceiling::drop_closed() {
    for (std::size_t i = 0; i < closing_.size(); ++i) {
        Client& client = *closing_[i];
        for (const std::string& topic : client.topics) {
            std::vector<Subscriber>& subscribers = topics_[topic];
            std::erase_if(subscribers,
                          [&](const Subscriber& each) { return each.client == &client; });
            if (subscribers.empty()) {
                topics_.erase(topic);
            }
        }
        std::erase(waiting_, &client);
        resume_who_waits_for(client);
    }
    for (Client* client : closing_) {
        std::erase(to_flush_, client);
        // A refusal is written if it fits; who closed does not care.
        if (client->unsent_bytes() != 0) {
            (void)::send(client->fd, client->output.data() + client->sent_bytes,
                         client->unsent_bytes(), MSG_NOSIGNAL);
        }
        ::close(client->fd);
        clients_[static_cast<std::size_t>(client->fd)].reset();
    }
    closing_.clear();
}

/// Listens on the loopback; -1 with errno.
int listen_on(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (bind(fd, any, bytes) != 0 || listen(fd, kBacklog) != 0 ||
        getsockname(fd, any, &bytes) != 0) {
        return -1;
    }
    std::printf("kith_ceiling: ready mqtt=127.0.0.1:%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return fd;
}

}  // namespace
}  // namespace kith::ceiling

int main(int argc, char** argv) {
    std::uint16_t port = 0;
    const std::string_view text = argc > 1 ? argv[1] : "0";
    const auto parsed = std::from_chars(text.begin(), text.end(), port);
    if (argc > 2 || parsed.ec != std::errc() || parsed.ptr != text.end()) {
        std::fprintf(stderr, "usage: kith_ceiling [PORT]\n");
        return 2;
    }
    const int listener = kith::ceiling::listen_on(port);
    if (listener < 0) {
        std::fprintf(stderr, "kith_ceiling: cannot listen: %s\n", std::strerror(errno));
        return 1;
    }
    kith::ceiling::Ceiling(listener).run();
}
