#include "broker/detail/no_responder.h"

#include <array>
#include <vector>

#include "broker/detail/delivery.h"
#include "broker/detail/session.h"
#include "wire/mqtt/encoder.h"
#include "wire/mqtt/properties.h"

namespace kith::broker {
namespace {

constexpr mqtt::UserProperty kWanted{"no-responder", "tell"};
constexpr mqtt::UserProperty kAnswer{"error", "no-responder"};

/// `$m/<machine>/command/...`
bool is_command(std::string_view topic) {
    bus::LevelReader levels(topic);
    for (const std::string_view expected : {"$m", "", "command"}) {
        if (levels.at_end()) {
            return false;
        }
        const std::string_view level = levels.next();
        if (!expected.empty() && level != expected) {
            return false;
        }
    }
    return true;
}

bool wants_answer(std::string_view topic, const mqtt::MessageProperties& properties) {
    if (topic.starts_with("$to/") || is_command(topic)) {
        return true;
    }
    bool is_wanted = false;
    properties.for_each_user_property([&is_wanted](const mqtt::UserProperty& each) {
        is_wanted = is_wanted || (each.name == kWanted.name && each.value == kWanted.value);
    });
    return is_wanted;
}

}  // namespace

void answer_for_nobody(ShardContext& context, Session& session, const bus::Message& request) {
    const mqtt::MessageProperties properties{request.properties};
    const mqtt::MessageProperties::Fields fields = properties.fields();
    if (!fields.response_topic || !wants_answer(request.topic.text(), properties)) {
        return;
    }
    const Result<bus::TopicName> topic = bus::TopicName::create(*fields.response_topic);
    if (!topic) {
        return;
    }
    ++context.counters.no_responders;
    const std::vector<std::uint8_t> encoded = mqtt::encode_message_properties(
        {.correlation_data = fields.correlation_data}, std::array{kAnswer});
    context.delivery->to_one(session, {.tenant = request.tenant,
                                       .topic = *topic,
                                       .payload = {},
                                       .properties = encoded,
                                       .qos = request.qos,
                                       .published_at = request.published_at});
}

}  // namespace kith::broker
