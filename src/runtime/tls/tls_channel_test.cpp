// What a TLS stream says about its channel, and protocols that take strangers.

#include "runtime/testing/tls_pair.h"

namespace kith::runtime {
namespace {

constexpr const char* kClosed = "members/1";
constexpr const char* kOpen = "strangers/1";

TlsServerOptions door_options() {
    TlsServerOptions options = server_options();
    options.alpn = {kClosed, kOpen};
    options.open_alpn = {kOpen};
    options.client_certificates = ClientCertificates::Require;
    options.client_ca_pem = authority().certificate_pem();
    options.describes_channel = true;
    return options;
}

TlsClientOptions stranger_options(const char* protocol) {
    return {.verify = false, .alpn = {protocol}, .describes_channel = true};
}

TEST(TlsChannel, BothEndsNameItAlikeAndNoOtherOne) {
    TlsPair one(door_options(), stranger_options(kOpen));
    TlsPair two(door_options(), stranger_options(kOpen));
    ASSERT_TRUE(one.connect());
    ASSERT_TRUE(two.connect());
    EXPECT_EQ(one.seen_by_server().channel_binding.size(), 32U);
    EXPECT_EQ(one.seen_by_server().channel_binding, one.seen_by_client().channel_binding);
    EXPECT_NE(one.seen_by_server().channel_binding, two.seen_by_server().channel_binding);
}

TEST(TlsChannel, NothingIsSaidOfItUnlessItIsAskedFor) {
    TlsPair pair(server_options(), client_options());
    ASSERT_TRUE(pair.connect());
    EXPECT_TRUE(pair.seen_by_client().channel_binding.empty());
    EXPECT_TRUE(pair.seen_by_client().shown_chain.empty());
}

TEST(TlsChannel, WhatTheServerShowsIsSeenWithoutBelievingIt) {
    TlsServerOptions server = door_options();
    server.identities[0].certificate_chain_pem += authority().certificate_pem();
    TlsPair pair(server, stranger_options(kOpen));
    ASSERT_TRUE(pair.connect());
    EXPECT_EQ(pair.seen_by_client().shown_chain.size(), 2U);
    EXPECT_EQ(pair.seen_by_client().common_name, "") << "nothing of it was verified";
    EXPECT_TRUE(pair.seen_by_server().shown_chain.empty());
}

TEST(TlsChannel, WhatTheClientShowsBeginsWithItsOwnCertificate) {
    TlsClientOptions client = stranger_options(kClosed);
    client.identity = authority().issue({.common_name = "press-07"});
    client.identity.certificate_chain_pem += authority().certificate_pem();
    TlsPair pair(door_options(), client);
    ASSERT_TRUE(pair.connect());
    EXPECT_EQ(pair.seen_by_server().common_name, "press-07");
    ASSERT_EQ(pair.seen_by_server().shown_chain.size(), 2U);
    EXPECT_NE(pair.seen_by_server().shown_chain[0], pair.seen_by_server().shown_chain[1]);
}

TEST(TlsChannel, AProtocolForStrangersAsksForNoCertificateAndTheOthersDo) {
    TlsPair open(door_options(), stranger_options(kOpen));
    EXPECT_TRUE(open.connect());
    EXPECT_EQ(open.seen_by_server().alpn, kOpen);
    TlsPair closed(door_options(), stranger_options(kClosed));
    EXPECT_TRUE(closed.run_until([&] { return closed.server.closed.is_set(); }));
    EXPECT_EQ(closed.server.connected_count, 0);
    TlsClientOptions unnamed = stranger_options(kOpen);
    unnamed.alpn.clear();
    TlsPair silent(door_options(), unnamed);
    EXPECT_TRUE(silent.run_until([&] { return silent.server.closed.is_set(); }))
        << "whoever names no protocol has to show a certificate";
    EXPECT_EQ(silent.server.connected_count, 0);
}

TEST(TlsChannel, DatesAreTheCallersIfItSaysSo) {
    const TlsIdentity ended =
        authority().issue({.common_name = "ended", .valid_from_s = -7200, .valid_until_s = -3600});
    TlsServerOptions server = door_options();
    server.identities = {ended};
    TlsClientOptions client{.ca_pem = authority().certificate_pem(),
                            .any_name = true,
                            .alpn = {kClosed},
                            .identity = ended};
    TlsPair strict(server, client);
    ASSERT_TRUE(strict.run_until_closed());
    EXPECT_EQ(strict.client.connected_count, 0);
    server.any_date = true;
    client.any_date = true;
    TlsPair lenient(server, client);
    ASSERT_TRUE(lenient.connect());
    const TlsPeer& peer = lenient.seen_by_server();
    EXPECT_EQ(peer.common_name, "ended");
    EXPECT_EQ(peer.not_after - peer.not_before, 1h);
    EXPECT_EQ(lenient.seen_by_client().common_name, "ended");
}

}  // namespace
}  // namespace kith::runtime
