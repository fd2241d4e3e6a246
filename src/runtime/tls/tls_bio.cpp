#include "runtime/tls/tls_bio.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "runtime/tls/tls_stream.h"

namespace kith::runtime {

BIO* TlsBio::create(TlsStream& stream) {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kith stream");
        CHECK_TEXT(made != nullptr, "out of memory");
        BIO_meth_set_read(made, &TlsBio::read);
        BIO_meth_set_write(made, &TlsBio::write);
        BIO_meth_set_ctrl(made, &TlsBio::control);
        return made;
    }();
    BIO* bio = BIO_new(method);
    if (bio != nullptr) {
        BIO_set_data(bio, &stream);
        BIO_set_init(bio, 1);
    }
    return bio;
}

int TlsBio::read(BIO* bio, char* target, int bytes) {
    TlsStream& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const std::size_t count = std::min(stream.input_.size(), static_cast<std::size_t>(bytes));
    if (count == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    std::memcpy(target, stream.input_.data(), count);
    stream.input_ = stream.input_.subspan(count);
    return static_cast<int>(count);
}

int TlsBio::write(BIO* bio, const char* source, int bytes) {
    TlsStream& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    stream.lower_->output().append(
        as_bytes(std::string_view(source, static_cast<std::size_t>(bytes))));
    return bytes;
}

long TlsBio::control(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace kith::runtime
