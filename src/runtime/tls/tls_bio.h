// OpenSSL's view of the lower stream: reads the range that a TlsStream is taking, writes to the
// lower stream's output. Neither side ever blocks or fails.
#pragma once

#include <openssl/bio.h>

namespace kith::runtime {

class TlsStream;

struct TlsBio {
    /// Borrows the stream; owned by its SSL object. Null when out of memory.
    [[nodiscard]] static BIO* create(TlsStream& stream);

  private:
    static int read(BIO* bio, char* target, int bytes);
    static int write(BIO* bio, const char* source, int bytes);
    static long control(BIO* bio, int command, long number, void* pointer);
};

}  // namespace kith::runtime
