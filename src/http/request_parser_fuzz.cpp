// Any bytes, cut in three ways: no crash, no limit passed, and the same requests each time.
#include "http/request_parser.h"

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "http/detail/parse_property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using kith::http::detail::transcript;
    const kith::Bytes input(bytes, size);
    const std::string whole = transcript(input, size + 1);
    CHECK(transcript(input, 1) == whole);
    CHECK(transcript(input, 7) == whole);
    return 0;
}
