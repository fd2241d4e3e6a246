// Reads the fields of one frame's or record's body.
//
// The first failure sticks: every later read gives 0 or an empty view, and the rest becomes empty,
// so that loops end. A decoder reads straight through and asks once, with finish(). Views point
// into the body.
#pragma once

#include <string_view>

#include "base/byte_reader.h"
#include "base/result.h"
#include "base/utf8.h"
#include "wire/mesh/detail/varint.h"
#include "wire/mesh/limits.h"
#include "wire/mesh/types.h"

namespace kith::mesh::detail {

[[nodiscard]] constexpr Error malformed(const char* text) {
    return {ErrorKind::Malformed, 0, text};
}
[[nodiscard]] constexpr Error beyond_limit(const char* text) {
    return {ErrorKind::Limit, 0, text};
}

class FrameReader {
  public:
    explicit FrameReader(Bytes body) : fields_(body) {}

    [[nodiscard]] std::uint8_t u8() { return fields_.u8(); }
    [[nodiscard]] std::uint16_t u16() { return fields_.u16(); }
    [[nodiscard]] std::uint32_t u32() { return fields_.u32(); }
    [[nodiscard]] std::uint64_t u64() { return fields_.u64(); }
    [[nodiscard]] Bytes bytes(std::size_t count) { return fields_.bytes(count); }

    [[nodiscard]] std::uint64_t varint() {
        const Varint scan = scan_varint(fields_.rest());
        if (scan.state == Varint::State::Malformed) [[unlikely]] {
            fail(malformed("number is not in its shortest form"));
            return 0;
        }
        // An incomplete one consumes one byte more than there is, which fails as any short read.
        const bool complete = scan.state == Varint::State::Complete;
        (void)fields_.bytes(complete ? scan.size_bytes : fields_.rest().size() + 1);
        return scan.value;
    }

    /// A varint of a field that is narrower: varint_of<std::uint32_t>().
    template <typename T>
    [[nodiscard]] T varint_of() {
        const std::uint64_t value = varint();
        if (value > T(~T{0})) [[unlikely]] {
            fail(malformed("number is larger than its field"));
            return 0;
        }
        return static_cast<T>(value);
    }

    /// How many entries follow, each of `entry_bytes_min` at least: so that what is reserved for
    /// them is paid for.
    [[nodiscard]] std::size_t count(std::size_t entries_max, std::size_t entry_bytes_min) {
        const std::uint64_t entries = varint();
        if (entries > entries_max) [[unlikely]] {
            fail(beyond_limit("list has too many entries"));
            return 0;
        }
        if (entries * entry_bytes_min > fields_.rest().size()) [[unlikely]] {
            fail(malformed("frame is shorter than its fields"));
            return 0;
        }
        return entries;
    }

    [[nodiscard]] Bytes blob(std::size_t bytes_max) {
        const std::uint64_t length = varint();
        if (length > bytes_max) [[unlikely]] {
            fail(beyond_limit("text or blob is too long"));
            return {};
        }
        return fields_.bytes(length);
    }

    /// UTF-8 without U+0000, as MQTT has it.
    [[nodiscard]] std::string_view text(std::size_t bytes_max) {
        const Bytes content = blob(bytes_max);
        if (!is_mqtt_utf8(content)) [[unlikely]] {
            fail(malformed("text is not valid UTF-8"));
            return {};
        }
        return as_text(content);
    }

    /// The id of a node, which is never 0.
    [[nodiscard]] NodeId node_id() {
        const NodeId id(fields_.u64());
        if (id == NodeId()) [[unlikely]] {
            fail(malformed("id of a node is 0"));
        }
        return id;
    }

    /// A kind that is not known is of a newer node: Unsupported.
    [[nodiscard]] RecordKind record_kind() {
        const std::uint8_t kind = fields_.u8();
        if (kind == 0 || kind > kRecordKindCount) [[unlikely]] {
            fail({ErrorKind::Unsupported, 0, "kind of record is not known"});
            return RecordKind::Identity;
        }
        return static_cast<RecordKind>(kind);
    }

    [[nodiscard]] std::uint16_t part() {
        const std::uint16_t part = fields_.u16();
        if (part >= kRecordPartsMax) [[unlikely]] {
            fail(beyond_limit("number of a part is too large"));
        }
        return part;
    }

    [[nodiscard]] Version version() {
        const std::uint32_t epoch = fields_.u32();
        return {.epoch = epoch, .counter = fields_.u32()};
    }

    [[nodiscard]] DataId data_id() {
        DataId id;
        id.origin = node_id();
        id.epoch = fields_.u32();
        id.sequence = varint();
        if (id.sequence == 0) [[unlikely]] {
            fail(malformed("sequence of a message is 0"));
        }
        return id;
    }

    /// Flags of which none but `known` may be set.
    [[nodiscard]] std::uint8_t flags(std::uint8_t known) {
        const std::uint8_t flags = fields_.u8();
        if ((flags & ~known) != 0) [[unlikely]] {
            fail(malformed("reserved flag is set"));
        }
        return flags;
    }

    /// Skips extensions to the end: kind u8, length varint, bytes. None is known yet.
    void skip_extensions() {
        for (std::size_t i = 0; !fields_.at_end(); ++i) {
            if (i == kExtensionsMax) {
                fail(beyond_limit("too many extensions"));
                return;
            }
            (void)fields_.u8();
            (void)blob(kFrameBytesMax);
        }
    }

    [[nodiscard]] bool at_end() const { return fields_.at_end(); }
    [[nodiscard]] Bytes rest() const { return fields_.rest(); }
    [[nodiscard]] bool failed() const { return fields_.failed(); }

    /// Keeps the first failure.
    void fail(const Error& error) {
        if (!fields_.failed()) {
            error_ = error;
            fields_.fail();
        }
    }

    /// What went wrong first, if anything.
    [[nodiscard]] Status status() const {
        if (fields_.failed()) [[unlikely]] {
            return tl::unexpected(error_);
        }
        return {};
    }

    /// The last question: nothing failed, and only extensions are left.
    [[nodiscard]] Status finish() {
        skip_extensions();
        return status();
    }

  private:
    ByteReader fields_;
    Error error_ = malformed("frame is shorter than its fields");
};

}  // namespace kith::mesh::detail
