#include "api/testing/api_rig.h"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "access/names.h"
#include "api/testing/schema_check.h"

namespace kith::api {
namespace {

constexpr std::uint16_t kPort = 8080;
constexpr std::string_view kHost = "gw-1:8080";

std::string to_lower(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

bool has_body(int status) {
    return status >= 200 && status != 204 && status != 304;
}

}  // namespace

std::string Answer::code() const {
    const auto value = nlohmann::json::parse(body, nullptr, false);
    return value.is_object() ? value.value("code", "") : "";
}

std::string to_text(const Sent& sent, const std::string& default_host) {
    std::string text = sent.method + " " + sent.target +
                       " HTTP/1.1\r\nHost: " + sent.host.value_or(default_host) + "\r\n";
    for (const auto& [name, value] : sent.headers) {
        text.append(name).append(": ").append(value).append("\r\n");
    }
    if (!sent.body.empty()) {
        text += "Content-Length: " + std::to_string(sent.body.size()) + "\r\n";
    }
    return text + "\r\n" + sent.body;
}

TestClient::TestClient(runtime::Shard& shard, const runtime::SocketAddress& to) {
    auto connecting = shard.network().connect(to, *this);
    stream = std::move(connecting.value());
}

void TestClient::on_data(MutableBytes bytes) {
    if (when_data) {
        when_data(bytes);
    } else {
        received.append(as_text(bytes));
    }
}

std::optional<Answer> TestClient::take_answer(bool is_head) {
    const std::size_t end = received.find("\r\n\r\n");
    if (end == std::string::npos) {
        return std::nullopt;
    }
    Answer answer;
    answer.status = std::stoi(received.substr(9, 3));
    std::size_t at = received.find("\r\n") + 2;
    while (at < end) {
        const std::size_t line_end = received.find("\r\n", at);
        const std::string line = received.substr(at, line_end - at);
        const std::size_t colon = line.find(": ");
        answer.headers[to_lower(line.substr(0, colon))] = line.substr(colon + 2);
        at = line_end + 2;
    }
    const std::size_t body_at = end + 4;
    std::size_t length = 0;
    if (has_body(answer.status) && !is_head) {
        length = std::stoul(answer.headers.at("content-length"));
    }
    if (received.size() < body_at + length) {
        return std::nullopt;
    }
    answer.body = received.substr(body_at, length);
    received.erase(0, body_at + length);
    return answer;
}

std::vector<std::pair<std::string, std::string>> Credential::headers() const {
    std::vector<std::pair<std::string, std::string>> headers;
    if (!cookie.empty()) {
        headers.emplace_back("Cookie", "other=1; kith_session=" + cookie);
        headers.emplace_back("X-Kith-Token", csrf_token);
    }
    if (!token.empty()) {
        headers.emplace_back("Authorization", "Bearer " + token);
    }
    return headers;
}

ApiRig::ApiRig(std::function<void(ApiRig&)> prepare) {
    backend.facts.name = "gw-1";
    backend.facts.version = "0.0.0";
    backend.facts.started_at = shard().wall_now();
    options.hosts = {"gw-1"};
    options.ca_pem = "-----BEGIN CERTIFICATE-----\n";
    if (prepare) {
        prepare(*this);
    }
    EXPECT_TRUE(access.start().has_value());
    client_host = &world().add_host("client", 1, access.log);
    server = std::make_unique<ApiServer>(
        ApiParts{.shard = shard(),
                 .backend = backend,
                 .registry = access.registry,
                 .sign_in = access.sign_in,
                 .accounts = access.accounts,
                 .passwords = access.passwords,
                 .sessions = access.sessions,
                 .certificates = access.certificates,
                 .authenticator = access.authenticators[0],
                 .accept_mqtt =
                     [this](std::unique_ptr<runtime::Stream> stream,
                            broker::AcceptOptions accept_options) {
                         if (when_mqtt) {
                             when_mqtt(*stream);
                         }
                         accepted_mqtt.push_back({std::move(stream), std::move(accept_options)});
                     },
                 .ticks_us = [this] { return ticks_us += 1500; },
                 .backups = backups,
                 .mesh_office = mesh_office,
                 .open_mesh_forward =
                     [this](const std::string& to, auto done) {
                         if (open_mesh_forward) {
                             open_mesh_forward(to, std::move(done));
                         } else {
                             done(tl::unexpected(MeshForwardRefusal{.text = "no mesh"}));
                         }
                     }},
        options);
    run_on(shard(), [this] {
        server->start();
        auto opened = shard().network().listen({.address = access.host.address(kPort)}, *this);
        listener_ = std::move(opened.value());
    });
}

ApiRig::~ApiRig() {
    accepted_mqtt.clear();
    server.reset();
}

void ApiRig::run_on(runtime::Shard& shard, const std::function<void()>& action) {
    bool is_done = false;
    shard.post_completion(runtime::make_mail([&](runtime::Shard&) {
        action();
        is_done = true;
    }));
    ASSERT_TRUE(run_until([&] { return is_done; }));
}

std::unique_ptr<TestClient> ApiRig::connect() {
    std::unique_ptr<TestClient> client;
    run_on(client_shard(), [&] {
        client = std::make_unique<TestClient>(client_shard(), access.host.address(kPort));
    });
    return client;
}

Answer ApiRig::await_answer(TestClient& client, bool is_head) {
    std::optional<Answer> answer;
    EXPECT_TRUE(run_until([&] {
        answer = client.take_answer(is_head);
        return answer.has_value() || client.is_closed;
    }));
    EXPECT_TRUE(answer.has_value()) << "closed without an answer";
    return answer.value_or(Answer());
}

Answer ApiRig::ask(TestClient& client, const Sent& sent) {
    run_on(client_shard(), [&] { client.send(to_text(sent, std::string(kHost))); });
    const bool is_head = sent.method == "HEAD";
    Answer answer = await_answer(client, is_head);
    EXPECT_EQ(check_response({.method = sent.method,
                              .path = sent.target,
                              .status = answer.status,
                              .content_type = answer.headers["content-type"],
                              .body = answer.body}),
              "")
        << sent.method << " " << sent.target << " " << answer.status << " " << answer.body;
    return answer;
}

Answer ApiRig::ask(const Sent& sent) {
    const auto client = connect();
    return ask(*client, sent);
}

Credential ApiRig::session(bus::Role role, const std::string& user) {
    const auto opened = access.sessions.open(
        {.user = user, .role = role, .csrf_token = {}, .password_hash = {}}, shard().now());
    return {.cookie = opened.cookie, .csrf_token = opened.session.csrf_token};
}

Credential ApiRig::token(const char* role, const std::string& name) {
    const auto created = access.create_token({.name = name,
                                              .role = *access::parse_role(role),
                                              .expires_in = {},
                                              .created_by = "user:anna"});
    return {.token = created.value().text};
}

Answer ApiRig::get(const std::string& target, const Credential& who) {
    return ask({.target = target, .headers = who.headers()});
}

Answer ApiRig::send(const std::string& method, const std::string& target, const Credential& who,
                    const std::string& body) {
    Sent sent{.method = method, .target = target, .body = body, .headers = who.headers()};
    if (!body.empty()) {
        sent.headers.emplace_back("Content-Type", "application/json");
    }
    return ask(sent);
}

Sent handshake(const std::string& target, const Credential& who, const std::string& subprotocol) {
    Sent sent{.target = target, .headers = who.headers()};
    sent.headers.insert(sent.headers.end(), {{"Connection", "Upgrade"},
                                             {"Upgrade", "websocket"},
                                             {"Sec-WebSocket-Version", "13"},
                                             {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}});
    if (!subprotocol.empty()) {
        sent.headers.emplace_back("Sec-WebSocket-Protocol", subprotocol);
    }
    return sent;
}

TestSocket::TestSocket(ApiRig& rig, const Sent& handshake)
    : client(rig.connect()),
      rig_(&rig),
      codec_({.role = websocket::Role::Client,
              .message_bytes_max = 16 * 1024 * 1024,
              .mask = [] { return 0x12345678U; }},
             *this) {
    refusal = rig.ask(*client, handshake);
    status = refusal.status;
    if (status != 101) {
        return;
    }
    client->when_data = [this](MutableBytes bytes) { (void)codec_.feed(bytes); };
    std::string early = std::exchange(client->received, {});
    (void)codec_.feed({reinterpret_cast<std::uint8_t*>(early.data()), early.size()});
}

void TestSocket::send(const std::string& text) {
    send(websocket::MessageType::Text, text);
}

void TestSocket::send(websocket::MessageType type, std::string_view message) {
    rig_->run_on(rig_->client_shard(), [&] { codec_.send(type, as_bytes(message)); });
}

void TestSocket::close() {
    rig_->run_on(rig_->client_shard(), [&] { codec_.close(websocket::kNormalClosure, ""); });
}

std::string TestSocket::next() {
    EXPECT_TRUE(rig_->run_until([this] { return !messages.empty() || client->is_closed; }));
    if (messages.empty()) {
        ADD_FAILURE() << "closed without a message";
        return "{}";
    }
    std::string message = messages.front();
    messages.erase(messages.begin());
    return message;
}

void TestSocket::on_message(websocket::MessageType type, Bytes message) {
    if (type == websocket::MessageType::Binary) {
        binary += as_text(message);
        binary_ends.push_back(binary.size());
        return;
    }
    if (message.size() > 8 && as_text(message.first(8)) == "{\"ping\":") {
        ++ping_count;
        return;
    }
    messages.emplace_back(as_text(message));
}

}  // namespace kith::api
