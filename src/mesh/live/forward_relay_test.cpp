#include "mesh/live/forward_relay.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "runtime/testing/peer.h"
#include "runtime/testing/rig.h"
#include "wire/mesh/forward.h"

namespace kith::mesh {
namespace {

using runtime::Peer;
using runtime::Shard;

std::string text_of(const std::vector<std::uint8_t>& piece) {
    return std::string(as_text(piece));
}

std::string bytes_piece(std::string_view bytes) {
    return text_of(forward_piece(ForwardKind::Bytes, as_bytes(bytes)));
}

/// A relay between two peers, over plain streams.
class ForwardRelays : public ::testing::Test {
  protected:
    void SetUp() override {
        door_.when_accepted = [this](std::unique_ptr<runtime::Stream> stream) {
            (asker_side_ == nullptr ? asker_side_ : circuit_side_) = std::move(stream);
            if (circuit_side_ != nullptr) {
                relay_.emplace(std::move(asker_side_), std::move(circuit_side_),
                               [this] { done_.set(); });
                relay_->start(as_bytes(rest_of_asker_), as_bytes(rest_of_circuit_));
            }
        };
        rig_.call(0, [this](Shard& shard) { door_.listen(shard, {.address = rig_.address()}); });
    }
    void TearDown() override {
        relay_.reset();
        asker_.stream.reset();
        far_.stream.reset();
    }
    void begin() {
        for (Peer* each : {&asker_, &far_}) {
            rig_.call(0, [&](Shard& shard) { each->connect(shard, door_.address); });
            ASSERT_TRUE(rig_.wait(each->connected));
        }
        ASSERT_TRUE(rig_.world().run_until([this] { return relay_.has_value(); }, 10s));
    }
    void send(Peer& from, std::string_view text) {
        rig_.call(0, [&](Shard&) { from.stream->send(as_bytes(text)); });
    }
    void close(Peer& which) {
        rig_.call(0, [&](Shard&) { which.stream->close(); });
    }

    runtime::SimRig<runtime::SmoothProfile> rig_{1, 1};
    runtime::Acceptor door_;
    std::unique_ptr<runtime::Stream> asker_side_;
    std::unique_ptr<runtime::Stream> circuit_side_;
    std::string rest_of_asker_;
    std::string rest_of_circuit_;
    Peer asker_;
    Peer far_;
    std::optional<ForwardRelay> relay_;
    runtime::Signal done_;
};

TEST_F(ForwardRelays, PassOnWhatHasComeBefore) {
    rest_of_asker_ = "a";
    rest_of_circuit_ = bytes_piece("c");
    asker_.expected_bytes = 6;
    far_.expected_bytes = 2;
    begin();
    send(asker_, "b");
    send(far_, bytes_piece("d"));
    ASSERT_TRUE(rig_.wait(far_.all_received));
    ASSERT_TRUE(rig_.wait(asker_.all_received));
    EXPECT_EQ(far_.received, "ab");
    EXPECT_EQ(asker_.received, bytes_piece("c") + bytes_piece("d"));
}

TEST_F(ForwardRelays, AreOverWhenBothSidesAre) {
    begin();
    send(far_, text_of(forward_piece(ForwardKind::End, {})));
    close(far_);
    ASSERT_TRUE(rig_.wait(asker_.closed));
    ASSERT_TRUE(rig_.wait(done_));
    EXPECT_EQ(asker_.received, text_of(forward_piece(ForwardKind::End, {})));
}

TEST_F(ForwardRelays, SayWhatIsWrongBehindTheLastWholePiece) {
    begin();
    send(far_, bytes_piece("whole") + bytes_piece("cut off").substr(0, 5));
    rig_.call(0, [this](Shard&) { far_.stream->abort(); });
    ASSERT_TRUE(rig_.wait(asker_.closed));
    const std::string whole = bytes_piece("whole");
    ASSERT_EQ(asker_.received.substr(0, whole.size()), whole);
    const auto next = next_forward_piece(as_bytes(asker_.received).subspan(whole.size()));
    ASSERT_TRUE(next && *next);
    EXPECT_EQ((*next)->kind, ForwardKind::Verdict);
    EXPECT_EQ(read_forward_verdict((*next)->body)->verdict, ForwardVerdict::Broken);
    ASSERT_TRUE(rig_.wait(done_));
}

TEST_F(ForwardRelays, AreOverWhenWhoAskedGoes) {
    begin();
    close(asker_);
    ASSERT_TRUE(rig_.wait(far_.closed));
    ASSERT_TRUE(rig_.wait(done_));
}

TEST_F(ForwardRelays, WhatIsNoPieceEndsThem) {
    begin();
    send(far_, std::string(2, '\0'));
    ASSERT_TRUE(rig_.wait(asker_.closed));
    ASSERT_TRUE(rig_.wait(done_));
    EXPECT_FALSE(asker_.received.empty()) << "it is told why";
}

}  // namespace
}  // namespace kith::mesh
