#include "mesh/trust/pairing.h"

#include <gtest/gtest.h>

#include "crypto/fake_secrets.h"

namespace kith::mesh {
namespace {

TEST(PairingCode, IsReadAsPeopleTypeIt) {
    EXPECT_EQ(read_pairing_code("KX7M2-P9QRT"), "KX7M2-P9QRT");
    EXPECT_EQ(read_pairing_code("kx7m2p9qrt"), "KX7M2-P9QRT");
    EXPECT_EQ(read_pairing_code("kx7m2 p9qrt"), "KX7M2-P9QRT");
    EXPECT_EQ(read_pairing_code("oIl00-00000"), "01100-00000");
    for (const char* wrong :
         {"", "KX7M2", "KX7M2-P9QR", "KX7M2-P9QRTT", "KX7M2-P9QR!", "KX7M2-P9QRU"}) {
        EXPECT_FALSE(read_pairing_code(wrong)) << wrong;
    }
}

TEST(PairingCode, IsMadeAsItIsRead) {
    crypto::FakeSecrets secrets(1);
    const std::string code = make_pairing_code(secrets);
    EXPECT_EQ(read_pairing_code(code), code);
    EXPECT_NE(make_pairing_code(secrets), code);
}

TEST(PairingOffer, IsForTheCodeThatItWasMadeWith) {
    crypto::FakeSecrets secrets(1);
    const auto offer = make_pairing_offer("KX7M2-P9QRT", "kith1.abc", secrets);
    EXPECT_TRUE(is_pairing_offer(offer));
    EXPECT_EQ(read_pairing_offer("KX7M2-P9QRT", offer).value(), "kith1.abc");
    EXPECT_EQ(read_pairing_offer("KX7M2-P9QRS", offer).error().kind, ErrorKind::Denied);
}

TEST(PairingOffer, WhatIsNoneIsRefused) {
    crypto::FakeSecrets secrets(1);
    auto offer = make_pairing_offer("KX7M2-P9QRT", "kith1.abc", secrets);
    const Bytes whole(offer);
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{7}, std::size_t{8}, std::size_t{40}}) {
        EXPECT_EQ(read_pairing_offer("KX7M2-P9QRT", whole.first(size)).error().kind,
                  ErrorKind::Malformed);
    }
    EXPECT_EQ(read_pairing_offer("KX7M2-P9QRT", std::vector<std::uint8_t>(2000, 'k')).error().kind,
              ErrorKind::Malformed);
    offer[7] = 2;
    EXPECT_EQ(read_pairing_offer("KX7M2-P9QRT", offer).error().kind, ErrorKind::Unsupported);
}

}  // namespace
}  // namespace kith::mesh
