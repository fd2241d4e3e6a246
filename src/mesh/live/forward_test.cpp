// Forwarded connections over simulated machines: TLS inside of circuits over TLS links.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mesh/live/forward_splice.h"
#include "mesh/live/limits.h"
#include "mesh/live/testing/live_mesh.h"
#include "runtime/testing/peer.h"

namespace kith::mesh {
namespace {

using runtime::Peer;
using testing::LiveMesh;

constexpr std::uint16_t kServicePort = 9000;
constexpr std::uint16_t kDoorPort = 7000;

/// 1 - 2 - 3; a service at 3, and a door at 1 that leads there.
class ForwardedOverALine : public ::testing::Test {
  protected:
    void SetUp() override {
        mesh_.allow(3, {"*:9000"});
        mesh_.start(1, {});
        mesh_.start(2, {1});
        mesh_.start(3, {2});
        ASSERT_TRUE(mesh_.world.run_until([&] { return mesh_.reachable(1) == 2; }, 5s));
        service_.when_accepted = [this](std::unique_ptr<runtime::Stream> stream) {
            served_.take(std::move(stream));
            runtime::keep_half_open(*served_.stream, served_);
        };
        door_.when_accepted = [this](std::unique_ptr<runtime::Stream> stream) {
            open(std::move(stream));
        };
        mesh_.run_on(3, [this](runtime::Shard& shard) {
            service_.listen(shard, {.address = mesh_.machine(3).address(kServicePort)});
        });
        mesh_.run_on(1, [this](runtime::Shard& shard) {
            door_.listen(shard, {.address = mesh_.machine(1).address(kDoorPort)});
            client_.when_connected = [this] { runtime::keep_half_open(*client_.stream, client_); };
        });
    }
    void TearDown() override {
        splice_.reset();
        client_.stream.reset();
        served_.stream.reset();
    }

    /// As the command and its node do, without HTTP between them.
    void open(std::unique_ptr<runtime::Stream> stream) {
        waiting_ = std::move(stream);
        waiting_->set_handler(&nobody_);
        waiting_->pause_reading();
        mesh_.caller(1).call(mesh_.id(3), target_,
                             [this](tl::expected<Forwarded, ForwardRefusal> made) {
                                 if (!made) {
                                     refusal_ = made.error();
                                     waiting_->abort();
                                     return;
                                 }
                                 splice_ = std::make_unique<ForwardSplice>(
                                     std::move(made->pieces), std::move(waiting_),
                                     [this](const ForwardSummary& summary) { over_ = summary; });
                                 splice_->start(made->rest);
                             });
    }
    void knock() {
        mesh_.run_on(1, [this](runtime::Shard& shard) {
            client_.connect(shard, mesh_.machine(1).address(kDoorPort));
        });
    }
    bool until(const std::function<bool()>& is_so, Duration limit = 10s) {
        return mesh_.world.run_until(is_so, limit);
    }

    LiveMesh mesh_{3, LiveMesh::Links::UnderTls};
    std::string target_ = mesh_.machine(3).address(kServicePort).to_string();
    runtime::Acceptor service_;
    runtime::Acceptor door_;
    Peer served_;
    Peer client_;
    Peer nobody_;
    std::unique_ptr<runtime::Stream> waiting_;
    std::unique_ptr<ForwardSplice> splice_;
    std::optional<ForwardRefusal> refusal_;
    std::optional<ForwardSummary> over_;
};

TEST_F(ForwardedOverALine, BytesAndTheEndOfEachDirectionArrive) {
    const std::string there = runtime::pattern(3'000'000, 1);
    const std::string back = runtime::pattern(2'000'000, 2);
    served_.when_ended = [&] {
        served_.send_all(back);
        served_.when_drained = [&] {
            served_.send_more();
            if (served_.sent == back.size()) {
                runtime::end_output(*served_.stream);
            }
        };
        served_.when_drained();
    };
    knock();
    ASSERT_TRUE(until([&] { return client_.connected.is_set(); }));
    mesh_.run_on(1, [&](runtime::Shard&) {
        client_.send_all(there);
        client_.when_drained = [&] {
            client_.send_more();
            if (client_.sent == there.size()) {
                runtime::end_output(*client_.stream);
            }
        };
        client_.when_drained();
    });
    ASSERT_TRUE(until([&] { return client_.closed.is_set() && over_; }, 60s));
    EXPECT_TRUE(served_.received == there);
    EXPECT_TRUE(client_.received == back);
    EXPECT_EQ(over_->trouble, "");
    EXPECT_EQ(over_->bytes_out, there.size());
    EXPECT_EQ(over_->bytes_in, back.size());
    ASSERT_TRUE(until([&] { return mesh_.desk(3).open_count() == 0; }));
    ASSERT_EQ(mesh_.forward_news(3).size(), 2U);
    EXPECT_EQ(mesh_.forward_news(3)[0].node, mesh_.id(1));
    EXPECT_EQ(mesh_.forward_news(3)[1].summary.bytes_in, there.size());
    EXPECT_EQ(mesh_.desk(3).counters().verdicts[0], 1U);
    EXPECT_TRUE(until([&] {
        return mesh_.host(1).node().counters().circuits.ends == 0 &&
               mesh_.host(2).node().counters().circuits.carried == 0;
    }));
}

TEST_F(ForwardedOverALine, WhatIsNotAllowedIsRefusedAndCounted) {
    target_ = mesh_.machine(3).address(kServicePort + 1).to_string();
    knock();
    ASSERT_TRUE(until([&] { return refusal_.has_value(); }));
    EXPECT_EQ(refusal_->kind, ForwardRefusal::Kind::NotAllowed);
    EXPECT_EQ(mesh_.desk(3).counters().verdicts[1], 1U);
    ASSERT_EQ(mesh_.forward_news(3).size(), 1U);
    EXPECT_EQ(mesh_.forward_news(3)[0].kind, ForwardNews::Kind::Refused);
    EXPECT_EQ(mesh_.forward_news(3)[0].target, target_);
}

TEST_F(ForwardedOverALine, AServiceThatDoesNotListenIsSaidToBeSo) {
    mesh_.run_on(3, [this](runtime::Shard&) { service_.listener.reset(); });
    knock();
    ASSERT_TRUE(until([&] { return refusal_.has_value(); }));
    EXPECT_EQ(refusal_->kind, ForwardRefusal::Kind::Service);
}

TEST_F(ForwardedOverALine, ANodeThatIsNotThereIsUnknownOrHasNoWay) {
    std::optional<ForwardRefusal> unknown;
    mesh_.run_on(1, [&](runtime::Shard&) {
        mesh_.caller(1).call(NodeId(5), target_,
                             [&](auto made) { unknown = std::move(made.error()); });
    });
    ASSERT_TRUE(unknown);
    EXPECT_EQ(unknown->kind, ForwardRefusal::Kind::UnknownNode);
    mesh_.stop(2);
    ASSERT_TRUE(until([&] { return mesh_.reachable(1) == 0; }));
    knock();
    ASSERT_TRUE(until([&] { return refusal_.has_value(); }));
    EXPECT_EQ(refusal_->kind, ForwardRefusal::Kind::NoWay);
}

TEST_F(ForwardedOverALine, AReaderThatStopsHoldsTheSender) {
    knock();
    ASSERT_TRUE(until([&] { return served_.stream != nullptr; }));
    mesh_.run_on(3, [this](runtime::Shard&) { served_.stream->pause_reading(); });
    const std::string text = runtime::pattern(8'000'000, 1);
    mesh_.run_on(1, [&](runtime::Shard&) { client_.send_all(text); });
    mesh_.world.run_for(5s);
    const std::size_t sent = client_.stream->sent_bytes();
    EXPECT_LT(sent, text.size());
    mesh_.world.run_for(5s);
    EXPECT_EQ(client_.stream->sent_bytes(), sent);
    served_.expected_bytes = text.size();
    mesh_.run_on(3, [this](runtime::Shard&) { served_.stream->resume_reading(); });
    ASSERT_TRUE(until([&] { return served_.all_received.is_set(); }, 5min));
    EXPECT_TRUE(served_.received == text);
}

TEST_F(ForwardedOverALine, AWayThatDiesEndsBothConnectionsWithAReason) {
    knock();
    ASSERT_TRUE(until([&] { return served_.stream != nullptr; }));
    mesh_.run_on(1, [&](runtime::Shard&) { client_.stream->send(as_bytes("hello")); });
    ASSERT_TRUE(until([&] { return served_.received == "hello"; }));
    mesh_.stop(2);
    ASSERT_TRUE(until([&] { return over_ && served_.closed.is_set(); }, 60s));
    EXPECT_EQ(over_->trouble, "there is no way to the node any more");
    EXPECT_TRUE(until([&] { return client_.closed.is_set(); }));
    EXPECT_EQ(mesh_.desk(3).counters().verdicts[4], 1U);
}

TEST_F(ForwardedOverALine, AServiceThatBreaksOffIsNoticed) {
    knock();
    ASSERT_TRUE(until([&] { return served_.stream != nullptr; }));
    mesh_.run_on(3, [this](runtime::Shard&) { served_.stream->abort(); });
    ASSERT_TRUE(until([&] { return over_ && client_.closed.is_set(); }));
    EXPECT_NE(over_->trouble, "");
    EXPECT_TRUE(until([&] { return mesh_.desk(3).open_count() == 0; }));
}

TEST_F(ForwardedOverALine, WhoIsPutOutLosesWhatIsOpen) {
    knock();
    ASSERT_TRUE(until([&] { return splice_ != nullptr; }));
    mesh_.run_on(3, [this](runtime::Shard&) { mesh_.desk(3).expel(mesh_.id(1)); });
    ASSERT_TRUE(until([&] { return over_.has_value(); }));
    EXPECT_EQ(over_->trouble, "the node does not belong to the mesh any more");
    EXPECT_TRUE(until([&] { return served_.closed.is_set(); }));
}

}  // namespace
}  // namespace kith::mesh
