#include "wire/mesh/forward.h"

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

using Buffer = std::vector<std::uint8_t>;

TEST(ForwardPiece, IsAsItIsWrittenDown) {
    EXPECT_EQ(to_hex(forward_piece(ForwardKind::Bytes, as_bytes("hi"))), "00026869");
    EXPECT_EQ(to_hex(forward_piece(ForwardKind::End, {})), "4000");
    EXPECT_EQ(to_hex(forward_verdict(ForwardVerdict::NotAllowed, "no")), "8003016e6f");
    EXPECT_EQ(to_hex(forward_piece(ForwardKind::Target, as_bytes("h:1"))), "c003683a31");
    EXPECT_EQ(to_hex(forward_head(ForwardKind::Bytes, kForwardBytesMax)), "3fff");
}

TEST(ForwardPiece, ComesOnceItIsWhole) {
    Buffer bytes = forward_piece(ForwardKind::Bytes, as_bytes("hi"));
    for (std::size_t count = 0; count < bytes.size(); ++count) {
        EXPECT_FALSE(next_forward_piece(Bytes(bytes).first(count)).value()) << count;
    }
    bytes.push_back(0xFF);
    const ForwardPiece piece = next_forward_piece(bytes).value().value();
    EXPECT_EQ(piece.kind, ForwardKind::Bytes);
    EXPECT_EQ(as_text(piece.body), "hi");
    EXPECT_EQ(piece.piece_bytes, 4U);
}

TEST(ForwardPiece, HasALengthThatFitsItsKind) {
    const auto is_malformed = [](const Buffer& bytes) { return !next_forward_piece(bytes); };
    EXPECT_TRUE(is_malformed({0x00, 0x00}));  // no bytes
    EXPECT_TRUE(is_malformed({0x40, 0x01}));  // an end of something
    EXPECT_TRUE(is_malformed({0x80, 0x00}));  // no verdict
    EXPECT_FALSE(is_malformed({0x80, 241}));
    EXPECT_TRUE(is_malformed({0x80, 242}));
    EXPECT_TRUE(is_malformed({0xC0, 0x00}));
    EXPECT_FALSE(is_malformed({0xC1, 0x06}));
    EXPECT_TRUE(is_malformed({0xC1, 0x07}));
}

TEST(ForwardVerdict, SaysWhyInWords) {
    const Buffer bytes = forward_verdict(ForwardVerdict::Broken, std::string(300, 'x'));
    const ForwardPiece piece = next_forward_piece(bytes).value().value();
    const ForwardAnswer answer = read_forward_verdict(piece.body).value();
    EXPECT_EQ(answer.verdict, ForwardVerdict::Broken);
    EXPECT_EQ(answer.why, std::string(240, 'x'));
    EXPECT_FALSE(read_forward_verdict(Buffer{5}));
    EXPECT_FALSE(read_forward_verdict(Buffer{1, 0xFF}));
    EXPECT_FALSE(read_forward_verdict({}));
}

}  // namespace
}  // namespace kith::mesh
