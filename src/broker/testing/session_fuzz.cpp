// Random packets of several clients to a broker in the simulator: whatever they say, and whenever
// the power goes, the broker answers with packets that can be read, breaks no check, and is empty
// when all have gone.
//
// The input is a program: each byte pair is an order to one of a few clients, or to the world, and
// bytes behind it are the order's fields. So a small change of the input is a small change of the
// story. Everything else follows from it: the same input, the same run.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/check.h"
#include "broker/testing/broker_rig.h"

namespace kith::broker::testing {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using mqtt::Version;

constexpr std::size_t kInputBytesMax = 2048;
constexpr std::size_t kClients = 4;
constexpr std::array<std::string_view, 12> kTopics = {
    "a",     "a/b", "a/b/c", "$SYS/x", "$to/c0/x", "$m/c1/twin",
    "a/+/c", "#",   "a/#",   "+/b",    "",         "a/\xC3\x28"};
constexpr std::array<std::string_view, 6> kGroups = {"$share/g/a", "$share/g/#", "$share/h/a/b",
                                                     "$share//a",  "$share/g",   "$share/g+/a"};
constexpr std::array<ReasonCode, 8> kReasons = {
    ReasonCode::Success,          ReasonCode::DisconnectWithWillMessage,
    ReasonCode::UnspecifiedError, ReasonCode::PacketIdentifierNotFound,
    ReasonCode::QuotaExceeded,    ReasonCode::NoMatchingSubscribers,
    ReasonCode::SessionTakenOver, ReasonCode::NotAuthorized};

/// The input, byte for byte; zeros behind its end.
class Script {
  public:
    explicit Script(Bytes bytes) : left_(bytes) {}
    [[nodiscard]] bool is_over() const { return left_.empty(); }
    std::uint8_t byte() {
        if (left_.empty()) {
            return 0;
        }
        const std::uint8_t first = left_.front();
        left_ = left_.subspan(1);
        return first;
    }
    Bytes bytes(std::size_t count_max) {
        const Bytes taken = left_.first(std::min(left_.size(), count_max));
        left_ = left_.subspan(taken.size());
        return taken;
    }
    template <typename T, std::size_t kCount>
    const T& one_of(const std::array<T, kCount>& all) {
        return all[byte() % kCount];
    }
    std::string_view filter() {
        const std::uint8_t which = byte();
        return which % 4 == 0 ? kGroups[which / 4 % kGroups.size()]
                              : kTopics[which / 4 % kTopics.size()];
    }
    Qos qos() { return static_cast<Qos>(byte() % 3); }
    PacketId packet_id() { return PacketId(static_cast<std::uint16_t>(1 + byte() % 5)); }

  private:
    Bytes left_;
};

class Session {
  public:
    explicit Session(Script script) : script_(script), rig_(options(script_)) {
        for (std::size_t i = 0; i < kClients; ++i) {
            // Two of them share a client id, and so take over from one another.
            clients_[i] = &rig_.client("c" + std::to_string(i % 3));
            clients_[i]->keeps_answers = false;
        }
    }

    void run() {
        while (!script_.is_over()) {
            const std::uint8_t who = script_.byte();
            order(*clients_[who % kClients]);
            if (who >= 64) {
                rig_.run_for(std::chrono::microseconds(20) * (who - 63));
            }
        }
        end();
    }

  private:
    static RigOptions options(Script& script) {
        RigOptions made{.seed = 1U + script.byte() % 8U,
                        .shard_count = static_cast<std::uint16_t>(1 + script.byte() % 3)};
        made.piece_bytes_max = script.byte() % 64;
        made.broker.receive_maximum = static_cast<std::uint16_t>(1 + script.byte() % 4);
        made.broker.inflight_messages_max = 3;
        made.broker.session_queue_messages_max = 6;
        made.broker.topics_max = 3;
        made.broker.topic_alias_maximum = 2;
        made.broker.retained_messages_max = 3;
        made.broker.subscriptions_per_session_max = 4;
        return made;
    }

    void order(TestClient& client) {
        const std::uint8_t what = script_.byte() % 20;
        if (what < 3) {
            connect(client);
        } else if (!client.is_open()) {
            order_world(what);
        } else if (what < 8) {
            publish(client);
        } else if (what < 11) {
            acknowledge(client);
        } else if (what < 13) {
            subscribe(client);
        } else {
            order_rarely(client, what);
        }
    }

    void order_world(std::uint8_t what) {
        if (what == 3) {
            rig_.restart(static_cast<std::uint16_t>(1 + script_.byte() % 3));
        } else if (what == 4) {
            rig_.journal().stall();
        } else if (what == 5) {
            rig_.journal().resume();
        } else {
            rig_.run_for(std::chrono::milliseconds(script_.byte() * 40));
        }
    }

    void order_rarely(TestClient& client, std::uint8_t what) {
        switch (what) {
            case 13:
                unsubscribe(client);
                break;
            case 14:
                client.send(mqtt::Pingreq{});
                break;
            case 15:
                disconnect(client);
                break;
            case 16:
                client.drop();
                break;
            case 17:
                client.acknowledges = !client.acknowledges;
                break;
            case 18:
                client.send_raw(script_.bytes(1 + script_.byte() % 32));
                break;
            default:
                order_world(script_.byte());
                break;
        }
    }

    void connect(TestClient& client) {
        client.open_stream();
        const std::uint8_t flags = script_.byte();
        static constexpr Version kVersions[] = {Version::V31, Version::V311, Version::V5,
                                                Version::V5};
        client.settings = mqtt::Connect{.version = kVersions[flags % 4],
                                        .clean_start = (flags & 4U) != 0,
                                        .keep_alive = static_cast<std::uint16_t>(flags >> 6U)};
        client.settings.client_id = client.client_id;
        client.settings.session_expiry_interval = (flags & 8U) != 0 ? script_.byte() : 0;
        client.settings.receive_maximum = static_cast<std::uint16_t>(1 + script_.byte() % 4);
        client.settings.topic_alias_maximum = script_.byte() % 3;
        if ((flags & 16U) != 0) {
            client.settings.will = mqtt::Will{.qos = script_.qos(),
                                              .retain = (flags & 32U) != 0,
                                              .topic = script_.one_of(kTopics),
                                              .payload = as_bytes("will"),
                                              .will_delay_interval = script_.byte() % 8U};
        }
        client.begin();
        if (script_.byte() % 8 != 0) {  // else what follows comes with CONNECT, or before it
            rig_.run_for(3ms);
        }
    }

    void publish(TestClient& client) {
        const std::uint8_t flags = script_.byte();
        mqtt::Publish packet{
            .qos = script_.qos(), .retain = (flags & 2U) != 0, .topic = script_.one_of(kTopics)};
        if (packet.qos != Qos::AtMostOnce) {
            packet.packet_id = script_.packet_id();
            packet.dup = (flags & 1U) != 0;
        }
        if ((flags & 4U) != 0) {
            packet.payload = script_.bytes(script_.byte() % 16);
        }
        if ((flags & 8U) != 0) {
            packet.topic_alias = static_cast<std::uint16_t>(1 + script_.byte() % 3);
        }
        if ((flags & 16U) != 0) {
            packet.message_expiry_interval = script_.byte() % 4U;
        }
        if ((flags & 32U) != 0) {
            packet.topic = {};
        }
        if (packet.topic.empty() &&
            (client.settings.version != Version::V5 || !packet.topic_alias)) {
            packet.topic = "a/b";  // an empty one cannot be encoded
        }
        client.send(packet);
    }

    void acknowledge(TestClient& client) {
        static constexpr std::array<PacketType, 4> kTypes = {
            PacketType::Puback, PacketType::Pubrec, PacketType::Pubrel, PacketType::Pubcomp};
        const PacketType type = script_.one_of(kTypes);
        client.acknowledge(type, script_.packet_id(), script_.one_of(kReasons));
    }

    void subscribe(TestClient& client) {
        std::vector<mqtt::Subscription> wanted;
        const std::uint8_t options = script_.byte();
        for (int i = 0; i <= options % 3; ++i) {
            wanted.push_back(
                {.filter = script_.filter(),
                 .maximum_qos = script_.qos(),
                 .no_local = (options & 4U) != 0,
                 .retain_as_published = (options & 8U) != 0,
                 .retain_handling = static_cast<mqtt::RetainHandling>(options / 16 % 3)});
            if (wanted.back().filter.empty()) {
                wanted.pop_back();  // cannot be encoded
            }
        }
        if (wanted.empty()) {
            return;
        }
        mqtt::Subscribe packet{.packet_id = script_.packet_id()};
        if ((options & 64U) != 0) {
            packet.subscription_identifier = 1U + script_.byte();
        }
        packet.subscriptions = wanted;
        client.send(packet);
    }

    void unsubscribe(TestClient& client) {
        const std::array<std::string_view, 1> filters = {script_.filter()};
        if (!filters[0].empty()) {
            mqtt::Unsubscribe packet{.packet_id = script_.packet_id()};
            packet.filters = filters;
            client.send(packet);
        }
    }

    void disconnect(TestClient& client) {
        mqtt::Disconnect packet{.reason_code = script_.one_of(kReasons)};
        if (script_.byte() % 2 != 0) {
            packet.session_expiry_interval = script_.byte();
        }
        client.send(packet);
    }

    /// Everybody goes, everything expires: then nothing is there but what is retained.
    void end() {
        rig_.journal().resume();
        rig_.run_for(100ms);
        for (TestClient* client : clients_) {
            client->drop();
        }
        rig_.run_for(400s);
        const Counters now = rig_.counters();
        CHECK(now.connections == 0);
        CHECK(now.retained <= 3);
        if (now.sessions == 0) {
            CHECK(now.subscriptions == 0);
            CHECK(now.queued_messages == 0);
            CHECK(now.queued_bytes == 0);
        }
        rig_.restart(2);
        CHECK(rig_.counters().sessions == now.sessions);
        CHECK(rig_.counters().retained == now.retained);
        CHECK(rig_.counters().queued_messages == now.queued_messages);
    }

    Script script_;
    BrokerRig rig_;
    std::array<TestClient*, kClients> clients_{};
};

/// What the test's own client finds wrong with the broker's packets is a finding, too.
void fail_fast() {
    static const bool is_set = [] {
        int argument_count = 0;
        ::testing::InitGoogleTest(&argument_count, static_cast<char**>(nullptr));
        ::testing::FLAGS_gtest_break_on_failure = true;
        return true;
    }();
    CHECK(is_set);
}

}  // namespace
}  // namespace kith::broker::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace kith::broker::testing;
    if (size > kInputBytesMax) {
        return 0;
    }
    fail_fast();
    Session(Script(kith::Bytes(bytes, size))).run();
    return 0;
}
