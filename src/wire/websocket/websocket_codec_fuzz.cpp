// Any bytes as what a peer sends: no crash, the same messages however they are cut, and whatever
// the codec answers is accepted by a codec at the other end.
//
// The first byte selects the role; the second is the size of the chunks, 0 for one chunk.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "wire/websocket/codec.h"

namespace kith::websocket {
namespace {

using Buffer = std::vector<std::uint8_t>;

constexpr std::size_t kMessageBytesMax = 10'000;

/// Writes down what arrives, and sends every message back.
class Echo final : public CodecHandler {
  public:
    explicit Echo(Role role)
        : codec({.role = role,
                 .message_bytes_max = kMessageBytesMax,
                 .mask = [] { return std::uint32_t{0xA5C3'0F96}; }},
                *this) {}

    void on_message(MessageType type, Bytes message) override {
        CHECK(closes.empty());
        CHECK(message.size() <= kMessageBytesMax);
        CHECK(type == MessageType::Binary || is_utf8(message));
        messages.emplace_back(type, std::string(as_text(message)));
        codec.send(type, message);
    }
    void on_output(Bytes bytes) override {
        output.insert(output.end(), bytes.begin(), bytes.end());
    }
    void on_close(std::uint16_t code, std::string_view reason) override {
        closes.emplace_back(code, std::string(reason));
    }

    /// The close code of the refusal, or 0.
    std::uint16_t feed(Bytes bytes, std::size_t chunk_bytes) {
        while (!bytes.empty()) {
            const std::size_t size =
                chunk_bytes == 0 ? bytes.size() : std::min(chunk_bytes, bytes.size());
            Buffer chunk(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
            bytes = bytes.subspan(size);
            if (const Status status = codec.feed(chunk); !status) {
                CHECK(codec.is_closing());
                return status.error().code;
            }
        }
        return 0;
    }

    std::vector<std::pair<MessageType, std::string>> messages;
    std::vector<std::pair<std::uint16_t, std::string>> closes;
    Buffer output;
    Codec codec;
};

}  // namespace
}  // namespace kith::websocket

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace kith::websocket;
    if (size < 2) {
        return 0;
    }
    const Role role = (bytes[0] & 1) == 0 ? Role::Server : Role::Client;
    const kith::Bytes stream(bytes + 2, size - 2);

    Echo whole(role);
    const std::uint16_t refusal = whole.feed(stream, 0);
    Echo cut(role);
    CHECK(cut.feed(stream, bytes[1]) == refusal);
    CHECK(cut.messages == whole.messages);
    CHECK(cut.closes == whole.closes);
    CHECK(cut.output == whole.output);

    Echo other(role == Role::Server ? Role::Client : Role::Server);
    CHECK(other.feed(whole.output, 0) == 0);
    CHECK(other.messages == whole.messages);
    return 0;
}
