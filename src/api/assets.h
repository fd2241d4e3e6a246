// The console's files over HTTP.
//
// Files are compressed in the program and sent as they lie there; clients without gzip get them
// unpacked. A path that is no file and looks like a page ("/machines/press-07") is answered with
// index.html, because the console finds its pages itself. Immutable.
#pragma once

#include <span>
#include <string_view>

#include "api/asset.h"
#include "api/call.h"
#include "http/response.h"

namespace kith::api {

class AssetServer {
  public:
    /// `assets` live as long as the program.
    explicit AssetServer(std::span<const Asset> assets) : assets_(assets) {}

    /// The answer to GET or HEAD of a path that is no route.
    [[nodiscard]] http::Response answer(const Call& call) const;

  private:
    [[nodiscard]] const Asset* find(std::string_view path) const;

    std::span<const Asset> assets_;
};

/// What keeps a page from being framed, from running what it did not bring along, and from telling
/// others where its reader comes from. `host` is the checked Host of the request.
void add_page_headers(http::Headers& headers, std::string_view host, Scheme scheme);

}  // namespace kith::api
