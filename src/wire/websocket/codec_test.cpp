#include "wire/websocket/codec.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/random.h"
#include "wire/websocket/limits.h"

namespace kith::websocket {
namespace {

using Buffer = std::vector<std::uint8_t>;

/// The masking key of the examples in RFC 6455, section 5.7, as memory has it.
std::uint32_t example_mask() {
    const std::uint8_t key[4] = {0x37, 0xFA, 0x21, 0x3D};
    std::uint32_t mask = 0;
    static_assert(sizeof(mask) == sizeof(key));
    std::memcpy(&mask, key, sizeof(mask));
    return mask;
}

/// One end of a connection that writes down what happens to it.
// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): final, nobody deletes its base.
class Peer final : public CodecHandler {
  public:
    explicit Peer(Role role, std::size_t message_bytes_max = 1'000'000)
        : codec({.role = role, .message_bytes_max = message_bytes_max, .mask = &example_mask},
                *this) {}

    void on_message(MessageType type, Bytes message) override {
        messages.emplace_back(type, std::string(as_text(message)));
        if (close_on_message) {
            codec.close(kNormalClosure, "enough");
        }
        if (echo) {
            codec.send(type, message);
        }
    }
    void on_output(Bytes bytes) override {
        output.insert(output.end(), bytes.begin(), bytes.end());
    }
    void on_close(std::uint16_t code, std::string_view reason) override {
        closes.emplace_back(code, std::string(reason));
    }

    /// Feeds a copy, so that a read beyond the end is seen by the sanitizer.
    Status feed(Buffer bytes) { return codec.feed(bytes); }
    /// Expects a refusal; gives its close code.
    std::uint16_t refusal(const Buffer& bytes) {
        const Status status = feed(bytes);
        EXPECT_FALSE(status);
        return status ? 0 : status.error().code;
    }
    Buffer take_output() { return std::exchange(output, {}); }

    using Message = std::pair<MessageType, std::string>;
    std::vector<Message> messages;
    std::vector<std::pair<std::uint16_t, std::string>> closes;
    Buffer output;
    bool close_on_message = false;
    bool echo = false;
    Codec codec;
};

/// A frame as a client sends it, with a mask of zeros: the payload stays readable.
Buffer masked(int first_byte, std::string_view payload) {
    EXPECT_LT(payload.size(), 126U);
    Buffer frame{static_cast<std::uint8_t>(first_byte),
                 static_cast<std::uint8_t>(0x80 | payload.size()),
                 0,
                 0,
                 0,
                 0};
    frame.insert(frame.end(), payload.begin(), payload.end());
    return frame;
}

Buffer operator+(Buffer a, const Buffer& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// The close frame of a server with this code; its reason is not looked at.
void expect_close_frame(const Buffer& output, std::uint16_t code) {
    ASSERT_GE(output.size(), 4U);
    EXPECT_EQ(output[0], 0x88);
    EXPECT_EQ(output[1], output.size() - 2);
    EXPECT_EQ((output[2] << 8) | output[3], code);
}

constexpr int kText = 0x81;
constexpr int kBinary = 0x82;
constexpr int kClose = 0x88;
constexpr int kPing = 0x89;
constexpr int kPong = 0x8A;

const Buffer kHelloUnmasked{0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F};
const Buffer kHelloMasked{0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58};
const Peer::Message kHello{MessageType::Text, "Hello"};

TEST(WebSocket, ExamplesOfTheStandardAreRead) {
    // RFC 6455, section 5.7: unmasked and masked text, then two fragments.
    Peer client(Role::Client);
    ASSERT_TRUE(client.feed(kHelloUnmasked));
    ASSERT_TRUE(client.feed({0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F}));
    EXPECT_EQ(client.messages, (std::vector{kHello, kHello}));
    Peer server(Role::Server);
    ASSERT_TRUE(server.feed(kHelloMasked));
    EXPECT_EQ(server.messages, std::vector{kHello});
    EXPECT_TRUE(server.output.empty());
}

TEST(WebSocket, ExamplesOfTheStandardAreWritten) {
    Peer server(Role::Server);
    server.codec.send(MessageType::Text, as_bytes("Hello"));
    EXPECT_EQ(server.take_output(), kHelloUnmasked);
    Peer client(Role::Client);
    client.codec.send(MessageType::Text, as_bytes("Hello"));
    EXPECT_EQ(client.take_output(), kHelloMasked);
    // 256 bytes and 64 KiB of binary data in a single unmasked frame.
    server.codec.send(MessageType::Binary, Buffer(256));
    EXPECT_EQ(server.take_output(), (Buffer{0x82, 0x7E, 0x01, 0x00} + Buffer(256)));
    server.codec.send(MessageType::Binary, Buffer(65'536));
    EXPECT_EQ(server.take_output(), (Buffer{0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0} + Buffer(65'536)));
}

TEST(WebSocket, PingIsAnsweredWithItsPayload) {
    // RFC 6455, sections 5.5.3 and 5.7: ping "Hello", and the masked pong.
    Peer client(Role::Client);
    ASSERT_TRUE(client.feed({0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F}));
    EXPECT_EQ(client.take_output(),
              (Buffer{0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58}));
    EXPECT_TRUE(client.messages.empty());
}

TEST(WebSocket, LongestPingIsAnswered) {
    Peer server(Role::Server);
    const std::string payload(limits::kControlBytesMax, 'p');
    ASSERT_TRUE(server.feed(masked(kPing, payload)));
    EXPECT_EQ(server.output.size(), 2 + payload.size());
}

TEST(WebSocket, PingIsSentAndPongIgnored) {
    Peer server(Role::Server);
    server.codec.ping();
    EXPECT_EQ(server.take_output(), (Buffer{0x89, 0x00}));
    ASSERT_TRUE(server.feed(masked(kPong, "")));
    ASSERT_TRUE(server.feed(masked(kPong, "unasked")));
    EXPECT_TRUE(server.messages.empty());
    EXPECT_TRUE(server.output.empty());
}

TEST(WebSocket, ControlFramesMayStandBetweenFragments) {
    Peer server(Role::Server);
    ASSERT_TRUE(server.feed(masked(0x01, "Hel") + masked(kPing, "?") + masked(0x00, "") +
                            masked(0x80, "lo")));
    EXPECT_EQ(server.messages, std::vector{kHello});
    EXPECT_EQ(server.output, (Buffer{0x8A, 0x01, '?'}));
}

TEST(WebSocket, EmptyMessagesAreMessages) {
    Peer server(Role::Server);
    ASSERT_TRUE(server.feed(masked(kBinary, "") + masked(0x01, "") + masked(0x80, "")));
    EXPECT_EQ(server.messages,
              (std::vector<Peer::Message>{{MessageType::Binary, ""}, {MessageType::Text, ""}}));
    server.codec.send(MessageType::Binary, {});
    EXPECT_EQ(server.output, (Buffer{0x82, 0x00}));
}

TEST(WebSocket, CutsAnywhereDoNotMatter) {
    Random random(1);
    Peer whole(Role::Server);
    Peer sender(Role::Client);
    for (int i = 0; i < 60; ++i) {
        const std::size_t sizes[] = {0, 1, 125, 126, 127, 4'090, 4'096, 5'000, 65'535, 65'536};
        Buffer message(sizes[random.below(std::size(sizes))]);
        for (std::uint8_t& byte : message) {
            byte = static_cast<std::uint8_t>(random.below(128));
        }
        sender.codec.send(random.chance(0.5) ? MessageType::Text : MessageType::Binary, message);
        sender.codec.ping();
    }
    const Buffer stream = sender.take_output();
    ASSERT_TRUE(whole.feed(stream));
    ASSERT_EQ(whole.messages.size(), 60U);

    Peer cut(Role::Server);
    std::size_t at = 0;
    while (at < stream.size()) {
        const std::size_t limit = random.chance(0.5) ? 5 : 9'000;
        const std::size_t size = std::min<std::size_t>(1 + random.below(limit), stream.size() - at);
        const auto begin = stream.begin() + static_cast<std::ptrdiff_t>(at);
        ASSERT_TRUE(cut.feed(Buffer(begin, begin + static_cast<std::ptrdiff_t>(size))));
        at += size;
    }
    EXPECT_EQ(cut.messages, whole.messages);
    EXPECT_EQ(cut.output, whole.output);
}

TEST(WebSocket, UnmaskedFrameOfAClientIsRefused) {
    // Section 5.1: "a server MUST close the connection upon receiving a frame that is not masked".
    Peer server(Role::Server);
    EXPECT_EQ(server.refusal(kHelloUnmasked), kProtocolError);
    expect_close_frame(server.output, kProtocolError);
    EXPECT_TRUE(server.messages.empty());
    EXPECT_TRUE(server.codec.is_closing());
}

TEST(WebSocket, MaskedFrameOfAServerIsRefused) {
    Peer client(Role::Client);
    EXPECT_EQ(client.refusal(kHelloMasked), kProtocolError);
}

TEST(WebSocket, ReservedBitsAndOpcodesAreRefused) {
    for (const int first_byte : {0xC1, 0xA1, 0x91, 0x83, 0x87, 0x8B, 0x8F, 0x03, 0x0B}) {
        Peer server(Role::Server);
        EXPECT_EQ(server.refusal(masked(first_byte, "x")), kProtocolError) << first_byte;
        expect_close_frame(server.output, kProtocolError);
    }
}

TEST(WebSocket, ControlFramesAreShortAndWhole) {
    // Section 5.5.
    for (const int first_byte : {0x08, 0x09, 0x0A}) {
        Peer server(Role::Server);
        EXPECT_EQ(server.refusal(masked(first_byte, "x")), kProtocolError);
        expect_close_frame(server.output, kProtocolError);
    }
    for (const int first_byte : {kClose, kPing, kPong}) {
        Peer server(Role::Server);
        EXPECT_EQ(server.refusal(Buffer{static_cast<std::uint8_t>(first_byte), 0xFE, 0x00, 0x7E} +
                                 Buffer(130)),
                  kProtocolError);
    }
}

TEST(WebSocket, LengthsAreInTheirShortestForm) {
    // Section 5.2: "the minimal number of bytes MUST be used".
    const std::vector<Buffer> headers{
        {0x82, 0xFE, 0x00, 0x7D},
        {0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF},
        {0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0},
    };
    for (const Buffer& header : headers) {
        Peer server(Role::Server);
        EXPECT_EQ(server.refusal(header), kProtocolError);
    }
}

TEST(WebSocket, FragmentsMustFollowOneAnother) {
    // Section 5.4.
    Peer first(Role::Server);
    EXPECT_EQ(first.refusal(masked(0x80, "x")), kProtocolError);
    Peer second(Role::Server);
    EXPECT_EQ(second.refusal(masked(0x01, "x") + masked(kText, "y")), kProtocolError);
    Peer third(Role::Server);
    EXPECT_EQ(third.refusal(masked(kText, "x") + masked(0x00, "y")), kProtocolError);
    EXPECT_EQ(third.messages.size(), 1U);
}

TEST(WebSocket, TextIsUtf8) {
    // Section 8.1.
    Peer server(Role::Server);
    EXPECT_EQ(server.refusal(masked(kText, "\xFF")), kInvalidPayload);
    expect_close_frame(server.output, kInvalidPayload);
    EXPECT_TRUE(server.messages.empty());
    Peer cut(Role::Server);
    EXPECT_EQ(cut.refusal(masked(kText, "\xC3")), kInvalidPayload);
    Peer binary(Role::Server);
    EXPECT_TRUE(binary.feed(masked(kBinary, "\xFF")));
}

TEST(WebSocket, FragmentsMayCutACharacter) {
    Peer server(Role::Server);
    ASSERT_TRUE(server.feed(masked(0x01, "\xC3") + masked(0x80, "\xA4")));
    EXPECT_EQ(server.messages.at(0).second, "\xC3\xA4");
}

TEST(WebSocket, MessageAboveTheLimitIsRefused) {
    Peer server(Role::Server, 10);
    ASSERT_TRUE(server.feed(masked(kBinary, "0123456789")));
    EXPECT_EQ(server.refusal(masked(kBinary, "0123456789a")), kMessageTooBig);
    expect_close_frame(server.output, kMessageTooBig);
    EXPECT_EQ(server.messages.size(), 1U);
}

TEST(WebSocket, LimitCountsAllFragments) {
    Peer server(Role::Server, 10);
    ASSERT_TRUE(server.feed(masked(0x02, "01234") + masked(0x80, "56789")));
    ASSERT_TRUE(server.feed(masked(0x02, "01234") + masked(0x00, "56789")));
    EXPECT_EQ(server.refusal(masked(0x00, "a")), kMessageTooBig);
    EXPECT_EQ(server.messages.size(), 1U);
}

TEST(WebSocket, LimitHoldsForAnyAnnouncedLength) {
    Peer server(Role::Server, 10);
    EXPECT_EQ(server.refusal(
                  {0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 'x'}),
              kMessageTooBig);
}

TEST(WebSocket, LimitDoesNotCountControlFrames) {
    Peer server(Role::Server, 2);
    ASSERT_TRUE(server.feed(masked(0x02, "01") + masked(kPing, "longer") + masked(0x80, "")));
    EXPECT_EQ(server.messages.size(), 1U);
}

TEST(WebSocket, CloseIsAnsweredWithItsCode) {
    Peer server(Role::Server);
    ASSERT_TRUE(server.feed(masked(kClose,
                                   "\x03\xE9"
                                   "bye")));
    EXPECT_EQ(server.closes, (std::vector{std::pair<std::uint16_t, std::string>(1001, "bye")}));
    EXPECT_EQ(server.output, (Buffer{0x88, 0x02, 0x03, 0xE9}));
    EXPECT_TRUE(server.codec.is_closing());
}

TEST(WebSocket, CloseWithoutACodeIsAnsweredWithoutACode) {
    Peer server(Role::Server);
    ASSERT_TRUE(server.feed(masked(kClose, "")));
    EXPECT_EQ(server.closes.at(0).first, kNoStatusReceived);
    EXPECT_EQ(server.output, (Buffer{0x88, 0x00}));
}

TEST(WebSocket, NothingFollowsACloseFrame) {
    Peer server(Role::Server);
    ASSERT_TRUE(server.feed(masked(kClose, "") + masked(kText, "late")));
    ASSERT_TRUE(server.feed(masked(kText, "later")));
    EXPECT_TRUE(server.messages.empty());
    (void)server.take_output();
    server.codec.send(MessageType::Text, as_bytes("too late"));
    server.codec.ping();
    server.codec.close(kNormalClosure, "");
    EXPECT_TRUE(server.output.empty());
    EXPECT_EQ(server.closes.size(), 1U);
}

TEST(WebSocket, CloseCodesThatMayNotBeSentAreRefused) {
    // Section 7.4.
    const auto close_frame = [](int code) {
        const char payload[] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
        return masked(kClose, std::string_view(payload, 2));
    };
    for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65'535}) {
        Peer server(Role::Server);
        EXPECT_EQ(server.refusal(close_frame(code)), kProtocolError) << code;
        EXPECT_TRUE(server.closes.empty());
    }
    for (const int code : {1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999}) {
        Peer server(Role::Server);
        EXPECT_TRUE(server.feed(close_frame(code))) << code;
    }
}

TEST(WebSocket, CloseFrameIsWellFormed) {
    Peer half(Role::Server);
    EXPECT_EQ(half.refusal(masked(kClose, "\x03")), kProtocolError);
    Peer reason(Role::Server);
    EXPECT_EQ(reason.refusal(masked(kClose, "\x03\xE8\xFF")), kInvalidPayload);
}

TEST(WebSocket, OwnCloseIsSentOnceAndEndsMessages) {
    Peer server(Role::Server);
    server.codec.close(kGoingAway, "restart");
    EXPECT_EQ(server.take_output(),
              (Buffer{0x88, 0x09, 0x03, 0xE9, 'r', 'e', 's', 't', 'a', 'r', 't'}));
    server.codec.close(kNormalClosure, "");
    server.codec.send(MessageType::Binary, as_bytes("x"));
    ASSERT_TRUE(
        server.feed(masked(kText, "on its way") + masked(kPing, "") + masked(kClose, "\x03\xE9")));
    EXPECT_TRUE(server.messages.empty());
    EXPECT_TRUE(server.output.empty());
    EXPECT_EQ(server.closes.at(0).first, kGoingAway);
}

TEST(WebSocket, HandlerMayCloseAndSendInsideItsCall) {
    Peer server(Role::Server);
    server.echo = true;
    ASSERT_TRUE(server.feed(masked(kText, "a") + masked(0x01, "b") + masked(0x80, "c")));
    EXPECT_EQ(server.take_output(), (Buffer{0x81, 0x01, 'a', 0x81, 0x02, 'b', 'c'}));
    server.close_on_message = true;
    ASSERT_TRUE(server.feed(masked(kText, "d") + masked(kText, "e")));
    EXPECT_EQ(server.messages.size(), 3U);
    expect_close_frame(server.output, kNormalClosure);
}

TEST(WebSocket, ErrorsStay) {
    Peer server(Role::Server);
    EXPECT_EQ(server.refusal(masked(0x83, "x") + masked(kText, "y")), kProtocolError);
    const Buffer close_frame = server.output;
    EXPECT_EQ(server.refusal(masked(kText, "z")), kProtocolError);
    EXPECT_EQ(server.output, close_frame);
    EXPECT_TRUE(server.messages.empty());
    EXPECT_TRUE(server.closes.empty());
}

TEST(WebSocket, ErrorsTellTheirKind) {
    Peer large(Role::Server, 1);
    EXPECT_EQ(large.feed(masked(kText, "xy")).error().kind, ErrorKind::Limit);
    Peer wrong(Role::Server);
    EXPECT_EQ(wrong.feed(masked(0x83, "")).error().kind, ErrorKind::Protocol);
}

TEST(WebSocket, CodecMayMove) {
    Peer server(Role::Server);
    ASSERT_TRUE(server.feed(masked(0x01, "Hel")));
    Codec moved = std::move(server.codec);
    Buffer rest = masked(0x80, "lo");
    ASSERT_TRUE(moved.feed(rest));
    EXPECT_EQ(server.messages, std::vector{kHello});
}

TEST(WebSocketDeathTest, WrongUseStopsTheProgram) {
    Peer server(Role::Server);
    EXPECT_DEATH(server.codec.close(kNoStatusReceived, ""), "close_code");
    EXPECT_DEATH(server.codec.close(kNormalClosure, std::string(124, 'x')), "reason");
    EXPECT_DEATH(Codec({.role = Role::Client}, server), "mask");
}

}  // namespace
}  // namespace kith::websocket
