// Any bytes as a DNS message: it ends, and what decodes is the same after there and back.
#include "wire/dns/message.h"

#include <vector>

#include "base/check.h"
#include "wire/dns/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace kith::dns;
    // An allocation of the exact size, so that a read beyond it is seen.
    const std::vector<std::uint8_t> input(bytes, bytes + size);
    const kith::Result<Message> message = decode(input);
    if (!message) {
        return 0;
    }
    CHECK(message->questions.size() + message->answers.size() + message->authorities.size() +
              message->additionals.size() <=
          kEntriesMax);
    const kith::Result<Message> again = decode(encode(*message));
    CHECK(again.has_value());
    CHECK(*again == *message);
    return 0;
}
