// Writes big-endian fields into a range that the caller has measured beforehand.
//
// The writer never grows: encoders compute the exact size first, then write. Running out of room is
// a broken invariant, not an error.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "base/check.h"

namespace kith {

class ByteWriter {
  public:
    explicit ByteWriter(MutableBytes room) : room_(room) {}

    void u8(std::uint8_t value) { claim(1)[0] = value; }
    void u16(std::uint16_t value) {
        std::uint8_t* p = claim(2);
        p[0] = static_cast<std::uint8_t>(value >> 8);
        p[1] = static_cast<std::uint8_t>(value);
    }
    void u32(std::uint32_t value) {
        u16(static_cast<std::uint16_t>(value >> 16));
        u16(static_cast<std::uint16_t>(value));
    }
    void u64(std::uint64_t value) {
        u32(static_cast<std::uint32_t>(value >> 32));
        u32(static_cast<std::uint32_t>(value));
    }
    void bytes(Bytes value) {
        if (!value.empty()) {
            std::memcpy(claim(value.size()), value.data(), value.size());
        }
    }

    [[nodiscard]] std::size_t written() const { return at_; }

  private:
    std::uint8_t* claim(std::size_t count) {
        CHECK(room_.size() - at_ >= count);
        std::uint8_t* p = room_.data() + at_;
        at_ += count;
        return p;
    }

    MutableBytes room_;
    std::size_t at_ = 0;
};

}  // namespace kith
