// Whom a node takes for a neighbour by the certificate that he shows.

#include "mesh/live/tls_link_security.h"

#include <gtest/gtest.h>

#include "mesh/live/testing/live_mesh.h"
#include "runtime/testing/peer.h"

namespace kith::mesh {
namespace {

using testing::TestMember;

/// Two ends of one connection; each as its security has it.
struct Handshake {
    Handshake(LinkSecurity& client_side, LinkSecurity& server_side) {
        acceptor.when_accepted = [this, &server_side](std::unique_ptr<runtime::Stream> stream) {
            server.take(server_side.wrap_accepted(std::move(stream), server_shard()));
        };
        acceptor.listen(server_shard(), {.address = server_machine.address(7883)});
        client.connect(client_shard(), server_machine.address(7883));
        client.take(client_side.wrap_dialled(std::move(client.stream), client_shard()));
        is_over = world.run_until(
            [this] {
                return (server.connected.is_set() && client.connected.is_set()) ||
                       server.closed.is_set();
            },
            10s);
    }
    runtime::Shard& server_shard() { return server_machine.shard(ShardId(0)); }
    runtime::Shard& client_shard() { return client_machine.shard(ShardId(0)); }
    [[nodiscard]] bool server_took_it() const { return server.connected_count == 1; }

    Log log;
    runtime::sim::World world{{.seed = 5}};
    runtime::sim::Host& server_machine = world.add_host("server", 1, log);
    runtime::sim::Host& client_machine = world.add_host("client", 1, log);
    runtime::Acceptor acceptor;
    runtime::Peer server;
    runtime::Peer client;
    bool is_over = false;
};

std::unique_ptr<TlsLinkSecurity> security(const LinkCredentials& credentials,
                                          const MemberTable& members) {
    return TlsLinkSecurity::create(credentials, members).value();
}

TEST(TlsLinkSecurity, BothSidesKnowEachOtherByTheirKeys) {
    const TestMember one = TestMember::make(1);
    const TestMember two = TestMember::make(2);
    const MemberTable members;
    const auto first = security(one.credentials(), members);
    const auto second = security(two.credentials(), members);
    Handshake handshake(*first, *second);
    ASSERT_TRUE(handshake.is_over);
    const Result<LinkPeer> dialled = first->identify(handshake.client.stream->info());
    ASSERT_TRUE(dialled.has_value()) << dialled.error().text;
    EXPECT_EQ(dialled->node, two.key.id());
    EXPECT_EQ(dialled->role, NodeRole::Router);
    const Result<LinkPeer> accepted = second->identify(handshake.server.stream->info());
    ASSERT_TRUE(accepted.has_value()) << accepted.error().text;
    EXPECT_EQ(accepted->node, one.key.id());
}

TEST(TlsLinkSecurity, AMemberOfAnotherMeshIsRefusedByBothSides) {
    const crypto::Identity other_root =
        crypto::make_mesh_root("other mesh", TestMember::now()).value();
    const TestMember own = TestMember::make(1);
    const TestMember stranger = TestMember::make(2, other_root);
    LinkCredentials strange = stranger.credentials();
    const MemberTable members;
    const auto knows_own_root = security(own.credentials(), members);
    const auto believes_us = security(strange, members);  // and is not believed
    EXPECT_FALSE(Handshake(*believes_us, *knows_own_root).server_took_it());
    strange.root_pem = other_root.certificate_pem;
    const auto believes_nobody_else = security(strange, members);
    EXPECT_EQ(Handshake(*knows_own_root, *believes_nobody_else).client.connected_count, 0);
}

TEST(TlsLinkSecurity, ARevokedNodeIsDenied) {
    const TestMember one = TestMember::make(1);
    const TestMember two = TestMember::make(2);
    MemberTable members;
    ASSERT_TRUE(members.revoke(two.key.id()).has_value());
    const auto first = security(one.credentials(), members);
    const MemberTable nobody_revoked;
    const auto second = security(two.credentials(), nobody_revoked);
    Handshake handshake(*second, *first);
    ASSERT_TRUE(handshake.server_took_it());
    const Result<LinkPeer> peer = first->identify(handshake.server.stream->info());
    ASSERT_FALSE(peer.has_value());
    EXPECT_EQ(peer.error().kind, ErrorKind::Denied);
    EXPECT_STREQ(peer.error().text, "was revoked");
}

TEST(TlsLinkSecurity, WhatIsNoNodeOfAMeshIsDenied) {
    const TestMember one = TestMember::make(1);
    const MemberTable members;
    const auto first = security(one.credentials(), members);
    const auto denied = [&](const runtime::TlsPeer* peer) {
        runtime::StreamInfo info;
        info.tls = peer;
        const Result<LinkPeer> found = first->identify(info);
        return found ? std::string("taken") : std::string(found.error().text);
    };
    EXPECT_EQ(denied(nullptr), "does not speak the mesh's protocol over TLS 1.3");
    runtime::TlsPeer peer;
    peer.version = "TLSv1.3";
    peer.alpn = kMeshAlpn;
    EXPECT_EQ(denied(&peer), "showed no certificate of this mesh");
    peer.key_hash = "not a hash at all, really";
    EXPECT_EQ(denied(&peer), "showed no certificate of this mesh");
    peer.key_hash = "0102030405060708090a0b0c0d0e0f10";
    EXPECT_EQ(denied(&peer), "showed a certificate that is not a node's");
    peer.uri_name = role_uri(NodeRole::Leaf);
    EXPECT_EQ(denied(&peer), "taken");
    peer.version = "TLSv1.2";
    EXPECT_EQ(denied(&peer), "does not speak the mesh's protocol over TLS 1.3");
    peer.version = "TLSv1.3";
    peer.alpn = "mqtt";
    EXPECT_EQ(denied(&peer), "does not speak the mesh's protocol over TLS 1.3");
}

TEST(TlsLinkSecurity, DatesAreLookedAtOnceTheTimeIsKnown) {
    const TestMember one = TestMember::make(1);
    const TestMember two = TestMember::make(2);
    const MemberTable members;
    const auto first = security(one.credentials(), members);
    const auto second = security(two.credentials(), members);
    Handshake handshake(*second, *first);
    ASSERT_TRUE(handshake.server_took_it());
    const auto denied = [&] {
        const Result<LinkPeer> peer = first->identify(handshake.server.stream->info());
        return peer ? std::string("taken") : std::string(peer.error().text);
    };
    EXPECT_EQ(denied(), "taken");
    first->set_time(TestMember::now());
    EXPECT_EQ(denied(), "taken");
    for (const WallTime wrong : {TestMember::now() + 24h * 366, TestMember::now() - 24h * 366}) {
        first->set_time(wrong);
        EXPECT_EQ(denied(), "showed a certificate that is not valid now");
    }
    first->set_time(std::nullopt);
    EXPECT_EQ(denied(), "taken");
}

/// Somebody without a certificate, who speaks `protocol`.
struct Stranger {
    explicit Stranger(LinkSecurity& door, const char* protocol) : door_(door) {
        acceptor.when_accepted = [this](std::unique_ptr<runtime::Stream> stream) {
            server.take(door_.wrap_accepted(std::move(stream), shard()));
        };
        acceptor.listen(shard(), {.address = machine.address(7883)});
        client.connect(shard(), machine.address(7883));
        auto context = runtime::TlsContext::client({.verify = false, .alpn = {protocol}}).value();
        client.take(runtime::TlsContext::wrap(context, std::move(client.stream), shard()));
        EXPECT_TRUE(world.run_until(
            [this] { return server.connected.is_set() || server.closed.is_set(); }, 10s));
    }
    runtime::Shard& shard() { return machine.shard(ShardId(0)); }
    [[nodiscard]] bool is_newcomer() const {
        return server.connected_count == 1 && door_.is_newcomer(server.stream->info());
    }

    LinkSecurity& door_;
    Log log;
    runtime::sim::World world{{.seed = 5}};
    runtime::sim::Host& machine = world.add_host("machine", 1, log);
    runtime::Acceptor acceptor;
    runtime::Peer server;
    runtime::Peer client;
};

TEST(TlsLinkSecurity, TakesNewcomersWithoutACertificateOnlyIfItLetsThemIn) {
    const TestMember one = TestMember::make(1);
    const MemberTable members;
    LinkCredentials credentials = one.credentials();
    const auto shut = security(credentials, members);
    EXPECT_EQ(Stranger(*shut, kMeshJoinAlpn).server.connected_count, 0);
    credentials.lets_in = true;
    const auto open = security(credentials, members);
    EXPECT_TRUE(Stranger(*open, kMeshJoinAlpn).is_newcomer());
    EXPECT_EQ(Stranger(*open, kMeshAlpn).server.connected_count, 0)
        << "a link still needs a certificate";
}

TEST(TlsLinkSecurity, WhatOpensslRefusesIsAnError) {
    const MemberTable members;
    LinkCredentials broken = TestMember::make(1).credentials();
    broken.root_pem = "nonsense";
    EXPECT_EQ(TlsLinkSecurity::create(broken, members).error().kind, ErrorKind::Invalid);
    broken = TestMember::make(1).credentials();
    broken.identity.private_key_pem = TestMember::make(2).key.to_pem();
    EXPECT_EQ(TlsLinkSecurity::create(broken, members).error().kind, ErrorKind::Invalid);
}

}  // namespace
}  // namespace kith::mesh
