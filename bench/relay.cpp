#include "bench/relay.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.h"
#include "base/shared_bytes.h"
#include "wire/mqtt/decoder.h"
#include "wire/mqtt/frame.h"

namespace kith::bench {

/// Whole packets are passed on as the ranges in which they came; a part of one waits.
class Relay::Client final : private runtime::StreamHandler {
  public:
    Client(Relay& relay, std::unique_ptr<runtime::Stream> stream)
        : relay_(relay), stream_(std::move(stream)) {
        stream_->set_handler(this);
    }

    void send(Bytes packets) { stream_->send(packets); }
    void send(const SharedBytes& packets) {
        stream_->output().append(packets);
        stream_->request_flush();
    }
    [[nodiscard]] bool is_congested() const { return stream_->is_congested(); }
    [[nodiscard]] bool is_open() const { return is_open_; }
    void pause() { stream_->pause_reading(); }
    void resume() { stream_->resume_reading(); }

  private:
    void on_data(MutableBytes bytes) override {
        if (!held_.empty()) {
            held_.insert(held_.end(), bytes.begin(), bytes.end());
            std::vector<std::uint8_t> all = std::exchange(held_, {});
            take(all);
            return;
        }
        take(bytes);
    }
    void on_drained() override { relay_.resume_publishers(); }
    void on_closed(const Error&) override {
        is_open_ = false;
        std::erase(relay_.subscribers_, this);
        std::erase(relay_.paused_, this);
    }

    void take(Bytes bytes);
    void answer(const mqtt::Frame& frame);

    Relay& relay_;
    std::unique_ptr<runtime::Stream> stream_;
    std::vector<std::uint8_t> held_;
    bool is_v5_ = false;
    bool is_open_ = true;
};

void Relay::Client::take(Bytes bytes) {
    std::size_t begin = 0;  // of the PUBLISH packets that go on together
    std::size_t at = 0;
    while (true) {
        const mqtt::FrameScan scan = mqtt::scan_frame(bytes.subspan(at), limits::kPacketBytesMax);
        if (scan.state != mqtt::FrameScan::State::Complete) {
            break;
        }
        const mqtt::Frame& frame = scan.frame;
        const bool is_publish = frame.type() == mqtt::PacketType::Publish;
        const bool is_dropped = is_publish && relay_.options_.drop_every != 0 &&
                                ++relay_.publish_count_ % relay_.options_.drop_every == 0;
        if (!is_publish || is_dropped) {
            relay_.forward(*this, bytes.subspan(begin, at - begin));
            begin = at + frame.total_bytes;
        }
        if (!is_publish) {
            answer(frame);
        }
        at += frame.total_bytes;
    }
    relay_.forward(*this, bytes.subspan(begin, at - begin));
    const Bytes rest = bytes.subspan(at);
    held_.assign(rest.begin(), rest.end());
}

void Relay::Client::answer(const mqtt::Frame& frame) {
    if (frame.type() == mqtt::PacketType::Connect) {
        is_v5_ = mqtt::connect_version(frame) == mqtt::Version::V5;
        constexpr std::array<std::uint8_t, 4> kConnack{0x20, 2, 0, 0};
        constexpr std::array<std::uint8_t, 5> kConnackV5{0x20, 3, 0, 0, 0};
        send(is_v5_ ? Bytes(kConnackV5) : Bytes(kConnack));
    } else if (frame.type() == mqtt::PacketType::Subscribe && frame.body.size() >= 2) {
        relay_.subscribers_.push_back(this);
        const std::uint8_t high = frame.body[0];
        const std::uint8_t low = frame.body[1];
        const std::array<std::uint8_t, 5> suback{0x90, 3, high, low, 0};
        const std::array<std::uint8_t, 6> suback_v5{0x90, 4, high, low, 0, 0};
        send(is_v5_ ? Bytes(suback_v5) : Bytes(suback));
    }
}

Result<std::unique_ptr<Relay>> Relay::open(runtime::Shard& shard, const RelayOptions& options) {
    std::unique_ptr<Relay> relay(new Relay(options));
    TRY_ASSIGN(relay->listener_, shard.network().listen({.address = options.address}, *relay));
    return relay;
}

Relay::Relay(const RelayOptions& options) : options_(options) {}

Relay::~Relay() = default;

void Relay::on_accept(std::unique_ptr<runtime::Stream> stream) {
    std::erase_if(clients_, [](const auto& client) { return !client->is_open(); });
    clients_.push_back(std::make_unique<Client>(*this, std::move(stream)));
}

void Relay::forward(Client& from, Bytes packets) {
    if (packets.empty()) {
        return;
    }
    const SharedBytes shared = SharedBytes::copy_of(packets);
    for (Client* subscriber : subscribers_) {
        subscriber->send(shared);
    }
    if (has_congestion()) {
        from.pause();
        if (std::ranges::find(paused_, &from) == paused_.end()) {
            paused_.push_back(&from);
        }
    }
}

bool Relay::has_congestion() const {
    return std::ranges::any_of(subscribers_,
                               [](const Client* each) { return each->is_congested(); });
}

void Relay::resume_publishers() {
    if (!has_congestion()) {
        for (Client* publisher : std::exchange(paused_, {})) {
            publisher->resume();
        }
    }
}

}  // namespace kith::bench
