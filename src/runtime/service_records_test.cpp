#include "runtime/service_records.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace kith::runtime {
namespace {

/// Makes what a name server answers.
class Answer {
  public:
    explicit Answer(std::uint16_t answers) {
        put16(0x1234), put16(0x8180), put16(1), put16(answers), put16(0), put16(0);
        put_name({"_kith-mesh", "_tcp", "example"});
        put16(33), put16(1);
    }
    void srv(std::uint16_t priority, std::uint16_t weight, std::uint16_t port,
             const std::vector<std::string>& host) {
        head(33);
        const std::size_t length_at = bytes.size() - 2;
        const std::size_t begin = bytes.size();
        put16(priority), put16(weight), put16(port);
        put_name(host);
        const std::size_t length = bytes.size() - begin;
        bytes[length_at] = static_cast<std::uint8_t>(length >> 8U);
        bytes[length_at + 1] = static_cast<std::uint8_t>(length);
    }
    /// Of another type, with so many bytes.
    void other(std::uint16_t type, std::uint16_t length) {
        head(type);
        bytes[bytes.size() - 1] = static_cast<std::uint8_t>(length);
        bytes.insert(bytes.end(), length, 7);
    }
    std::vector<std::uint8_t> bytes;

  private:
    void put16(std::size_t value) {
        bytes.push_back(static_cast<std::uint8_t>(value >> 8U));
        bytes.push_back(static_cast<std::uint8_t>(value));
    }
    void put_name(const std::vector<std::string>& labels) {
        for (const std::string& label : labels) {
            bytes.push_back(static_cast<std::uint8_t>(label.size()));
            bytes.insert(bytes.end(), label.begin(), label.end());
        }
        bytes.push_back(0);
    }
    void head(std::uint16_t type) {
        put16(0xC00C);  // the name of the question
        put16(type), put16(1), put16(0), put16(60), put16(0);
    }
};

TEST(ServiceRecords, AreReadInTheOrderInWhichTheyAreToBeTried) {
    Answer answer(4);
    answer.srv(20, 0, 7883, {"spare", "example"});
    answer.srv(10, 5, 7883, {"gw-1", "example"});
    answer.other(5, 3);
    answer.srv(10, 50, 7884, {"gw-2", "example"});
    const auto targets = read_service_answer(answer.bytes);
    ASSERT_TRUE(targets);
    EXPECT_EQ(*targets, (std::vector<ServiceTarget>{{10, 50, "gw-2.example", 7884},
                                                    {10, 5, "gw-1.example", 7883},
                                                    {20, 0, "spare.example", 7883}}));
}

TEST(ServiceRecords, NoneAreNotFound) {
    EXPECT_EQ(read_service_answer(Answer(0).bytes).error().kind, ErrorKind::NotFound);
    Answer refused(1);
    refused.srv(0, 0, 0, {});  // "decidedly not available" (RFC 2782)
    EXPECT_EQ(read_service_answer(refused.bytes).error().kind, ErrorKind::NotFound);
    Answer again(1);
    again.srv(0, 0, 1, {"dns-srv:_a", "example"});
    EXPECT_EQ(read_service_answer(again.bytes).error().kind, ErrorKind::NotFound);
}

TEST(ServiceRecords, AreSoManyAtMost) {
    Answer answer(40);
    for (std::uint16_t i = 0; i < 40; ++i) {
        answer.srv(i, 0, 7883, {"gw"});
    }
    EXPECT_EQ(read_service_answer(answer.bytes)->size(), kServiceTargetsMax);
}

TEST(ServiceRecords, WhatIsCutOffOrInCirclesIsMalformed) {
    Answer answer(1);
    answer.srv(10, 5, 7883, {"gw-1", "example"});
    for (std::size_t bytes = 0; bytes < answer.bytes.size(); ++bytes) {
        EXPECT_FALSE(read_service_answer(Bytes(answer.bytes).first(bytes))) << bytes;
    }
    Answer circle(1);
    circle.srv(10, 5, 7883, {"gw"});
    circle.bytes[circle.bytes.size() - 4] = 0xC0;  // a pointer to itself
    circle.bytes[circle.bytes.size() - 3] = static_cast<std::uint8_t>(circle.bytes.size() - 4);
    EXPECT_EQ(read_service_answer(circle.bytes).error().kind, ErrorKind::Malformed);
}

TEST(ServiceRecords, NonsenseIsReadWithoutHarm) {
    Random random(3);
    Answer answer(3);
    answer.srv(10, 5, 7883, {"gw-1", "example"});
    answer.other(1, 4);
    answer.srv(10, 5, 7883, {"gw-2", "example"});
    for (int i = 0; i < 20'000; ++i) {
        std::vector<std::uint8_t> bytes = answer.bytes;
        for (std::uint64_t change = 0; change <= random.below(4); ++change) {
            bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.next());
        }
        bytes.resize(random.below(bytes.size() + 1));
        if (const auto targets = read_service_answer(bytes)) {
            EXPECT_LE(targets->size(), kServiceTargetsMax);
        }
    }
}

}  // namespace
}  // namespace kith::runtime
