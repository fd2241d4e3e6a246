#include "wire/proxy/header.h"

#include <gtest/gtest.h>

#include <string>

namespace kith::proxy {
namespace {

Result<std::optional<Header>> parse(const std::string& text) {
    return parse_header(as_bytes(text));
}

std::string line(const std::string& middle) {
    return "PROXY " + middle + "\r\n";
}

/// A header of version 2 with this body.
std::string binary(int version_and_command, int family, const std::string& body) {
    std::string text("\r\n\r\n\0\r\nQUIT\n", 12);
    text.push_back(static_cast<char>(version_and_command));
    text.push_back(static_cast<char>(family));
    text.push_back(static_cast<char>(body.size() >> 8));
    text.push_back(static_cast<char>(body.size() & 0xFF));
    return text + body;
}

std::string bytes(std::initializer_list<int> values) {
    std::string text;
    for (const int value : values) {
        text.push_back(static_cast<char>(value));
    }
    return text;
}

const std::string kTcp4Body = bytes({192, 0, 2, 7, 192, 0, 2, 1, 0xC3, 0xCB, 0x07, 0x5B});

std::string client(const Header& header) {
    return to_hex(header.client_ip) + " " + std::to_string(header.client_port) +
           (header.is_v4 ? " v4" : " v6");
}

TEST(ProxyHeader, ALineTellsTheClient) {
    const auto v4 = parse(line("TCP4 192.0.2.7 192.0.2.1 50123 1883") + "rest");
    ASSERT_TRUE(v4 && *v4);
    EXPECT_TRUE((*v4)->has_client);
    EXPECT_EQ(client(**v4), "00000000000000000000ffffc0000207 50123 v4");
    EXPECT_EQ((*v4)->header_bytes, line("TCP4 192.0.2.7 192.0.2.1 50123 1883").size());
    const auto v6 = parse(line("TCP6 2001:db8::7 ::1 1 65535"));
    ASSERT_TRUE(v6 && *v6);
    EXPECT_EQ(client(**v6), "20010db8000000000000000000000007 1 v6");
}

TEST(ProxyHeader, AddressesOfVersion6HaveManyForms) {
    const auto ip = [](const std::string& text) {
        const auto parsed = parse(line("TCP6 " + text + " :: 0 0"));
        return parsed && *parsed ? to_hex((*parsed)->client_ip) : std::string("refused");
    };
    EXPECT_EQ(ip("::"), "00000000000000000000000000000000");
    EXPECT_EQ(ip("1:2:3:4:5:6:7:8"), "00010002000300040005000600070008");
    EXPECT_EQ(ip("1::8"), "00010000000000000000000000000008");
    EXPECT_EQ(ip("ABCD::"), "abcd0000000000000000000000000000");
    EXPECT_EQ(ip("::ffff:192.0.2.7"), "00000000000000000000ffffc0000207");
    EXPECT_EQ(ip("1:2:3:4:5:6:192.0.2.7"), "000100020003000400050006c0000207");
    for (const char* wrong : {"1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", ":::", "1:::2",
                              "12345::", "g::", "::1.2.3", "1.2.3.4::", "1:2:3:4:5:6:7::8",
                              ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "::1%lo",
                              "-1::", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4:5", "192.0.2.7", ""}) {
        EXPECT_EQ(ip(wrong), "refused") << wrong;
    }
}

TEST(ProxyHeader, AnUnknownClientIsNone) {
    for (const std::string& text :
         {line("UNKNOWN"), line("UNKNOWN whatever it says"), binary(0x20, 0x11, kTcp4Body),
          binary(0x20, 0x99, "anything"), binary(0x20, 0, ""), binary(0x21, 0, ""),
          binary(0x21, 0x31, std::string(216, 'p'))}) {
        const auto parsed = parse(text);
        ASSERT_TRUE(parsed && *parsed) << text;
        EXPECT_FALSE((*parsed)->has_client) << text;
        EXPECT_EQ((*parsed)->header_bytes, text.size());
    }
}

TEST(ProxyHeader, LinesThatLeaveDoubtAreRefused) {
    for (const std::string& middle :
         std::initializer_list<std::string>{"TCP4 192.0.2.7 192.0.2.1 50123",
                                            "TCP4 192.0.2.7 192.0.2.1 50123 1883 ",
                                            "TCP4  192.0.2.7 192.0.2.1 50123 1883",
                                            "TCP4 192.0.2.7 192.0.2.1 50123 65536",
                                            "TCP4 192.0.2.7 192.0.2.1 050123 1883",
                                            "TCP4 192.0.2.7 192.0.2.1 -1 1883",
                                            "TCP4 192.0.2.7 192.0.2.1 +1 1883",
                                            "TCP4 192.0.2.256 192.0.2.1 1 2",
                                            "TCP4 192.0.02.7 192.0.2.1 1 2",
                                            "TCP4 192.0.2 192.0.2.1 1 2",
                                            "TCP4 192.0.2.7.1 192.0.2.1 1 2",
                                            "TCP4 ::1 ::1 1 2",
                                            "TCP4 192.0.2.7 host 1 2",
                                            "TCP6 192.0.2.7 192.0.2.1 1 2",
                                            "tcp4 192.0.2.7 192.0.2.1 1 2",
                                            "UDP4 1.1.1.1 1.1.1.1 1 2",
                                            "",
                                            " ",
                                            "UNKNOWN1",
                                            "TCP4 192.0.2.7 192.0.2.1 1 2\n"}) {
        const auto parsed = parse(line(middle));
        ASSERT_FALSE(parsed) << middle;
        EXPECT_EQ(parsed.error().kind, ErrorKind::Malformed);
    }
}

TEST(ProxyHeader, ALineEndsWithin107Bytes) {
    const std::string longest = "UNKNOWN " + std::string(107 - 6 - 8 - 2, 'x');
    EXPECT_TRUE(*parse(line(longest)));
    EXPECT_EQ(parse(line(longest + "x")).error().kind, ErrorKind::Limit);
    EXPECT_FALSE(*parse("PROXY " + std::string(100, 'x'))) << "it may end yet";
    EXPECT_EQ(parse("PROXY " + std::string(101, 'x')).error().kind, ErrorKind::Limit);
}

TEST(ProxyHeader, BinaryHeadersTellTheClient) {
    const auto v4 = parse(binary(0x21, 0x11, kTcp4Body) + "rest");
    ASSERT_TRUE(v4 && *v4);
    EXPECT_EQ(client(**v4), "00000000000000000000ffffc0000207 50123 v4");
    EXPECT_EQ((*v4)->header_bytes, 28U);
    std::string body = bytes({0x20, 0x01, 0x0D, 0xB8}) + std::string(11, '\0') + "\x07";
    body += std::string(16, '\0') + bytes({0, 9, 0, 10});
    const auto v6 = parse(binary(0x21, 0x21, body));
    ASSERT_TRUE(v6 && *v6);
    EXPECT_EQ(client(**v6), "20010db8000000000000000000000007 9 v6");
}

TEST(ProxyHeader, TlvsAreSkippedIfTheyFit) {
    // PP2_TYPE_SSL with a common name inside: nothing that anybody here believes.
    const std::string ssl = bytes({0x20, 0, 8, 0x07, 0, 0, 0, 0, 0x22, 0, 0});
    const auto parsed = parse(binary(0x21, 0x11, kTcp4Body + ssl));
    ASSERT_TRUE(parsed && *parsed);
    EXPECT_EQ((*parsed)->header_bytes, 28 + ssl.size());
    for (const std::string& broken : {bytes({0x20}), bytes({0x20, 0, 1}), bytes({4, 0, 0, 4})}) {
        EXPECT_FALSE(parse(binary(0x21, 0x11, kTcp4Body + broken)));
    }
}

TEST(ProxyHeader, BinaryHeadersThatLeaveDoubtAreRefused) {
    for (const std::string& text :
         {binary(0x11, 0x11, kTcp4Body), binary(0x31, 0x11, kTcp4Body),
          binary(0x22, 0x11, kTcp4Body), binary(0x21, 0x12, kTcp4Body),
          binary(0x21, 0x22, std::string(36, '\0')), binary(0x21, 0x41, kTcp4Body),
          binary(0x21, 0x11, kTcp4Body.substr(1)), binary(0x21, 0x21, kTcp4Body)}) {
        const auto parsed = parse(text);
        ASSERT_FALSE(parsed) << to_hex(as_bytes(text));
        EXPECT_EQ(parsed.error().kind, ErrorKind::Malformed);
    }
    EXPECT_EQ(parse(binary(0x21, 0, std::string(2049, '\0'))).error().kind, ErrorKind::Limit);
}

TEST(ProxyHeader, WaitsForWhatMayComeAndNoLonger) {
    for (const std::string& whole :
         {line("TCP4 192.0.2.7 192.0.2.1 50123 1883"), binary(0x21, 0x11, kTcp4Body)}) {
        for (std::size_t cut = 0; cut < whole.size(); ++cut) {
            const auto parsed = parse(whole.substr(0, cut));
            ASSERT_TRUE(parsed) << cut;
            EXPECT_FALSE(*parsed) << cut;
        }
    }
    const std::string connect("\x10\x0C\0\x04MQTT", 8);
    EXPECT_EQ(parse(connect).error().kind, ErrorKind::Malformed);
    EXPECT_EQ(parse("PROXZ").error().kind, ErrorKind::Malformed);
    EXPECT_EQ(parse("\r\n\r\n\r").error().kind, ErrorKind::Malformed);
    EXPECT_EQ(parse("GET / HTTP/1.1\r\n").error().kind, ErrorKind::Malformed);
}

}  // namespace
}  // namespace kith::proxy
