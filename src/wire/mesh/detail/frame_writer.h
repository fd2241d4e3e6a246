// Writes the fields of a frame's or record's body.
//
// Every body is described once, by a function that puts it into an `Out`. Run over a ByteCounter it
// tells the size, run over a ByteWriter it writes: the two cannot disagree.
#pragma once

#include <string_view>

#include "base/byte_writer.h"
#include "wire/mesh/detail/varint.h"
#include "wire/mesh/types.h"

namespace kith::mesh::detail {

/// Counts what a ByteWriter would write.
class ByteCounter {
  public:
    void u8(std::uint8_t) { counted_ += 1; }
    void u16(std::uint16_t) { counted_ += 2; }
    void u32(std::uint32_t) { counted_ += 4; }
    void u64(std::uint64_t) { counted_ += 8; }
    void bytes(Bytes value) { counted_ += value.size(); }
    [[nodiscard]] std::size_t counted() const { return counted_; }

  private:
    std::size_t counted_ = 0;
};

/// What `put(out)` writes, in bytes.
template <typename Put>
[[nodiscard]] std::size_t count_bytes(const Put& put) {
    ByteCounter counter;
    put(counter);
    return counter.counted();
}

template <typename Out>
void put_blob(Out& out, Bytes value) {
    put_varint(out, value.size());
    out.bytes(value);
}

template <typename Out>
void put_text(Out& out, std::string_view value) {
    put_blob(out, as_bytes(value));
}

template <typename Out>
void put_node_id(Out& out, NodeId id) {
    CHECK(id != NodeId());
    out.u64(id.value());
}

template <typename Out, typename E>
void put_enum(Out& out, E value) {
    out.u8(static_cast<std::uint8_t>(value));
}

template <typename Out>
void put_version(Out& out, const Version& version) {
    out.u32(version.epoch);
    out.u32(version.counter);
}

template <typename Out>
void put_data_id(Out& out, const DataId& id) {
    CHECK(id.sequence != 0);
    put_node_id(out, id.origin);
    out.u32(id.epoch);
    put_varint(out, id.sequence);
}

/// Bit `bit` if `is_set`.
[[nodiscard]] constexpr std::uint8_t flag(bool is_set, std::uint8_t bit) {
    return is_set ? bit : std::uint8_t{0};
}

}  // namespace kith::mesh::detail
