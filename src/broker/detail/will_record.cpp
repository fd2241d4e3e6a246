#include "broker/detail/will_record.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/narrow.h"
#include "base/utf8.h"
#include "wire/mqtt/properties.h"

namespace kith::broker {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::uint8_t kVersionWithoutRoles = 1;
constexpr std::size_t kFixedBytes = 22;
constexpr std::uint8_t kRoleMax = static_cast<std::uint8_t>(bus::Role::Machine);

std::string join(const std::vector<std::string>& names) {
    return fmt::format("{}", fmt::join(names, " "));
}

std::vector<std::string> split(std::string_view names) {
    std::vector<std::string> all;
    while (!names.empty()) {
        const std::size_t end = std::min(names.find(' '), names.size());
        all.emplace_back(names.substr(0, end));
        names.remove_prefix(std::min(end + 1, names.size()));
    }
    return all;
}

}  // namespace

std::vector<std::uint8_t> encode_will(const SessionWill& will, const bus::Principal& client) {
    const StoredMessage& message = *will.message;
    const std::string_view topic = message.topic().text();
    const std::string topic_roles = join(client.topic_roles);
    std::vector<std::uint8_t> record(kFixedBytes + topic.size() + message.properties().size() +
                                     client.machine.size() + topic_roles.size() +
                                     message.payload().size());
    ByteWriter writer(record);
    writer.u8(kVersion);
    writer.u8(static_cast<std::uint8_t>(message.qos()));
    writer.u8(message.view().retain ? 1 : 0);
    writer.u32(will.delay_s);
    writer.u32(will.message_expiry_interval_s);
    writer.u16(narrow<std::uint16_t>(topic.size()));
    writer.u32(narrow<std::uint32_t>(message.properties().size()));
    writer.u8(static_cast<std::uint8_t>(client.role));
    writer.u16(narrow<std::uint16_t>(client.machine.size()));
    writer.u16(narrow<std::uint16_t>(topic_roles.size()));
    writer.bytes(as_bytes(topic));
    writer.bytes(message.properties());
    writer.bytes(as_bytes(client.machine));
    writer.bytes(as_bytes(topic_roles));
    writer.bytes(message.payload());
    return record;
}

Result<StoredWill> decode_will(Bytes record, TenantId tenant, SessionId session) {
    ByteReader reader(record);
    const std::uint8_t version = reader.u8();
    const bool has_roles = version != kVersionWithoutRoles;
    const std::uint8_t qos = reader.u8();
    const bool retain = reader.u8() != 0;
    StoredWill stored;
    stored.will = std::make_unique<SessionWill>();
    stored.will->delay_s = reader.u32();
    stored.will->message_expiry_interval_s = reader.u32();
    const std::uint16_t topic_bytes = reader.u16();
    const std::uint32_t properties_bytes = reader.u32();
    const std::uint8_t role = has_roles ? reader.u8() : kRoleMax;
    const std::uint16_t machine_bytes = has_roles ? reader.u16() : std::uint16_t{0};
    const std::uint16_t roles_bytes = has_roles ? reader.u16() : std::uint16_t{0};
    const Bytes topic = reader.bytes(topic_bytes);
    const Bytes properties = reader.bytes(properties_bytes);
    stored.machine = as_text(reader.bytes(machine_bytes));
    stored.topic_roles =
        has_roles ? split(as_text(reader.bytes(roles_bytes))) : std::vector<std::string>{"free"};
    if (reader.failed() || (version != kVersion && has_roles) || qos > 2 || role > kRoleMax ||
        !is_mqtt_utf8(topic) || !mqtt::MessageProperties::from_encoded(properties)) {
        return fail(ErrorKind::Corrupt, "stored will cannot be read");
    }
    stored.role = static_cast<bus::Role>(role);
    const Result<bus::TopicName> name = bus::TopicName::create(as_text(topic));
    if (!name) {
        return fail(ErrorKind::Corrupt, "stored will has no valid topic");
    }
    stored.will->message = StoredMessage::create({.tenant = tenant,
                                                  .topic = *name,
                                                  .payload = reader.rest(),
                                                  .properties = properties,
                                                  .qos = static_cast<Qos>(qos),
                                                  .retain = retain,
                                                  .publisher = session,
                                                  .published_at = {},
                                                  .expires_at = {}},
                                                 MessageId{});
    return stored;
}

}  // namespace kith::broker
