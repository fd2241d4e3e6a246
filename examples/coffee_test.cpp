// The two machines against a whole node: when the clock rings, coffee is made.
#include "examples/alarm_clock/alarm_clock.h"
#include "examples/coffee_maker/coffee_maker.h"
#include "node/node.h"
#include "storage/testing/temp_directory.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <map>
#include <set>

namespace kith::examples {
namespace {

class Coffee : public testing::Test {
  protected:
    Coffee() {
        node::NodeConfig config{.data_directory = directory_.path(), .workers = 1};
        config.mqtt.address = "127.0.0.1:0";
        config.mqtts.address = "off";
        config.http.address = "off";
        auto started = node::Node::start(config, log_, {.vfs = {}, .unsafe_no_sync = true});
        EXPECT_TRUE(started) << started.error().text;
        node_ = std::move(*started);
        options_.node = node_->addresses().mqtt->to_string();
        guest_ = std::make_unique<Machine>("guest", options_);
    }
    ~Coffee() override {
        guest_.reset();
        node_->stop();
    }

    /// Calls until the machine is there: it connects when it can, and nobody waits for it.
    Outcome<std::string> call(const std::string& machine, const std::string& method,
                              const std::string& payload) {
        while (true) {
            auto answer = guest_->call(machine, method, payload);
            if (answer || answer.failure().kind != FailureKind::Absent) {
                return answer;
            }
        }
    }

    MachineOptions options_;

  private:
    storage::testing::TempDirectory directory_;
    Log log_;
    std::unique_ptr<node::Node> node_;
    std::unique_ptr<Machine> guest_;
};

TEST_F(Coffee, IsMadeWhenTheClockRings) {
    Machine watcher("watcher", options_);
    std::map<std::string, std::set<std::string>> seen;  // the watcher's thread
    std::promise<void> drunk;
    ASSERT_TRUE(watcher
                    .subscribe("#",
                               [&, is_told = false](const Message& message) mutable {
                                   seen[message.topic].insert(message.payload);
                                   // The second ring is over when the second cup is there.
                                   if (message.topic == "alarm-clock/state" &&
                                       message.payload == "idle" &&
                                       seen["coffee-maker/cups_total"].contains("2") &&
                                       !std::exchange(is_told, true)) {
                                       drunk.set_value();
                                   }
                               })
                    .get());
    {
        const CoffeeMaker maker(options_, 200);
        const AlarmClock clock({.machine = options_,
                                .every = std::chrono::milliseconds(500),
                                .first = std::chrono::milliseconds(0)});
        drunk.get_future().wait();
    }
    watcher.close();
    const auto states = seen["coffee-maker/state"];
    for (const char* state : {"idle", "heating", "brewing", "ready"}) {
        EXPECT_TRUE(states.contains(state)) << state;
    }
    EXPECT_TRUE(seen["alarm-clock/state"].contains("ringing"));
    double hottest_c = 0;
    for (const std::string& temperature : seen["coffee-maker/temperature_c"]) {
        hottest_c = std::max(hottest_c, std::strtod(temperature.c_str(), nullptr));
    }
    EXPECT_GT(hottest_c, 90);
    EXPECT_LT(hottest_c, 95);
    EXPECT_TRUE(seen["coffee-maker/water_ml"].contains("1090.0"));  // a lungo of 110 ml
}

TEST_F(Coffee, IsRefusedWhenItCannotBeMade) {
    const CoffeeMaker maker(options_);
    const auto tea = call("coffee-maker", "brew", "tea");
    ASSERT_FALSE(tea);
    EXPECT_EQ(tea.failure().text, "it makes espresso or lungo");
    const auto espresso = call("coffee-maker", "brew", "espresso");
    ASSERT_TRUE(espresso) << espresso.failure().text;
    EXPECT_EQ(*espresso, "40");  // 30 s of heating, 40 ml at 4.2 ml/s
    const auto another = call("coffee-maker", "brew", "lungo");
    ASSERT_FALSE(another);
    EXPECT_EQ(another.failure().text, "it is busy");
}

TEST_F(Coffee, TheAlarmCanBeSet) {
    const AlarmClock clock({.machine = options_});
    const auto set = call("alarm-clock", "set_alarm", "06:30");
    ASSERT_TRUE(set) << set.failure().text;
    EXPECT_EQ(*set, "06:30:00");
    EXPECT_FALSE(call("alarm-clock", "set_alarm", "half past six"));
}

TEST(TimeOfDay, TakesHoursAndMinutesAndNothingElse) {
    EXPECT_EQ(time_of_day("07:00"), std::chrono::hours(7));
    EXPECT_EQ(time_of_day("23:59"), std::chrono::minutes(24 * 60 - 1));
    for (const char* text : {"", "7", "24:00", "12:60", "07:00:00", "ab:cd", "-1:00"}) {
        EXPECT_FALSE(time_of_day(text)) << text;
    }
}

}  // namespace
}  // namespace kith::examples
