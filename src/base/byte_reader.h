// Reads big-endian fields from a borrowed range, with one bounds check a field.
//
// After the first failure every further read fails too, so that a parser may read several fields
// and ask once: `if (reader.failed()) ...`. Views point into the input.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace kith {

class ByteReader {
  public:
    explicit ByteReader(Bytes bytes) : rest_(bytes) {}

    [[nodiscard]] std::uint8_t u8() { return has(1) ? take(1)[0] : std::uint8_t{0}; }
    [[nodiscard]] std::uint16_t u16() {
        if (!has(2)) {
            return 0;
        }
        const Bytes b = take(2);
        return static_cast<std::uint16_t>((b[0] << 8) | b[1]);
    }
    [[nodiscard]] std::uint32_t u32() {
        const std::uint32_t high = u16();
        return (high << 16) | u16();
    }
    [[nodiscard]] std::uint64_t u64() {
        const std::uint64_t high = u32();
        return (high << 32) | u32();
    }
    /// The next `count` bytes; empty after a failure.
    [[nodiscard]] Bytes bytes(std::size_t count) { return has(count) ? take(count) : Bytes{}; }

    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    [[nodiscard]] Bytes rest() const { return rest_; }
    void fail() {
        failed_ = true;
        rest_ = {};
    }

  private:
    [[nodiscard]] bool has(std::size_t count) {
        if (rest_.size() < count) [[unlikely]] {
            fail();
            return false;
        }
        return !failed_;
    }
    Bytes take(std::size_t count) {
        const Bytes taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

    Bytes rest_;
    bool failed_ = false;
};

}  // namespace kith
