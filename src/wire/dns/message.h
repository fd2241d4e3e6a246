// A DNS message as multicast DNS has it (RFC 1035, 4; RFC 6762, 18).
//
//     +---------------------------------------------------------------+
//     | id                            |Q|opcode |A|T|R|R| Z |  rcode   |   Q: is a response
//     +---------------------------------------------------------------+
//     | questions | answers | authorities | additionals: u16 each      |
//     +---------------------------------------------------------------+
//     | question: name, type u16, class u16 (top bit: unicast wanted)  |
//     | record: name, type u16, class u16 (top bit: cache-flush),      |
//     |         ttl u32, length u16, content                           |
//     +---------------------------------------------------------------+
//
// Big-endian. Classes other than IN are refused with the message they are in.
// Threads: values. Limits: limits.h.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/dns/name.h"

namespace kith::dns {

enum class Type : std::uint16_t { A = 1, Ptr = 12, Txt = 16, Aaaa = 28, Srv = 33, Any = 255 };

struct Question {
    Name name;
    Type type = Type::Any;  // others than those named come through as numbers
    bool wants_unicast = false;

    friend bool operator==(const Question&, const Question&) = default;
};

/// What is not of its type is empty.
struct Record {
    Name name;
    Type type = Type::A;
    bool flushes_cache = false;
    std::uint32_t ttl_s = 0;

    std::array<std::uint8_t, 16> address{};  // A: the first 4 bytes; AAAA
    Name target;                             // PTR, SRV
    std::uint16_t port = 0;                  // SRV
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
    std::vector<std::string> texts;     // TXT; "key=value"
    std::vector<std::uint8_t> content;  // of other types

    friend bool operator==(const Record&, const Record&) = default;
};

struct Message {
    std::uint16_t id = 0;
    bool is_response = false;
    bool is_truncated = false;  // more known answers follow
    std::vector<Question> questions;
    std::vector<Record> answers;
    std::vector<Record> authorities;
    std::vector<Record> additionals;

    friend bool operator==(const Message&, const Message&) = default;
};

/// Errors: Malformed; Unsupported for another opcode, rcode or class; Limit.
[[nodiscard]] Result<Message> decode(Bytes bytes);
/// Requires: within the limits.
[[nodiscard]] std::vector<std::uint8_t> encode(const Message& message);

/// What a record says, apart from its name and how long it is good: in its one canonical form, by
/// which two that claim the same name are compared (RFC 6762, 8.2).
[[nodiscard]] std::vector<std::uint8_t> content_of(const Record& record);

}  // namespace kith::dns
