#include "crypto/base64.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace kith::crypto {
namespace {

std::string decoded(std::string_view text, Base64 form) {
    const auto bytes = from_base64(text, form);
    return bytes ? std::string(as_text(*bytes)) : "malformed";
}

TEST(Base64, MatchesTheVectorsOfRfc4648) {
    const std::pair<const char*, const char*> vectors[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (const auto& [plain, text] : vectors) {
        EXPECT_EQ(to_base64(as_bytes(plain), Base64::Padded), text);
        EXPECT_EQ(decoded(text, Base64::Padded), plain);
    }
}

TEST(Base64, UrlFormHasNoCharacterThatAUrlWouldEscape) {
    const std::uint8_t bytes[] = {0xFB, 0xEF, 0xFF, 0xFE};
    EXPECT_EQ(to_base64(bytes, Base64::Padded), "++///g==");
    EXPECT_EQ(to_base64(bytes, Base64::Unpadded), "++///g");
    EXPECT_EQ(to_base64(bytes, Base64::Url), "--___g");
}

TEST(Base64, EveryLengthSurvivesTheRoundTrip) {
    Random random(7);
    for (std::size_t length = 0; length < 70; ++length) {
        std::string plain;
        for (std::size_t i = 0; i < length; ++i) {
            plain.push_back(static_cast<char>(random.next()));
        }
        for (const Base64 form : {Base64::Padded, Base64::Unpadded, Base64::Url}) {
            EXPECT_EQ(decoded(to_base64(as_bytes(plain), form), form), plain);
        }
    }
}

TEST(Base64, RefusesWhatNoEncoderWrites) {
    for (const char* text : {"Zg", "Zg=", "Zg===", "Z===", "Zm9v\n", "Zm 9v", "Zh==", "Zm9=", "=",
                             "Zg==Zg==", "--__", "Zm9\x80"}) {
        EXPECT_EQ(decoded(text, Base64::Padded), "malformed") << text;
    }
    EXPECT_EQ(decoded("Zg==", Base64::Unpadded), "malformed");
    EXPECT_EQ(decoded("Z", Base64::Url), "malformed");
    EXPECT_EQ(decoded("++//", Base64::Url), "malformed");
}

}  // namespace
}  // namespace kith::crypto
