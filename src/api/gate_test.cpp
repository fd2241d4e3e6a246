// Who may do what: every route, every role, every way in.
#include "api/detail/gate.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <regex>
#include <set>

#include "access/names.h"
#include "api/openapi.h"
#include "api/route_table.h"
#include "api/testing/api_rig.h"

namespace kith::api {
namespace {

using bus::Role;

/// A request that fits a route, as far as the gate looks.
Sent request_of(const Route& route) {
    Sent sent{.method = std::string(to_string(route.method)),
              .target = std::regex_replace(std::string(route.pattern), std::regex("\\{[a-z]+\\}"),
                                           "some-name")};
    if (sent.target == "/api/v1/topics" && route.method == http::Method::Delete) {
        sent.target += "?name=a";
    }
    if (sent.target == "/api/v1/connect/watch") {
        sent.target += "?id=a";
    }
    if (route.method == http::Method::Post) {
        sent.headers.emplace_back("Content-Type", "application/json");
    }
    return sent;
}

Sent with(Sent sent, const std::vector<std::pair<std::string, std::string>>& headers) {
    sent.headers.insert(sent.headers.end(), headers.begin(), headers.end());
    return sent;
}

std::string name_of(const Route& route) {
    return std::string(to_string(route.method)) + " " + std::string(route.pattern);
}

bool needs_somebody(const Route& route) {
    return route.access != Access::Open && route.access != Access::Optional;
}

Role role_of(Access access) {
    switch (access) {
        case Access::Admin:
            return Role::Admin;
        case Access::Operator:
            return Role::Operator;
        case Access::Open:
        case Access::Optional:
        case Access::Metrics:
        case Access::Viewer:
            return Role::Viewer;
    }
    return Role::Admin;
}

TEST(Gate, ForeignOriginIsRefusedOnEveryPath) {
    ApiRig rig;
    const Credential admin = rig.session(Role::Admin);
    const auto client = rig.connect();
    std::vector<Sent> requests;
    for (const Route& route : routes()) {
        requests.push_back(with(request_of(route), admin.headers()));
    }
    requests.push_back({.target = "/"});
    requests.push_back({.target = "/none"});
    requests.push_back(handshake("/api/v1/live", admin));
    requests.push_back(handshake("/mqtt", admin, "mqtt"));
    for (const Sent& sent : requests) {
        for (const char* origin :
             {"http://evil.example", "null", "http://gw-1", "https://gw-1:8081"}) {
            const Answer answer = rig.ask(*client, with(sent, {{"Origin", origin}}));
            EXPECT_EQ(answer.status, 403) << sent.method << " " << sent.target << " " << origin;
            EXPECT_EQ(answer.code(), "origin.refused");
        }
    }
    EXPECT_EQ(rig.server->counters().refused_origin, requests.size() * 4);
    EXPECT_TRUE(rig.backend.disconnected.empty());
    EXPECT_TRUE(rig.backend.published.empty());
}

TEST(Gate, ReboundHostIsRefusedOnEveryPath) {
    ApiRig rig;
    const Credential admin = rig.session(Role::Admin);
    const auto client = rig.connect();
    for (const Route& route : routes()) {
        Sent sent = with(request_of(route), admin.headers());
        sent.host = "evil.example:8080";
        const Answer answer = rig.ask(*client, sent);
        EXPECT_EQ(answer.status, 403) << name_of(route);
        EXPECT_EQ(answer.code(), "host.refused") << name_of(route);
    }
    for (const char* target : {"/", "/index.html", "http://evil.example/healthz"}) {
        const bool is_absolute = target[0] != '/';
        const Answer answer =
            rig.ask(*client, {.target = target, .host = is_absolute ? "gw-1" : "evil.example"});
        EXPECT_EQ(answer.code(), "host.refused") << target;
    }
    EXPECT_EQ(rig.server->counters().refused_host, routes().size() + 3);
}

TEST(Gate, OwnOriginMayEnter) {
    ApiRig rig;
    const Credential viewer = rig.session(Role::Viewer);
    const Answer answer = rig.ask(with({.target = "/api/v1/node", .headers = viewer.headers()},
                                       {{"Origin", "http://gw-1:8080"}}));
    EXPECT_EQ(answer.status, 200);
}

TEST(Gate, NobodyGetsInWithoutCredentials) {
    ApiRig rig;
    const auto client = rig.connect();
    for (const Route& route : routes()) {
        if (!needs_somebody(route)) {
            continue;
        }
        EXPECT_EQ(rig.ask(*client, request_of(route)).code(), "session.required") << name_of(route);
        for (const char* cookie : {"kith_session=", "kith_session=guess", "other=1"}) {
            EXPECT_EQ(rig.ask(*client, with(request_of(route), {{"Cookie", cookie}})).code(),
                      "session.required")
                << name_of(route);
        }
    }
    EXPECT_EQ(rig.ask(*client, {.target = "/api/v1/none"}).code(), "session.required");
}

TEST(Gate, BadTokenIsRefusedEvenWhereNoneIsNeeded) {
    ApiRig rig;
    Credential stranger;
    stranger.token = crypto::make_token(rig.access.secrets).text;
    const auto client = rig.connect();
    for (const Route& route : routes()) {
        for (const std::string& authorization :
             {"Bearer " + stranger.token, std::string("Bearer x"), std::string("Basic YTpi")}) {
            const Answer answer =
                rig.ask(*client, with(request_of(route), {{"Authorization", authorization}}));
            EXPECT_EQ(answer.code() == "token.refused", route.access != Access::Open)
                << name_of(route) << " " << answer.body;
        }
    }
}

TEST(Gate, EveryRouteKnowsItsRole) {
    ApiRig rig;
    const auto client = rig.connect();
    for (const char* role : {"admin", "operator", "viewer", "machine"}) {
        const Credential token = rig.token(role);
        const Role held = *access::parse_role(role);
        const Credential session = rig.session(held, std::string("user ") + role);
        for (const Route& route : routes()) {
            if (!needs_somebody(route) || route.pattern == "/api/v1/session") {
                continue;
            }
            const bool may = access::may(held, role_of(route.access));
            for (const Credential& who : {token, session}) {
                const Answer answer = rig.ask(*client, with(request_of(route), who.headers()));
                EXPECT_EQ(answer.code() == "role.missing", !may)
                    << name_of(route) << " as " << role << ": " << answer.body;
                EXPECT_EQ(answer.status == 403, !may) << name_of(route) << " as " << role;
            }
        }
    }
}

TEST(Gate, WriteWithASessionNeedsItsToken) {
    ApiRig rig;
    const Credential admin = rig.session(Role::Admin);
    const Credential other = rig.session(Role::Admin, "bert");
    const auto client = rig.connect();
    std::size_t write_count = 0;
    for (const Route& route : routes()) {
        if (!needs_somebody(route) || route.method == http::Method::Get) {
            continue;
        }
        ++write_count;
        const std::string cookie = "kith_session=" + admin.cookie;
        for (const auto& headers : std::vector<std::vector<std::pair<std::string, std::string>>>{
                 {{"Cookie", cookie}},
                 {{"Cookie", cookie}, {"X-Kith-Token", ""}},
                 {{"Cookie", cookie}, {"X-Kith-Token", "guess"}},
                 {{"Cookie", cookie}, {"X-Kith-Token", other.csrf_token}}}) {
            EXPECT_EQ(rig.ask(*client, with(request_of(route), headers)).code(), "csrf.missing")
                << name_of(route);
        }
    }
    EXPECT_GE(write_count, 6U);
    EXPECT_EQ(rig.server->counters().refused_csrf, write_count * 4);
    EXPECT_EQ(rig.get("/api/v1/node", admin).status, 200);
    EXPECT_TRUE(rig.backend.disconnected.empty());
}

TEST(Gate, BodyMustBeJson) {
    ApiRig rig;
    const auto client = rig.connect();
    for (const char* type : {"text/plain", "application/x-www-form-urlencoded",
                             "multipart/form-data; boundary=x", "application/jsonx"}) {
        const Answer answer = rig.ask({.method = "POST",
                                       .target = "/api/v1/session",
                                       .body = R"({"name":"a","password":"b"})",
                                       .headers = {{"Content-Type", type}}});
        EXPECT_EQ(answer.status, 415) << type;
        EXPECT_EQ(answer.code(), "body.type");
    }
    const Answer answer =
        rig.ask(*client, {.method = "POST",
                          .target = "/api/v1/session",
                          .body = R"({"name":"a","password":"b"})",
                          .headers = {{"Content-Type", "application/json; charset=utf-8"}}});
    EXPECT_EQ(answer.code(), "session.refused");
}

TEST(Gate, MetricsAreForViewersUnlessOneAsksFromThisMachine) {
    ApiRig rig;
    const Gate gate({.shard = rig.shard(),
                     .backend = rig.backend,
                     .registry = rig.access.registry,
                     .sign_in = rig.access.sign_in,
                     .accounts = rig.access.accounts,
                     .passwords = rig.access.passwords,
                     .sessions = rig.access.sessions,
                     .certificates = rig.access.certificates,
                     .authenticator = rig.access.authenticators[0],
                     .accept_mqtt = {},
                     .ticks_us = {},
                     .backups = rig.backups,
                     .mesh_office = rig.mesh_office});
    const std::vector<std::string> path{"metrics"};
    const Route& route = *match_route(http::Method::Get, path).route;
    http::Request head;
    Call call;
    call.remote = runtime::SocketAddress::loopback(5);
    EXPECT_EQ(gate.check(route, call, head), std::nullopt);
    call.remote = runtime::SocketAddress::v4({10, 0, 0, 1}, 5);
    EXPECT_EQ(gate.check(route, call, head)->code, "session.required");
    call.remote = runtime::SocketAddress::loopback(5);
    head.headers.add("X-Forwarded-For", "10.0.0.1");
    EXPECT_EQ(gate.check(route, call, head)->code, "session.required");
    EXPECT_EQ(rig.get("/metrics", rig.token("viewer")).status, 200);
    EXPECT_EQ(rig.get("/metrics", rig.token("machine")).code(), "role.missing");
}

// Goal: the description and the table say the same, both ways.
TEST(Gate, DescriptionNamesEveryRouteWithItsRole) {
    const auto description = nlohmann::json::parse(openapi_json());
    std::set<std::string> described;
    for (const auto& [path, item] : description["paths"].items()) {
        for (const auto& [method, operation] : item.items()) {
            std::string name = method;
            std::transform(name.begin(), name.end(), name.begin(),
                           [](char c) { return static_cast<char>(std::toupper(c)); });
            described.insert(name + " " + path);
        }
    }
    std::set<std::string> served;
    for (const Route& route : routes()) {
        served.insert(name_of(route));
        std::string method(to_string(route.method));
        std::transform(method.begin(), method.end(), method.begin(),
                       [](char c) { return static_cast<char>(std::tolower(c)); });
        const auto& operation = description["paths"][std::string(route.pattern)][method];
        const std::string role = operation.value("x-role", "missing");
        EXPECT_EQ(role, needs_somebody(route)
                            ? std::string(access::to_string(role_of(route.access)))
                            : "none")
            << name_of(route);
        EXPECT_EQ(operation["security"].empty(), !needs_somebody(route)) << name_of(route);
        EXPECT_EQ(operation.contains("requestBody"),
                  (route.method == http::Method::Post || route.method == http::Method::Put ||
                   route.method == http::Method::Patch) &&
                      route.pattern.find("disconnect") == std::string_view::npos &&
                      route.pattern != "/api/v1/backup")
            << name_of(route);
        const auto parameters = std::count(route.pattern.begin(), route.pattern.end(), '{');
        std::int64_t in_path = 0;
        for (const auto& parameter : operation.value("parameters", nlohmann::json::array())) {
            in_path += parameter["in"] == "path" ? 1 : 0;
        }
        EXPECT_EQ(in_path, parameters) << name_of(route);
    }
    EXPECT_EQ(described, served);
}

}  // namespace
}  // namespace kith::api
