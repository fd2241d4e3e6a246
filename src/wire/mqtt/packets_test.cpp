// Equality of packets: other tests rely on it to see every field.
#include "wire/mqtt/packets.h"

#include "wire/mqtt/testing/codec_testing.h"
#include "wire/mqtt/testing/random_packets.h"

namespace kith::mqtt {
namespace {

using namespace testing;

/// Checks that a copy is equal, and no longer is after any one of the changes.
template <typename P>
void expect_every_change_shows(const std::vector<void (*)(P&)>& changes) {
    const P original{};
    EXPECT_TRUE(original == P{original});
    for (std::size_t i = 0; i < changes.size(); ++i) {
        P changed = original;
        changes[i](changed);
        EXPECT_FALSE(original == changed) << "change " << i;
    }
}

const Buffer kRun{0x26, 0, 1, 'k', 0, 1, 'v'};
const std::vector<std::uint32_t> kIdentifiers{1};
const std::vector<ReasonCode> kCodes{ReasonCode::Success};
const std::vector<Subscription> kSubscriptions{Subscription{.filter = "f"}};
const std::vector<std::string_view> kFilters{"f"};

TEST(PacketEquality, SeesEveryFieldOfConnectAndConnack) {
    expect_every_change_shows<Connect>({
        [](Connect& p) { p.version = Version::V31; },
        [](Connect& p) { p.clean_start = false; },
        [](Connect& p) { p.keep_alive = 1; },
        [](Connect& p) { p.client_id = "x"; },
        [](Connect& p) { p.will.emplace(); },
        [](Connect& p) { p.user_name = ""; },
        [](Connect& p) { p.password = Bytes(); },
        [](Connect& p) { p.session_expiry_interval = 1; },
        [](Connect& p) { p.receive_maximum = 1; },
        [](Connect& p) { p.maximum_packet_size = 1; },
        [](Connect& p) { p.topic_alias_maximum = 1; },
        [](Connect& p) { p.request_response_information = true; },
        [](Connect& p) { p.request_problem_information = false; },
        [](Connect& p) { p.authentication_method = ""; },
        [](Connect& p) { p.authentication_data = Bytes(); },
        [](Connect& p) { p.user_properties = UserProperties(kRun); },
    });
    expect_every_change_shows<Will>({
        [](Will& w) { w.qos = Qos::ExactlyOnce; },
        [](Will& w) { w.retain = true; },
        [](Will& w) { w.topic = "x"; },
        [](Will& w) { w.payload = kRun; },
        [](Will& w) { w.will_delay_interval = 1; },
        [](Will& w) { w.message_expiry_interval = 0; },
        [](Will& w) { w.properties.encoded = kRun; },
    });
    expect_every_change_shows<Connack>({
        [](Connack& p) { p.session_present = true; },
        [](Connack& p) { p.reason_code = ReasonCode::Banned; },
        [](Connack& p) { p.session_expiry_interval = 0; },
        [](Connack& p) { p.receive_maximum = 1; },
        [](Connack& p) { p.maximum_qos = Qos::AtMostOnce; },
        [](Connack& p) { p.retain_available = false; },
        [](Connack& p) { p.maximum_packet_size = 1; },
        [](Connack& p) { p.assigned_client_identifier = ""; },
        [](Connack& p) { p.topic_alias_maximum = 0; },
        [](Connack& p) { p.reason_string = ""; },
        [](Connack& p) { p.wildcard_subscription_available = false; },
        [](Connack& p) { p.subscription_identifiers_available = false; },
        [](Connack& p) { p.shared_subscription_available = false; },
        [](Connack& p) { p.server_keep_alive = 0; },
        [](Connack& p) { p.response_information = ""; },
        [](Connack& p) { p.server_reference = ""; },
        [](Connack& p) { p.authentication_method = ""; },
        [](Connack& p) { p.authentication_data = Bytes(); },
        [](Connack& p) { p.user_properties = UserProperties(kRun); },
    });
}

TEST(PacketEquality, SeesEveryFieldOfMessages) {
    expect_every_change_shows<Publish>({
        [](Publish& p) { p.dup = true; },
        [](Publish& p) { p.qos = Qos::AtLeastOnce; },
        [](Publish& p) { p.retain = true; },
        [](Publish& p) { p.topic = "x"; },
        [](Publish& p) { p.packet_id = PacketId(1); },
        [](Publish& p) { p.payload = kRun; },
        [](Publish& p) { p.message_expiry_interval = 0; },
        [](Publish& p) { p.topic_alias = 1; },
        [](Publish& p) { p.properties.encoded = kRun; },
        [](Publish& p) { p.subscription_identifiers = kIdentifiers; },
    });
    expect_every_change_shows<Acknowledgement>({
        [](Acknowledgement& p) { p.type = PacketType::Pubrec; },
        [](Acknowledgement& p) { p.packet_id = PacketId(1); },
        [](Acknowledgement& p) { p.reason_code = ReasonCode::QuotaExceeded; },
        [](Acknowledgement& p) { p.reason_string = ""; },
        [](Acknowledgement& p) { p.user_properties = UserProperties(kRun); },
    });
}

TEST(PacketEquality, SeesEveryFieldOfSubscriptions) {
    expect_every_change_shows<Subscription>({
        [](Subscription& s) { s.filter = "x"; },
        [](Subscription& s) { s.maximum_qos = Qos::AtLeastOnce; },
        [](Subscription& s) { s.no_local = true; },
        [](Subscription& s) { s.retain_as_published = true; },
        [](Subscription& s) { s.retain_handling = RetainHandling::DoNotSend; },
    });
    expect_every_change_shows<Subscribe>({
        [](Subscribe& p) { p.packet_id = PacketId(1); },
        [](Subscribe& p) { p.subscription_identifier = 1; },
        [](Subscribe& p) { p.user_properties = UserProperties(kRun); },
        [](Subscribe& p) { p.subscriptions = kSubscriptions; },
    });
    expect_every_change_shows<Suback>({
        [](Suback& p) { p.packet_id = PacketId(1); },
        [](Suback& p) { p.reason_string = ""; },
        [](Suback& p) { p.user_properties = UserProperties(kRun); },
        [](Suback& p) { p.reason_codes = kCodes; },
    });
    expect_every_change_shows<Unsubscribe>({
        [](Unsubscribe& p) { p.packet_id = PacketId(1); },
        [](Unsubscribe& p) { p.user_properties = UserProperties(kRun); },
        [](Unsubscribe& p) { p.filters = kFilters; },
    });
    expect_every_change_shows<Unsuback>({
        [](Unsuback& p) { p.packet_id = PacketId(1); },
        [](Unsuback& p) { p.reason_string = ""; },
        [](Unsuback& p) { p.user_properties = UserProperties(kRun); },
        [](Unsuback& p) { p.reason_codes = kCodes; },
    });
}

TEST(PacketEquality, SeesEveryFieldOfEndings) {
    expect_every_change_shows<Disconnect>({
        [](Disconnect& p) { p.reason_code = ReasonCode::Banned; },
        [](Disconnect& p) { p.session_expiry_interval = 0; },
        [](Disconnect& p) { p.reason_string = ""; },
        [](Disconnect& p) { p.server_reference = ""; },
        [](Disconnect& p) { p.user_properties = UserProperties(kRun); },
    });
    expect_every_change_shows<Auth>({
        [](Auth& p) { p.reason_code = ReasonCode::ReAuthenticate; },
        [](Auth& p) { p.authentication_method = ""; },
        [](Auth& p) { p.authentication_data = Bytes(); },
        [](Auth& p) { p.reason_string = ""; },
        [](Auth& p) { p.user_properties = UserProperties(kRun); },
    });
    EXPECT_TRUE(Pingreq{} == Pingreq{});
    EXPECT_TRUE(Pingresp{} == Pingresp{});
}

}  // namespace
}  // namespace kith::mqtt
