#include "http/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace kith::http {
namespace {

std::string packed(std::string text) {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, text.size()) + 32, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(text.data());
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(out.size() - stream.avail_out);
    deflateEnd(&stream);
    return out;
}

TEST(Gzip, UnpacksWhatWasPacked) {
    for (const std::size_t size : {0U, 1U, 1000U, 64U * 1024, 300'000U}) {
        std::string text(size, 'x');
        for (std::size_t i = 0; i < size; i += 7) {
            text[i] = static_cast<char>(i);
        }
        EXPECT_EQ(gunzip(as_bytes(packed(text)), 300'000).value(), text);
    }
}

TEST(Gzip, RefusesWhatIsNotWholeOrNotGzip) {
    const std::string good = packed("some text that is packed");
    EXPECT_FALSE(gunzip({}, 100).has_value());
    EXPECT_FALSE(gunzip(as_bytes("plain text"), 100).has_value());
    EXPECT_FALSE(gunzip(as_bytes(good.substr(0, good.size() - 1)), 100).has_value());
    EXPECT_FALSE(gunzip(as_bytes(good + "x"), 100).has_value());
}

TEST(Gzip, StopsAtItsLimit) {
    const std::string bomb = packed(std::string(50'000'000, '\0'));
    EXPECT_EQ(gunzip(as_bytes(bomb), 1'000'000).error().kind, ErrorKind::Limit);
    EXPECT_TRUE(gunzip(as_bytes(packed("12345")), 5).has_value());
    EXPECT_EQ(gunzip(as_bytes(packed("123456")), 5).error().kind, ErrorKind::Limit);
}

}  // namespace
}  // namespace kith::http
