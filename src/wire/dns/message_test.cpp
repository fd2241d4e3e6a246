#include "wire/dns/message.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/byte_writer.h"
#include "wire/dns/limits.h"

namespace kith::dns {
namespace {

using Buffer = std::vector<std::uint8_t>;

Message some_message() {
    const Name type("_kith._tcp.local");
    const Name instance("gw 1", type);
    const Name host("gw-1.local");
    Record srv{.name = instance, .type = Type::Srv, .flushes_cache = true, .ttl_s = 120};
    srv.target = host;
    srv.port = 7883;
    srv.weight = 2;
    srv.priority = 1;
    Record txt{.name = instance, .type = Type::Txt, .flushes_cache = true, .ttl_s = 4500};
    txt.texts = {"v=1", "id=0102030405060708"};
    Record a{.name = host, .type = Type::A, .ttl_s = 120};
    a.address = {10, 0, 0, 1};
    Record aaaa{.name = host, .type = Type::Aaaa, .ttl_s = 120};
    aaaa.address = {0xfd, 1, 2, 3};
    Record other{.name = host, .type = static_cast<Type>(47), .ttl_s = 7};
    other.content = {1, 2, 3};
    Record ptr{.name = type, .type = Type::Ptr, .ttl_s = 4500};
    ptr.target = instance;
    return {.id = 9,
            .is_response = true,
            .is_truncated = true,
            .questions = {{.name = type, .type = Type::Ptr, .wants_unicast = true}},
            .answers = {ptr},
            .authorities = {srv, txt},
            .additionals = {a, aaaa, other}};
}

/// A header with one question.
Buffer header(std::uint16_t questions, std::uint16_t answers = 0) {
    Buffer bytes(12);
    ByteWriter out(bytes);
    out.u32(0);
    out.u16(questions);
    out.u16(answers);
    out.u32(0);
    return bytes;
}
Buffer operator+(Buffer a, const Buffer& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

TEST(DnsMessage, WhatIsEncodedDecodes) {
    const Message message = some_message();
    EXPECT_EQ(decode(encode(message)), message);
    EXPECT_EQ(decode(encode(Message{})), Message{});
}

TEST(DnsMessage, ReadsACompressedName) {
    // "a.local" as a question at 12, then "b" and a pointer to "local", which is at 14.
    const Buffer bytes = header(2) + Buffer{1, 'a', 5, 'l', 'o', 'c', 'a', 'l', 0, 0, 12, 0, 1} +
                         Buffer{1, 'b', 0xC0, 14, 0, 255, 0x80, 1};
    const auto message = decode(bytes);
    ASSERT_TRUE(message.has_value()) << message.error().text;
    EXPECT_EQ(message->questions[0].name, Name("a.local"));
    EXPECT_EQ(message->questions[1].name, Name("b.local"));
    EXPECT_TRUE(message->questions[1].wants_unicast);
}

TEST(DnsMessage, APointerThatDoesNotGoBackIsRefused) {
    for (const Buffer& name : {Buffer{0xC0, 12},          // to itself
                               Buffer{0xC0, 14},          // forwards
                               Buffer{1, 'a', 0xC0, 12},  // a loop through its own label
                               Buffer{0xFF, 0xFF}}) {
        const auto decoded = decode(header(1) + name + Buffer{0, 1, 0, 1});
        ASSERT_FALSE(decoded.has_value());
        EXPECT_EQ(decoded.error().kind, ErrorKind::Malformed);
    }
    // Two names that point to one another: the second one is behind the first.
    const Buffer both = header(2) + Buffer{1, 'a', 0xC0, 20, 0, 1, 0, 1} + Buffer{0xC0, 12, 0, 1};
    EXPECT_FALSE(decode(both).has_value());
}

TEST(DnsMessage, LabelsOfOtherKindsAreRefused) {
    EXPECT_FALSE(decode(header(1) + Buffer{0x41, 'a', 0, 0, 1, 0, 1}).has_value());
    EXPECT_FALSE(decode(header(1) + Buffer{0x80, 0, 0, 1, 0, 1}).has_value());
}

TEST(DnsMessage, ANameThatGrowsTooLongByPointersIsRefused) {
    // Each question has a label of 60 bytes and points to the one before.
    Buffer bytes = header(5);
    std::size_t before = 0;
    for (int i = 0; i < 5; ++i) {
        const std::size_t here = bytes.size();
        bytes.push_back(60);
        bytes.insert(bytes.end(), 60, 'x');
        if (i == 0) {
            bytes.push_back(0);
        } else {
            bytes.push_back(0xC0);
            bytes.push_back(static_cast<std::uint8_t>(before));
        }
        bytes = bytes + Buffer{0, 1, 0, 1};
        before = here;
        if (i == 3) {
            break;  // four labels are 245 bytes
        }
    }
    bytes[5] = 4;
    EXPECT_TRUE(decode(bytes).has_value());
    bytes[5] = 5;
    bytes.push_back(60);
    bytes.insert(bytes.end(), 60, 'x');
    bytes = bytes + Buffer{0xC0, static_cast<std::uint8_t>(before), 0, 1, 0, 1};
    EXPECT_FALSE(decode(bytes).has_value());
}

TEST(DnsMessage, EveryCutIsRefused) {
    const Buffer whole = encode(some_message());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(decode(Bytes(whole).first(size)).has_value()) << size;
    }
}

TEST(DnsMessage, ContentOfAnotherLengthIsRefused) {
    Buffer bytes = header(0, 1) + Buffer{0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 5, 10, 0, 0, 1, 7};
    EXPECT_EQ(decode(bytes).error().kind, ErrorKind::Malformed) << "an address of 5 bytes";
    constexpr std::size_t kLengthAt = 22;
    bytes[kLengthAt] = 3;
    EXPECT_FALSE(decode(bytes).has_value());
    bytes[kLengthAt] = 4;
    EXPECT_TRUE(decode(bytes).has_value());
}

TEST(DnsMessage, TooManyEntriesAreRefusedBeforeTheyAreRead) {
    Buffer bytes = header(kEntriesMax);
    EXPECT_EQ(decode(bytes).error().kind, ErrorKind::Malformed);
    bytes[5] = kEntriesMax + 1;
    EXPECT_EQ(decode(bytes).error().kind, ErrorKind::Limit);
}

TEST(DnsMessage, OtherKindsOfMessagesAreUnsupported) {
    Buffer update = encode(some_message());
    update[2] |= 0x28;
    EXPECT_EQ(decode(update).error().kind, ErrorKind::Unsupported);
    Buffer error = encode(some_message());
    error[3] |= 3;
    EXPECT_EQ(decode(error).error().kind, ErrorKind::Unsupported);
    const Buffer chaos = header(1) + Buffer{0, 0, 1, 0, 3};
    EXPECT_EQ(decode(chaos).error().kind, ErrorKind::Unsupported);
}

/// The seeds of the fuzz target; KITH_WRITE_CORPUS=1 writes them anew into fuzz/dns_message.
TEST(DnsCorpus, HoldsAMessageOfEachKind) {
    const std::filesystem::path folder = "fuzz/dns_message";
    Message query;
    query.questions = {{.name = Name("_kith._tcp.local"), .type = Type::Ptr}};
    const std::vector<std::pair<std::string, Buffer>> seeds{
        {"response", encode(some_message())},
        {"query", encode(query)},
        {"compressed", header(2) + Buffer{1, 'a', 5, 'l', 'o', 'c', 'a', 'l', 0, 0, 12, 0, 1} +
                           Buffer{1, 'b', 0xC0, 14, 0, 255, 0x80, 1}},
        {"loop", header(1) + Buffer{1, 'a', 0xC0, 12, 0, 1, 0, 1}},
    };
    for (const auto& [name, bytes] : seeds) {
        if (std::getenv("KITH_WRITE_CORPUS") != nullptr) {
            std::filesystem::create_directories(folder);
            std::ofstream(folder / name, std::ios::binary) << as_text(bytes);
        }
        std::ifstream file(folder / name, std::ios::binary);
        const std::string content(std::istreambuf_iterator<char>(file), {});
        EXPECT_EQ(content, as_text(bytes)) << name << " (KITH_WRITE_CORPUS=1 writes it)";
    }
}

}  // namespace
}  // namespace kith::dns
