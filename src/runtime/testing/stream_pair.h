// For tests of the stream contract: a connected pair over each kind of rig.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>

#include "runtime/testing/peer.h"
#include "runtime/testing/rig.h"

namespace kith::runtime {

struct StreamRigNames {
    template <typename Rig>
    static std::string GetName(int index) {
        return std::array{"Epoll", "Smooth", "Rough", "TlsEpoll", "TlsSmooth", "TlsRough"}
            [static_cast<std::size_t>(index)];
    }
};
using StreamRigs = testing::Types<Plain<EpollRig>, Plain<SimRig<SmoothProfile>>,
                                  Plain<SimRig<RoughProfile>>, UnderTls<EpollRig>,
                                  UnderTls<SimRig<SmoothProfile>>, UnderTls<SimRig<RoughProfile>>>;
/// A server on shard 0 and a client on the last shard, connected.
template <typename Rig>
struct Pair {
    explicit Pair(Rig& rig_in, std::uint16_t client_shard_in = 0)
        : rig(rig_in), client_shard(client_shard_in) {
        acceptor.when_accepted = [this](std::unique_ptr<Stream> stream) {
            accept(std::move(stream));
        };
    }
    void accept(std::unique_ptr<Stream> stream) {
        server.take(rig.server_side(std::move(stream), rig.shard(0)));
    }
    void connect_client(Shard& shard) {
        client.connect(shard, acceptor.address);
        client.take(rig.client_side(std::move(client.stream), shard));
    }
    void connect() {
        rig.call(0, [this](Shard& shard) { acceptor.listen(shard, {.address = rig.address()}); });
        rig.call(client_shard, [this](Shard& shard) { connect_client(shard); });
    }
    void connect_and_wait() {
        connect();
        ASSERT_TRUE(rig.wait(client.connected));
        ASSERT_TRUE(rig.wait(Rig::kTls ? server.connected : acceptor.accepted));
    }

    Rig& rig;
    std::uint16_t client_shard;
    Acceptor acceptor;
    Peer server;
    Peer client;
};

/// After this, the test's own thread may look at and destroy everything.
template <typename Rig>
void expect_orderly_end(Pair<Rig>& pair) {
    ASSERT_TRUE(pair.rig.wait(pair.client.closed));
    ASSERT_TRUE(pair.rig.wait(pair.server.closed));
    pair.rig.stop();
    EXPECT_EQ(pair.client.closed_reason->kind, ErrorKind::Closed)
        << pair.client.closed_reason->text;
    EXPECT_EQ(pair.server.closed_reason->kind, ErrorKind::Closed)
        << pair.server.closed_reason->text;
}

}  // namespace kith::runtime
