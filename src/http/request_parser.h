// HTTP/1.1 requests from bytes (RFC 9112), sans-I/O, over Boost.Beast's parser.
//
// A request is shown twice: when its head is complete, so that a server can refuse it, choose how
// much body it may have and answer "Expect: 100-continue" before any body is taken; and when it is
// whole. Bytes of the next request wait until the first was taken.
//
//     feed() -> NeedMore ... -> Head -> resume() -> NeedMore, feed() ... -> Complete -> take()
//
// What makes the length of a body doubtful is refused, never guessed: both length and chunks, two
// lengths, a coding other than chunked, trailers that look like headers (they are dropped).
// Errors carry the HTTP status to answer in Error::code; after one the connection must be closed.
// Limits: http/limits.h. The caller stops reading while it works on a request: what waits here is
// then at most one read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "http/limits.h"
#include "http/request.h"

namespace kith::http {

enum class Progress : std::uint8_t { NeedMore, Head, Complete };

struct RequestLimits {
    std::size_t head_bytes_max = kHeadBytesMax;
    std::size_t body_bytes_max = kBodyBytesMax;
};

class RequestParser {
  public:
    explicit RequestParser(const RequestLimits& limits = {});
    ~RequestParser();
    RequestParser(RequestParser&&) noexcept;
    RequestParser& operator=(RequestParser&&) noexcept;

    /// Takes all of `bytes`.
    [[nodiscard]] Result<Progress> feed(Bytes bytes);
    /// Goes on after Head, or with what waits after take().
    [[nodiscard]] Result<Progress> resume();

    /// Requires: Head or Complete was reported, and the request was not taken.
    [[nodiscard]] const Request& request() const;
    /// The client waits for "100 Continue" before it sends a body. Requires: as request().
    [[nodiscard]] bool expects_continue() const;
    /// Lowers the limit for this request's body. Requires: Head was reported last.
    /// Errors: Limit, 413, if the announced length is above it already.
    [[nodiscard]] Status limit_body(std::size_t bytes_max);

    /// Requires: Complete was reported last.
    [[nodiscard]] Request take();

    /// True between requests: not a byte of the next one has come.
    [[nodiscard]] bool is_idle() const;
    /// What came behind the request just taken: the first bytes of an upgraded protocol.
    [[nodiscard]] std::string take_rest();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::http
