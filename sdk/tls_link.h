// TLS for a link to a node.
#pragma once

#include <string>

#include "sdk/node_link.h"

namespace kith::sdk {

/// The certificate of `node`, "host:port", is checked for its host against the authorities in
/// `ca_file` (PEM), or the system's if that is empty. Errors: Invalid.
[[nodiscard]] Outcome<Secure> make_tls(const std::string& node, const std::string& ca_file);

}  // namespace kith::sdk
