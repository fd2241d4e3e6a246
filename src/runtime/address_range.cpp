#include "runtime/address_range.h"

#include <charconv>
#include <string>

namespace kith::runtime {
namespace {

constexpr unsigned kBits = 128;
constexpr unsigned kBitsV4 = 32;

std::uint8_t mask_of(unsigned byte, unsigned prefix_bits) {
    const unsigned before = byte * 8;
    if (prefix_bits >= before + 8) {
        return 0xFF;
    }
    return prefix_bits <= before ? std::uint8_t{0}
                                 : static_cast<std::uint8_t>(0xFF00U >> (prefix_bits - before));
}

}  // namespace

Result<AddressRange> AddressRange::parse(std::string_view text) {
    const auto wrong = fail(ErrorKind::Invalid, "not an address or a range of them: 10.0.0.0/8");
    const std::size_t slash = text.find('/');
    const std::string host(text.substr(0, slash));
    const bool is_v6 = host.find(':') != std::string::npos;
    const auto first = SocketAddress::parse(is_v6 ? "[" + host + "]:0" : host + ":0");
    if (!first || host.empty() || host == "localhost") {
        return wrong;
    }
    const unsigned bits_max = first->is_v4() ? kBitsV4 : kBits;
    unsigned bits = bits_max;
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        if (error != std::errc() || end != digits.data() + digits.size() || bits > bits_max) {
            return wrong;
        }
    }
    const AddressRange range(*first, kBits - bits_max + bits);
    for (unsigned i = 0; i < first->ip().size(); ++i) {
        if ((first->ip()[i] & ~mask_of(i, range.prefix_bits_)) != 0) {
            return wrong;
        }
    }
    return range;
}

bool AddressRange::contains(const SocketAddress& address) const {
    if (address.is_v4() != first_.is_v4()) {
        return false;
    }
    for (unsigned i = 0; i < first_.ip().size(); ++i) {
        if (((address.ip()[i] ^ first_.ip()[i]) & mask_of(i, prefix_bits_)) != 0) {
            return false;
        }
    }
    return true;
}

}  // namespace kith::runtime
