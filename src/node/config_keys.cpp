#include "node/config_keys.h"

#include "runtime/address.h"
#include "runtime/address_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace kith::node {
namespace {

using Get = std::function<std::string(const NodeConfig&)>;

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + "\"";
}

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

/// "64KiB" with the units given; nothing if it is not a number with one of them.
std::optional<std::int64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) {
        return std::nullopt;
    }
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    for (const Unit& each : units) {
        std::int64_t product = 0;
        if (each.name == unit && !__builtin_mul_overflow(number, each.factor, &product)) {
            return product;
        }
    }
    return std::nullopt;
}

constexpr Unit kSizeUnits[] = {
    {"", 1}, {"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}};
constexpr Unit kDurationUnits[] = {
    {"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};

std::optional<std::int64_t> number_of(const ConfigValue& value) {
    if (value.type == KeyType::Integer) {
        return value.integer;
    }
    return value.type == KeyType::Text ? parse_with_unit(value.text, kSizeUnits) : std::nullopt;
}

/// What a key is called and what is said of it.
struct KeyText {
    std::string_view name;
    std::string_view expected;
    std::string_view summary;
};

template <typename T>
struct Range {
    T min;
    T max;
};

/// A key that is a number in `range`. `member(config)` gives a reference to it.
template <typename Member>
ConfigKey integer_key(const KeyText& text, Range<std::int64_t> range, Member member) {
    return {.name = text.name,
            .expected = text.expected,
            .summary = text.summary,
            .set =
                [range, member](NodeConfig& config, const ConfigValue& value) {
                    const std::optional<std::int64_t> number = number_of(value);
                    if (!number || *number < range.min || *number > range.max) {
                        return false;
                    }
                    auto& target = member(config);
                    target = static_cast<std::remove_reference_t<decltype(target)>>(*number);
                    return true;
                },
            .show =
                [member](const NodeConfig& config) {
                    return std::to_string(member(const_cast<NodeConfig&>(config)));
                }};
}

template <typename Member>
ConfigKey boolean_key(std::string_view name, std::string_view summary, Member member) {
    return {.name = name,
            .expected = "true or false",
            .summary = summary,
            .set =
                [member](NodeConfig& config, const ConfigValue& value) {
                    if (value.type == KeyType::Boolean) {
                        member(config) = value.boolean;
                    } else if (value.text == "true" || value.text == "false") {
                        member(config) = value.text == "true";
                    } else {
                        return false;
                    }
                    return true;
                },
            .show =
                [member](const NodeConfig& config) {
                    return member(const_cast<NodeConfig&>(config)) ? "true" : "false";
                }};
}

template <typename Member>
ConfigKey text_key(std::string_view name, std::string_view expected, std::string_view summary,
                   Member member) {
    return {.name = name,
            .expected = expected,
            .summary = summary,
            .set =
                [member](NodeConfig& config, const ConfigValue& value) {
                    if (value.type != KeyType::Text) {
                        return false;
                    }
                    member(config) = value.text;
                    return true;
                },
            .show =
                [member](const NodeConfig& config) {
                    return quoted(member(const_cast<NodeConfig&>(config)));
                }};
}

template <typename Member>
ConfigKey address_key(std::string_view name, std::string_view summary, Member member) {
    ConfigKey key = text_key(name, "\"ADDRESS:PORT\" or \"off\"", summary, member);
    key.set = [member](NodeConfig& config, const ConfigValue& value) {
        const bool is_valid =
            value.type == KeyType::Text &&
            (value.text == "off" || runtime::SocketAddress::parse(value.text).has_value());
        if (is_valid) {
            member(config) = value.text;
        }
        return is_valid;
    };
    return key;
}

/// A key that is a duration, written "50ms" or "10s".
template <typename Member>
ConfigKey duration_key(const KeyText& text, Range<Duration> range, Member member) {
    return {
        .name = text.name,
        .expected = text.expected,
        .summary = text.summary,
        .set =
            [range, member](NodeConfig& config, const ConfigValue& value) {
                const std::optional<std::int64_t> ms =
                    value.type == KeyType::Text ? parse_with_unit(value.text, kDurationUnits)
                                                : std::nullopt;
                if (!ms || *ms < to_ms(range.min) || *ms > to_ms(range.max)) {
                    return false;
                }
                member(config) = std::chrono::milliseconds(*ms);
                return true;
            },
        .show =
            [member](const NodeConfig& config) {
                return quoted(fmt::format("{}ms", to_ms(member(const_cast<NodeConfig&>(config)))));
            }};
}

constexpr std::pair<std::string_view, LogLevel> kLogLevels[] = {
    {"trace", LogLevel::Trace}, {"debug", LogLevel::Debug}, {"info", LogLevel::Info},
    {"warn", LogLevel::Warn},   {"error", LogLevel::Error}, {"off", LogLevel::Off}};

ConfigKey log_level_key() {
    return {.name = "log.level",
            .expected = R"("trace", "debug", "info", "warn", "error" or "off")",
            .summary = "The least important lines that are logged.",
            .is_reloadable = true,
            .set =
                [](NodeConfig& config, const ConfigValue& value) {
                    for (const auto& [text, level] : kLogLevels) {
                        if (value.type == KeyType::Text && value.text == text) {
                            config.log_level = level;
                            return true;
                        }
                    }
                    return false;
                },
            .show = [](const NodeConfig& config) { return quoted(to_string(config.log_level)); }};
}

ConfigKey log_format_key() {
    return {.name = "log.format",
            .expected = R"("text" or "json")",
            .summary = "How a line looks: for people, or one JSON object a line.",
            .set =
                [](NodeConfig& config, const ConfigValue& value) {
                    config.log_format = value.text == "json" ? LogFormat::Json : LogFormat::Text;
                    return value.text == "json" || value.text == "text";
                },
            .show =
                [](const NodeConfig& config) {
                    return quoted(config.log_format == LogFormat::Json ? "json" : "text");
                }};
}

/// A key that is a list of texts, of which each must be `is_good`; a single one may stand alone.
template <typename Member>
ConfigKey list_key(const KeyText& text, bool (*is_good)(const std::string&), Member member) {
    return {.name = text.name,
            .expected = text.expected,
            .summary = text.summary,
            .set =
                [is_good, member](NodeConfig& config, const ConfigValue& value) {
                    const bool is_list = value.type == KeyType::TextList;
                    if (!is_list && value.type != KeyType::Text) {
                        return false;
                    }
                    const std::vector<std::string> list =
                        is_list ? value.list : std::vector<std::string>{value.text};
                    member(config) = list;
                    return std::ranges::all_of(list, is_good);
                },
            .show =
                [member](const NodeConfig& config) {
                    std::string out = "[";
                    for (const std::string& name : member(const_cast<NodeConfig&>(config))) {
                        out += (out.size() > 1 ? ", " : "") + quoted(name);
                    }
                    return out + "]";
                }};
}

template <typename T>
struct Choice {
    std::string_view text;
    T value;
};

/// A key that is one of a few words.
template <typename T, std::size_t N, typename Member>
ConfigKey choice_key(const KeyText& text, const Choice<T> (&choices)[N], Member member) {
    const std::span<const Choice<T>> all(choices);  // constants: they outlive the key
    return {.name = text.name,
            .expected = text.expected,
            .summary = text.summary,
            .set =
                [all, member](NodeConfig& config, const ConfigValue& value) {
                    for (const Choice<T>& choice : all) {
                        if (value.type == KeyType::Text && value.text == choice.text) {
                            member(config) = choice.value;
                            return true;
                        }
                    }
                    return false;
                },
            .show =
                [all, member](const NodeConfig& config) {
                    const T now = member(const_cast<NodeConfig&>(config));
                    const auto found = std::ranges::find(all, now, &Choice<T>::value);
                    return quoted(found->text);
                }};
}

constexpr Choice<bool> kProxyChoices[] = {{"off", false}, {"required", true}};
constexpr Choice<access::CertificateName> kCertificateNames[] = {
    {"off", access::CertificateName::Off},
    {"cn", access::CertificateName::CommonName},
    {"san_dns", access::CertificateName::DnsName},
    {"san_uri", access::CertificateName::UriName}};

bool is_any_text(const std::string&) {
    return true;
}

bool is_address_range(const std::string& text) {
    return runtime::AddressRange::parse(text).has_value();
}

#define MEMBER(path)                   \
    [](NodeConfig & config) -> auto& { \
        return config.path;            \
    }

void add_node_keys(std::vector<ConfigKey>& keys) {
    keys.push_back(text_key("name", "text", "The node's name, as people see it. Empty: the host's.",
                            MEMBER(name)));
    keys.push_back(
        text_key("data", "a directory",
                 "Where the node keeps everything; made with mode 0700 if it is missing.",
                 MEMBER(data_directory)));
    keys.push_back(list_key(
        {"names", "a list of host names and addresses",
         "Names by which the node is reached, besides localhost and the host's own: HTTP answers "
         "to these, and its certificate is made for them."},
        &is_any_text, MEMBER(names)));
    keys.push_back(
        integer_key({"workers", "0 to 64",
                     "Shards, each a thread with its own share of the clients. 0: one a core, "
                     "4 at most."},
                    {0, 64}, MEMBER(workers)));
    keys.push_back(log_level_key());
    keys.push_back(log_format_key());
    keys.push_back(text_key("backup.directory", "a directory",
                            "Where backups that are asked for over HTTP are kept; made with mode "
                            "0700 if it is missing. Empty: `backups` in the data directory.",
                            MEMBER(backup_directory)));
    keys.push_back(
        integer_key({"backup.kept", "1 to 1000", "So many of them are kept; the oldest make room."},
                    {1, 1000}, MEMBER(backups_kept)));
}

void add_listener_keys(std::vector<ConfigKey>& keys) {
    keys.push_back(address_key("mqtt.address", "MQTT over TCP.", MEMBER(mqtt.address)));
    keys.push_back(boolean_key("mqtt.insecure",
                               "Allow mqtt.address to be reached from other hosts, without TLS.",
                               MEMBER(mqtt.insecure)));
    keys.push_back(boolean_key("mqtt.anonymous",
                               "Let clients on this host connect over raw TCP without credentials.",
                               MEMBER(anonymous)));
    keys.push_back(address_key("mqtts.address", "MQTT over TLS.", MEMBER(mqtts.address)));
    keys.push_back(address_key("http.address", "Console, API and MQTT over WebSocket (/mqtt).",
                               MEMBER(http.address)));
    keys.push_back(boolean_key("http.insecure",
                               "Serve other hosts without TLS; passwords then travel in the clear.",
                               MEMBER(http.insecure)));
    keys.push_back(text_key("tls.certificate", "a PEM file",
                            "Certificate chain, leaf first. Empty: the node makes its own.",
                            MEMBER(tls_certificate_file)));
    keys.push_back(
        text_key("tls.key", "a PEM file", "The certificate's private key.", MEMBER(tls_key_file)));
    keys.push_back(text_key("tls.client_ca", "a PEM file",
                            "Authorities whose client certificates are believed, beside the "
                            "node's own.",
                            MEMBER(tls_client_ca_file)));
    keys.push_back(text_key("tls.client_crl", "a PEM file",
                            "Revoked certificates of tls.client_ca: a list of each authority in "
                            "it, or none of its certificates is believed.",
                            MEMBER(tls_client_crl_file)));
}

void add_proxy_keys(std::vector<ConfigKey>& keys) {
    const auto add = [&keys](std::string_view name, auto member) {
        keys.push_back(choice_key({name, R"("off" or "required")",
                                   "Connections begin with a header of the PROXY protocol, version "
                                   "1 or 2, and come from proxy.trusted; others are refused."},
                                  kProxyChoices, member));
    };
    add("mqtt.proxy_protocol", MEMBER(mqtt.proxy_protocol));
    add("mqtts.proxy_protocol", MEMBER(mqtts.proxy_protocol));
    add("http.proxy_protocol", MEMBER(http.proxy_protocol));
    keys.push_back(list_key({"proxy.trusted", R"(a list of addresses and ranges, "10.0.0.0/8")",
                             "Proxies that are believed: their PROXY headers, and over HTTP their "
                             "Forwarded and X-Forwarded-For."},
                            &is_address_range, MEMBER(proxy_trusted)));
}

void add_access_keys(std::vector<ConfigKey>& keys) {
    keys.push_back(
        choice_key({"access.certificate_machine", R"("cn", "san_dns", "san_uri" or "off")",
                    "What in a certificate of tls.client_ca names the machine. \"off\": "
                    "only certificates that were mapped one by one are let in."},
                   kCertificateNames, MEMBER(certificate_machine)));
    keys.push_back(text_key("access.jwks_file", "a file",
                            "A JWK set with the keys that sign JSON web tokens; read again when it "
                            "changes. Empty: such tokens open nothing.",
                            MEMBER(jwks_file)));
    keys.push_back(text_key("access.jwt_issuer", "text", "What `iss` in such a token must be.",
                            MEMBER(jwt_issuer)));
    keys.push_back(text_key("access.jwt_audience", "text",
                            "What `aud` in such a token must be, or contain.",
                            MEMBER(jwt_audience)));
    keys.push_back(text_key("access.jwt_machine_claim", "a claim",
                            "The claim that names the machine of a token with the role machine.",
                            MEMBER(jwt_machine_claim)));
}

ConfigKey over_rate_key() {
    return {
        .name = "mqtt.over_rate",
        .expected = R"("delay" or "disconnect")",
        .summary =
            "What happens to a client that is faster than its rates: it is read more "
            "slowly, or disconnected (MQTT 5: 0x96).",
        .is_reloadable = true,
        .set =
            [](NodeConfig& config, const ConfigValue& value) {
                config.broker.over_rate = value.text == "disconnect" ? broker::OverRate::Disconnect
                                                                     : broker::OverRate::Delay;
                return value.type == KeyType::Text &&
                       (value.text == "delay" || value.text == "disconnect");
            },
        .show =
            [](const NodeConfig& config) {
                return quoted(config.broker.over_rate == broker::OverRate::Delay ? "delay"
                                                                                 : "disconnect");
            }};
}

/// Limits of the node and of its clients that have to do with how much and how fast.
void add_overload_keys(std::vector<ConfigKey>& keys) {
    constexpr std::int64_t kBytesMax = 1'099'511'627'776;
    constexpr std::int64_t kCountMax = 100'000'000;
    constexpr std::int64_t kRateMax = 4'294'967'295;
    constexpr std::string_view kRate = "0 to 4294967295";
    constexpr std::string_view kByteRate = "0 to 1099511627776, or \"1MiB\"";
    keys.push_back(integer_key(
        {"mqtt.queued_bytes_max", "0 to 1099511627776, or \"512MiB\"",
         "Memory of all that waits: queues, output, packets in part, uncommitted changes. As it "
         "fills, whoever holds most waits or loses first. 0: a quarter of the memory that the "
         "node may use, 16 MiB to 8 GiB."},
        {0, kBytesMax}, MEMBER(broker.queued_bytes_max)));
    keys.push_back(integer_key({"mqtt.pending_connections_max", "1 to 100000000",
                                "Connections at a time that have not been let in yet; more are "
                                "closed at once."},
                               {1, kCountMax}, MEMBER(broker.pending_connections_max)));
    keys.push_back(integer_key({"mqtt.pending_bytes_max", "65536 to 1099511627776, or \"64MiB\"",
                                "Bytes that these may make the node hold, together."},
                               {65'536, kBytesMax}, MEMBER(broker.pending_bytes_max)));
    keys.push_back(integer_key({"mqtt.subscriptions_max", "1 to 100000000",
                                "Subscriptions of the node; more are refused."},
                               {1, kCountMax}, MEMBER(broker.subscriptions_max)));
    keys.push_back(integer_key({"mqtt.subscribe_filters_max", "1 to 100000000",
                                "Filters that one SUBSCRIBE may ask for; more are refused."},
                               {1, kCountMax}, MEMBER(broker.subscribe_filters_max)));
    keys.push_back(integer_key(
        {"mqtt.topic_levels_max", "1 to 32",
         "Levels of a topic or filter; messages and subscriptions with more are refused."},
        {1, 32}, MEMBER(broker.topic_levels_max)));
    keys.push_back(integer_key({"mqtt.client_topics_max", "1 to 100000000",
                                "Topics that a shard remembers for one client; it may publish to "
                                "more, a little more slowly."},
                               {1, kCountMax}, MEMBER(broker.client_topics_max)));
    keys.push_back(integer_key({"mqtt.will_bytes_max", "0 to 268435455, or \"128KiB\"",
                                "Largest will, with topic and properties; who has a larger one is "
                                "refused."},
                               {0, 268'435'455}, MEMBER(broker.will_bytes_max)));
    keys.push_back(integer_key({"mqtt.wills_bytes_max", "0 to 1099511627776, or \"256MiB\"",
                                "Bytes of all wills; clients with more are refused."},
                               {0, kBytesMax}, MEMBER(broker.wills_bytes_max)));
    keys.push_back(integer_key({"mqtt.client_messages_per_s_max", kRate,
                                "PUBLISH packets of one client a second; 0 is no limit."},
                               {0, kRateMax}, MEMBER(broker.client_messages_per_s_max)));
    keys.push_back(integer_key({"mqtt.client_bytes_per_s_max", kByteRate,
                                "Bytes that one client sends a second; 0 is no limit."},
                               {0, kBytesMax}, MEMBER(broker.client_bytes_per_s_max)));
    keys.push_back(integer_key({"mqtt.client_retained_per_s_max", kRate,
                                "Retained messages that one client stores a second; more are "
                                "refused. 0 is no limit."},
                               {0, kRateMax}, MEMBER(broker.client_retained_per_s_max)));
    keys.push_back(integer_key({"mqtt.listener_messages_per_s_max", kRate,
                                "PUBLISH packets a second of all clients of one listener (TCP, "
                                "TLS, WebSocket); 0 is no limit."},
                               {0, kRateMax}, MEMBER(broker.listener_messages_per_s_max)));
    keys.push_back(integer_key({"mqtt.listener_bytes_per_s_max", kByteRate, "The same in bytes."},
                               {0, kBytesMax}, MEMBER(broker.listener_bytes_per_s_max)));
    keys.push_back(over_rate_key());
    keys.push_back(integer_key({"mqtt.connects_per_s_max", kRate,
                                "CONNECTs of the node a second; more are refused (0x9F). 0 is no "
                                "limit."},
                               {0, kRateMax}, MEMBER(broker.connects_per_s_max)));
    keys.push_back(integer_key({"mqtt.address_connects_per_s_max", kRate,
                                "CONNECTs of one address a second (of IPv6, the first 64 bits); "
                                "0 is no limit."},
                               {0, kRateMax}, MEMBER(broker.address_connects_per_s_max)));
    keys.push_back(integer_key({"mqtt.address_failed_connects_per_min_max", kRate,
                                "How often a minute clients of one address may fail to be let in "
                                "before all of it is refused for a while; 0 is no limit."},
                               {0, kRateMax}, MEMBER(broker.address_failed_connects_per_min_max)));
}

/// What SIGHUP applies: all of the broker but what clients have been told when they connected.
void mark_reloadable(std::vector<ConfigKey>& keys) {
    constexpr std::string_view kFixed[] = {"mqtt.address",
                                           "mqtt.insecure",
                                           "mqtt.anonymous",
                                           "mqtt.packet_bytes_max",
                                           "mqtt.receive_maximum",
                                           "mqtt.topic_alias_maximum",
                                           "mqtt.sys_interval",
                                           "mqtt.inflight_messages_max",
                                           "mqtt.session_expiry_interval_max_s"};
    for (ConfigKey& key : keys) {
        if (key.name.starts_with("mqtt.") &&
            std::ranges::find(kFixed, key.name) == std::end(kFixed)) {
            key.is_reloadable = true;
        }
    }
}

constexpr Choice<broker::DeniedPublish> kDeniedPublish[] = {
    {"drop", broker::DeniedPublish::Drop}, {"disconnect", broker::DeniedPublish::Disconnect}};

void add_role_keys(std::vector<ConfigKey>& keys) {
    ConfigKey file = text_key("access.acl_file", "a file",
                              "Topic roles: a line \"role NAME\", then its rules, and so on. They "
                              "stand before those of the same name that were made otherwise.",
                              MEMBER(acl_file));
    file.is_reloadable = true;
    keys.push_back(std::move(file));
    ConfigKey denied = choice_key({"access.denied_publish", R"("drop" or "disconnect")",
                                   "What becomes of a client that publishes what its roles do not "
                                   "allow: its message is dropped, or its connection ends."},
                                  kDeniedPublish, MEMBER(broker.denied_publish));
    denied.is_reloadable = true;
    keys.push_back(std::move(denied));
}

void add_limit_keys(std::vector<ConfigKey>& keys) {
    keys.push_back(integer_key({"mqtt.packet_bytes_max", "1024 to 268435455, or \"1MiB\"",
                                "Largest packet taken; larger ones end the connection."},
                               {1024, 268'435'455}, MEMBER(broker.packet_bytes_max)));
    keys.push_back(integer_key({"mqtt.connections_max", "1 to 10000000",
                                "Connections of the node; more are closed at once."},
                               {1, 10'000'000}, MEMBER(broker.connections_max)));
    keys.push_back(integer_key(
        {"mqtt.sessions_max", "1 to 100000000", "Sessions, connected or not; more are refused."},
        {1, 100'000'000}, MEMBER(broker.sessions_max)));
    keys.push_back(integer_key({"mqtt.session_queue_messages_max", "1 to 10000000",
                                "Messages that may wait for one session; more are dropped for it."},
                               {1, 10'000'000}, MEMBER(broker.session_queue_messages_max)));
    keys.push_back(
        integer_key({"mqtt.session_queue_bytes_max", "1024 to 1099511627776, or \"64MiB\"",
                     "The same in bytes; whichever comes first."},
                    {1024, 1'099'511'627'776}, MEMBER(broker.session_queue_bytes_max)));
    keys.push_back(
        integer_key({"mqtt.session_window_messages_max", "1 to 32000",
                     "Of these, in memory for a durable session; the others are on disk only."},
                    {1, 32'000}, MEMBER(broker.session_window_messages_max)));
    keys.push_back(integer_key(
        {"mqtt.queue_memory_bytes_max", "0 to 1099511627776, or \"256MiB\"",
         "Waiting messages of all durable sessions in memory; others are on disk only."},
        {0, 1'099'511'627'776}, MEMBER(broker.queue_memory_bytes_max)));
    keys.push_back(integer_key({"mqtt.inflight_messages_max", "1 to 60000",
                                "QoS 1 and 2 messages under way to one client at a time."},
                               {1, 60'000}, MEMBER(broker.inflight_messages_max)));
    keys.push_back(
        integer_key({"mqtt.receive_maximum", "1 to 65535",
                     "QoS 1 and 2 messages that one client may have under way to the node."},
                    {1, 65'535}, MEMBER(broker.receive_maximum)));
    keys.push_back(integer_key(
        {"mqtt.topic_alias_maximum", "0 to 65535", "Topic aliases a connection may use, each way."},
        {0, 65'535}, MEMBER(broker.topic_alias_maximum)));
    keys.push_back(integer_key({"mqtt.subscriptions_per_session_max", "1 to 1000000",
                                "Subscriptions of one session; more are refused."},
                               {1, 1'000'000}, MEMBER(broker.subscriptions_per_session_max)));
    keys.push_back(integer_key({"mqtt.retained_messages_max", "0 to 100000000",
                                "Retained messages of the node; more are refused."},
                               {0, 100'000'000}, MEMBER(broker.retained_messages_max)));
    keys.push_back(integer_key({"mqtt.retained_bytes_max", "0 to 1099511627776, or \"1GiB\"",
                                "The same in bytes; whichever comes first."},
                               {0, 1'099'511'627'776}, MEMBER(broker.retained_bytes_max)));
    keys.push_back(
        integer_key({"mqtt.topics_max", "1000 to 10000000",
                     "Topics the node remembers with route and last value; no limit on use."},
                    {1000, 10'000'000}, MEMBER(broker.topics_max)));
    keys.push_back(integer_key({"mqtt.session_expiry_interval_max_s", "0 to 4294967295",
                                "Longest time, in seconds, that a session outlives its connection; "
                                "4294967295 is for ever."},
                               {0, 4'294'967'295}, MEMBER(broker.session_expiry_interval_max_s)));
    keys.push_back(duration_key({"mqtt.connect_timeout", "\"100ms\" to \"10min\"",
                                 "How long a connection may take to send CONNECT and be let in."},
                                {100ms, 10min}, MEMBER(broker.connect_timeout)));
    keys.push_back(
        duration_key({"mqtt.slow_consumer_hold", "\"0ms\" to \"10s\"",
                      "How long publishers wait for a subscriber that cannot keep up before "
                      "QoS 0 messages to it are dropped."},
                     {0ms, 10s}, MEMBER(broker.slow_consumer_hold)));
    keys.push_back(
        duration_key({"mqtt.full_queue_hold", "\"0ms\" to \"1min\"",
                      "How long publishers wait for a connected subscriber whose queue is nearly "
                      "full before QoS 1 and 2 messages beyond it are dropped."},
                     {0ms, 1min}, MEMBER(broker.full_queue_hold)));
    keys.push_back(duration_key(
        {"mqtt.sys_interval", "\"0ms\" to \"1h\"", "How often $SYS is published; \"0ms\" never."},
        {0ms, 1h}, MEMBER(broker.sys_interval)));
}

#undef MEMBER

}  // namespace

std::span<const ConfigKey> config_keys() {
    // Made once, at first use: the table is constant and has no order of initialisation to fear.
    static const std::vector<ConfigKey> keys = [] {
        std::vector<ConfigKey> all;
        add_node_keys(all);
        add_listener_keys(all);
        add_proxy_keys(all);
        add_access_keys(all);
        add_role_keys(all);
        add_limit_keys(all);
        add_overload_keys(all);
        mark_reloadable(all);
        return all;
    }();
    return keys;
}

}  // namespace kith::node
