#include "api/message_recorder.h"

#include <gtest/gtest.h>

#include "api/limits.h"
#include "api/testing/fake_backend.h"

namespace kith::api {
namespace {

const Instant kStart = Instant::from_ns(1'000'000'000'000);

class MessageRecorderTest : public ::testing::Test {
  protected:
    void pass(const std::string& client, const std::string& payload) {
        TappedMessage message;
        message.client = client;
        message.topic = "a/b";
        message.payload = as_bytes(payload);
        backend_.pass(message);
    }
    const std::deque<KeptMessage>& look(const std::string& client, Instant now = kStart) {
        return **recorder_.look(client, now);
    }

    FakeBackend backend_;
    MessageRecorder recorder_{backend_};
};

TEST_F(MessageRecorderTest, RecordsFromTheFirstLookOn) {
    pass("press-07", "before");
    EXPECT_TRUE(look("press-07").empty());
    pass("press-07", "after");
    pass("oven-3", "other");
    ASSERT_EQ(look("press-07").size(), 1U);
    EXPECT_EQ(look("press-07")[0].payload, "after");
    EXPECT_EQ(look("press-07")[0].topic, "a/b");
    EXPECT_EQ(backend_.tap_count(), 1U);
}

TEST_F(MessageRecorderTest, KeepsTheLastMessagesAndTheStartOfLongOnes) {
    (void)look("m");
    for (std::size_t i = 0; i <= kRecordedMessagesMax; ++i) {
        pass("m", std::to_string(i));
    }
    EXPECT_EQ(look("m").size(), kRecordedMessagesMax);
    EXPECT_EQ(look("m").front().payload, "1");
    pass("m", std::string(kShownPayloadBytes + 5, 'x'));
    EXPECT_EQ(look("m").back().payload.size(), kShownPayloadBytes);
    EXPECT_EQ(look("m").back().payload_bytes, kShownPayloadBytes + 5);
}

TEST_F(MessageRecorderTest, EndsWhatNobodyLooksAt) {
    (void)look("a", kStart);
    (void)look("b", kStart + 1s);
    (void)look("a", kStart + 2s);
    recorder_.expire(kStart + 1s + kRecordedLifetime);
    EXPECT_EQ(recorder_.recorded_count(), 2U);
    recorder_.expire(kStart + 1s + kRecordedLifetime + 1ns);
    EXPECT_EQ(recorder_.recorded_count(), 1U);
    EXPECT_EQ(backend_.tap_count(), 1U);
    recorder_.expire(kStart + 2s + kRecordedLifetime + 1ns);
    EXPECT_EQ(backend_.tap_count(), 0U);
}

TEST_F(MessageRecorderTest, MachineLookedAtLongestAgoMakesRoom) {
    for (std::size_t i = 0; i <= kRecordedMachinesMax; ++i) {
        (void)look("m" + std::to_string(i));
    }
    EXPECT_EQ(recorder_.recorded_count(), kRecordedMachinesMax);
    pass("m0", "lost");
    EXPECT_TRUE(look("m0").empty());
}

TEST_F(MessageRecorderTest, RefusedTapIsSaid) {
    backend_.tap_answer = fail(ErrorKind::Limit, "too many taps");
    EXPECT_EQ(recorder_.look("m", kStart).error().kind, ErrorKind::Limit);
    EXPECT_EQ(recorder_.recorded_count(), 0U);
}

}  // namespace
}  // namespace kith::api
