#include "api/connection.h"

#include <utility>

#include "api/limits.h"
#include "base/check.h"

namespace kith::api {

using http::KeepAlive;
using http::Progress;

Connection::Connection(ConnectionId id, runtime::Shard& shard, ConnectionHost& host,
                       std::unique_ptr<runtime::Stream> stream)
    : id_(id),
      shard_(&shard),
      host_(&host),
      stream_(std::move(stream)),
      parser_({.body_bytes_max = kPublishBodyBytesMax}) {
    stream_->set_handler(this);
    shard_->arm_after(*this, kHeadTimeout);
}

void Connection::on_data(MutableBytes bytes) {
    if (state_ == State::Closing) {
        return;
    }
    if (state_ == State::Idle) {
        state_ = State::Head;
        shard_->arm_after(*this, kHeadTimeout);
    }
    advance(parser_.feed(bytes));
}

/// Takes progress as it comes, without recursion: what the host answers at once is progress too.
void Connection::advance(Result<Progress> progress) {
    next_ = std::move(progress);
    if (is_pumping_) {
        return;
    }
    is_pumping_ = true;
    while (next_) {
        const Result<Progress> now = *std::exchange(next_, std::nullopt);
        take(now);
    }
    is_pumping_ = false;
}

void Connection::take(const Result<Progress>& progress) {
    if (!progress) {
        refuse({.status = progress.error().code,
                .code =
                    progress.error().kind == ErrorKind::Limit ? "request.limit" : "request.invalid",
                .detail = progress.error().text});
        return;
    }
    switch (*progress) {
        case Progress::NeedMore:
            return;
        case Progress::Head:
            state_ = State::Deciding;
            ++request_number_;
            cancel();
            stream_->pause_reading();
            call_ = Call{.request = {},
                         .caller = {},
                         .parameters = {},
                         .remote = stream_->info().remote,
                         .is_proxied = stream_->info().is_proxied,
                         .scheme = stream_->info().tls != nullptr ? Scheme::Https : Scheme::Http};
            is_head_request_ = parser_.request().method == http::Method::Head;
            host_->decide(*this);
            return;
        case Progress::Complete:
            state_ = State::Handling;
            cancel();
            stream_->pause_reading();
            call_.request = parser_.take();
            host_->handle(*this);
            return;
    }
}

void Connection::allow(std::size_t body_bytes_max) {
    CHECK(state_ == State::Deciding);
    if (const Status limited = parser_.limit_body(body_bytes_max); !limited) {
        refuse({.status = 413, .code = "body.limit", .detail = "the body is too long for this"});
        return;
    }
    if (parser_.expects_continue()) {
        stream_->send(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    state_ = State::Body;
    shard_->arm_after(*this, kBodyTimeout);
    stream_->resume_reading();
    advance(parser_.resume());
}

void Connection::reply(Reply reply) {
    CHECK(state_ == State::Deciding || state_ == State::Handling);
    if (state_ == State::Deciding) {
        // Refused at its head. Only if no body is on its way can the connection go on.
        call_.request = parser_.request();
        const auto rest = parser_.resume();
        if (!rest || *rest != Progress::Complete) {
            send(reply.response, KeepAlive::No);
            close();
            return;
        }
        (void)parser_.take();
    }
    if (reply.upgrade) {
        hand_over(reply);
        return;
    }
    const bool stays = call_.request.keep_alive && !is_draining_;
    send(reply.response, stays ? KeepAlive::Yes : KeepAlive::No);
    if (!stays) {
        close();
    } else if (stream_->is_congested()) {
        state_ = State::Congested;
        sent_bytes_seen_ = stream_->sent_bytes();
        shard_->arm_after(*this, kStalledTimeout);
    } else {
        next_request();
    }
}

void Connection::next_request() {
    call_ = Call();
    state_ = parser_.is_idle() ? State::Idle : State::Head;
    shard_->arm_after(*this, state_ == State::Idle ? kIdleTimeout : kHeadTimeout);
    stream_->resume_reading();
    advance(parser_.resume());
}

void Connection::on_drained() {
    if (state_ == State::Congested) {
        next_request();
    }
}

/// The stream becomes something else; this connection has done its part.
void Connection::hand_over(const Reply& reply) {
    send(reply.response, KeepAlive::Yes);
    cancel();
    state_ = State::Closing;
    std::unique_ptr<runtime::Stream> stream = std::move(stream_);
    stream->set_handler(nullptr);
    stream->resume_reading();
    const std::string rest = parser_.take_rest();
    host_->end(*this);
    reply.upgrade(std::move(stream), rest);
}

void Connection::send(const http::Response& response, KeepAlive keep_alive) {
    std::string out;
    serialize(response,
              {.keep_alive = keep_alive,
               .send_body = is_head_request_ ? http::SendBody::No : http::SendBody::Yes,
               .date = shard_->wall_now()},
              out);
    stream_->send(as_bytes(out));
    host_->note_response(response.status);
}

void Connection::refuse(const Problem& problem) {
    send(to_response(problem), KeepAlive::No);
    close();
}

void Connection::turn_away() {
    refuse({.status = 503,
            .code = "connections.limit",
            .detail = "too many connections at this moment",
            .retry_after_s = 5});
}

void Connection::drain() {
    is_draining_ = true;
    if (state_ == State::Idle || state_ == State::Head) {
        close();
    }
}

void Connection::close() {
    state_ = State::Closing;
    cancel();
    next_.reset();
    stream_->resume_reading();
    stream_->close();
}

void Connection::on_timer(Instant now) {
    switch (state_) {
        case State::Idle:
            if (stream_->unsent_bytes() > 0) {
                check_stalled(now);
            } else {
                close();
            }
            return;
        case State::Head:
        case State::Body:
            refuse({.status = 408,
                    .code = "request.timeout",
                    .detail = "the request took too long to arrive"});
            return;
        case State::Congested:
            check_stalled(now);
            return;
        case State::Deciding:
        case State::Handling:
        case State::Closing:
            return;
    }
}

/// Gives a client that reads slowly time as long as it reads at all.
void Connection::check_stalled(Instant now) {
    if (stream_->sent_bytes() != sent_bytes_seen_) {
        sent_bytes_seen_ = stream_->sent_bytes();
        shard_->arm(*this, now + kStalledTimeout);
        return;
    }
    state_ = State::Closing;
    stream_->abort();
    host_->end(*this);
}

void Connection::on_closed(const Error&) {
    cancel();
    state_ = State::Closing;
    host_->end(*this);
}

}  // namespace kith::api
