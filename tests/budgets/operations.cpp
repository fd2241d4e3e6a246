// The operations whose instructions are budgeted, for callgrind to count.
//
//     kith_budget_operations NAME    prepares, warms up, then does NAME in budgeted_operation()
//     kith_budget_operations         says how many messages each NAME is done for
//
// Callgrind collects inside that one function (instructions_test.py), so that what prepares and
// what takes the output away is not counted. "route" is the whole way inside the broker: bytes of a
// PUBLISH in, bytes in the output of each subscriber; without the system calls around it.
// Threads: one.
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
constexpr std::size_t kMessages = 16;  // read at once
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
Buffer arriving() {
    Buffer all;
    const Buffer one = bytes_of(message());
    for (std::size_t i = 0; i < kMessages; ++i) {
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

/// Connections of one broker, over streams that the broker owns.
class Clients {
  public:
    HeldStream& add(const Buffer& subscribe) {
        runtime::Shard& shard = rig_.node().shard(ShardId(0));
        auto made = std::make_unique<HeldStream>(shard);
        HeldStream& stream = *made;
        const std::string id = "client-" + std::to_string(++count_);
        Buffer bytes = bytes_of(mqtt::Connect{.version = kVersion, .client_id = id});
        bytes.insert(bytes.end(), subscribe.begin(), subscribe.end());
        shard.post_completion(
            runtime::make_mail([&, accepted = std::move(made)](runtime::Shard&) mutable {
                rig_.shard(0).accept(std::move(accepted), {.allow_anonymous = true});
                stream.receive(bytes);
            }));
        rig_.settle();
        CHECK(!stream.output().empty());
        stream.output().clear();
        return stream;
    }

  private:
    broker::testing::BrokerRig rig_;
    std::size_t count_ = 0;
};

void route(std::size_t subscriber_count) {
    Clients clients;
    const mqtt::Subscription filter{.filter = kTopic};
    const Buffer subscribe =
        bytes_of(mqtt::Subscribe{.packet_id = PacketId(1), .subscriptions = {&filter, 1}});
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

struct Operation {
    const char* name;
    void (*run)();
};

constexpr std::array kOperations{
    Operation{"parse", parse},
    Operation{"encode", encode},
    Operation{"route-1", [] { route(1); }},
    Operation{"route-10", [] { route(10); }},
    Operation{"route-1000", [] { route(1000); }},
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
            std::printf("%s %zu\n", operation.name,
                        kith::budgets::kRepeats * kith::budgets::kMessages);
        } else if (std::strcmp(argv[1], operation.name) == 0) {
            operation.run();
            return 0;
        }
    }
    return argc < 2 ? 0 : 2;
}
