// A QR code as text: two rows of modules in a line, in half blocks.
//
// Light modules are drawn, dark ones are left out, as a terminal with a dark background wants it;
// scanners read the inverse as well. Wraps libqrencode. Limits: kQrBytesMax.
#pragma once

#include <string>
#include <string_view>

namespace kith::cli {

/// What fits on a terminal of 100 columns, with the border that scanners want.
inline constexpr std::size_t kQrBytesMax = 500;

/// Empty if it does not fit.
[[nodiscard]] std::string qr_text(std::string_view content);

}  // namespace kith::cli
