// One suite for both backends: a stream whose first bytes were a proxy's, and which then goes on as
// somebody else's.

#include "runtime/testing/stream_pair.h"

namespace kith::runtime {
namespace {

template <typename Rig>
class StreamProxy : public testing::Test {};
using PlainRigs =
    testing::Types<Plain<EpollRig>, Plain<SimRig<SmoothProfile>>, Plain<SimRig<RoughProfile>>>;
TYPED_TEST_SUITE(StreamProxy, PlainRigs, StreamRigNames);

const SocketAddress kClient = SocketAddress::v4({192, 0, 2, 7}, 50123);
constexpr std::size_t kHeaderBytes = 4;

/// Reads a "header" of four bytes, then hands the stream to `next`.
class HeaderReader final : public StreamHandler {
  public:
    explicit HeaderReader(Peer& next) : next_(next) {}

    void take(std::unique_ptr<Stream> stream) {
        stream_ = std::move(stream);
        stream_->set_handler(this);
    }
    void on_data(MutableBytes bytes) override {
        read_.append(as_text(bytes));
        if (read_.size() < kHeaderBytes) {
            return;
        }
        stream_->set_client(kClient, as_bytes(read_).subspan(kHeaderBytes));
        next_.take(std::move(stream_));
        if (when_done) {
            when_done();
        }
    }
    void on_closed(const Error&) override { stream_.reset(); }

    std::function<void()> when_done;

  private:
    Peer& next_;
    std::unique_ptr<Stream> stream_;
    std::string read_;
};

template <typename Rig>
struct ProxiedPair : Pair<Rig> {
    explicit ProxiedPair(Rig& on) : Pair<Rig>(on, 1), header(this->server) {
        this->acceptor.when_accepted = [this](std::unique_ptr<Stream> stream) {
            header.take(std::move(stream));
        };
    }
    HeaderReader header;
};

TYPED_TEST(StreamProxy, WhatCameBehindTheHeaderComesFirstAndNothingIsLost) {
    for_each_seed<TypeParam>(2, [](TypeParam& rig) {
        const std::string text = pattern(300'000, 3);
        ProxiedPair<TypeParam> pair(rig);
        pair.server.expected_bytes = text.size();
        pair.client.when_connected = [&] { pair.client.send_all("HEAD" + text); };
        pair.connect();
        ASSERT_TRUE(rig.wait(pair.server.all_received));
        StreamInfo info;
        rig.call(0, [&](Shard&) { info = pair.server.stream->info(); });
        EXPECT_EQ(info.remote, kClient);
        EXPECT_TRUE(info.is_proxied);
        EXPECT_EQ(pair.server.received, text);
        rig.stop();
    });
}

TYPED_TEST(StreamProxy, AClientThatSpeaksOnceAndEndsIsHeard) {
    for_each_seed<TypeParam>(2, [](TypeParam& rig) {
        ProxiedPair<TypeParam> pair(rig);
        pair.client.when_connected = [&] {
            pair.client.stream->send(as_bytes("HEADlast words"));
            pair.client.stream->close();
        };
        pair.connect();
        expect_orderly_end(pair);
        EXPECT_EQ(pair.server.received, "last words");
    });
}

TYPED_TEST(StreamProxy, WhatIsUnreadWaitsWhileReadingIsPausedAndTravelsAlong) {
    for_each_seed<TypeParam>(2, [](TypeParam& rig) {
        ProxiedPair<TypeParam> pair(rig);
        pair.server.expected_bytes = 5;
        pair.header.when_done = [&] {
            Shard& here = rig.shard(0);
            pair.server.stream->pause_reading();
            pair.server.stream->detach();
            here.post(ShardId(1), [&pair](Shard& there) {
                pair.server.stream->attach(there);
                pair.server.stream->resume_reading();
            });
        };
        pair.client.when_connected = [&] { pair.client.stream->send(as_bytes("HEADhello")); };
        pair.connect();
        ASSERT_TRUE(rig.wait(pair.server.all_received));
        EXPECT_EQ(pair.server.received, "hello");
        rig.stop();
    });
}

TYPED_TEST(StreamProxy, AbortedWithWordsUnreadSaysNothing) {
    for_each_seed<TypeParam>(2, [](TypeParam& rig) {
        ProxiedPair<TypeParam> pair(rig);
        pair.header.when_done = [&] { pair.server.stream->abort(); };
        pair.client.when_connected = [&] { pair.client.stream->send(as_bytes("HEADhello")); };
        pair.connect();
        ASSERT_TRUE(rig.wait(pair.client.closed));
        EXPECT_TRUE(pair.server.received.empty());
        rig.stop();
    });
}

}  // namespace
}  // namespace kith::runtime
