// Limits of DNS messages. One that exceeds them is refused.
#pragma once

#include <cstddef>

namespace kith::dns {

/// RFC 1035, 2.3.4.
inline constexpr std::size_t kLabelBytesMax = 63;
inline constexpr std::size_t kNameBytesMax = 255;
/// Records and questions of one message, all sections together: a busy machine announces some 30.
inline constexpr std::size_t kEntriesMax = 128;
/// Strings of one TXT record.
inline constexpr std::size_t kTextsMax = 32;

}  // namespace kith::dns
