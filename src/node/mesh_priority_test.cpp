// What a publisher calls urgent overtakes the rest on a slow link between two nodes: what waits,
// not what is on the way already.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "mesh/limits.h"
#include "node/testing/bridged_mesh.h"
#include "wire/mqtt/encoder.h"

namespace kith::node {
namespace {

using broker::testing::TestClient;
using testing::BridgedMesh;

constexpr std::size_t kBulkPublishers = 5;
constexpr std::size_t kEach = 200;
constexpr std::size_t kBulkCount = kBulkPublishers * kEach;
constexpr std::size_t kPayloadBytes = 4096;

class MeshPriority : public ::testing::Test {
  protected:
    MeshPriority() {
        mesh.add(1, {});
        mesh.add(1, {0});
        EXPECT_TRUE(mesh.wait_whole());
        for (std::size_t i = 0; i <= kBulkPublishers; ++i) {
            publishers.push_back(&mesh.client(0, "publisher-" + std::to_string(i)));
            publishers.back()->connect();
        }
        subscriber = &mesh.client(1, "subscriber");
        subscriber->connect();
        subscriber->subscribe("#", Qos::AtLeastOnce);
        mesh.world.run_for(1s);
    }
    void publish(std::size_t publisher, std::string_view topic, std::string_view priority) {
        const std::array<mqtt::UserProperty, 1> said{{{"priority", priority}}};
        const std::vector<std::uint8_t> properties = mqtt::encode_message_properties({}, said);
        publishers[publisher]->send(
            mqtt::Publish{.qos = Qos::AtLeastOnce,
                          .topic = topic,
                          .packet_id = PacketId(++last_packet_),
                          .payload = as_bytes(std::string_view(payload_)),
                          .properties = mqtt::MessageProperties{properties}});
    }
    /// Its place among what has come; as many as have come if it has not.
    [[nodiscard]] std::size_t place_of(std::string_view topic) const {
        const auto found =
            std::ranges::find(subscriber->received, topic, &broker::testing::Received::topic);
        return static_cast<std::size_t>(found - subscriber->received.begin());
    }

    /// No stream carries more than 32 KiB in 100 ms: five publishers are faster than one link.
    BridgedMesh mesh{runtime::sim::WorldOptions{
        .delay_min = 50ms, .delay_max = 50ms, .window_bytes = 32U << 10U}};
    std::vector<TestClient*> publishers;  // the last one of alarms
    TestClient* subscriber = nullptr;

  private:
    std::string payload_ = std::string(kPayloadBytes, 'x');
    std::uint16_t last_packet_ = 0;
};

TEST_F(MeshPriority, AnAlarmOvertakesABacklogAndTheBacklogArrives) {
    for (std::size_t i = 0; i < kEach; ++i) {
        for (std::size_t publisher = 0; publisher < kBulkPublishers; ++publisher) {
            publish(publisher, "bulk/" + std::to_string(publisher) + "/" + std::to_string(i),
                    "bulk");
        }
    }
    ASSERT_TRUE(mesh.world.run_until(
        [this] { return mesh.held(0) > kBulkCount * 3 / 4 && subscriber->received.size() > 10; },
        60s));
    const std::size_t before = subscriber->received.size();
    publish(kBulkPublishers, "alarm", "alarm");
    ASSERT_TRUE(mesh.world.run_until(
        [this] { return subscriber->received.size() == kBulkCount + 1; }, 120s));
    const std::size_t on_the_way = 5 * mesh::kLinkWindowBytes / 4 / kPayloadBytes;
    EXPECT_LT(place_of("alarm"), before + on_the_way) << "of " << kBulkCount;
    EXPECT_LT(place_of("bulk/0/0"), place_of("bulk/0/199")) << "in order within its class";
}

}  // namespace
}  // namespace kith::node
