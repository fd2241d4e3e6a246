// An API server in a simulated world: a node with users and tokens, and clients on another host.
//
// Every answer that a rig gets is checked against openapi.json. Not part of the module.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "access/testing/access_rig.h"
#include "api/server.h"
#include "api/testing/fake_backend.h"
#include "api/testing/fake_backups.h"
#include "api/testing/fake_mesh_office.h"
#include "runtime/network.h"
#include "wire/websocket/codec.h"

namespace kith::api {

/// What came back.
struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;  // names in lower case; the last of a name
    std::string body;

    /// Of a problem; empty if it is none.
    [[nodiscard]] std::string code() const;
};

/// What is sent. Without a `host` it is that of the node.
struct Sent {
    std::string method = "GET";
    std::string target = "/";
    std::string body = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::optional<std::string> host = {};
};

[[nodiscard]] std::string to_text(const Sent& sent, const std::string& default_host);

/// A client connection that keeps what it gets.
class TestClient final : public runtime::StreamHandler {
  public:
    TestClient(runtime::Shard& shard, const runtime::SocketAddress& to);

    void send(std::string_view text) { stream->send(as_bytes(text)); }
    /// Takes the next whole answer out of what was received.
    [[nodiscard]] std::optional<Answer> take_answer(bool is_head = false);

    void on_data(MutableBytes bytes) override;
    void on_closed(const Error&) override { is_closed = true; }

    std::unique_ptr<runtime::Stream> stream;
    std::string received;
    bool is_closed = false;
    std::function<void(MutableBytes)> when_data;  // takes the bytes instead of `received`
};

/// A session at the console, or a token.
struct Credential {
    std::string cookie = {};
    std::string csrf_token = {};
    std::string token = {};

    /// The headers that a request needs; `is_write` adds the CSRF token.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> headers() const;
};

class ApiRig final : private runtime::AcceptHandler {
  public:
    explicit ApiRig(std::function<void(ApiRig&)> prepare = {});
    ~ApiRig();

    [[nodiscard]] runtime::sim::World& world() { return access.world; }
    [[nodiscard]] runtime::Shard& shard() { return access.shard(0); }
    [[nodiscard]] runtime::Shard& client_shard() { return client_host->shard(ShardId(0)); }
    void run_on(runtime::Shard& shard, const std::function<void()>& action);
    [[nodiscard]] bool run_until(const std::function<bool()>& done) {
        return world().run_until(done, 2min);
    }

    /// A fresh connection.
    [[nodiscard]] std::unique_ptr<TestClient> connect();
    /// Sends on a connection and waits for the answer, which openapi.json must know.
    Answer ask(TestClient& client, const Sent& sent);
    /// The same on a connection of its own.
    Answer ask(const Sent& sent);
    /// Waits for an answer to what was sent before.
    Answer await_answer(TestClient& client, bool is_head = false);

    /// Somebody who is signed in, with a role.
    [[nodiscard]] Credential session(bus::Role role, const std::string& user = "anna");
    [[nodiscard]] Credential token(const char* role, const std::string& name = "a tool");
    Answer get(const std::string& target, const Credential& who);
    Answer send(const std::string& method, const std::string& target, const Credential& who,
                const std::string& body = "");

    access::AccessRig access;
    FakeBackend backend;
    FakeBackups backups;
    FakeMeshOffice mesh_office;
    OpenMeshForward open_mesh_forward;  // empty: there is no mesh
    ApiOptions options;
    std::unique_ptr<ApiServer> server;
    runtime::sim::Host* client_host = nullptr;
    /// What the broker would have got.
    struct Accepted {
        std::unique_ptr<runtime::Stream> stream;
        broker::AcceptOptions options;
    };
    std::vector<Accepted> accepted_mqtt;
    std::function<void(runtime::Stream&)> when_mqtt;  // sets the handler
    std::uint64_t ticks_us = 0;

  private:
    void on_accept(std::unique_ptr<runtime::Stream> stream) override {
        server->accept(std::move(stream));
    }

    std::unique_ptr<runtime::Listener> listener_;
};

/// A console on the live feed, or any other WebSocket client of the server.
class TestSocket final : private websocket::CodecHandler {
  public:
    /// Connects and shakes hands; `status` says how that went.
    TestSocket(ApiRig& rig, const Sent& handshake);

    void send(const std::string& text);
    void send(websocket::MessageType type, std::string_view message);
    void close();
    /// Waits for the next text message that is not a ping, a JSON object.
    [[nodiscard]] std::string next();

    std::unique_ptr<TestClient> client;
    int status = 0;
    Answer refusal;
    std::vector<std::string> messages;
    std::string binary;
    std::vector<std::size_t> binary_ends;  // where in it each message ends
    int ping_count = 0;
    std::optional<std::uint16_t> close_code;
    bool is_reading = true;

  private:
    void on_message(websocket::MessageType type, Bytes message) override;
    void on_output(Bytes bytes) override { client->stream->send(bytes); }
    void on_close(std::uint16_t code, std::string_view) override { close_code = code; }

    ApiRig* rig_;
    websocket::Codec codec_;
};

/// A right handshake for a path.
[[nodiscard]] Sent handshake(const std::string& target, const Credential& who,
                             const std::string& subprotocol = "");

}  // namespace kith::api
