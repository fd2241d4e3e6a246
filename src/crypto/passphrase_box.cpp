#include "crypto/passphrase_box.h"

#include <openssl/evp.h>

#include <array>
#include <memory>

#include "base/check.h"
#include "base/narrow.h"
#include "crypto/mac.h"

namespace kith::crypto {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr int kRounds = 100'000;
static_assert(kSaltBytes + kNonceBytes + kTagBytes == kPassphraseBoxExtraBytes);

struct FreeContext {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

class Key {
  public:
    Key(std::string_view passphrase, Bytes salt) {
        CHECK(PKCS5_PBKDF2_HMAC(passphrase.data(), narrow<int>(passphrase.size()), salt.data(),
                                narrow<int>(salt.size()), kRounds, EVP_sha256(),
                                narrow<int>(bytes_.size()), bytes_.data()) == 1);
    }
    ~Key() { wipe(bytes_); }
    Key(const Key&) = delete;
    Key& operator=(const Key&) = delete;

    [[nodiscard]] const std::uint8_t* data() const { return bytes_.data(); }

  private:
    std::array<std::uint8_t, 32> bytes_{};
};

}  // namespace

std::vector<std::uint8_t> seal_with_passphrase(std::string_view passphrase, std::string_view label,
                                               Bytes content, SecretSource& secrets) {
    std::vector<std::uint8_t> box(content.size() + kPassphraseBoxExtraBytes);
    const MutableBytes all(box);
    const MutableBytes salt = all.first(kSaltBytes);
    const MutableBytes nonce = all.subspan(kSaltBytes, kNonceBytes);
    const MutableBytes sealed = all.subspan(kSaltBytes + kNonceBytes, content.size());
    secrets.fill(salt);
    secrets.fill(nonce);
    const Key key(passphrase, salt);
    const Context context(EVP_CIPHER_CTX_new());
    int count = 0;
    CHECK(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce.data()) ==
          1);
    CHECK(EVP_EncryptUpdate(context.get(), nullptr, &count, as_bytes(label).data(),
                            narrow<int>(label.size())) == 1);
    CHECK(EVP_EncryptUpdate(context.get(), sealed.data(), &count, content.data(),
                            narrow<int>(content.size())) == 1);
    CHECK(EVP_EncryptFinal_ex(context.get(), all.last(kTagBytes).data(), &count) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                              all.last(kTagBytes).data()) == 1);
    return box;
}

Result<std::vector<std::uint8_t>> open_with_passphrase(std::string_view passphrase,
                                                       std::string_view label, Bytes box) {
    if (box.size() < kPassphraseBoxExtraBytes) {
        return fail(ErrorKind::Malformed, "a sealed box that is cut off");
    }
    const Bytes nonce = box.subspan(kSaltBytes, kNonceBytes);
    const Bytes sealed =
        box.subspan(kSaltBytes + kNonceBytes, box.size() - kPassphraseBoxExtraBytes);
    std::array<std::uint8_t, kTagBytes> tag{};
    std::copy(box.end() - kTagBytes, box.end(), tag.begin());
    const Key key(passphrase, box.first(kSaltBytes));
    const Context context(EVP_CIPHER_CTX_new());
    std::vector<std::uint8_t> content(sealed.size());
    int count = 0;
    CHECK(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce.data()) ==
          1);
    CHECK(EVP_DecryptUpdate(context.get(), nullptr, &count, as_bytes(label).data(),
                            narrow<int>(label.size())) == 1);
    CHECK(EVP_DecryptUpdate(context.get(), content.data(), &count, sealed.data(),
                            narrow<int>(sealed.size())) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1);
    std::array<std::uint8_t, 16> rest{};
    if (EVP_DecryptFinal_ex(context.get(), rest.data(), &count) != 1) {
        wipe(content);
        return fail(ErrorKind::Denied, "another passphrase has sealed it, or it was changed");
    }
    return content;
}

}  // namespace kith::crypto
