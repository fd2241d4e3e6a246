// One HTTP connection: bytes to requests, answers to bytes, one request at a time.
//
// Who decides and who answers is the host's business. At the head of a request the host says
// whether it may go on and how long its body may be; when it is whole, the host handles it. While
// it does, nothing is read; while the client does not take its answers, nothing is handled: a
// client that sends without reading is held up by TCP, not by memory.
// Threads: shard-local. Limits: timeouts in limits.h, refused politely and counted by the host.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "api/call.h"
#include "api/problem.h"
#include "base/strong_id.h"
#include "http/request_parser.h"
#include "runtime/shard.h"
#include "runtime/stream.h"
#include "runtime/timer.h"

namespace kith::api {

using ConnectionId = StrongId<struct ConnectionIdTag, std::uint64_t>;

class Connection;

class ConnectionHost {
  public:
    /// The head is there: allow() or reply() follows, now or later.
    virtual void decide(Connection& connection) = 0;
    /// The request is whole: reply() follows, now or later.
    virtual void handle(Connection& connection) = 0;
    /// A request was answered with this status, also by the connection itself.
    virtual void note_response(std::uint16_t status) = 0;
    /// Nothing more will happen: the host destroys the connection, but not inside this call.
    virtual void end(Connection& connection) = 0;

  protected:
    ~ConnectionHost() = default;
};

class Connection final : public runtime::StreamHandler, private runtime::Timer {
  public:
    Connection(ConnectionId id, runtime::Shard& shard, ConnectionHost& host,
               std::unique_ptr<runtime::Stream> stream);

    [[nodiscard]] ConnectionId id() const { return id_; }
    /// Counts requests, so that a late answer does not meet the next one.
    [[nodiscard]] std::uint64_t request_number() const { return request_number_; }

    /// The request under way. Requires: between decide() and reply().
    [[nodiscard]] Call& call() { return call_; }
    [[nodiscard]] const http::Request& head() const { return parser_.request(); }
    [[nodiscard]] runtime::StreamInfo info() const { return stream_->info(); }

    /// True between decide() or handle() and the answer to this very request.
    [[nodiscard]] bool is_waiting_for(std::uint64_t request_number) const {
        return request_number == request_number_ &&
               (state_ == State::Deciding || state_ == State::Handling);
    }

    void allow(std::size_t body_bytes_max);
    void reply(Reply reply);

    /// Answers 503 and closes: there are too many connections.
    void turn_away();
    /// Closes when the answer under way, if any, is out.
    void drain();

    // StreamHandler
    void on_data(MutableBytes bytes) override;
    void on_drained() override;
    void on_closed(const Error& reason) override;

  private:
    enum class State : std::uint8_t {
        Idle,       // between requests
        Head,       // part of a head is there
        Deciding,   // the host looks at the head
        Body,       // part of a body is there
        Handling,   // the host works on the request
        Congested,  // the client must read before the next request
        Closing,
    };

    void on_timer(Instant now) override;
    void advance(Result<http::Progress> progress);
    void take(const Result<http::Progress>& progress);
    void refuse(const Problem& problem);
    void send(const http::Response& response, http::KeepAlive keep_alive);
    void next_request();
    void hand_over(const Reply& reply);
    void close();
    void check_stalled(Instant now);

    ConnectionId id_;
    runtime::Shard* shard_;
    ConnectionHost* host_;
    std::unique_ptr<runtime::Stream> stream_;
    http::RequestParser parser_;
    Call call_;
    State state_ = State::Idle;
    std::uint64_t request_number_ = 0;
    std::uint64_t sent_bytes_seen_ = 0;
    std::optional<Result<http::Progress>> next_;
    bool is_pumping_ = false;
    bool is_draining_ = false;
    bool is_head_request_ = false;
};

}  // namespace kith::api
