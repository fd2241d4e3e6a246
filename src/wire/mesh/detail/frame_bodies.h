// The bodies of all frames: how each is measured, written and read. One .cpp file a frame, or a few
// that belong together.
//
// Reading and writing agree on what is valid: what a decoder refuses, an encoder CHECKs.
#pragma once

#include "base/byte_writer.h"
#include "base/result.h"
#include "wire/mesh/codec.h"
#include "wire/mesh/frames.h"

namespace kith::mesh::detail {

/// Bytes of length, type and priority in front of a body.
[[nodiscard]] std::size_t header_bytes(std::size_t body_bytes);
void put_header(ByteWriter& out, FrameType type, Priority priority, std::size_t body_bytes);

[[nodiscard]] std::size_t body_bytes(const Hello& frame);
[[nodiscard]] std::size_t body_bytes(const Receipt& frame);
[[nodiscard]] std::size_t body_bytes(const Record& frame);
[[nodiscard]] std::size_t body_bytes(const RecordAck& frame);
[[nodiscard]] std::size_t body_bytes(const RecordRequest& frame);
[[nodiscard]] std::size_t body_bytes(const Digest& frame);
[[nodiscard]] std::size_t body_bytes(const DigestList& frame);
[[nodiscard]] std::size_t body_bytes(const Echo& frame);
[[nodiscard]] std::size_t body_bytes(const Data& frame);
[[nodiscard]] std::size_t body_bytes(const CustodyAck& frame);
[[nodiscard]] std::size_t body_bytes(const Credit& frame);
[[nodiscard]] std::size_t body_bytes(const Goodbye& frame);
[[nodiscard]] std::size_t body_bytes(const State& frame);
[[nodiscard]] std::size_t body_bytes(const StateDigest& frame);
[[nodiscard]] std::size_t body_bytes(const StateList& frame);
[[nodiscard]] std::size_t body_bytes(const StateRequest& frame);
[[nodiscard]] std::size_t body_bytes(const Circuit& frame);

void put_body(ByteWriter& out, const Hello& frame);
void put_body(ByteWriter& out, const Receipt& frame);
void put_body(ByteWriter& out, const Record& frame);
void put_body(ByteWriter& out, const RecordAck& frame);
void put_body(ByteWriter& out, const RecordRequest& frame);
void put_body(ByteWriter& out, const Digest& frame);
void put_body(ByteWriter& out, const DigestList& frame);
void put_body(ByteWriter& out, const Echo& frame);
void put_body(ByteWriter& out, const Data& frame);
void put_body(ByteWriter& out, const CustodyAck& frame);
void put_body(ByteWriter& out, const Credit& frame);
void put_body(ByteWriter& out, const Goodbye& frame);
void put_body(ByteWriter& out, const State& frame);
void put_body(ByteWriter& out, const StateDigest& frame);
void put_body(ByteWriter& out, const StateList& frame);
void put_body(ByteWriter& out, const StateRequest& frame);
void put_body(ByteWriter& out, const Circuit& frame);

// decode_hello() and decode_data() are in codec.h.
[[nodiscard]] Result<Receipt> decode_receipt(Bytes body);
[[nodiscard]] Result<Record> decode_record(Bytes body);
[[nodiscard]] Result<RecordAck> decode_record_ack(Bytes body);
[[nodiscard]] Result<RecordRequest> decode_record_request(Bytes body);
[[nodiscard]] Result<Digest> decode_digest(Bytes body);
[[nodiscard]] Result<DigestList> decode_digest_list(Bytes body);
[[nodiscard]] Result<Echo> decode_echo(Bytes body);
[[nodiscard]] Result<CustodyAck> decode_custody_ack(Bytes body);
[[nodiscard]] Result<Credit> decode_credit(Bytes body);
[[nodiscard]] Result<Goodbye> decode_goodbye(Bytes body);
[[nodiscard]] Result<State> decode_state(Bytes body);
[[nodiscard]] Result<StateDigest> decode_state_digest(Bytes body);
[[nodiscard]] Result<StateList> decode_state_list(Bytes body);
[[nodiscard]] Result<StateRequest> decode_state_request(Bytes body);
[[nodiscard]] Result<Circuit> decode_circuit(Bytes body);

}  // namespace kith::mesh::detail
