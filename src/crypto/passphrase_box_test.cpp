#include "crypto/passphrase_box.h"

#include <gtest/gtest.h>

#include "crypto/fake_secrets.h"

namespace kith::crypto {
namespace {

class PassphraseBox : public testing::Test {
  protected:
    std::vector<std::uint8_t> seal(std::string_view content) {
        return seal_with_passphrase("KX7M2-P9QRT", "test", as_bytes(content), secrets);
    }

    FakeSecrets secrets{1};
};

TEST_F(PassphraseBox, OpensWithItsPassphraseAndNoOther) {
    for (const std::string_view content :
         {"", "a", "a token of some length, and more than a block"}) {
        const auto box = seal(content);
        EXPECT_EQ(box.size(), content.size() + kPassphraseBoxExtraBytes);
        const auto opened = open_with_passphrase("KX7M2-P9QRT", "test", box);
        ASSERT_TRUE(opened);
        EXPECT_EQ(as_text(*opened), content);
        EXPECT_FALSE(open_with_passphrase("KX7M2-P9QRS", "test", box));
        EXPECT_FALSE(open_with_passphrase("", "test", box));
    }
}

TEST_F(PassphraseBox, IsForOneUse) {
    EXPECT_FALSE(open_with_passphrase("KX7M2-P9QRT", "another", seal("content")));
}

TEST_F(PassphraseBox, TheSameContentIsNeverTheSameBox) {
    EXPECT_NE(seal("content"), seal("content"));
}

TEST_F(PassphraseBox, NoticesThatItWasChangedAnywhere) {
    const auto box = seal("content");
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{17}, std::size_t{29}, box.size() - 1}) {
        auto changed = box;
        changed[at] ^= 1U;
        const auto opened = open_with_passphrase("KX7M2-P9QRT", "test", changed);
        ASSERT_FALSE(opened) << at;
        EXPECT_EQ(opened.error().kind, ErrorKind::Denied);
    }
}

TEST_F(PassphraseBox, OneThatIsCutOffIsNone) {
    const auto box = seal("");
    for (const std::size_t size : {std::size_t{0}, box.size() - 1}) {
        const auto opened = open_with_passphrase("KX7M2-P9QRT", "test", Bytes(box).first(size));
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().kind, ErrorKind::Malformed);
    }
}

}  // namespace
}  // namespace kith::crypto
