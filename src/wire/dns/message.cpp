#include "wire/dns/message.h"

#include <algorithm>

#include "base/byte_reader.h"
#include "base/check.h"
#include "base/narrow.h"
#include "wire/dns/limits.h"

namespace kith::dns {
namespace {

constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kTopBit = 0x8000;
constexpr std::uint16_t kResponse = 0x8000;
constexpr std::uint16_t kAuthoritative = 0x0400;
constexpr std::uint16_t kTruncated = 0x0200;
constexpr std::uint16_t kOpcodeAndRcode = 0x780F;
constexpr std::uint8_t kPointer = 0xC0;

tl::unexpected<Error> malformed(const char* text) {
    return fail(ErrorKind::Malformed, text);
}

/// Reads names, which may point to anywhere before them in the message.
class Decoder {
  public:
    explicit Decoder(Bytes whole) : whole_(whole), in_(whole) {}

    Result<Message> message() {
        Message message;
        message.id = in_.u16();
        const std::uint16_t flags = in_.u16();
        std::array<std::uint16_t, 4> counts{};
        std::size_t total = 0;
        for (std::uint16_t& count : counts) {
            count = in_.u16();
            total += count;
        }
        if (in_.failed()) {
            return malformed("shorter than a DNS header");
        }
        if ((flags & kOpcodeAndRcode) != 0) {
            return fail(ErrorKind::Unsupported, "not a plain query or response");
        }
        if (total > kEntriesMax) {
            return fail(ErrorKind::Limit, "too many entries in a DNS message");
        }
        message.is_response = (flags & kResponse) != 0;
        message.is_truncated = (flags & kTruncated) != 0;
        TRY_ASSIGN(message.questions, questions(counts[0]));
        TRY_ASSIGN(message.answers, records(counts[1]));
        TRY_ASSIGN(message.authorities, records(counts[2]));
        TRY_ASSIGN(message.additionals, records(counts[3]));
        return message;
    }

  private:
    [[nodiscard]] std::size_t at() const { return whole_.size() - in_.rest().size(); }

    Result<std::vector<Question>> questions(std::size_t count) {
        std::vector<Question> all;
        for (std::size_t i = 0; i < count; ++i) {
            Question& question = all.emplace_back();
            TRY_ASSIGN(question.name, name());
            question.type = static_cast<Type>(in_.u16());
            const std::uint16_t type_class = in_.u16();
            if (in_.failed()) {
                return malformed("a DNS question that is cut off");
            }
            question.wants_unicast = (type_class & kTopBit) != 0;
            if ((type_class & ~kTopBit) != kClassIn && (type_class & ~kTopBit) != 255) {
                return fail(ErrorKind::Unsupported, "a DNS class other than IN");
            }
        }
        return all;
    }

    Result<std::vector<Record>> records(std::size_t count) {
        std::vector<Record> all;
        for (std::size_t i = 0; i < count; ++i) {
            TRY_ASSIGN(Record next, record());
            all.push_back(std::move(next));
        }
        return all;
    }

    Result<Record> record() {
        Record record;
        TRY_ASSIGN(record.name, name());
        record.type = static_cast<Type>(in_.u16());
        const std::uint16_t type_class = in_.u16();
        record.ttl_s = in_.u32();
        const std::uint16_t length = in_.u16();
        if (in_.failed() || in_.rest().size() < length) {
            return malformed("a DNS record that is cut off");
        }
        record.flushes_cache = (type_class & kTopBit) != 0;
        const std::size_t end = at() + length;
        TRY(content(record, length));
        if (in_.failed() || at() != end) {
            return malformed("the content of a DNS record has another length");
        }
        return record;
    }

    Status content(Record& record, std::size_t length) {
        const std::size_t end = at() + length;
        if (record.type == Type::A || record.type == Type::Aaaa) {
            const Bytes address = in_.bytes(record.type == Type::A ? 4 : 16);
            std::ranges::copy(address, record.address.begin());
        } else if (record.type == Type::Ptr) {
            TRY_ASSIGN(record.target, name());
        } else if (record.type == Type::Srv) {
            record.priority = in_.u16();
            record.weight = in_.u16();
            record.port = in_.u16();
            TRY_ASSIGN(record.target, name());
        } else if (record.type == Type::Txt) {
            while (!in_.failed() && at() < end) {
                const Bytes text = in_.bytes(in_.u8());
                if (!text.empty() && record.texts.size() >= kTextsMax) {
                    return fail(ErrorKind::Limit, "too many strings in a TXT record");
                }
                if (!text.empty()) {
                    record.texts.emplace_back(as_text(text));
                }
            }
        } else {
            const Bytes bytes = in_.bytes(length);
            record.content.assign(bytes.begin(), bytes.end());
        }
        return {};
    }

    /// Each pointer leads to before everything that was read of this name, so this ends.
    Result<Name> name() {
        Name found;
        std::size_t begin = at();
        ByteReader* reader = &in_;
        ByteReader elsewhere{Bytes()};
        while (true) {
            const std::uint8_t length = reader->u8();
            if (reader->failed()) {
                return malformed("a DNS name that is cut off");
            }
            if (length == 0) {
                return found;
            }
            if ((length & kPointer) == kPointer) {
                const std::size_t target =
                    static_cast<std::size_t>(length & ~kPointer) << 8U | reader->u8();
                if (reader->failed() || target >= begin) {
                    return malformed("a DNS name that does not point backwards");
                }
                begin = target;
                elsewhere = ByteReader(whole_.subspan(target));
                reader = &elsewhere;
                continue;
            }
            if (length > kLabelBytesMax) {
                return malformed("a DNS label of an unknown kind");
            }
            const Bytes label = reader->bytes(length);
            if (reader->failed() || !found.append(as_text(label))) {
                return malformed("a DNS name that is cut off or too long");
            }
        }
    }

    Bytes whole_;
    ByteReader in_;
};

class Encoder {
  public:
    void u8(std::uint8_t value) { out_.push_back(value); }
    void u16(std::uint16_t value) {
        u8(static_cast<std::uint8_t>(value >> 8U));
        u8(static_cast<std::uint8_t>(value));
    }
    void u32(std::uint32_t value) {
        u16(static_cast<std::uint16_t>(value >> 16U));
        u16(static_cast<std::uint16_t>(value));
    }
    void bytes(Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
    void name(const Name& name) {
        for (const std::string& label : name.labels()) {
            text(label);
        }
        u8(0);
    }
    void text(std::string_view text) {
        u8(narrow<std::uint8_t>(text.size()));
        bytes(as_bytes(text));
    }
    void record(const Record& record) {
        name(record.name);
        u16(static_cast<std::uint16_t>(record.type));
        u16(record.flushes_cache ? kClassIn | kTopBit : kClassIn);
        u32(record.ttl_s);
        const std::vector<std::uint8_t> content = content_of(record);
        u16(narrow<std::uint16_t>(content.size()));
        bytes(content);
    }
    [[nodiscard]] std::vector<std::uint8_t> take() { return std::move(out_); }

  private:
    std::vector<std::uint8_t> out_;
};

}  // namespace

Result<Message> decode(Bytes bytes) {
    return Decoder(bytes).message();
}

std::vector<std::uint8_t> encode(const Message& message) {
    CHECK(message.questions.size() + message.answers.size() + message.authorities.size() +
              message.additionals.size() <=
          kEntriesMax);
    Encoder out;
    out.u16(message.id);
    const unsigned flags = (message.is_response ? kResponse | kAuthoritative : 0U) |
                           (message.is_truncated ? kTruncated : 0U);
    out.u16(static_cast<std::uint16_t>(flags));
    out.u16(narrow<std::uint16_t>(message.questions.size()));
    for (const auto* section : {&message.answers, &message.authorities, &message.additionals}) {
        out.u16(narrow<std::uint16_t>(section->size()));
    }
    for (const Question& question : message.questions) {
        out.name(question.name);
        out.u16(static_cast<std::uint16_t>(question.type));
        out.u16(question.wants_unicast ? kClassIn | kTopBit : kClassIn);
    }
    for (const auto* section : {&message.answers, &message.authorities, &message.additionals}) {
        for (const Record& record : *section) {
            out.record(record);
        }
    }
    return out.take();
}

std::vector<std::uint8_t> content_of(const Record& record) {
    Encoder out;
    switch (record.type) {
        case Type::A:
            out.bytes(Bytes(record.address).first(4));
            break;
        case Type::Aaaa:
            out.bytes(record.address);
            break;
        case Type::Ptr:
            out.name(record.target);
            break;
        case Type::Srv:
            out.u16(record.priority);
            out.u16(record.weight);
            out.u16(record.port);
            out.name(record.target);
            break;
        case Type::Txt:
            for (const std::string& text : record.texts) {
                out.text(text);
            }
            if (record.texts.empty()) {
                out.u8(0);  // RFC 6763, 6.1: an empty TXT record is one empty string
            }
            break;
        case Type::Any:
        default:  // style: types that have no name here come from the wire
            out.bytes(record.content);
            break;
    }
    return out.take();
}

}  // namespace kith::dns
