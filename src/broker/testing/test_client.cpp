#include "broker/testing/test_client.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "broker/testing/broker_rig.h"

namespace kith::broker::testing {

TestClient::TestClient(BrokerRig& rig, std::string id) : client_id(std::move(id)), rig_(rig) {}

TestClient::~TestClient() {
    drop();
}

Answered TestClient::connect() {
    const std::size_t before = count(mqtt::PacketType::Connack);
    open_stream();
    settings.client_id = client_id;
    begin();
    const bool is_answered = rig_.world().run_until(
        [&] { return count(mqtt::PacketType::Connack) > before || stream_ == nullptr; }, 30s);
    EXPECT_TRUE(is_answered);
    return count(mqtt::PacketType::Connack) > before ? last(mqtt::PacketType::Connack) : Answered{};
}

Answered TestClient::connect_durable() {
    settings.clean_start = false;
    settings.session_expiry_interval = 0xFFFF'FFFF;
    return connect();
}

void TestClient::open_stream() {
    drop();
    framer_ = mqtt::Framer(256 * 1024 * 1024);
    is_connected_ = false;
    auto stream = rig_.clients().shard(ShardId(0)).network().connect(rig_.address(), *this);
    ASSERT_TRUE(stream.has_value());
    stream_ = std::move(*stream);
    ASSERT_TRUE(rig_.world().run_until([&] { return is_connected_ || stream_ == nullptr; }, 10s));
}

void TestClient::begin() {
    decoder_.set_version(settings.version);
    send(settings);
}

void TestClient::send_raw(Bytes bytes) {
    if (stream_ != nullptr) {
        stream_->send(bytes);
    }
}

Answered TestClient::subscribe(std::string_view filter, Qos qos, mqtt::Subscription options,
                               std::uint32_t identifier) {
    options.filter = filter;
    options.maximum_qos = qos;
    mqtt::Subscribe packet{.packet_id = PacketId(++last_packet_id_)};
    packet.subscriptions = std::span(&options, 1);
    if (identifier != 0) {
        packet.subscription_identifier = identifier;
    }
    send(packet);
    return wait_for(mqtt::PacketType::Suback);
}

Answered TestClient::unsubscribe(std::string_view filter) {
    mqtt::Unsubscribe packet{.packet_id = PacketId(++last_packet_id_)};
    packet.filters = std::span(&filter, 1);
    send(packet);
    return wait_for(mqtt::PacketType::Unsuback);
}

PacketId TestClient::publish(std::string_view topic, std::string_view payload, Qos qos,
                             bool retain) {
    mqtt::Publish packet{
        .qos = qos, .retain = retain, .topic = topic, .payload = as_bytes(payload)};
    if (qos != Qos::AtMostOnce) {
        packet.packet_id = PacketId(++last_packet_id_);
    }
    send(packet);
    return packet.packet_id;
}

void TestClient::acknowledge(mqtt::PacketType type, PacketId packet_id, mqtt::ReasonCode reason) {
    send(mqtt::Acknowledgement{.type = type, .packet_id = packet_id, .reason_code = reason});
}

bool TestClient::wait_closed() {
    return rig_.world().run_until([this] { return stream_ == nullptr; }, 60s);
}

void TestClient::disconnect(mqtt::ReasonCode reason) {
    send(mqtt::Disconnect{.reason_code = reason});
    if (stream_ != nullptr) {
        stream_->close();
    }
    static_cast<void>(rig_.world().run_until([&] { return stream_ == nullptr; }, 10s));
}

void TestClient::drop() {
    if (stream_ != nullptr) {
        stream_->abort();
        stream_.reset();
    }
}

std::vector<std::string> TestClient::payloads() const {
    std::vector<std::string> all;
    for (const Received& message : received) {
        all.push_back(message.payload);
    }
    return all;
}

std::size_t TestClient::count(mqtt::PacketType type) const {
    return counts_[static_cast<std::size_t>(type)];
}

Answered TestClient::last(mqtt::PacketType type) const {
    const auto found = std::find_if(answers.rbegin(), answers.rend(),
                                    [type](const Answered& each) { return each.type == type; });
    EXPECT_NE(found, answers.rend()) << "no " << mqtt::to_string(type);
    return found == answers.rend() ? Answered{} : *found;
}

Answered TestClient::wait_for(mqtt::PacketType type) {
    const std::size_t before = count(type);
    const bool came =
        rig_.world().run_until([&] { return count(type) > before || stream_ == nullptr; }, 30s);
    EXPECT_TRUE(came);
    return count(type) > before ? last(type) : Answered{};
}

void TestClient::on_connected() {
    is_connected_ = true;
}

void TestClient::on_data(MutableBytes bytes) {
    const Status fed = framer_.feed(bytes, [this](const mqtt::Frame& frame) {
        const Result<mqtt::Packet> packet = decoder_.decode(frame);
        EXPECT_TRUE(packet.has_value()) << (packet ? "" : packet.error().text);
        if (packet) {
            on_packet(*packet);
        }
        return true;
    });
    EXPECT_TRUE(fed.has_value());
}

void TestClient::on_closed(const Error&) {
    stream_.reset();
}

void TestClient::on_publish(const mqtt::Publish& packet) {
    Received message{.topic = std::string(packet.topic),
                     .payload = std::string(as_text(packet.payload)),
                     .qos = packet.qos,
                     .retain = packet.retain,
                     .dup = packet.dup,
                     .packet_id = packet.packet_id,
                     .expiry_s = packet.message_expiry_interval,
                     .topic_alias = packet.topic_alias,
                     .identifiers = {packet.subscription_identifiers.begin(),
                                     packet.subscription_identifiers.end()}};
    const mqtt::MessageProperties::Fields fields = packet.properties.fields();
    message.response_topic = fields.response_topic.value_or("");
    message.correlation = as_text(fields.correlation_data.value_or(Bytes{}));
    message.content_type = fields.content_type.value_or("");
    message.payload_format = fields.payload_format_indicator;
    packet.properties.for_each_user_property([&](const mqtt::UserProperty& property) {
        message.user_properties.emplace_back(property.name, property.value);
    });
    received.push_back(std::move(message));
    if (acknowledges && packet.qos == Qos::AtLeastOnce) {
        acknowledge(mqtt::PacketType::Puback, packet.packet_id);
    } else if (acknowledges && packet.qos == Qos::ExactlyOnce) {
        acknowledge(mqtt::PacketType::Pubrec, packet.packet_id);
    }
}

void TestClient::on_packet(const mqtt::Packet& packet) {
    Answered answer;
    if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) {
        on_publish(*publish);
        return;
    }
    if (const auto* connack = std::get_if<mqtt::Connack>(&packet)) {
        answer = {.type = mqtt::PacketType::Connack,
                  .reason = connack->reason_code,
                  .session_present = connack->session_present,
                  .text = std::string(connack->assigned_client_identifier.value_or("")),
                  .session_expiry_s = connack->session_expiry_interval,
                  .receive_maximum = connack->receive_maximum,
                  .topic_alias_maximum = connack->topic_alias_maximum,
                  .maximum_packet_size = connack->maximum_packet_size,
                  .response_information = std::string(connack->response_information.value_or("")),
                  .authentication_method = std::string(connack->authentication_method.value_or("")),
                  .authentication_data =
                      std::string(as_text(connack->authentication_data.value_or(Bytes())))};
    } else if (const auto* auth = std::get_if<mqtt::Auth>(&packet)) {
        answer = {.type = mqtt::PacketType::Auth,
                  .reason = auth->reason_code,
                  .authentication_method = std::string(auth->authentication_method.value_or("")),
                  .authentication_data =
                      std::string(as_text(auth->authentication_data.value_or(Bytes())))};
    } else if (const auto* suback = std::get_if<mqtt::Suback>(&packet)) {
        answer = {.type = mqtt::PacketType::Suback,
                  .packet_id = suback->packet_id,
                  .reasons = {suback->reason_codes.begin(), suback->reason_codes.end()}};
    } else if (const auto* unsuback = std::get_if<mqtt::Unsuback>(&packet)) {
        answer = {.type = mqtt::PacketType::Unsuback,
                  .packet_id = unsuback->packet_id,
                  .reasons = {unsuback->reason_codes.begin(), unsuback->reason_codes.end()}};
    } else if (const auto* disconnect = std::get_if<mqtt::Disconnect>(&packet)) {
        answer = {.type = mqtt::PacketType::Disconnect,
                  .reason = disconnect->reason_code,
                  .text = std::string(disconnect->reason_string.value_or(""))};
    } else if (const auto* acknowledgement = std::get_if<mqtt::Acknowledgement>(&packet)) {
        answer = {.type = acknowledgement->type,
                  .packet_id = acknowledgement->packet_id,
                  .reason = acknowledgement->reason_code};
    }
    ++counts_[static_cast<std::size_t>(answer.type)];
    if (keeps_answers) {
        answers.push_back(answer);
    }
    if (acknowledges && answer.type == mqtt::PacketType::Pubrec && !is_failure(answer.reason)) {
        acknowledge(mqtt::PacketType::Pubrel, answer.packet_id);
    } else if (acknowledges && answer.type == mqtt::PacketType::Pubrel) {
        acknowledge(mqtt::PacketType::Pubcomp, answer.packet_id);
    }
}

}  // namespace kith::broker::testing
