#include "api/assets.h"

#include <algorithm>
#include <string>

#include "api/limits.h"
#include "api/problem.h"
#include "http/gzip.h"
#include "http/headers.h"

namespace kith::api {
namespace {

constexpr std::string_view kIndex = "/index.html";

std::string path_of(const http::Request& request) {
    std::string path;
    for (const std::string& segment : request.segments) {
        path += "/" + segment;
    }
    return path;
}

/// Pages have no dot in their last segment; files have.
bool looks_like_page(std::string_view path) {
    return path.substr(path.rfind('/')).find('.') == std::string_view::npos;
}

}  // namespace

http::Response AssetServer::answer(const Call& call) const {
    const std::string path = path_of(call.request);
    const Asset* asset = find(path);
    if (asset == nullptr && looks_like_page(path)) {
        asset = find(kIndex);
    }
    http::Response response;
    add_page_headers(response.headers, call.request.host, call.scheme);
    if (asset == nullptr) {
        response.status = 404;
        response.headers.add("Content-Type", "text/plain; charset=utf-8");
        response.body = "There is no such page here.\n";
        return response;
    }
    response.headers.add("ETag", asset->etag);
    response.headers.add("Vary", "Accept-Encoding");
    response.headers.add("Cache-Control",
                         asset->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    const auto known = call.request.headers.find("If-None-Match");
    if (known && http::matches_etag(*known, asset->etag)) {
        response.status = 304;
        return response;
    }
    response.headers.add("Content-Type", asset->content_type);
    if (http::accepts_gzip(call.request.headers.find("Accept-Encoding").value_or(""))) {
        response.headers.add("Content-Encoding", "gzip");
        response.static_body = asset->gzip_bytes;
        return response;
    }
    auto plain = http::gunzip(asset->gzip_bytes, kAssetBytesMax);
    if (!plain) {
        return to_response({.status = 500, .code = "internal", .detail = plain.error().text});
    }
    response.body = std::move(*plain);
    return response;
}

const Asset* AssetServer::find(std::string_view path) const {
    const auto found = std::ranges::find(assets_, path, &Asset::path);
    return found == assets_.end() ? nullptr : &*found;
}

void add_page_headers(http::Headers& headers, std::string_view host, Scheme scheme) {
    // Not every browser takes 'self' to include the WebSocket of the same server.
    const std::string socket = (scheme == Scheme::Https ? "wss://" : "ws://") + std::string(host);
    headers.add("Content-Security-Policy",
                "default-src 'self'; connect-src 'self' " + socket +
                    "; object-src 'none'; base-uri 'none'; form-action 'self'; "
                    "frame-ancestors 'none'");
    headers.add("X-Content-Type-Options", "nosniff");
    headers.add("X-Frame-Options", "DENY");
    headers.add("Referrer-Policy", "no-referrer");
    headers.add("Cross-Origin-Opener-Policy", "same-origin");
    headers.add("Cross-Origin-Resource-Policy", "same-origin");
}

}  // namespace kith::api
