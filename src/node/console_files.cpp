#include "node/console_files.h"

#include "console/console_assets.h"

namespace kith::node {

std::vector<api::Asset> console_files() {
    std::vector<api::Asset> files;
    for (const console::Asset& asset : console::console_assets()) {
        files.push_back({.path = asset.path,
                         .content_type = asset.content_type,
                         .etag = asset.etag,
                         .gzip_bytes = asset.gzip_bytes,
                         .immutable = asset.immutable});
    }
    return files;
}

}  // namespace kith::node
