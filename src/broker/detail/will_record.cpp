#include "broker/detail/will_record.h"

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/narrow.h"
#include "base/utf8.h"
#include "wire/mqtt/properties.h"

namespace kith::broker {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kFixedBytes = 17;

}  // namespace

std::vector<std::uint8_t> encode_will(const SessionWill& will) {
    const StoredMessage& message = *will.message;
    const std::string_view topic = message.topic().text();
    std::vector<std::uint8_t> record(kFixedBytes + topic.size() + message.properties().size() +
                                     message.payload().size());
    ByteWriter writer(record);
    writer.u8(kVersion);
    writer.u8(static_cast<std::uint8_t>(message.qos()));
    writer.u8(message.view().retain ? 1 : 0);
    writer.u32(will.delay_s);
    writer.u32(will.message_expiry_interval_s);
    writer.u16(narrow<std::uint16_t>(topic.size()));
    writer.u32(narrow<std::uint32_t>(message.properties().size()));
    writer.bytes(as_bytes(topic));
    writer.bytes(message.properties());
    writer.bytes(message.payload());
    return record;
}

Result<std::unique_ptr<SessionWill>> decode_will(Bytes record, TenantId tenant, SessionId session) {
    ByteReader reader(record);
    const std::uint8_t version = reader.u8();
    const std::uint8_t qos = reader.u8();
    const bool retain = reader.u8() != 0;
    auto will = std::make_unique<SessionWill>();
    will->delay_s = reader.u32();
    will->message_expiry_interval_s = reader.u32();
    const std::uint16_t topic_bytes = reader.u16();
    const std::uint32_t properties_bytes = reader.u32();
    const Bytes topic = reader.bytes(topic_bytes);
    const Bytes properties = reader.bytes(properties_bytes);
    if (reader.failed() || version != kVersion || qos > 2 || !is_mqtt_utf8(topic) ||
        !mqtt::MessageProperties::from_encoded(properties)) {
        return fail(ErrorKind::Corrupt, "stored will cannot be read");
    }
    const Result<bus::TopicName> name = bus::TopicName::create(as_text(topic));
    if (!name) {
        return fail(ErrorKind::Corrupt, "stored will has no valid topic");
    }
    will->message = StoredMessage::create({.tenant = tenant,
                                           .topic = *name,
                                           .payload = reader.rest(),
                                           .properties = properties,
                                           .qos = static_cast<Qos>(qos),
                                           .retain = retain,
                                           .publisher = session,
                                           .published_at = {},
                                           .expires_at = {}},
                                          MessageId{});
    return will;
}

}  // namespace kith::broker
