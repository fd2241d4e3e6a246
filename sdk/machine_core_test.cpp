#include "sdk/machine_core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "broker/testing/broker_rig.h"
#include "sdk/node_carrier.h"

namespace kith::sdk {
namespace {

using broker::testing::BrokerRig;
using broker::testing::TestClient;
using testing::ElementsAre;

/// Machines of one simulated host, connected to the rig's node.
struct CoreRig {
    CoreRig() {}

    std::unique_ptr<MachineCore> make(const std::string& id) {
        LinkSettings settings{.node = broker.node().address(1883).to_string()};
        settings.client = {.client_id = id, .session_expiry_interval = 300};
        return std::make_unique<MachineCore>(
            broker.clients().shard(ShardId(0)), id,
            [settings = std::move(settings)](runtime::Shard& shard, CarrierEvents& events) {
                return std::make_unique<NodeCarrier>(shard, settings, events);
            },
            [this](const LinkChange& change) { changes.push_back(change.is_connected); });
    }
    std::unique_ptr<MachineCore> connect(const std::string& id) {
        auto machine = make(id);
        machine->start();
        EXPECT_TRUE(run_until([&] { return machine->is_connected(); }));
        return machine;
    }
    /// A machine that gets every call and answers none.
    std::unique_ptr<MachineCore> connect_silent(const std::string& id) {
        auto machine = connect(id);
        EXPECT_TRUE(wait([&](DoneHandler done) {
            machine->subscribe(
                "$m/" + id + "/command/#", [](const Message&) {}, Delivery::AtLeastOnce,
                std::move(done));
        }));
        return machine;
    }
    [[nodiscard]] bool run_until(const std::function<bool()>& done, Duration limit = 1min) {
        return broker.world().run_until(done, limit);
    }
    /// Runs what ends with a callback, and gives its outcome.
    Done wait(const std::function<void(DoneHandler)>& action) {
        std::optional<Done> outcome;
        action([&](Done done) { outcome = std::move(done); });
        EXPECT_TRUE(run_until([&] { return outcome.has_value(); }));
        return outcome.value_or(Failure{});
    }
    Done serve(MachineCore& machine, const std::string& method,
               std::function<Outcome<std::string>(const Request&)> handler) {
        return wait([&](DoneHandler done) {
            machine.serve(
                method,
                [handler](const Request& request, const Machine::Reply& reply) {
                    reply(handler(request));
                },
                std::move(done));
        });
    }
    Outcome<std::string> call(MachineCore& machine, CallOptions options) {
        std::optional<Outcome<std::string>> answer;
        machine.call(std::move(options),
                     [&](Outcome<std::string> given) { answer = std::move(given); });
        EXPECT_TRUE(run_until([&] { return answer.has_value(); }));
        return answer.value_or(Failure{});
    }

    BrokerRig broker;
    std::vector<bool> changes;
};

TEST(MachineCore, MessagesReachTheHandlersOfTheirFilters) {
    CoreRig rig;
    const auto machine = rig.connect("clock");
    std::vector<std::string> all;
    std::vector<std::string> one;
    ASSERT_TRUE(rig.wait([&](DoneHandler done) {
        machine->subscribe(
            "plant/#", [&](const Message& message) { all.push_back(message.payload); },
            Delivery::AtMostOnce, std::move(done));
    }));
    ASSERT_TRUE(rig.wait([&](DoneHandler done) {
        machine->subscribe(
            "plant/+/temp", [&](const Message& message) { one.push_back(message.topic); },
            Delivery::AtLeastOnce, std::move(done));
    }));
    EXPECT_TRUE(rig.wait([&](DoneHandler done) {
        machine->publish("plant/oven/temp", "184", {}, std::move(done));
    }));
    EXPECT_TRUE(rig.wait(
        [&](DoneHandler done) { machine->publish("plant/oven", "on", {}, std::move(done)); }));
    rig.broker.settle();
    EXPECT_THAT(all, ElementsAre("184", "on"));
    EXPECT_THAT(one, ElementsAre("plant/oven/temp"));
}

TEST(MachineCore, AMessageHasEverythingThatWasPublished) {
    CoreRig rig;
    const auto machine = rig.connect("clock");
    ASSERT_TRUE(rig.wait([&](DoneHandler done) {
        machine->publish("state", "on",
                         {.delivery = Delivery::ExactlyOnce,
                          .retain = true,
                          .expiry = std::chrono::seconds(60),
                          .content_type = "text/plain",
                          .user_properties = {{"a", "1"}, {"b", "2"}}},
                         std::move(done));
    }));
    std::optional<Message> received;
    ASSERT_TRUE(rig.wait([&](DoneHandler done) {
        machine->subscribe(
            "state", [&](const Message& message) { received = message; }, Delivery::AtLeastOnce,
            std::move(done));
    }));
    rig.broker.settle();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->topic, "state");
    EXPECT_EQ(received->payload, "on");
    EXPECT_EQ(received->delivery, Delivery::AtLeastOnce);
    EXPECT_TRUE(received->retained);
    EXPECT_EQ(received->content_type, "text/plain");
    EXPECT_THAT(received->user_properties, ElementsAre(std::pair("a", "1"), std::pair("b", "2")));
}

TEST(MachineCore, ASecondSubscriptionReplacesTheHandler) {
    CoreRig rig;
    const auto machine = rig.connect("clock");
    std::string heard;
    for (const char* who : {"first ", "second "}) {
        ASSERT_TRUE(rig.wait([&](DoneHandler done) {
            machine->subscribe(
                "x", [&heard, who](const Message&) { heard += who; }, Delivery::AtMostOnce,
                std::move(done));
        }));
    }
    machine->publish("x", "", {}, nullptr);
    rig.broker.settle();
    EXPECT_EQ(heard, "second ");
}

TEST(MachineCore, AHandlerMayUnsubscribeItself) {
    CoreRig rig;
    const auto machine = rig.connect("clock");
    int heard = 0;
    ASSERT_TRUE(rig.wait([&](DoneHandler done) {
        machine->subscribe(
            "x",
            [&](const Message&) {
                ++heard;
                machine->unsubscribe("x", nullptr);
            },
            Delivery::AtLeastOnce, std::move(done));
    }));
    machine->publish("x", "1", {}, nullptr);
    machine->publish("x", "2", {}, nullptr);
    rig.broker.settle();
    EXPECT_EQ(heard, 1);
    const Done again =
        rig.wait([&](DoneHandler done) { machine->unsubscribe("x", std::move(done)); });
    ASSERT_FALSE(again);
    EXPECT_EQ(again.failure().kind, FailureKind::Invalid);
}

TEST(MachineCore, ARefusedSubscriptionSaysWhyAndIsForgotten) {
    CoreRig rig;
    const auto machine = rig.connect("clock");
    const Done refused = rig.wait([&](DoneHandler done) {
        machine->subscribe(
            "$to/other/#", [](const Message&) {}, Delivery::AtMostOnce, std::move(done));
    });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.failure().kind, FailureKind::Refused);
    EXPECT_EQ(refused.failure().code, static_cast<std::uint8_t>(mqtt::ReasonCode::NotAuthorized));
    EXPECT_FALSE(
        rig.wait([&](DoneHandler done) { machine->unsubscribe("$to/other/#", std::move(done)); }));
}

TEST(MachineCore, WhatCannotBePublishedOrSubscribedIsInvalid) {
    CoreRig rig;
    const auto machine = rig.connect("clock");
    for (const std::string& topic : {std::string(), std::string("a/#"), std::string("a\0b", 3)}) {
        const Done done =
            rig.wait([&](DoneHandler told) { machine->publish(topic, "", {}, std::move(told)); });
        ASSERT_FALSE(done) << topic;
        EXPECT_EQ(done.failure().kind, FailureKind::Invalid);
    }
    const Done subscribed = rig.wait([&](DoneHandler done) {
        machine->subscribe(
            "a/#/b", [](const Message&) {}, Delivery::AtMostOnce, std::move(done));
    });
    ASSERT_FALSE(subscribed);
    EXPECT_EQ(subscribed.failure().kind, FailureKind::Invalid);
    const Done property = rig.wait([&](DoneHandler done) {
        machine->publish("a", "", {.content_type = "\xff"}, std::move(done));
    });
    ASSERT_FALSE(property);
    EXPECT_EQ(property.failure().kind, FailureKind::Invalid);
}

TEST(MachineCore, AMethodIsCalledAndAnswers) {
    CoreRig rig;
    const auto clock = rig.connect("clock");
    const auto maker = rig.connect("coffee-maker");
    ASSERT_TRUE(rig.serve(*maker, "brew", [](const Request& request) {
        return Outcome<std::string>(request.method + " " + request.payload + ": soon");
    }));
    const auto answer =
        rig.call(*clock, {.machine = "coffee-maker", .method = "brew", .payload = "lungo"});
    ASSERT_TRUE(answer) << answer.failure().text;
    EXPECT_EQ(*answer, "brew lungo: soon");
}

TEST(MachineCore, AMachineMayCallItself) {
    CoreRig rig;
    const auto maker = rig.connect("coffee-maker");
    ASSERT_TRUE(rig.serve(*maker, "brew", [](const Request&) { return std::string("me"); }));
    const auto answer = rig.call(*maker, {.machine = "coffee-maker", .method = "brew"});
    ASSERT_TRUE(answer) << answer.failure().text;
    EXPECT_EQ(*answer, "me");
}

TEST(MachineCore, AMethodThatFailsTellsItsCallerWhy) {
    CoreRig rig;
    const auto clock = rig.connect("clock");
    const auto maker = rig.connect("coffee-maker");
    ASSERT_TRUE(rig.serve(*maker, "brew", [](const Request&) {
        return Outcome<std::string>(Failure{FailureKind::Refused, "no water"});
    }));
    const auto answer = rig.call(*clock, {.machine = "coffee-maker", .method = "brew"});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.failure().kind, FailureKind::Refused);
    EXPECT_EQ(answer.failure().text, "no water");
    const auto unknown = rig.call(*clock, {.machine = "coffee-maker", .method = "sing"});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.failure().text, "coffee-maker has no method 'sing'");
}

TEST(MachineCore, AnAnswerMayComeLaterAndCountsOnce) {
    CoreRig rig;
    const auto clock = rig.connect("clock");
    const auto maker = rig.connect("coffee-maker");
    std::optional<Machine::Reply> kept;
    ASSERT_TRUE(rig.wait([&](DoneHandler done) {
        maker->serve(
            "brew", [&](const Request&, const Machine::Reply& reply) { kept = reply; },
            std::move(done));
    }));
    std::vector<std::string> answers;
    clock->call(
        {.machine = "coffee-maker", .method = "brew"},
        [&](const Outcome<std::string>& answer) { answers.push_back(answer.value_or("?")); });
    ASSERT_TRUE(rig.run_until([&] { return kept.has_value(); }));
    rig.broker.run_for(5s);
    EXPECT_TRUE(answers.empty());
    (*kept)(std::string("first"));
    (*kept)(std::string("second"));
    rig.broker.settle();
    EXPECT_THAT(answers, ElementsAre("first"));
}

TEST(MachineCore, AReplyThatOutlivesItsMachineDoesNothing) {
    CoreRig rig;
    const auto clock = rig.connect("clock");
    auto maker = rig.connect("coffee-maker");
    std::optional<Machine::Reply> kept;
    ASSERT_TRUE(rig.wait([&](DoneHandler done) {
        maker->serve(
            "brew", [&](const Request&, const Machine::Reply& reply) { kept = reply; },
            std::move(done));
    }));
    clock->call({.machine = "coffee-maker", .method = "brew"}, [](const Outcome<std::string>&) {});
    ASSERT_TRUE(rig.run_until([&] { return kept.has_value(); }));
    maker.reset();
    (*kept)(std::string("too late"));
    rig.broker.settle();
}

TEST(MachineCore, ACallToNobodyFailsAtOnce) {
    CoreRig rig;
    const auto clock = rig.connect("clock");
    const Instant begin = rig.broker.world().now();
    const auto answer = rig.call(*clock, {.machine = "nobody", .method = "brew"});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.failure().kind, FailureKind::Absent);
    EXPECT_EQ(answer.failure().text, "nobody serves no calls now");
    EXPECT_LT(rig.broker.world().now() - begin, 1s);
    // Nor does what nobody receives harm who only publishes.
    EXPECT_TRUE(rig.wait([&](DoneHandler done) {
        clock->publish("x", "y", {.delivery = Delivery::ExactlyOnce}, std::move(done));
    }));
}

TEST(MachineCore, ACallThatNobodyAnswersTimesOut) {
    CoreRig rig;
    const auto clock = rig.connect("clock");
    const auto silent = rig.connect_silent("silent");
    const Instant begin = rig.broker.world().now();
    const auto answer = rig.call(
        *clock,
        {.machine = "silent", .method = "brew", .timeout = std::chrono::milliseconds(1500)});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.failure().kind, FailureKind::Timeout);
    EXPECT_EQ(answer.failure().text, "silent did not answer brew in time");
    EXPECT_GE(rig.broker.world().now() - begin, 1500ms);
}

TEST(MachineCore, ACallWithoutAConnectionIsOfflineAndIsNotMadeLater) {
    CoreRig rig;
    const auto maker = rig.connect("coffee-maker");
    int brewed = 0;
    ASSERT_TRUE(rig.serve(*maker, "brew", [&](const Request&) {
        ++brewed;
        return std::string("done");
    }));
    const auto clock = rig.connect("clock");
    ASSERT_TRUE(rig.call(*clock, {.machine = "coffee-maker", .method = "brew"}));
    rig.broker.node().cut();
    rig.broker.clients().reset_streams();
    ASSERT_TRUE(rig.run_until([&] { return !clock->is_connected(); }));
    const auto answer = rig.call(
        *clock, {.machine = "coffee-maker", .method = "brew", .timeout = std::chrono::seconds(3)});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.failure().kind, FailureKind::Offline);
    rig.broker.node().mend();
    ASSERT_TRUE(rig.run_until([&] { return clock->is_connected() && maker->is_connected(); }));
    rig.broker.run_for(10s);
    EXPECT_EQ(brewed, 1);
}

TEST(MachineCore, ImpossibleCallsAndMethodsAreRefusedAtOnce) {
    CoreRig rig;
    const auto clock = rig.connect("clock");
    for (const char* machine : {"", "a/b", "+", "#"}) {
        const auto answer = rig.call(*clock, {.machine = machine, .method = "brew"});
        ASSERT_FALSE(answer) << machine;
        EXPECT_EQ(answer.failure().kind, FailureKind::Invalid);
    }
    EXPECT_FALSE(rig.call(*clock, {.machine = "m", .method = "a/b"}));
    EXPECT_FALSE(rig.serve(*clock, "a/b", [](const Request&) { return std::string(); }));
}

TEST(MachineCore, AnMqtt3CallerFindsTheAnswerUnderItsCallId) {
    CoreRig rig;
    const auto maker = rig.connect("coffee-maker");
    ASSERT_TRUE(rig.serve(*maker, "brew", [](const Request& request) {
        return request.payload == "tea"
                   ? Outcome<std::string>(Failure{FailureKind::Refused, "no tea"})
                   : Outcome<std::string>("brewing " + request.payload);
    }));
    TestClient& caller = rig.broker.client("old-panel");
    caller.settings.version = mqtt::Version::V311;
    caller.connect();
    caller.subscribe("$m/coffee-maker/reply/+");
    caller.publish("$m/coffee-maker/command/brew/17", "lungo");
    caller.publish("$m/coffee-maker/command/brew", "tea");
    rig.broker.settle();
    ASSERT_EQ(caller.received.size(), 2U);
    EXPECT_EQ(caller.received[0].topic, "$m/coffee-maker/reply/17");
    EXPECT_EQ(caller.received[0].payload, "brewing lungo");
    EXPECT_EQ(caller.received[1].topic, "$m/coffee-maker/reply/brew");
    EXPECT_EQ(caller.received[1].payload, "no tea");
}

TEST(MachineCore, ARetainedCommandIsNotDone) {
    CoreRig rig;
    TestClient& careless = rig.broker.client("careless");
    careless.connect();
    careless.publish("$m/coffee-maker/command/brew", "", Qos::AtMostOnce, true);
    careless.publish("$m/coffee-maker/command/brew", "x", Qos::AtMostOnce, true);
    rig.broker.settle();
    const auto maker = rig.connect("coffee-maker");
    int brewed = 0;
    ASSERT_TRUE(rig.serve(*maker, "brew", [&](const Request&) {
        ++brewed;
        return std::string();
    }));
    rig.broker.settle();
    EXPECT_EQ(brewed, 0);
}

TEST(MachineCore, AnswersToAnEarlierRunAndNonsenseAreIgnored) {
    CoreRig rig;
    const auto clock = rig.connect("clock");
    const auto silent = rig.connect_silent("silent");
    int answered = 0;
    clock->call({.machine = "silent", .method = "brew"},
                [&](const Outcome<std::string>&) { ++answered; });
    rig.broker.settle();
    TestClient& stranger = rig.broker.client("stranger");
    stranger.connect();
    for (const std::string_view correlation : {"", "1", "123:1", ":1"}) {
        mqtt::MessageProperties::Fields fields;
        fields.correlation_data = as_bytes(correlation);
        const std::vector<std::uint8_t> run = mqtt::encode_message_properties(fields, {});
        stranger.send(
            mqtt::Publish{.topic = "$to/clock/reply/call", .properties = {.encoded = run}});
    }
    rig.broker.settle();
    EXPECT_EQ(answered, 0);
}

TEST(MachineCore, CallsGoOnOverABrokenConnection) {
    CoreRig rig;
    const auto clock = rig.connect("clock");
    const auto maker = rig.connect("coffee-maker");
    int brewed = 0;
    ASSERT_TRUE(
        rig.serve(*maker, "brew", [&](const Request&) { return std::to_string(++brewed); }));
    ASSERT_TRUE(rig.call(*clock, {.machine = "coffee-maker", .method = "brew"}));
    rig.broker.clients().reset_streams();
    const auto answer = rig.call(*clock, {.machine = "coffee-maker", .method = "brew"});
    ASSERT_TRUE(answer) << answer.failure().text;
    EXPECT_EQ(*answer, "2");
    EXPECT_THAT(rig.changes, ElementsAre(true, true, false, false, true, true));
}

TEST(MachineCore, TimersRunOnceOrAgainAndAgain) {
    CoreRig rig;
    const auto machine = rig.connect("clock");
    int once = 0;
    int often = 0;
    machine->after(50ms, [&] { ++once; });
    machine->every(100ms, [&] {
        if (++often == 3) {
            machine->after(0ms, [&] { once += 10; });
        }
    });
    rig.broker.run_for(1005ms);
    EXPECT_EQ(once, 11);
    EXPECT_EQ(often, 10);
}

TEST(MachineCore, FinishingEndsCallsAndTimers) {
    CoreRig rig;
    const auto machine = rig.connect("clock");
    int ticks = 0;
    machine->every(10ms, [&] { ++ticks; });
    std::optional<Outcome<std::string>> answer;
    machine->call({.machine = "nobody", .method = "brew"},
                  [&](Outcome<std::string> given) { answer = std::move(given); });
    bool is_finished = false;
    machine->finish(1s, [&] { is_finished = true; });
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->failure().kind, FailureKind::Stopped);
    ASSERT_TRUE(rig.run_until([&] { return is_finished; }));
    rig.broker.run_for(1s);
    EXPECT_EQ(ticks, 0);
}

TEST(MachineCore, AMessageThatExpiredInTheQueueIsNotSent) {
    CoreRig rig;
    TestClient& reader = rig.broker.client("reader");
    reader.connect();
    reader.subscribe("x");
    rig.broker.node().cut();
    const auto machine = rig.make("clock");
    machine->start();
    std::vector<FailureKind> failures;
    const auto note = [&](const Done& done) {
        if (!done) {
            failures.push_back(done.failure().kind);
        }
    };
    machine->publish("x", "old", {.expiry = std::chrono::seconds(2)}, note);
    machine->publish("x", "young", {.expiry = std::chrono::seconds(600)}, note);
    rig.broker.run_for(3s);
    rig.broker.node().mend();
    ASSERT_TRUE(rig.run_until([&] { return machine->is_connected(); }));
    rig.broker.settle();
    EXPECT_THAT(failures, ElementsAre(FailureKind::Timeout));
    ASSERT_EQ(reader.received.size(), 1U);
    EXPECT_EQ(reader.received[0].payload, "young");
    EXPECT_LT(*reader.received[0].expiry_s, 600U);
}

}  // namespace
}  // namespace kith::sdk
