// The files of the console, compressed, as the binary carries them.
//
// The console is a single page: a path that is no file of it and no other resource of the node is
// answered with "/index.html". Files below /assets/ have a hash of their content in their name and
// may be cached for ever; the others are checked again by their etag.
// Threads: immutable, any shard.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace kith::console {

struct Asset {
    std::string_view path;          // "/index.html", "/assets/index-Dx1k2.js"
    std::string_view content_type;  // with its charset
    std::string_view etag;          // with its quotes, strong, of the content before compression
    std::span<const std::uint8_t> gzip_bytes;  // Content-Encoding: gzip
    bool immutable = false;
};

/// Sorted by path; empty in a build without the console (KITH_CONSOLE=OFF, or no Node.js).
[[nodiscard]] std::span<const Asset> console_assets();

}  // namespace kith::console
