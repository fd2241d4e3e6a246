// The operations whose instructions are budgeted, for callgrind to count.
//
//     kith_budget_operations NAME    prepares, warms up, then does NAME in budgeted_operation()
//     kith_budget_operations         says how many messages each NAME is done for
//
// Callgrind collects inside that one function (instructions_test.py), so that what prepares and
// what takes the output away is not counted. "route" is the whole way inside the broker: bytes of a
// PUBLISH in, bytes in the output of each subscriber; without the system calls around it. "across"
// is the same with the subscriber on another shard, the simulator's turns of both included. "qos1"
// is a whole exchange: PUBLISH and PUBACK on either side; "-roles" with a publisher whose topic
// roles have to be asked. Threads: one.
#include <sys/uio.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/testing/broker_rig.h"

namespace kith::budgets {
namespace {

constexpr std::string_view kTopic = "plant/line-4/press-07/temperature";
constexpr mqtt::Version kVersion = mqtt::Version::V311;
constexpr std::size_t kPayloadBytes = 64;
constexpr std::size_t kMessages = 16;         // read at once
constexpr std::size_t kAcrossMessages = 256;  // the same: hides what a simulated turn costs
constexpr std::size_t kRepeats = 64;
constexpr std::size_t kPacketBytesMax = 1024 * 1024;

using Buffer = std::vector<std::uint8_t>;

template <typename Packet>
Buffer bytes_of(const Packet& packet) {
    Buffer bytes(mqtt::encoded_bytes(packet, kVersion));
    ByteWriter writer(bytes);
    mqtt::encode(packet, kVersion, writer);
    return bytes;
}

const Buffer& payload() {
    static const Buffer made(kPayloadBytes, 'p');
    return made;
}

mqtt::Publish message() {
    return {.topic = kTopic, .payload = payload()};
}

/// What arrives at once: a few messages.
Buffer arriving(std::size_t count = kMessages) {
    Buffer all;
    const Buffer one = bytes_of(message());
    for (std::size_t i = 0; i < count; ++i) {
        all.insert(all.end(), one.begin(), one.end());
    }
    return all;
}

/// The same with QoS 1, and packet ids from 1 on.
Buffer arriving_qos1() {
    Buffer all;
    for (std::size_t i = 1; i <= kMessages; ++i) {
        mqtt::Publish packet = message();
        packet.qos = Qos::AtLeastOnce;
        packet.packet_id = PacketId(static_cast<std::uint16_t>(i));
        const Buffer one = bytes_of(packet);
        all.insert(all.end(), one.begin(), one.end());
    }
    return all;
}

}  // namespace
}  // namespace kith::budgets

/// What callgrind counts in; by name, so it stays a function of its own.
extern "C" [[gnu::noinline, gnu::used]] void budgeted_operation(const std::function<void()>& act);
void budgeted_operation(const std::function<void()>& act) {
    act();
}

namespace kith::budgets {
namespace {

void parse() {
    const Buffer bytes = arriving();
    mqtt::Framer framer(kPacketBytesMax);
    mqtt::Decoder decoder(mqtt::Sender::Client, kVersion);
    const auto act = [&] {
        CHECK(framer.feed(bytes, [&](const mqtt::Frame& frame) {
            return decoder.decode_publish(frame).has_value();
        }));
    };
    act();
    for (std::size_t i = 0; i < kRepeats; ++i) {
        budgeted_operation(act);
        CHECK(framer.held_bytes() == 0);
    }
}

void encode() {
    const mqtt::Publish packet = message();
    Buffer room(kMessages * mqtt::encoded_bytes(packet, kVersion));
    const auto act = [&] {
        ByteWriter writer(room);
        for (std::size_t i = 0; i < kMessages; ++i) {
            CHECK(mqtt::encoded_bytes(packet, kVersion) <= room.size());
            mqtt::encode(packet, kVersion, writer);
        }
        CHECK(writer.written() == room.size());
    };
    act();
    for (std::size_t i = 0; i < kRepeats; ++i) {
        budgeted_operation(act);
    }
    CHECK(room == arriving());
}

/// A stream without a socket: its output stays until it is cleared.
class HeldStream final : public runtime::Stream {
  public:
    explicit HeldStream(runtime::Shard& shard) : Stream(shard.chunks()) {}

    void receive(Buffer& bytes) { handler_->on_data(bytes); }

    void request_flush() override {}
    [[nodiscard]] runtime::StreamInfo info() const override { return {}; }
    void pause_reading() override {}
    void resume_reading() override {}
    void close() override {}
    void abort() override {}
    void detach() override {}
    void attach(runtime::Shard&) override {}
};

Buffer subscribe_to_topic(Qos qos) {
    const mqtt::Subscription filter{.filter = kTopic, .maximum_qos = qos};
    return bytes_of(mqtt::Subscribe{.packet_id = PacketId(1), .subscriptions = {&filter, 1}});
}

/// Connections of one broker, over streams that the broker owns.
class Clients {
  public:
    explicit Clients(std::uint16_t shard_count = 1) : rig_({.shard_count = shard_count}) {}

    struct Who {
        std::uint16_t shard = 0;
        std::string_view user;
    };
    HeldStream& add(const Buffer& first) { return add(first, {}); }
    HeldStream& add(const Buffer& first, const Who& who) {
        runtime::Shard& shard = rig_.node().shard(ShardId(who.shard));
        auto made = std::make_unique<HeldStream>(shard);
        HeldStream& stream = *made;
        const std::string id = rig_.id_on(who.shard, "client-" + std::to_string(++count_));
        mqtt::Connect connect{.version = kVersion, .client_id = id};
        if (!who.user.empty()) {
            connect.user_name = who.user;
        }
        Buffer bytes = bytes_of(connect);
        bytes.insert(bytes.end(), first.begin(), first.end());
        shard.post_completion(
            runtime::make_mail([&, accepted = std::move(made)](runtime::Shard&) mutable {
                rig_.shard(who.shard).accept(std::move(accepted), {.allow_anonymous = true});
                stream.receive(bytes);
            }));
        rig_.settle();
        CHECK(!stream.output().empty());
        stream.output().clear();
        return stream;
    }
    /// Within turns of the shards, until `stream` has as many bytes to send.
    void receive_in_turn(HeldStream& publisher, Buffer& bytes, HeldStream& stream) {
        rig_.node().shard(ShardId(0)).post_completion(runtime::make_mail([&](runtime::Shard&) {
            publisher.receive(bytes);
        }));
        CHECK(rig_.world().run_until([&] { return stream.output().size_bytes() == bytes.size(); },
                                     1s));
    }
    [[nodiscard]] broker::testing::BrokerRig& rig() { return rig_; }

  private:
    broker::testing::BrokerRig rig_;
    std::size_t count_ = 0;
};

void route(std::size_t subscriber_count) {
    Clients clients;
    const Buffer subscribe = subscribe_to_topic(Qos::AtMostOnce);
    std::vector<HeldStream*> subscribers;
    for (std::size_t i = 0; i < subscriber_count; ++i) {
        subscribers.push_back(&clients.add(subscribe));
    }
    HeldStream& publisher = clients.add({});
    Buffer bytes = arriving();
    const auto act = [&] { publisher.receive(bytes); };
    const auto take_output = [&] {
        for (HeldStream* each : subscribers) {
            CHECK(each->output().size_bytes() == bytes.size());
            each->output().clear();
        }
    };
    act();
    take_output();
    for (std::size_t i = 0; i < kRepeats; ++i) {
        budgeted_operation(act);
        take_output();
    }
}

void route_across() {
    Clients clients(2);
    HeldStream& subscriber = clients.add(subscribe_to_topic(Qos::AtMostOnce), {.shard = 1});
    HeldStream& publisher = clients.add({});
    Buffer bytes = arriving(kAcrossMessages);
    const auto act = [&] { clients.receive_in_turn(publisher, bytes, subscriber); };
    for (std::size_t i = 0; i < kRepeats + 1; ++i) {
        i == 0 ? act() : budgeted_operation(act);
        subscriber.output().clear();
        clients.rig().settle();
    }
}

/// The acknowledgements that the client of this stream owes, and takes the output away.
Buffer acknowledge_all(HeldStream& stream) {
    Buffer output;
    std::array<iovec, runtime::kGatherMax> pieces;
    const std::size_t count = stream.output().gather(pieces);
    for (const iovec& piece : std::span(pieces).first(count)) {
        const auto* begin = static_cast<const std::uint8_t*>(piece.iov_base);
        output.insert(output.end(), begin, begin + piece.iov_len);
    }
    CHECK(output.size() == stream.output().size_bytes());
    stream.output().clear();
    Buffer acknowledgements;
    mqtt::Framer framer(kPacketBytesMax);
    mqtt::Decoder decoder(mqtt::Sender::Server, kVersion);
    CHECK(framer.feed(output, [&](const mqtt::Frame& frame) {
        const auto packet = decoder.decode_publish(frame);
        CHECK(packet.has_value());
        const Buffer one = bytes_of(mqtt::Acknowledgement{.type = mqtt::PacketType::Puback,
                                                          .packet_id = packet->packet_id});
        acknowledgements.insert(acknowledgements.end(), one.begin(), one.end());
        return true;
    }));
    return acknowledgements;
}

void exchange(std::string_view user) {
    Clients clients;
    clients.rig().set_rules("press", {.publish = {"plant/line-4/+/state", "plant/line-4/#"},
                                      .subscribe = {"alarms/#"}});
    HeldStream& subscriber = clients.add(subscribe_to_topic(Qos::AtLeastOnce));
    HeldStream& publisher = clients.add({}, {.user = user});
    Buffer bytes = arriving_qos1();
    Buffer answers;
    const auto publish = [&] { publisher.receive(bytes); };
    const auto answer = [&] { subscriber.receive(answers); };
    constexpr std::size_t kPubackBytes = 4;
    for (std::size_t i = 0; i < kRepeats + 1; ++i) {
        i == 0 ? publish() : budgeted_operation(publish);
        CHECK(publisher.output().size_bytes() == kPubackBytes * kMessages);
        publisher.output().clear();
        answers = acknowledge_all(subscriber);
        CHECK(answers.size() == kPubackBytes * kMessages);
        i == 0 ? answer() : budgeted_operation(answer);
        CHECK(subscriber.output().empty());
    }
}

struct Operation {
    const char* name;
    void (*run)();
    std::size_t messages = kMessages;
};

constexpr std::array kOperations{
    Operation{"parse", parse},
    Operation{"encode", encode},
    Operation{"route-1", [] { route(1); }},
    Operation{"route-10", [] { route(10); }},
    Operation{"route-1000", [] { route(1000); }},
    Operation{"across", route_across, kAcrossMessages},
    Operation{"qos1", [] { exchange({}); }},
    Operation{"qos1-roles", [] { exchange("press"); }},
};

}  // namespace
}  // namespace kith::budgets

int main(int argc, char** argv) {
#ifndef NDEBUG
    std::puts("not a release build");
    return 77;
#endif
    for (const auto& operation : kith::budgets::kOperations) {
        if (argc < 2) {
            std::printf("%s %zu\n", operation.name, kith::budgets::kRepeats * operation.messages);
        } else if (std::strcmp(argv[1], operation.name) == 0) {
            operation.run();
            return 0;
        }
    }
    return argc < 2 ? 0 : 2;
}
