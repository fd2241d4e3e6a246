#include "broker/detail/session_note.h"

#include "base/byte_reader.h"
#include "base/byte_writer.h"

namespace kith::broker {
namespace {

constexpr std::uint8_t kNoteMark = 0xE5;
constexpr std::size_t kNoteBytes = 2 + 4 * 8;

}  // namespace

std::vector<std::uint8_t> encode_note(const SessionNote& note, Bytes will) {
    if (note == SessionNote{}) {
        return {will.begin(), will.end()};
    }
    std::vector<std::uint8_t> record(kNoteBytes + will.size());
    ByteWriter out(record);
    out.u8(kNoteMark);
    out.u8(static_cast<std::uint8_t>(note.state));
    out.u64(note.epoch);
    out.u64(note.node);
    out.u64(note.place);
    out.u64(note.own_epoch);
    out.bytes(will);
    return record;
}

Result<std::pair<SessionNote, Bytes>> decode_note(Bytes record) {
    SessionNote note;
    if (record.empty() || record.front() != kNoteMark) {
        return std::pair(note, record);
    }
    ByteReader in(record.subspan(1));
    const std::uint8_t state = in.u8();
    note.epoch = in.u64();
    note.node = in.u64();
    note.place = in.u64();
    note.own_epoch = in.u64();
    if (in.failed() || state > static_cast<std::uint8_t>(SessionState::Gone)) {
        return fail(ErrorKind::Corrupt, "the note on a session cannot be read");
    }
    note.state = static_cast<SessionState>(state);
    return std::pair(note, in.rest());
}

}  // namespace kith::broker
