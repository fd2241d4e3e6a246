#include "crypto/secrets.h"

#include <openssl/rand.h>

#include "base/check.h"
#include "base/narrow.h"

namespace kith::crypto {

void SystemSecrets::fill(MutableBytes room) {
    CHECK_TEXT(RAND_bytes(room.data(), narrow<int>(room.size())) == 1,
               "the system gives no random bytes");
}

}  // namespace kith::crypto
