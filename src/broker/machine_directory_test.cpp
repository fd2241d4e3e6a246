// `$mesh/dir/<machine>`: what machines say of themselves while they are connected.
#include <gtest/gtest.h>

#include <string>

#include "broker/detail/machine_entry.h"
#include "broker/testing/broker_rig.h"

namespace kith::broker {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;
using testing::BrokerRig;
using testing::TestClient;

std::string completed(std::string_view said) {
    const auto entry =
        complete_entry(said, {.node = "00000000000000ab", .since = WallTime::from_ms(0)});
    return entry ? *entry : "refused";
}

TEST(MachineEntry, IsWhatAMachineSaysAndItsNodeAndTime) {
    EXPECT_EQ(completed(R"({"type":"oven","capabilities":["heat"],"topics":["oven/1/temp"],
                            "name":"Oven 1","td":"http://oven/td","node":"x","secret":1})"),
              R"({"type":"oven","name":"Oven 1","td":"http://oven/td","capabilities":["heat"],)"
              R"("topics":["oven/1/temp"],"node":"00000000000000ab",)"
              R"("since":"1970-01-01T00:00:00.000Z"})");
    EXPECT_EQ(completed(R"({"type":"oven"})"),
              R"({"type":"oven","capabilities":[],"topics":[],"node":"00000000000000ab",)"
              R"("since":"1970-01-01T00:00:00.000Z"})");
    EXPECT_TRUE(is_entry_of(completed(R"({"type":"oven"})"), "00000000000000ab"));
    EXPECT_FALSE(is_entry_of(completed(R"({"type":"oven"})"), "00000000000000ac"));
    EXPECT_TRUE(is_entry_of(R"({"node":null})", "")) << "of a node that is in no mesh";
    EXPECT_FALSE(is_entry_of("nonsense", ""));
}

TEST(MachineEntry, HasAFormAndLimits) {
    const std::string long_text(kEntryWordBytesMax + 1, 'x');
    std::string many = R"({"type":"oven","topics":["a")";
    for (std::size_t i = 0; i < kEntryWordsMax; ++i) {
        many += R"(,"a")";
    }
    for (const std::string& said :
         {std::string("nonsense"), std::string("[]"), std::string("{}"),
          std::string(R"({"type":7})"), std::string(R"({"type":""})"),
          std::string(R"({"type":"oven","type":"press"})"),
          std::string(R"({"type":"oven","capabilities":"heat"})"),
          std::string(R"({"type":"oven","topics":[1]})"), R"({"type":")" + long_text + R"("})",
          many + "]}", R"({"type":"oven","x":")" + std::string(kEntryBytesMax, 'x') + R"("})"}) {
        EXPECT_EQ(completed(said), "refused") << said.substr(0, 60);
    }
}

class MachineDirectory : public ::testing::TestWithParam<std::uint16_t> {
  protected:
    TestClient& connected(const std::string& id) {
        TestClient& client = rig.client(id);
        client.connect();
        return client;
    }
    void announce(TestClient& machine, const std::string& payload = R"({"type":"oven"})") {
        machine.publish("$mesh/dir/" + machine.client_id, payload, Qos::AtLeastOnce);
        rig.settle();
    }
    std::size_t entry_count() {
        TestClient& looker = rig.client("looker-" + std::to_string(++last_looker_));
        looker.connect();
        looker.subscribe("$mesh/dir/+", Qos::AtMostOnce);
        rig.settle();
        const std::size_t count = looker.received.size();
        looker.disconnect();
        return count;
    }

    BrokerRig rig{{.shard_count = GetParam()}};

  private:
    int last_looker_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Shards, MachineDirectory, ::testing::Values(1, 3));

TEST_P(MachineDirectory, HasAMachineFromItsWordToTheEndOfItsConnection) {
    TestClient& looker = connected("looker");
    looker.subscribe("$mesh/dir/#", Qos::AtLeastOnce);
    TestClient& first = connected("oven-1");
    TestClient& second = connected("oven-2");
    for (TestClient* oven : {&first, &second, &connected("oven-3")}) {
        announce(*oven);
    }
    EXPECT_EQ(looker.received.size(), 3U);
    EXPECT_EQ(entry_count(), 3U) << "retained, whatever the machine says";
    first.disconnect();
    second.drop();
    rig.settle();
    EXPECT_EQ(entry_count(), 1U);
    ASSERT_EQ(looker.received.size(), 5U);
    EXPECT_EQ(looker.received[4].payload, "");
}

TEST_P(MachineDirectory, TakesWhatIsNoEntryFromNobody) {
    TestClient& oven = connected("oven-1");
    announce(oven, "nonsense");
    EXPECT_EQ(oven.last(PacketType::Puback).reason, ReasonCode::PayloadFormatInvalid);
    oven.publish("$mesh/dir/oven-2", R"({"type":"oven"})", Qos::AtLeastOnce);
    rig.settle();
    EXPECT_EQ(oven.last(PacketType::Puback).reason, ReasonCode::NotAuthorized);
    EXPECT_EQ(entry_count(), 0U);
    EXPECT_EQ(rig.counters().entries_refused, 1U);
}

TEST_P(MachineDirectory, NoWillWritesAnEntry) {
    TestClient& oven = rig.client("oven-1");
    oven.settings.will = mqtt::Will{.topic = "$mesh/dir/oven-1", .payload = as_bytes("nonsense")};
    EXPECT_EQ(oven.connect().reason, ReasonCode::NotAuthorized);
}

TEST_P(MachineDirectory, AMachineMayTakeItsEntryBack) {
    TestClient& oven = connected("oven-1");
    announce(oven);
    announce(oven, "");
    EXPECT_EQ(entry_count(), 0U);
    oven.disconnect();
    rig.settle();
    EXPECT_EQ(entry_count(), 0U);
}

TEST_P(MachineDirectory, AMachineThatComesAgainBeforeItHasGoneStaysIfItSaysSo) {
    TestClient& oven = connected("oven-1");
    announce(oven);
    TestClient& again = rig.client("oven-1");
    again.connect();
    announce(again);
    EXPECT_EQ(entry_count(), 1U);
    again.disconnect();
    rig.settle();
    EXPECT_EQ(entry_count(), 0U);
}

TEST_P(MachineDirectory, AnEntryIsNotKeptOverARestart) {
    TestClient& oven = rig.client("oven-1");
    oven.connect_durable();
    announce(oven);
    rig.restart(GetParam());
    EXPECT_EQ(entry_count(), 0U);
}

}  // namespace
}  // namespace kith::broker
