// Counts what the loop allocates: nothing a message, once pools and vectors have their size.
#include "tests/support/allocations/allocations.h"
#include "runtime/testing/peer.h"
#include "runtime/testing/rig.h"

namespace kith::runtime {
namespace {

/// Sends back what it gets; counts the allocations of its thread from one message to another.
class Echo final : public StreamHandler {
  public:
    void on_data(MutableBytes bytes) override {
        ++message_count;
        if (message_count == kWarm) {
            allocations_when_warm = test::thread_allocation_count();
        }
        allocations_now = test::thread_allocation_count();
        stream->send(bytes);
    }
    void on_closed(const Error&) override { closed.set(); }

    static constexpr std::size_t kWarm = 100;
    std::unique_ptr<Stream> stream;
    std::size_t message_count = 0;
    std::size_t allocations_when_warm = 0;
    std::size_t allocations_now = 0;
    Signal closed;
};

TEST(Allocations, AMessageOverTcpCostsNone) {
    constexpr int kMessages = 2000;
    EpollRig rig(1, 2);
    Acceptor acceptor;
    Echo echo;
    Peer client;
    int left = kMessages;
    const std::string message(300, 'm');
    acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
        echo.stream = std::move(stream);
        echo.stream->set_handler(&echo);
    };
    client.when_connected = [&] { client.stream->send(as_bytes(message)); };
    client.when_data = [&] {
        if (client.received.size() < message.size()) {
            return;
        }
        client.received.clear();
        if (--left > 0) {
            client.stream->send(as_bytes(message));
        } else {
            client.stream->close();
        }
    };
    rig.call(0, [&](Shard& shard) { acceptor.listen(shard, {.address = rig.address()}); });
    rig.call(1, [&](Shard& shard) { client.connect(shard, acceptor.address); });
    ASSERT_TRUE(rig.wait(echo.closed));
    rig.stop();
    EXPECT_GE(echo.message_count, static_cast<std::size_t>(kMessages));
    EXPECT_EQ(echo.allocations_now - echo.allocations_when_warm, 0U);
}

}  // namespace
}  // namespace kith::runtime
