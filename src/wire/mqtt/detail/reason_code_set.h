// A set of reason codes, made by the compiler: which ones a packet may carry.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "wire/mqtt/types.h"

namespace kith::mqtt::detail {

class ReasonCodeSet {
  public:
    constexpr ReasonCodeSet(std::initializer_list<ReasonCode> codes) {
        for (const ReasonCode code : codes) {
            const auto value = static_cast<std::uint8_t>(code);
            bits_[value / 64] |= std::uint64_t{1} << (value % 64);
        }
    }
    [[nodiscard]] constexpr bool contains(std::uint8_t value) const {
        return ((bits_[value / 64] >> (value % 64)) & 1U) != 0;
    }

  private:
    std::array<std::uint64_t, 4> bits_{};
};

}  // namespace kith::mqtt::detail
