#include "wire/mesh/codec.h"

#include <type_traits>

#include "base/check.h"
#include "wire/mesh/detail/frame_bodies.h"

namespace kith::mesh {
namespace {

// The alternatives of Frame stand in the order of their types.
template <FrameType kType>
using FrameOf = std::variant_alternative_t<static_cast<std::size_t>(kType) - 1, Frame>;
static_assert(std::is_same_v<FrameOf<FrameType::Hello>, Hello>);
static_assert(std::is_same_v<FrameOf<FrameType::Receipt>, Receipt>);
static_assert(std::is_same_v<FrameOf<FrameType::Record>, Record>);
static_assert(std::is_same_v<FrameOf<FrameType::RecordAck>, RecordAck>);
static_assert(std::is_same_v<FrameOf<FrameType::RecordRequest>, RecordRequest>);
static_assert(std::is_same_v<FrameOf<FrameType::Digest>, Digest>);
static_assert(std::is_same_v<FrameOf<FrameType::DigestList>, DigestList>);
static_assert(std::is_same_v<FrameOf<FrameType::Echo>, Echo>);
static_assert(std::is_same_v<FrameOf<FrameType::Data>, Data>);
static_assert(std::is_same_v<FrameOf<FrameType::CustodyAck>, CustodyAck>);
static_assert(std::is_same_v<FrameOf<FrameType::Credit>, Credit>);
static_assert(std::is_same_v<FrameOf<FrameType::Goodbye>, Goodbye>);
static_assert(std::is_same_v<FrameOf<FrameType::State>, State>);
static_assert(std::is_same_v<FrameOf<FrameType::StateDigest>, StateDigest>);
static_assert(std::is_same_v<FrameOf<FrameType::StateList>, StateList>);
static_assert(std::is_same_v<FrameOf<FrameType::StateRequest>, StateRequest>);
static_assert(std::is_same_v<FrameOf<FrameType::Circuit>, Circuit>);

FrameType type_of(const Frame& frame) {
    return static_cast<FrameType>(frame.index() + 1);
}

Priority priority_of_frame(const Frame& frame) {
    if (const Data* data = std::get_if<Data>(&frame)) {
        return data->priority;
    }
    if (const Circuit* circuit = std::get_if<Circuit>(&frame)) {
        return priority_of(circuit->kind);
    }
    const State* state = std::get_if<State>(&frame);
    return state == nullptr ? Priority::Control : priority_of(state->key.kind);
}

template <typename F>
std::size_t encode_body(const F& frame, ByteWriter& out) {
    detail::put_body(out, frame);
    return out.written();
}

}  // namespace

Result<Frame> decode(const FrameSlice& slice) {
    switch (slice.type) {
        case FrameType::Hello:
            return decode_hello(slice.body);
        case FrameType::Receipt:
            return detail::decode_receipt(slice.body);
        case FrameType::Record:
            return detail::decode_record(slice.body);
        case FrameType::RecordAck:
            return detail::decode_record_ack(slice.body);
        case FrameType::RecordRequest:
            return detail::decode_record_request(slice.body);
        case FrameType::Digest:
            return detail::decode_digest(slice.body);
        case FrameType::DigestList:
            return detail::decode_digest_list(slice.body);
        case FrameType::Echo:
            return detail::decode_echo(slice.body);
        case FrameType::Data:
            return decode_data(slice);
        case FrameType::CustodyAck:
            return detail::decode_custody_ack(slice.body);
        case FrameType::Credit:
            return detail::decode_credit(slice.body);
        case FrameType::Goodbye:
            return detail::decode_goodbye(slice.body);
        case FrameType::State:
            return detail::decode_state(slice.body);
        case FrameType::StateDigest:
            return detail::decode_state_digest(slice.body);
        case FrameType::StateList:
            return detail::decode_state_list(slice.body);
        case FrameType::StateRequest:
            return detail::decode_state_request(slice.body);
        case FrameType::Circuit:
            return detail::decode_circuit(slice.body);
    }
    return fail(ErrorKind::Unsupported, "type of frame is not known");
}

std::size_t frame_bytes(const Frame& frame) {
    const std::size_t body = std::visit([](const auto& f) { return detail::body_bytes(f); }, frame);
    return detail::header_bytes(body) + body;
}

std::size_t encode(const Frame& frame, MutableBytes room) {
    ByteWriter out(room);
    const std::size_t body = std::visit([](const auto& f) { return detail::body_bytes(f); }, frame);
    detail::put_header(out, type_of(frame), priority_of_frame(frame), body);
    return std::visit([&out](const auto& f) { return encode_body(f, out); }, frame);
}

}  // namespace kith::mesh
