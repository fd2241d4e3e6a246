// Hellos, receipts and what is sent between them allocate nothing: an idle mesh of a thousand
// simulated nodes is made of them.
#include <gtest/gtest.h>

#include <array>

#include "base/check.h"
#include "mesh/detail/neighbors.h"
#include "tests/support/allocations/allocations.h"
#include "wire/mesh/codec.h"

namespace kith::mesh {
namespace {

/// Two nodes and a wire without delay that holds what is under way in place.
class Wire {
  public:
    class End final : public LinkPort, public NeighborListener {
      public:
        End(Wire& wire, NodeId self)
            : wire_(wire), neighbors(MeshOptions{.self = self}, *this, *this, self.value()) {}

        void send(LinkId, Priority, Bytes head, const SharedBytes&) override {
            wire_.put(*this, head);
        }
        void close(LinkId, GoodbyeReason) override { FAIL(); }
        void on_neighbor_up(NodeId, Instant) override { is_up = true; }
        void on_neighbor_suspect(NodeId, Instant) override {}
        void on_neighbor_cleared(NodeId, Instant) override {}
        void on_neighbor_down(NodeId, Instant) override { is_up = false; }
        void on_neighbor_cost(NodeId, Instant) override {}
        void on_neighbor_digests(NodeId, const Digests&, Instant) override {}

      private:
        Wire& wire_;

      public:
        Neighbors neighbors;
        bool is_up = false;
        int hello_count = 0;
    };

    Wire() {
        a.neighbors.on_link_up(LinkId(1), {.node = NodeId(2)}, now_);
        b.neighbors.on_link_up(LinkId(1), {.node = NodeId(1)}, now_);
        run_for(2s);
    }

    void run_for(Duration time) {
        const Instant end = now_ + time;
        for (;;) {
            carry();
            const Instant next = std::min(a.neighbors.deadline(), b.neighbors.deadline());
            if (next > end) {
                now_ = end;
                return;
            }
            now_ = std::max(now_, next);
            a.neighbors.on_timer(now_);
            b.neighbors.on_timer(now_);
        }
    }
    void send_message() {
        std::array<std::uint8_t, 32> room;
        const std::size_t bytes = encode(Frame(Credit{}), room);
        a.neighbors.send(NodeId(2), Priority::Default, Bytes(room).first(bytes), {}, now_);
    }

  private:
    struct Held {
        End* to = nullptr;
        std::array<std::uint8_t, 128> bytes{};
        std::size_t size = 0;
    };

    void put(const End& from, Bytes frame) {
        CHECK(count_ < held_.size());
        Held& held = held_[count_++];
        held.to = &from == &a ? &b : &a;
        held.size = frame.size();
        std::copy(frame.begin(), frame.end(), held.bytes.begin());
    }
    void carry() {
        for (std::size_t i = 0; i < count_; ++i) {
            receive(*held_[i].to, Bytes(held_[i].bytes).first(held_[i].size));
        }
        count_ = 0;
    }
    void receive(End& to, Bytes bytes) {
        to.neighbors.on_heard(LinkId(1), now_);
        const FrameSlice slice = **next_frame(bytes);
        if (slice.type == FrameType::Hello) {
            ++to.hello_count;
            to.neighbors.on_hello(LinkId(1), *decode_hello(slice.body), now_);
        } else if (slice.type == FrameType::Receipt) {
            to.neighbors.on_receipt(LinkId(1), std::get<Receipt>(*decode(slice)), now_);
        } else {
            to.neighbors.on_countable(LinkId(1), Traffic::Messages, now_);
        }
    }

    Instant now_ = Instant() + 1h;
    std::array<Held, 64> held_;
    std::size_t count_ = 0;

  public:
    End a{*this, NodeId(1)};
    End b{*this, NodeId(2)};
};

TEST(NeighborsAllocation, IdleHellosDoNotAllocate) {
    Wire wire;
    ASSERT_TRUE(wire.a.is_up && wire.b.is_up);
    const std::size_t before = test::thread_allocation_count();
    wire.run_for(60s);
    EXPECT_EQ(test::thread_allocation_count(), before);
    EXPECT_GE(wire.a.hello_count, 120);
}

TEST(NeighborsAllocation, MessagesAndReceiptsDoNotAllocate) {
    Wire wire;
    wire.send_message();
    wire.run_for(25ms);
    const std::size_t before = test::thread_allocation_count();
    for (int i = 0; i < 100; ++i) {
        wire.send_message();
        wire.run_for(25ms);
    }
    EXPECT_EQ(test::thread_allocation_count(), before);
    EXPECT_TRUE(wire.a.is_up);
}

}  // namespace
}  // namespace kith::mesh
