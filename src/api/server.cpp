#include "api/server.h"

#include "api/forwarded.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "api/connection.h"
#include "api/detail/api_state.h"
#include "api/detail/gate.h"
#include "api/detail/handlers.h"
#include "api/limits.h"
#include "api/route_table.h"
#include "base/check.h"

namespace kith::api {
namespace {

/// Beyond kConnectionsMax so many more are told that there is no room; the rest is cut off.
constexpr std::size_t kTurnedAwayMax = 100;

bool is_api_path(const http::Request& head) {
    return head.segments.front() == "api";
}

/// What holds for every answer that is no page: it is not kept, and is what it says it is.
void add_api_headers(http::Headers& headers) {
    if (headers.count("Cache-Control") == 0) {
        headers.add("Cache-Control", "no-store");
    }
    if (headers.count("X-Content-Type-Options") == 0) {
        headers.add("X-Content-Type-Options", "nosniff");
    }
}

}  // namespace

struct ApiServer::Impl final : ConnectionHost, runtime::Task {
    Impl(const ApiParts& parts, const ApiOptions& options)
        : state(parts, options,
                [this](const Caller& caller) { return gate.is_still_good(caller); }),
          gate(state.parts),
          handlers(state) {}

    // ConnectionHost
    void decide(Connection& connection) override;
    void handle(Connection& connection) override;
    void note_response(std::uint16_t status) override;
    void end(Connection& connection) override;
    // runtime::Task: frees connections that have ended, outside of their own callbacks.
    void run_task() override { ended.clear(); }

    void decide_for(Connection& connection, tl::expected<Caller, Problem> caller);
    void refuse(Connection& connection, const Problem& problem);
    void answer(Connection& connection, Reply reply);
    [[nodiscard]] Respond responder(const Connection& connection);
    [[nodiscard]] Connection* find(ConnectionId id, std::uint64_t request_number);

    ApiState state;
    Gate gate;
    Handlers handlers;
    std::unordered_map<ConnectionId, std::unique_ptr<Connection>> connections;
    std::vector<std::unique_ptr<Connection>> ended;
    ConnectionId last_id;
    bool is_draining = false;
};

ApiServer::ApiServer(const ApiParts& parts, const ApiOptions& options)
    : impl_(std::make_unique<Impl>(parts, options)) {}

ApiServer::~ApiServer() = default;

void ApiServer::start() {
    impl_->state.sampler.start([impl = impl_.get()] {
        impl->state.recorder.expire(impl->state.parts.shard.now());
        impl->state.live.note_stats();
    });
}

void ApiServer::accept(std::unique_ptr<runtime::Stream> stream) {
    Impl& impl = *impl_;
    const bool has_room = impl.connections.size() < kConnectionsMax && !impl.is_draining;
    if (!has_room) {
        ++impl.state.counters.connections_turned_away;
        if (impl.connections.size() >= kConnectionsMax + kTurnedAwayMax) {
            stream->abort();
            return;
        }
    }
    ++impl.state.counters.connections_accepted;
    impl.last_id = impl.last_id.next();
    auto made =
        std::make_unique<Connection>(impl.last_id, impl.state.parts.shard, impl, std::move(stream));
    Connection& connection = *made;
    impl.connections.emplace(impl.last_id, std::move(made));
    impl.state.counters.connections = impl.connections.size();
    if (!has_room) {
        connection.turn_away();
    }
}

void ApiServer::on_event(const NodeEvent& event) {
    impl_->state.live.note_event(event);
}

void ApiServer::drain() {
    impl_->is_draining = true;
    impl_->state.sampler.stop();
    impl_->state.live.close_all();
    for (const auto& [id, connection] : impl_->connections) {
        connection->drain();
    }
}

const ApiCounters& ApiServer::counters() const {
    return impl_->state.counters;
}

void ApiServer::Impl::decide(Connection& connection) {
    const http::Request& head = connection.head();
    Call& call = connection.call();
    if (const auto client = forwarded_client(head, call.remote, state.options.proxies)) {
        call.remote = *client;
        call.is_proxied = true;
    }
    if (const auto problem = state.guard.check(head, connection.call().scheme)) {
        refuse(connection, *problem);
        return;
    }
    gate.identify(head, [this, id = connection.id(), number = connection.request_number()](
                            tl::expected<Caller, Problem> caller) {
        if (Connection* waiting = find(id, number)) {
            decide_for(*waiting, std::move(caller));
        }
    });
}

void ApiServer::Impl::decide_for(Connection& connection, tl::expected<Caller, Problem> caller) {
    const http::Request& head = connection.head();
    Call& call = connection.call();
    const RouteMatch match = match_route(head.method, head.segments);
    const bool is_open = match.route != nullptr && match.route->access == Access::Open;
    if (!caller && !is_open) {
        refuse(connection, caller.error());
        return;
    }
    call.caller = caller.value_or(Caller());
    if (match.route != nullptr) {
        call.parameters = match.parameters;
        if (const auto problem = gate.check(*match.route, call, head)) {
            refuse(connection, *problem);
            return;
        }
        connection.allow(match.route->body_bytes_max);
        return;
    }
    if (is_api_path(head) && call.caller.kind == CallerKind::Nobody) {
        refuse(connection, {.status = 401,
                            .code = "session.required",
                            .detail = "sign in, or send a token: Authorization: Bearer kk_..."});
        return;
    }
    const bool is_read = head.method == http::Method::Get || head.method == http::Method::Head;
    if (!match.allowed.empty() || (!is_api_path(head) && !is_read)) {
        http::Response response = to_response(
            {.status = 405, .code = "method.refused", .detail = "this path has no such method"});
        response.headers.add("Allow", match.allowed.empty() ? "GET, HEAD" : match.allowed);
        answer(connection, std::move(response));
        return;
    }
    if (is_api_path(head)) {
        refuse(connection, {.status = 404,
                            .code = "route.unknown",
                            .detail = "the API has no such path: see /api/openapi.json"});
        return;
    }
    connection.allow(0);
}

void ApiServer::Impl::handle(Connection& connection) {
    const Call& call = connection.call();
    const RouteMatch match = match_route(call.request.method, call.request.segments);
    if (match.route == nullptr) {
        answer(connection, state.assets.answer(call));
        return;
    }
    (handlers.*match.route->handler)(call, responder(connection));
}

Respond ApiServer::Impl::responder(const Connection& connection) {
    return [this, id = connection.id(), number = connection.request_number()](Reply reply) {
        if (Connection* waiting = find(id, number)) {
            answer(*waiting, std::move(reply));
        }
    };
}

/// The connection, if it is still there and still at that request.
Connection* ApiServer::Impl::find(ConnectionId id, std::uint64_t request_number) {
    const auto found = connections.find(id);
    if (found == connections.end() || !found->second->is_waiting_for(request_number)) {
        return nullptr;
    }
    return found->second.get();
}

void ApiServer::Impl::refuse(Connection& connection, const Problem& problem) {
    const std::pair<std::string_view, std::uint64_t*> counted[] = {
        {"host.refused", &state.counters.refused_host},
        {"origin.refused", &state.counters.refused_origin},
        {"csrf.missing", &state.counters.refused_csrf},
    };
    for (const auto& [code, counter] : counted) {
        *counter += problem.code == code ? 1U : 0U;
    }
    answer(connection, to_response(problem));
}

void ApiServer::Impl::answer(Connection& connection, Reply reply) {
    add_api_headers(reply.response.headers);
    connection.reply(std::move(reply));
}

void ApiServer::Impl::note_response(std::uint16_t status) {
    ApiCounters& counters = state.counters;
    (status < 400   ? counters.responses_2xx
     : status < 500 ? counters.responses_4xx
                    : counters.responses_5xx) += 1;
    counters.refused_timeout += status == 408 ? 1U : 0U;
    counters.refused_limit += status == 413 || status == 414 || status == 431 ? 1U : 0U;
}

void ApiServer::Impl::end(Connection& connection) {
    const auto found = connections.find(connection.id());
    CHECK(found != connections.end());
    ended.push_back(std::move(found->second));
    connections.erase(found);
    state.counters.connections = connections.size();
    state.parts.shard.defer(*this);
}

}  // namespace kith::api
