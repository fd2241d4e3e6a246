#include "wire/mqtt/variable_byte_integer.h"

#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt {
namespace {

using namespace testing;
using State = VariableByteInteger::State;

struct Edge {
    std::uint32_t value;
    Buffer bytes;
};

/// MQTT 5.0, table 1-1: the smallest and the largest value of each length.
const std::vector<Edge> kEdges{
    {0, {0x00}},
    {127, {0x7F}},
    {128, {0x80, 0x01}},
    {16'383, {0xFF, 0x7F}},
    {16'384, {0x80, 0x80, 0x01}},
    {2'097'151, {0xFF, 0xFF, 0x7F}},
    {2'097'152, {0x80, 0x80, 0x80, 0x01}},
    {268'435'455, {0xFF, 0xFF, 0xFF, 0x7F}},
};

TEST(VariableByteInteger, EdgesOfEachLengthAreExact) {
    for (const Edge& edge : kEdges) {
        EXPECT_EQ(variable_byte_integer_bytes(edge.value), edge.bytes.size());
        Buffer written(edge.bytes.size());
        ByteWriter writer(written);
        put_variable_byte_integer(writer, edge.value);
        EXPECT_EQ(written, edge.bytes);
        const VariableByteInteger scan = scan_variable_byte_integer(edge.bytes);
        EXPECT_EQ(scan.state, State::Complete);
        EXPECT_EQ(scan.value, edge.value);
        EXPECT_EQ(scan.size_bytes, edge.bytes.size());
    }
}

TEST(VariableByteInteger, IsIncompleteUntilItsLastByte) {
    for (const Edge& edge : kEdges) {
        for (std::size_t size = 0; size < edge.bytes.size(); ++size) {
            EXPECT_EQ(scan_variable_byte_integer(Bytes(edge.bytes).first(size)).state,
                      State::Incomplete);
        }
    }
}

TEST(VariableByteInteger, LongerFormsAreMalformed) {
    // [MQTT-1.5.5-1].
    const auto state = [](const Buffer& bytes) { return scan_variable_byte_integer(bytes).state; };
    EXPECT_EQ(state({0x80, 0x00}), State::Malformed);
    EXPECT_EQ(state({0xFF, 0x80, 0x00}), State::Malformed);
    EXPECT_EQ(state({0x80, 0x80, 0x80, 0x00}), State::Malformed);
}

TEST(VariableByteInteger, FifthByteIsMalformedBeforeItArrives) {
    const Buffer bytes{0xFF, 0xFF, 0xFF, 0xFF};
    EXPECT_EQ(scan_variable_byte_integer(bytes).state, State::Malformed);
}

TEST(VariableByteIntegerDeathTest, LargerValuesCannotBeWritten) {
    Buffer room(8);
    ByteWriter writer(room);
    EXPECT_DEATH(put_variable_byte_integer(writer, kVariableByteIntegerMax + 1), "Max");
}

}  // namespace
}  // namespace kith::mqtt
