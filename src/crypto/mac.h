// HMAC-SHA-256 (RFC 2104), and text that is wiped when it is not needed any more.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "crypto/digest.h"

namespace kith::crypto {

[[nodiscard]] Digest hmac_sha256(Bytes key, Bytes message);

/// Overwrites what a compiler must not think of as dead.
void wipe(MutableBytes bytes);

/// A password on its way: wiped at its end, never printed. Moves, does not copy.
class SecretText {
  public:
    SecretText() = default;
    explicit SecretText(std::string_view text) : text_(text) {}
    SecretText(SecretText&& other) noexcept { swap(other); }
    SecretText& operator=(SecretText&& other) noexcept {
        swap(other);
        return *this;
    }
    ~SecretText();

    [[nodiscard]] std::string_view view() const { return text_; }

  private:
    // A moved short string leaves its bytes behind: swapping leaves them to a destructor.
    void swap(SecretText& other) noexcept { text_.swap(other.text_); }

    std::string text_;
};

}  // namespace kith::crypto
