#include "runtime/half_open.h"

#include "runtime/testing/stream_pair.h"

namespace kith::runtime {
namespace {

template <typename Rig>
class HalfOpen : public testing::Test {};
using SocketRigs =
    testing::Types<Plain<EpollRig>, Plain<SimRig<SmoothProfile>>, Plain<SimRig<RoughProfile>>>;
TYPED_TEST_SUITE(HalfOpen, SocketRigs, StreamRigNames);

TYPED_TEST(HalfOpen, AnAnswerFollowsTheEndOfTheQuestion) {
    for_each_seed<TypeParam>(2, [](TypeParam& rig) {
        const std::string question = pattern(1'500'000, 1);
        const std::string answer = pattern(2'500'000, 2);
        Pair pair(rig, 1);
        pair.client.expected_bytes = answer.size();
        pair.client.when_connected = [&] { keep_half_open(*pair.client.stream, pair.client); };
        pair.acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
            pair.accept(std::move(stream));
            keep_half_open(*pair.server.stream, pair.server);
        };
        pair.server.when_ended = [&] {
            EXPECT_TRUE(pair.server.received == question);
            pair.server.stream->send(as_bytes(answer));
            end_output(*pair.server.stream);
        };
        pair.connect_and_wait();
        rig.call(1, [&](Shard&) {
            pair.client.stream->send(as_bytes(question));
            end_output(*pair.client.stream);
        });
        expect_orderly_end(pair);
        EXPECT_TRUE(pair.client.received == answer);
        EXPECT_TRUE(pair.client.has_ended);
    });
}

TYPED_TEST(HalfOpen, OneSideMayEndAndTheOtherGoOnForLong) {
    for_each_seed<TypeParam>(2, [](TypeParam& rig) {
        Pair pair(rig, 1);
        pair.server.expected_bytes = 4;
        pair.client.when_connected = [&] { keep_half_open(*pair.client.stream, pair.client); };
        pair.acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
            pair.accept(std::move(stream));
            keep_half_open(*pair.server.stream, pair.server);
            end_output(*pair.server.stream);
        };
        pair.connect_and_wait();
        ASSERT_TRUE(rig.wait(pair.client.ended));
        rig.call(1, [&](Shard&) { pair.client.stream->send(as_bytes("more")); });
        ASSERT_TRUE(rig.wait(pair.server.all_received));
        rig.call(1, [&](Shard&) {
            EXPECT_FALSE(pair.client.closed_reason);
            pair.client.stream->close();
        });
        expect_orderly_end(pair);
    });
}

TYPED_TEST(HalfOpen, WhoEndedAndBreaksOffIsNoticed) {
    for_each_seed<TypeParam>(2, [](TypeParam& rig) {
        Pair pair(rig, 1);
        pair.client.when_connected = [&] { keep_half_open(*pair.client.stream, pair.client); };
        pair.acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
            pair.accept(std::move(stream));
            keep_half_open(*pair.server.stream, pair.server);
            end_output(*pair.server.stream);
        };
        pair.connect_and_wait();
        ASSERT_TRUE(rig.wait(pair.client.ended));
        rig.call(0, [&](Shard&) { pair.server.stream->abort(); });
        rig.call(1, [&](Shard&) { pair.client.send_all(pattern(4'000'000, 1)); });
        ASSERT_TRUE(rig.wait(pair.client.closed));
        rig.stop();
        EXPECT_NE(pair.client.closed_reason->kind, ErrorKind::Closed);
    });
}

}  // namespace
}  // namespace kith::runtime
