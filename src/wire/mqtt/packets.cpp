#include "wire/mqtt/packets.h"

#include <algorithm>
#include <tuple>

namespace kith::mqtt {
namespace {

/// Gives a span the comparison that it lacks.
template <typename T>
struct Content {
    std::span<const T> items;
    friend bool operator==(const Content& a, const Content& b) {
        return std::ranges::equal(a.items, b.items);
    }
};

template <typename T>
Content<T> content(std::span<const T> items) {
    return {items};
}

std::optional<std::string_view> content(const std::optional<Bytes>& bytes) {
    return bytes ? std::optional(as_text(*bytes)) : std::nullopt;
}

auto fields(const Will& p) {
    return std::tuple(p.qos, p.retain, p.topic, content(p.payload), p.will_delay_interval,
                      p.message_expiry_interval, p.properties);
}

auto fields(const Connect& p) {
    return std::tuple(p.version, p.clean_start, p.keep_alive, p.client_id, p.will, p.user_name,
                      content(p.password), p.session_expiry_interval, p.receive_maximum,
                      p.maximum_packet_size, p.topic_alias_maximum, p.request_response_information,
                      p.request_problem_information, p.authentication_method,
                      content(p.authentication_data), p.user_properties);
}

auto fields(const Connack& p) {
    return std::tuple(p.session_present, p.reason_code, p.session_expiry_interval,
                      p.receive_maximum, p.maximum_qos, p.retain_available, p.maximum_packet_size,
                      p.assigned_client_identifier, p.topic_alias_maximum, p.reason_string,
                      p.wildcard_subscription_available, p.subscription_identifiers_available,
                      p.shared_subscription_available, p.server_keep_alive, p.response_information,
                      p.server_reference, p.authentication_method, content(p.authentication_data),
                      p.user_properties);
}

auto fields(const Publish& p) {
    return std::tuple(p.dup, p.qos, p.retain, p.topic, p.packet_id, content(p.payload),
                      p.message_expiry_interval, p.topic_alias, p.properties,
                      content(p.subscription_identifiers));
}

auto fields(const Acknowledgement& p) {
    return std::tuple(p.type, p.packet_id, p.reason_code, p.reason_string, p.user_properties);
}

auto fields(const Subscribe& p) {
    return std::tuple(p.packet_id, p.subscription_identifier, p.user_properties,
                      content(p.subscriptions));
}

auto fields(const Suback& p) {
    return std::tuple(p.packet_id, p.reason_string, p.user_properties, content(p.reason_codes));
}

auto fields(const Unsubscribe& p) {
    return std::tuple(p.packet_id, p.user_properties, content(p.filters));
}

auto fields(const Unsuback& p) {
    return std::tuple(p.packet_id, p.reason_string, p.user_properties, content(p.reason_codes));
}

auto fields(const Disconnect& p) {
    return std::tuple(p.reason_code, p.session_expiry_interval, p.reason_string, p.server_reference,
                      p.user_properties);
}

auto fields(const Auth& p) {
    return std::tuple(p.reason_code, p.authentication_method, content(p.authentication_data),
                      p.reason_string, p.user_properties);
}

}  // namespace

bool operator==(const Will& a, const Will& b) {
    return fields(a) == fields(b);
}

bool operator==(const Connect& a, const Connect& b) {
    return fields(a) == fields(b);
}

bool operator==(const Connack& a, const Connack& b) {
    return fields(a) == fields(b);
}

bool operator==(const Publish& a, const Publish& b) {
    return fields(a) == fields(b);
}

bool operator==(const Acknowledgement& a, const Acknowledgement& b) {
    return fields(a) == fields(b);
}

bool operator==(const Subscribe& a, const Subscribe& b) {
    return fields(a) == fields(b);
}

bool operator==(const Suback& a, const Suback& b) {
    return fields(a) == fields(b);
}

bool operator==(const Unsubscribe& a, const Unsubscribe& b) {
    return fields(a) == fields(b);
}

bool operator==(const Unsuback& a, const Unsuback& b) {
    return fields(a) == fields(b);
}

bool operator==(const Disconnect& a, const Disconnect& b) {
    return fields(a) == fields(b);
}

bool operator==(const Auth& a, const Auth& b) {
    return fields(a) == fields(b);
}

}  // namespace kith::mqtt
