// A file of the console, as it lies in the program.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"

namespace kith::api {

struct Asset {
    std::string_view path;  // "/index.html", "/assets/app-3f2a.js"
    std::string_view content_type;
    std::string_view etag;  // with its quotes
    Bytes gzip_bytes;
    bool immutable = false;  // its name changes with its content
};

}  // namespace kith::api
