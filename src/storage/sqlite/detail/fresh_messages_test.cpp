// The rules themselves are tested through the stores; here is what only this class can get wrong.
#include "storage/sqlite/detail/fresh_messages.h"

#include <gtest/gtest.h>

namespace kith::storage::detail {
namespace {

class FreshMessagesTest : public ::testing::Test {
  protected:
    FreshMessagesTest() { fresh_.begin_batch(); }

    void put_message(std::uint64_t id) { fresh_.put_message({.id = MessageId(id)}); }
    void put(std::uint64_t session, std::uint64_t message,
             DeliveryState state = DeliveryState::Queued) {
        fresh_.put_delivery({.session = SessionId(session),
                             .sequence = message,
                             .message = MessageId(message),
                             .state = state});
    }
    void remove(std::uint64_t session, std::uint64_t message) {
        fresh_.delete_delivery(
            {.session = SessionId(session), .sequence = message, .message = MessageId(message)});
    }
    /// What would be written: "m<id>x<live deliveries>" and "d<session>/<message>".
    std::string left() {
        std::string text;
        for (const FreshMessage& message : fresh_.messages()) {
            if (message.live_count > 0) {
                text += "m" + std::to_string(message.record.id.value()) + "x" +
                        std::to_string(message.live_count) + " ";
            }
        }
        for (const FreshDelivery& delivery : fresh_.deliveries()) {
            if (!delivery.deleted) {
                text += "d" + std::to_string(delivery.record.session.value()) + "/" +
                        std::to_string(delivery.record.message.value()) + " ";
            }
        }
        return text;
    }

    FreshMessages fresh_;
};

TEST_F(FreshMessagesTest, HoldsOnlyMessagesOfThisGroup) {
    put_message(1);
    EXPECT_TRUE(fresh_.holds(MessageId(1)));
    EXPECT_FALSE(fresh_.holds(MessageId(2)));
    fresh_.clear();
    EXPECT_FALSE(fresh_.holds(MessageId(1)));
    EXPECT_EQ(left(), "");
}

TEST_F(FreshMessagesTest, CountsEachLiveDeliveryOnce) {
    put_message(1);
    put(1, 1);
    put(1, 1);
    put(2, 1);
    put(3, 1, DeliveryState::Released);
    EXPECT_EQ(left(), "m1x2 d1/1 d2/1 d3/1 ");
    put(2, 1, DeliveryState::Released);
    EXPECT_EQ(left(), "m1x1 d1/1 d2/1 d3/1 ");
    remove(1, 1);
    remove(1, 1);
    EXPECT_EQ(left(), "d2/1 d3/1 ");
}

TEST_F(FreshMessagesTest, AMessageThatIsGoneGetsNoDelivery) {
    put_message(1);
    put(1, 1);
    remove(1, 1);
    put(2, 1);
    EXPECT_EQ(left(), "");
    put(2, 1, DeliveryState::Released);
    EXPECT_EQ(left(), "d2/1 ");
}

TEST_F(FreshMessagesTest, ADeletedDeliveryMayComeBackWhileItsMessageLives) {
    put_message(1);
    put(1, 1);
    put(2, 1);
    remove(1, 1);
    put(1, 1);
    EXPECT_EQ(left(), "m1x2 d1/1 d2/1 ");
}

TEST_F(FreshMessagesTest, ASessionTakesAllItsDeliveries) {
    for (std::uint64_t message = 1; message <= 3; ++message) {
        put_message(message);
        put(1, message);
        put(2, message, message == 2 ? DeliveryState::Released : DeliveryState::Queued);
    }
    remove(2, 3);
    fresh_.delete_session(SessionId(2));
    fresh_.delete_session(SessionId(9));
    EXPECT_EQ(left(), "m1x1 m2x1 m3x1 d1/1 d1/2 d1/3 ");
}

TEST_F(FreshMessagesTest, WaitsForDeliveriesOnlyWithinTheBatch) {
    put_message(1);
    fresh_.begin_batch();
    put(1, 1);
    EXPECT_EQ(left(), "");
}

}  // namespace
}  // namespace kith::storage::detail
