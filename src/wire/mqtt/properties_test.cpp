// Properties as such: the block around them, every identifier in every packet, encoded runs.
#include "wire/mqtt/properties.h"

#include <map>

#include "wire/mqtt/detail/property_rules.h"
#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt {
namespace {

using namespace testing;

/// A correct value of each property (MQTT 5.0, table 2-4).
const std::map<int, Buffer> kExamples{
    {0x01, bytes_of({0x01, 1})},
    {0x02, bytes_of({0x02, 0, 0, 0, 1})},
    {0x03, bytes_of({0x03, field("text/plain")})},
    {0x08, bytes_of({0x08, field("r")})},
    {0x09, bytes_of({0x09, field("c")})},
    {0x0B, bytes_of({0x0B, 1})},
    {0x11, bytes_of({0x11, 0, 0, 0, 1})},
    {0x12, bytes_of({0x12, field("id")})},
    {0x13, bytes_of({0x13, 0, 1})},
    {0x15, bytes_of({0x15, field("m")})},
    {0x16, bytes_of({0x16, field("d")})},
    {0x17, bytes_of({0x17, 1})},
    {0x18, bytes_of({0x18, 0, 0, 0, 1})},
    {0x19, bytes_of({0x19, 1})},
    {0x1A, bytes_of({0x1A, field("i")})},
    {0x1C, bytes_of({0x1C, field("s")})},
    {0x1F, bytes_of({0x1F, field("why")})},
    {0x21, bytes_of({0x21, 0, 1})},
    {0x22, bytes_of({0x22, 0, 1})},
    {0x23, bytes_of({0x23, 0, 1})},
    {0x24, bytes_of({0x24, 1})},
    {0x25, bytes_of({0x25, 1})},
    {0x26, bytes_of({0x26, field("k"), field("v")})},
    {0x27, bytes_of({0x27, 0, 0, 0, 1})},
    {0x28, bytes_of({0x28, 1})},
    {0x29, bytes_of({0x29, 1})},
    {0x2A, bytes_of({0x2A, 1})},
};

/// A packet around a block of properties, and who sends it.
struct Carrier {
    const char* name;
    Sender sender;
    std::vector<int> allowed;
    Buffer (*around)(const Buffer& block);
};

Buffer sized(const Buffer& block) {
    return bytes_of({static_cast<int>(block.size()), block});
}

const std::vector<Carrier> kCarriers{
    {"CONNECT",
     Sender::Client,
     {0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27},
     [](const Buffer& b) {
         return packet_of(0x10, {field("MQTT"), 5, 2, 0, 0, sized(b), field("c")});
     }},
    {"will",
     Sender::Client,
     {0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26},
     [](const Buffer& b) {
         return packet_of(
             0x10, {field("MQTT"), 5, 6, 0, 0, 0, field("c"), sized(b), field("w"), field("x")});
     }},
    {"CONNACK",
     Sender::Server,
     {0x11, 0x12, 0x13, 0x15, 0x16, 0x1A, 0x1C, 0x1F, 0x21, 0x22, 0x24, 0x25, 0x26, 0x27, 0x28,
      0x29, 0x2A},
     [](const Buffer& b) {
         return packet_of(0x20, {0, 0, sized(b)});
     }},
    {"PUBLISH",
     Sender::Server,
     {0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x23, 0x26},
     [](const Buffer& b) {
         return packet_of(0x30, {field("t"), sized(b)});
     }},
    {"PUBACK",
     Sender::Client,
     {0x1F, 0x26},
     [](const Buffer& b) {
         return packet_of(0x40, {0, 1, 0, sized(b)});
     }},
    {"PUBREC",
     Sender::Client,
     {0x1F, 0x26},
     [](const Buffer& b) {
         return packet_of(0x50, {0, 1, 0, sized(b)});
     }},
    {"PUBREL",
     Sender::Client,
     {0x1F, 0x26},
     [](const Buffer& b) {
         return packet_of(0x62, {0, 1, 0, sized(b)});
     }},
    {"PUBCOMP",
     Sender::Client,
     {0x1F, 0x26},
     [](const Buffer& b) {
         return packet_of(0x70, {0, 1, 0, sized(b)});
     }},
    {"SUBSCRIBE",
     Sender::Client,
     {0x0B, 0x26},
     [](const Buffer& b) {
         return packet_of(0x82, {0, 1, sized(b), field("t"), 0});
     }},
    {"SUBACK",
     Sender::Server,
     {0x1F, 0x26},
     [](const Buffer& b) {
         return packet_of(0x90, {0, 1, sized(b), 0});
     }},
    {"UNSUBSCRIBE",
     Sender::Client,
     {0x26},
     [](const Buffer& b) {
         return packet_of(0xA2, {0, 1, sized(b), field("t")});
     }},
    {"UNSUBACK",
     Sender::Server,
     {0x1F, 0x26},
     [](const Buffer& b) {
         return packet_of(0xB0, {0, 1, sized(b), 0});
     }},
    {"DISCONNECT",
     Sender::Client,
     {0x11, 0x1C, 0x1F, 0x26},
     [](const Buffer& b) {
         return packet_of(0xE0, {0, sized(b)});
     }},
    {"AUTH",
     Sender::Client,
     {0x15, 0x16, 0x1F, 0x26},
     [](const Buffer& b) {
         return packet_of(0xF0, {0x18, sized(b)});
     }},
};

/// What the packet needs besides the property under test to be accepted.
Buffer completed(const Carrier& carrier, int id, const Buffer& property) {
    const bool is_auth = std::string_view(carrier.name) == "AUTH";
    const bool lacks_method = (is_auth || id == 0x16) && id != 0x15;
    return lacks_method && carrier.sender == Sender::Client &&
                   std::ranges::count(carrier.allowed, 0x15) > 0
               ? bytes_of({property, kExamples.at(0x15)})
               : property;
}

TEST(Properties, EachPacketAllowsItsOwnAndNoOther) {
    // Section 2.2.2.2: an identifier "which is not valid for its packet type" is malformed.
    for (const Carrier& carrier : kCarriers) {
        const Decoder decoder(carrier.sender);
        for (int id = 0; id < 256; ++id) {
            const auto example = kExamples.find(id);
            const Buffer property =
                example == kExamples.end() ? bytes_of({id, 0}) : example->second;
            Buffer block = completed(carrier, id, property);
            if (carrier.sender == Sender::Server && id == 0x16) {
                block = bytes_of({block, kExamples.at(0x15)});
            }
            const bool allowed = std::ranges::count(carrier.allowed, id) > 0;
            EXPECT_EQ(refusal_of(decoder, carrier.around(block)), allowed ? kAccepted : kMalformed)
                << carrier.name << " " << id;
        }
    }
}

TEST(Properties, RepetitionIsAProtocolError) {
    // "It is a Protocol Error to include ... more than once", for each of them.
    for (const Carrier& carrier : kCarriers) {
        const Decoder decoder(carrier.sender);
        const bool is_publish = std::string_view(carrier.name) == "PUBLISH";
        for (const int id : carrier.allowed) {
            const bool repeatable = id == 0x26 || (id == 0x0B && is_publish);
            const Buffer once = completed(carrier, id, kExamples.at(id));
            const Buffer twice = bytes_of({kExamples.at(id), once});
            EXPECT_EQ(refusal_of(decoder, carrier.around(twice)),
                      repeatable ? kAccepted : kProtocolError)
                << carrier.name << " " << id;
        }
    }
}

TEST(Properties, CutPropertiesAreMalformed) {
    for (const Carrier& carrier : kCarriers) {
        const Decoder decoder(carrier.sender);
        for (const int id : carrier.allowed) {
            Buffer property = kExamples.at(id);
            while (property.size() > 1) {
                property.pop_back();
                EXPECT_EQ(refusal_of(decoder, carrier.around(property)), kMalformed)
                    << carrier.name << " " << id;
            }
        }
    }
}

TEST(Properties, BlockMustFitThePacket) {
    // A length that is cut, too long, not minimal, or shorter than its properties.
    const auto publish = [](std::initializer_list<Piece> rest) {
        return refusal_by_server(packet_of(0x30, {field("t"), bytes_of(rest)}));
    };
    EXPECT_EQ(publish({0x80}), kMalformed);
    EXPECT_EQ(publish({0x01}), kMalformed);
    EXPECT_EQ(publish({0x82, 0x00, 0x01, 0x01}), kMalformed);  // [MQTT-1.5.5-1]
    EXPECT_EQ(publish({0xFF, 0xFF, 0xFF, 0xFF, 0x7F}), kMalformed);
    EXPECT_EQ(publish({0x01, 0x01, 0x01}), kMalformed);
    EXPECT_EQ(publish({0x02, 0x01, 0x01}), kAccepted);
}

TEST(Properties, IdentifiersAreOneByteLong) {
    // 0x81 0x00 would be property 1 in a longer form.
    EXPECT_EQ(refusal_by_server(packet_of(0x30, {field("t"), 3, 0x81, 0x00, 0x01})), kMalformed);
}

TEST(Properties, ErrorsNameTheProperty) {
    const auto text = [](const Buffer& bytes) {
        Decoder decoder(Sender::Client);
        const Result<Packet> packet = decoder.decode(frame_of(bytes));
        return std::string(packet ? "accepted" : packet.error().text);
    };
    EXPECT_EQ(text(packet_of(0x30, {field("t"), 4, 1, 1, 1, 1})),
              "payload format indicator occurs twice");
    EXPECT_EQ(text(packet_of(0x30, {field("t"), 3, 0x21, 0, 1})),
              "receive maximum is not allowed in this packet");
    EXPECT_EQ(text(packet_of(0x30, {field("t"), 3, 0x23, 0, 0})),
              "topic alias has a value that is not allowed");
    EXPECT_EQ(text(packet_of(0x30, {field("t"), 2, 0x00, 0x00})), "unknown property");
}

TEST(UserProperties, WalkInOrderAndMayRepeat) {
    Buffer run;
    append_user_property(run, {"k", "1"});
    append_user_property(run, {"k", "2"});
    append_user_property(run, {"", ""});
    const UserProperties properties(run);
    std::vector<std::string> seen;
    for (auto it = properties.begin(); it != properties.end(); it++) {
        seen.push_back(std::string((*it).name) + "=" + std::string((*it).value));
    }
    EXPECT_EQ(seen, (std::vector<std::string>{"k=1", "k=2", "="}));
    EXPECT_FALSE(properties.empty());
    EXPECT_TRUE(UserProperties().begin() == UserProperties().end());
}

TEST(UserProperties, CompareByContentAndOrder) {
    Buffer ab;
    append_user_property(ab, {"a", "1"});
    append_user_property(ab, {"b", "2"});
    const Buffer copy = ab;
    Buffer ba;
    append_user_property(ba, {"b", "2"});
    append_user_property(ba, {"a", "1"});
    EXPECT_EQ(UserProperties(ab), UserProperties(copy));
    EXPECT_FALSE(UserProperties(ab) == UserProperties(ba));
}

TEST(MessageProperties, FieldsComeBackFromTheRun) {
    const MessageProperties::Fields fields{
        .payload_format_indicator = 1,
        .content_type = "application/json",
        .response_topic = "answer/to",
        .correlation_data = as_bytes("id-1"),
    };
    const UserProperty user_properties[] = {{"k", "1"}, {"k", "2"}};
    const Buffer run = encode_message_properties(fields, user_properties);
    EXPECT_EQ(run,
              bytes_of({1, 1, 3, field("application/json"), 8, field("answer/to"), 9, field("id-1"),
                        0x26, field("k"), field("1"), 0x26, field("k"), field("2")}));
    const MessageProperties properties{.encoded = run};
    const MessageProperties::Fields read = properties.fields();
    EXPECT_EQ(read.payload_format_indicator, fields.payload_format_indicator);
    EXPECT_EQ(read.content_type, fields.content_type);
    EXPECT_EQ(read.response_topic, fields.response_topic);
    EXPECT_EQ(as_text(read.correlation_data.value()), "id-1");
    std::string values;
    properties.for_each_user_property(
        [&values](UserProperty property) { values += property.value; });
    EXPECT_EQ(values, "12");
}

TEST(MessageProperties, NoPropertiesAreAnEmptyRun) {
    EXPECT_TRUE(encode_message_properties({}, {}).empty());
    const MessageProperties::Fields fields = MessageProperties{}.fields();
    EXPECT_FALSE(fields.payload_format_indicator);
    EXPECT_FALSE(fields.content_type);
    EXPECT_FALSE(fields.response_topic);
    EXPECT_FALSE(fields.correlation_data);
}

TEST(MessageProperties, RunsFromElsewhereAreChecked) {
    const auto kind = [](const Buffer& run) -> std::optional<ErrorKind> {
        const Result<MessageProperties> properties = MessageProperties::from_encoded(run);
        return properties ? std::nullopt : std::optional(properties.error().kind);
    };
    const Buffer good = bytes_of({1, 1, 0x26, field("k"), field("v"), 8, field("r")});
    EXPECT_EQ(MessageProperties::from_encoded(good), MessageProperties{.encoded = good});
    EXPECT_EQ(kind({}), std::nullopt);
    EXPECT_EQ(kind(Buffer(good.begin(), good.end() - 1)), ErrorKind::Malformed);
    EXPECT_EQ(kind(kExamples.at(0x02)), ErrorKind::Malformed);  // does not travel with the message
    EXPECT_EQ(kind(kExamples.at(0x0B)), ErrorKind::Malformed);
    EXPECT_EQ(kind(bytes_of({1, 1, 1, 1})), ErrorKind::Protocol);
    EXPECT_EQ(kind(bytes_of({8, field("#")})), ErrorKind::Protocol);
}

TEST(MessagePropertiesDeathTest, ARunThatNobodyCheckedStopsTheProgram) {
    const Buffer run = bytes_of({3, 0, 9, "short"});
    EXPECT_DEATH((void)MessageProperties{.encoded = run}.fields(), "failed");
    const Buffer other = bytes_of({0x02, 0, 1, "x"});
    EXPECT_DEATH((void)MessageProperties{.encoded = other}.fields(), "UserProperty");
    EXPECT_DEATH((void)*UserProperties(run).begin(), "UserProperty");
}

TEST(AppendUserPropertyDeathTest, RefusesMoreBytesThanALengthCanTell) {
    Buffer run;
    const std::string longest(65'535, 'x');
    append_user_property(run, {longest, ""});
    EXPECT_EQ(run.size(), 65'540U);
    EXPECT_DEATH(append_user_property(run, {longest + "x", ""}), "in_range");
}

}  // namespace
}  // namespace kith::mqtt
