// The responder on a virtual link: what it says, when, and what it makes of what others say.

#include "mesh/discovery/mdns_responder.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

using dns::Message;
using dns::Name;
using dns::Record;
using dns::Type;
using runtime::SocketAddress;

constexpr Instant kStart = Instant::from_ns(1'000'000'000);
const SocketAddress kOther = SocketAddress::v4({10, 0, 0, 9}, kMdnsPort);
const Name kType("_kith._tcp.local");
const Name kInstance("gw-1", kType);
const Name kHost("kith-0a.local");

MdnsOptions options_of(std::string instance = "gw-1", std::string host = "kith-0a") {
    return {.self = NodeId(0x0a),
            .instance = std::move(instance),
            .host = std::move(host),
            .mesh = "00000000000000ff",
            .services = {{.type = "_kith._tcp",
                          .subtypes = {"_00000000000000ff"},
                          .port = 7883,
                          .texts = {"v=1", "id=000000000000000a", "mesh=00000000000000ff"}}}};
}

class Link final : public MdnsPort {
  public:
    void send_multicast(runtime::InterfaceId interface, Bytes message) override {
        sent.emplace_back(interface, dns::decode(message).value());
        raw.emplace_back(message.begin(), message.end());
    }
    void send_unicast(const SocketAddress& to, Bytes message) override {
        unicast.emplace_back(to, dns::decode(message).value());
    }
    void on_mdns_found(NodeId node, const SocketAddress& address) override {
        found.emplace_back(node, address);
    }
    std::vector<std::pair<runtime::InterfaceId, Message>> sent;
    std::vector<std::vector<std::uint8_t>> raw;
    std::vector<std::pair<SocketAddress, Message>> unicast;
    std::vector<std::pair<NodeId, SocketAddress>> found;
};

class MdnsTest : public ::testing::Test {
  protected:
    void run_until(Instant end) {
        while (responder.deadline() <= end) {
            now = responder.deadline();
            responder.on_timer(now);
        }
        now = end;
    }
    void establish() {
        responder.set_interfaces({eth}, now);
        responder.start(now);
        run_until(now + 5s);
        ASSERT_TRUE(responder.is_established());
        link.sent.clear();
    }
    void hear(const Message& message, const SocketAddress& from = kOther) {
        responder.on_datagram(from, encode(message), now);
    }
    static Message query(const Name& name, Type type) {
        Message message;
        message.questions = {{.name = name, .type = type, .wants_unicast = false}};
        return message;
    }
    /// Responses among what was sent.
    std::vector<Message> responses() const {
        std::vector<Message> found;
        for (const auto& [interface, message] : link.sent) {
            if (message.is_response) {
                found.push_back(message);
            }
        }
        return found;
    }
    static bool has(const std::vector<Record>& records, const Name& name, Type type) {
        return std::ranges::any_of(records, [&](const Record& record) {
            return record.name == name && record.type == type;
        });
    }

    Instant now = kStart;
    Link link;
    MdnsInterface eth{
        .id = runtime::InterfaceId(2),
        .addresses = {SocketAddress::v4({10, 0, 0, 1}, 0), *SocketAddress::parse("[fd00::1]:0")}};
    MdnsResponder responder{options_of(), link, 3};
};

TEST_F(MdnsTest, ProbesThreeTimesAndAnnouncesTwice) {
    responder.set_interfaces({eth}, now);
    responder.start(now);
    run_until(now + 10s);
    std::vector<Message> probes;
    for (const auto& [interface, message] : link.sent) {
        EXPECT_EQ(interface, eth.id);
        if (!message.is_response && !message.authorities.empty()) {
            probes.push_back(message);
        }
    }
    ASSERT_EQ(probes.size(), 3U);
    EXPECT_EQ(probes[0].questions.size(), 2U) << "the host and the instance";
    EXPECT_TRUE(has(probes[0].authorities, kInstance, Type::Srv));
    EXPECT_TRUE(has(probes[0].authorities, kHost, Type::A));
    const std::vector<Message> told = responses();
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0], told[1]);
    for (const auto& [name, type] : std::vector<std::pair<Name, Type>>{
             {kType, Type::Ptr},
             {Name("_00000000000000ff._sub._kith._tcp.local"), Type::Ptr},
             {Name("_services._dns-sd._udp.local"), Type::Ptr},
             {kInstance, Type::Srv},
             {kInstance, Type::Txt},
             {kHost, Type::A},
             {kHost, Type::Aaaa}}) {
        EXPECT_TRUE(has(told[0].answers, name, type)) << name.to_string();
    }
    for (const Record& record : told[0].answers) {
        EXPECT_EQ(record.flushes_cache, record.type != Type::Ptr) << record.name.to_string();
    }
}

TEST_F(MdnsTest, AnswersWithAllThatIsAskedNext) {
    establish();
    hear(query(kType, Type::Ptr));
    EXPECT_TRUE(responses().empty()) << "others may answer, too";
    run_until(now + 120ms);
    ASSERT_EQ(responses().size(), 1U);
    const Message answer = responses()[0];
    ASSERT_EQ(answer.answers.size(), 1U);
    EXPECT_EQ(answer.answers[0].target, kInstance);
    EXPECT_TRUE(has(answer.additionals, kInstance, Type::Srv));
    EXPECT_TRUE(has(answer.additionals, kInstance, Type::Txt));
    EXPECT_TRUE(has(answer.additionals, kHost, Type::A));
    EXPECT_TRUE(has(answer.additionals, kHost, Type::Aaaa));
}

TEST_F(MdnsTest, AnswersForWhatIsItsOwnAloneAtOnceAndInAnyCase) {
    establish();
    run_until(now + 2s);
    hear(query(Name("GW-1", kType), Type::Srv));
    run_until(now);
    ASSERT_EQ(responses().size(), 1U);
    EXPECT_EQ(responses()[0].answers[0].port, 7883);
    hear(query(Name("somebody.local"), Type::A));
    hear(query(kHost, static_cast<Type>(47)));
    run_until(now + 1s);
    EXPECT_EQ(responses().size(), 1U);
}

TEST_F(MdnsTest, WhatIsKnownIsNotSaidAgain) {
    establish();
    Message asked = query(kType, Type::Ptr);
    Record known{.name = kType, .type = Type::Ptr, .ttl_s = 2250};
    known.target = kInstance;
    asked.answers = {known};
    hear(asked);
    run_until(now + 1s);
    EXPECT_TRUE(responses().empty());
    asked.answers[0].ttl_s = 2249;  // less than half of its life
    hear(asked);
    run_until(now + 1s);
    EXPECT_EQ(responses().size(), 1U);
}

TEST_F(MdnsTest, ALongListOfKnownAnswersIsWaitedFor) {
    establish();
    Message asked = query(kType, Type::Ptr);
    asked.is_truncated = true;
    hear(asked);
    run_until(now + 300ms);
    EXPECT_TRUE(responses().empty());
    Message rest;
    Record known{.name = kType, .type = Type::Ptr, .ttl_s = 4000};
    known.target = kInstance;
    rest.answers = {known};
    hear(rest);
    run_until(now + 2s);
    EXPECT_TRUE(responses().empty());
}

TEST_F(MdnsTest, ARecordIsSaidOnceInASecondHoweverOftenItIsAsked) {
    establish();
    run_until(now + 2s);
    for (int i = 0; i < 100; ++i) {
        hear(query(kInstance, Type::Txt));
        run_until(now + 10ms);
    }
    EXPECT_LE(responses().size(), 2U);
    EXPECT_GT(responder.counters().suppressed, 90U);
}

TEST_F(MdnsTest, APlainResolverIsAnsweredAlone) {
    establish();
    Message asked = query(kInstance, Type::Srv);
    asked.id = 77;
    const SocketAddress client = SocketAddress::v4({10, 0, 0, 9}, 40000);
    hear(asked, client);
    ASSERT_EQ(link.unicast.size(), 1U);
    EXPECT_EQ(link.unicast[0].first, client);
    const Message& answer = link.unicast[0].second;
    EXPECT_EQ(answer.id, 77);
    EXPECT_EQ(answer.questions, asked.questions);
    ASSERT_EQ(answer.answers.size(), 1U);
    EXPECT_EQ(answer.answers[0].ttl_s, 10U);
    EXPECT_FALSE(answer.answers[0].flushes_cache);
}

TEST_F(MdnsTest, SaysGoodByeToWhatItHasSaid) {
    establish();
    responder.stop();
    ASSERT_EQ(responses().size(), 1U);
    const Message farewell = responses()[0];
    for (const Record& record : farewell.answers) {
        EXPECT_EQ(record.ttl_s, 0U);
        EXPECT_NE(record.name, Name("_services._dns-sd._udp.local"));
    }
    EXPECT_TRUE(has(farewell.answers, kType, Type::Ptr));
    EXPECT_EQ(responder.deadline(), Instant::never());
}

TEST_F(MdnsTest, OneThatWasNeverSureSaysNoGoodBye) {
    responder.set_interfaces({eth}, now);
    responder.start(now);
    run_until(now + 300ms);
    responder.stop();
    EXPECT_TRUE(responses().empty());
}

Message claim_of(const Name& instance, std::uint16_t port) {
    Message message{.is_response = true};
    Record srv{.name = instance, .type = Type::Srv, .flushes_cache = true, .ttl_s = 120};
    srv.port = port;
    srv.target = Name("other.local");
    message.answers = {srv};
    return message;
}

TEST_F(MdnsTest, TakesAnotherNameIfTheOneIsTaken) {
    responder.set_interfaces({eth}, now);
    responder.start(now);
    run_until(now + 300ms);
    hear(claim_of(kInstance, 1));
    run_until(now + 5s);
    EXPECT_EQ(responder.instance(), "gw-1 (2)");
    EXPECT_TRUE(responder.is_established());
    EXPECT_EQ(responder.counters().conflicts, 1U);
    EXPECT_TRUE(has(responses()[0].answers, Name("gw-1 (2)", kType), Type::Srv));
}

TEST_F(MdnsTest, DefendsANameThatIsItsOwnAndYieldsIfTheOtherInsists) {
    establish();
    hear(claim_of(kInstance, 1));
    EXPECT_FALSE(responder.is_established());
    run_until(now + 5s);
    EXPECT_EQ(responder.instance(), "gw-1") << "nobody insisted";
    hear(claim_of(kInstance, 1));
    run_until(now + 300ms);
    hear(claim_of(kInstance, 1));
    run_until(now + 5s);
    EXPECT_EQ(responder.instance(), "gw-1 (2)");
}

TEST_F(MdnsTest, SomebodyWhoSaysTheSameIsNoConflict) {
    establish();
    Message same{.is_response = true};
    Record srv{.name = kInstance, .type = Type::Srv, .flushes_cache = true, .ttl_s = 120};
    srv.port = 7883;
    srv.target = kHost;
    same.answers = {srv};
    hear(same);
    Message gone = claim_of(kInstance, 1);
    gone.answers[0].ttl_s = 0;
    hear(gone);
    EXPECT_TRUE(responder.is_established());
}

TEST_F(MdnsTest, ItsOwnVoiceIsNoConflict) {
    // Two interfaces on one link: each hears what the other says, with other addresses.
    MdnsInterface wlan{.id = runtime::InterfaceId(3),
                       .addresses = {SocketAddress::v4({10, 0, 0, 2}, 0)}};
    responder.set_interfaces({eth, wlan}, now);
    responder.start(now);
    for (int i = 0; i < 50; ++i) {
        run_until(now + 100ms);
        for (const auto& message : std::exchange(link.raw, {})) {
            responder.on_datagram(kOther, message, now);
        }
    }
    EXPECT_TRUE(responder.is_established());
    EXPECT_EQ(responder.counters().conflicts, 0U);
    for (const auto& [interface, message] : link.sent) {
        for (const Record& record : message.answers) {
            if (record.type == Type::A) {
                EXPECT_EQ(record.address[3], interface == eth.id ? 1 : 2)
                    << "each interface has its own address";
            }
        }
    }
}

TEST_F(MdnsTest, OfTwoWhoProbeTheLaterInTheAlphabetKeepsTheName) {
    for (const bool is_greater : {true, false}) {
        Link other_link;
        MdnsResponder other(options_of(), other_link, 4);
        other.set_interfaces({eth}, now);
        other.start(now);
        other.on_timer(other.deadline());
        while (other_link.sent.empty() || other_link.sent.back().second.authorities.empty()) {
            other.on_timer(other.deadline());
        }
        Message probe = other_link.sent.back().second;
        for (Record& record : probe.authorities) {
            record.port = record.type == Type::Srv ? (is_greater ? 9000 : 1) : 0;
        }
        MdnsResponder mine(options_of(), link, 3);
        mine.set_interfaces({eth}, now);
        mine.start(now);
        mine.on_timer(now + 250ms);
        mine.on_datagram(kOther, encode(probe), now + 250ms);
        EXPECT_EQ(mine.counters().conflicts, is_greater ? 1U : 0U);
        EXPECT_EQ(mine.instance(), "gw-1") << "it tries again a second later";
    }
}

TEST_F(MdnsTest, SpeaksAgainWhereANewInterfaceIs) {
    establish();
    MdnsInterface wlan{.id = runtime::InterfaceId(3),
                       .addresses = {SocketAddress::v4({10, 9, 0, 2}, 0)}};
    responder.set_interfaces({eth}, now);
    EXPECT_TRUE(responder.is_established()) << "nothing has changed";
    responder.set_interfaces({eth, wlan}, now);
    run_until(now + 5s);
    EXPECT_TRUE(std::ranges::any_of(link.sent, [](const auto& sent) {
        return sent.first == runtime::InterfaceId(3) && sent.second.is_response;
    }));
    responder.set_interfaces({}, now);
    EXPECT_FALSE(responder.is_established());
}

TEST_F(MdnsTest, PassesOnWhoSaysThatHeIsOfTheMesh) {
    establish();
    const Name instance("gw-2", kType);
    Message told{.is_response = true};
    Record srv{.name = instance, .type = Type::Srv, .ttl_s = 120};
    srv.port = 7000;
    srv.target = Name("kith-0b.local");
    Record txt{.name = instance, .type = Type::Txt, .ttl_s = 120};
    txt.texts = {"v=1", "id=000000000000000b", "mesh=00000000000000ff"};
    told.answers = {srv};
    told.additionals = {txt};
    hear(told);
    ASSERT_EQ(link.found.size(), 1U);
    EXPECT_EQ(link.found[0], std::pair(NodeId(0x0b), kOther.with_port(7000)));
    for (const char* text : {"mesh=00000000000000fe", "mesh=", "id=000000000000000b"}) {
        told.additionals[0].texts = {text, "id=000000000000000b"};
        hear(told);
    }
    told.additionals[0].texts = {"mesh=00000000000000ff", "id=00zz"};
    hear(told);
    told.additionals[0].texts = {"mesh=00000000000000ff", "id=000000000000000a"};
    hear(told);  // itself
    told.additionals[0].texts[1] = "id=000000000000000b";
    told.answers[0].port = 0;
    hear(told);
    EXPECT_EQ(link.found.size(), 1U);
}

TEST_F(MdnsTest, AsksForItsMeshLessAndLess) {
    establish();
    run_until(now + 10min);
    std::size_t asked = 0;
    for (const auto& [interface, message] : link.sent) {
        asked += message.is_response ? 0U : 1U;
    }
    EXPECT_GE(asked, 5U);
    EXPECT_LE(asked, 9U);
}

TEST_F(MdnsTest, WhatIsNotSentFromThePortIsNotBelieved) {
    establish();
    hear(claim_of(kInstance, 1), kOther.with_port(40000));
    EXPECT_TRUE(responder.is_established());
}

TEST_F(MdnsTest, WhatCannotBeReadIsCounted) {
    establish();
    responder.on_datagram(kOther, as_bytes("nonsense"), now);
    EXPECT_EQ(responder.counters().malformed, 1U);
}

TEST(MdnsOptions, ALongNameIsCutBetweenCharacters) {
    Link link;
    const MdnsResponder responder(options_of(std::string(47, 'x') + "\u00e4\u00e4"), link, 1);
    EXPECT_EQ(responder.instance(), std::string(47, 'x'));
}

TEST(MdnsOptions, AServiceWithoutAPortIsNotTold) {
    Link link;
    MdnsOptions options = options_of();
    options.services[0].port = 0;
    MdnsResponder responder(options, link, 1);
    responder.set_interfaces({{.id = runtime::InterfaceId(2), .addresses = {kOther}}}, kStart);
    responder.start(kStart);
    for (int i = 0; i < 5; ++i) {
        responder.on_timer(responder.deadline());
    }
    for (const auto& [interface, message] : link.sent) {
        EXPECT_TRUE(message.answers.empty() && message.authorities.empty());
    }
}

}  // namespace
}  // namespace kith::mesh
