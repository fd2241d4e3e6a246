#include "http/gzip.h"

#include <zlib.h>

#include <memory>

#include "base/check.h"
#include "base/narrow.h"

namespace kith::http {

Result<std::string> gunzip(Bytes packed, std::size_t bytes_max) {
    constexpr int kGzipFormat = 16;  // added to the window bits, as zlib.h says
    constexpr std::size_t kStepBytes = 64 * 1024;
    z_stream stream{};
    CHECK(inflateInit2(&stream, kGzipFormat + MAX_WBITS) == Z_OK);
    const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
    stream.next_in = const_cast<Bytef*>(packed.data());  // style: zlib reads through it only
    stream.avail_in = narrow<uInt>(packed.size());
    std::string plain;
    int status = Z_OK;
    while (status == Z_OK) {
        if (plain.size() > bytes_max) {
            return fail(ErrorKind::Limit, "the unpacked text is too long");
        }
        const std::size_t before = plain.size();
        plain.resize(before + kStepBytes);
        stream.next_out = reinterpret_cast<Bytef*>(plain.data() + before);
        stream.avail_out = narrow<uInt>(kStepBytes);
        status = inflate(&stream, Z_NO_FLUSH);
        plain.resize(plain.size() - stream.avail_out);
    }
    if (status != Z_STREAM_END || stream.avail_in != 0) {
        return fail(ErrorKind::Malformed, "not gzip");
    }
    if (plain.size() > bytes_max) {
        return fail(ErrorKind::Limit, "the unpacked text is too long");
    }
    return plain;
}

}  // namespace kith::http
