// One HTTP request to a node on this host or network, for commands that ask a running node.
//
// Blocking, HTTP/1.1 without TLS: a node serves plain HTTP on loopback, which is where its tools
// run. Limits: 10 s in all, 8 MiB of answer.
#pragma once

#include "base/result.h"

#include <string>

namespace kith::cli {

struct HttpAnswer {
    int status = 0;
    std::string body;
};

struct HttpQuestion {
    std::string host_and_port;  // "127.0.0.1:8080"
    std::string path;           // "/api/v1/node"
    std::string token;          // Authorization: Bearer; empty: none
    std::string body = {};      // JSON; empty: none
};

/// With a body it is a POST of JSON. Errors: Io (code is errno), Timeout, Malformed, Limit.
[[nodiscard]] Result<HttpAnswer> http_get(const HttpQuestion& question);

}  // namespace kith::cli
