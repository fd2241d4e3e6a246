// Whose certificates a TLS server believes, and what it counts of those who do not get in.

#include "runtime/limits.h"
#include "runtime/testing/tls_pair.h"

namespace kith::runtime {
namespace {

TlsServerOptions asking_options() {
    TlsServerOptions options = server_options();
    options.client_certificates = ClientCertificates::Request;
    options.client_ca_pem = authority().certificate_pem();
    return options;
}

TlsClientOptions client_with(const TlsIdentity& identity) {
    TlsClientOptions options = client_options();
    options.identity = identity;
    return options;
}

bool lets_in(const TlsServerOptions& server, const TlsIdentity& identity) {
    TlsPair pair(server, client_with(identity));
    const bool is_over = pair.run_until(
        [&] { return pair.server.connected.is_set() || pair.server.closed.is_set(); });
    EXPECT_TRUE(is_over);
    return pair.server.connected_count == 1;
}

std::uint64_t failures(TlsPair& pair, TlsFailure kind) {
    return pair.server_shard().counters().tls_handshakes_failed[static_cast<std::size_t>(kind)];
}

TEST(TlsTrust, ACertificateIsTakenApart) {
    TlsPair pair(asking_options(), client_with(authority().issue({.common_name = "press-07",
                                                                  .names = {"press.test", "b"},
                                                                  .uris = {"urn:press:7"}})));
    ASSERT_TRUE(pair.connect());
    const TlsPeer& peer = pair.seen_by_server();
    EXPECT_EQ(peer.dns_name, "press.test");
    EXPECT_EQ(peer.uri_name, "urn:press:7");
    EXPECT_EQ(peer.issuer, "CN=test authority,O=Kith");
    EXPECT_EQ(peer.serial.find_first_not_of("0123456789ABCDEF"), std::string::npos);
    EXPECT_FALSE(peer.serial.empty());
    EXPECT_GT(peer.not_after, WallTime());
    EXPECT_FALSE(peer.is_own_authority);
}

TEST(TlsTrust, TheOwnAuthorityIsKnownByItsKeyAndNotByItsName) {
    const TestAuthority own("node clients");
    const TestAuthority impostor("node clients");
    TlsServerOptions server = asking_options();
    server.own_client_ca_pem = own.certificate_pem();
    server.client_ca_pem = impostor.certificate_pem();
    const auto is_own = [&](const TestAuthority& issuer) {
        TlsPair pair(server, client_with(issuer.issue({.common_name = "press-07"})));
        EXPECT_TRUE(pair.connect());
        return pair.seen_by_server().is_own_authority;
    };
    EXPECT_TRUE(is_own(own));
    EXPECT_FALSE(is_own(impostor));
}

TEST(TlsTrust, AKeyKeepsItsHashInAnotherCertificate) {
    const auto hashes_of = [](const TlsIdentity& identity) {
        TlsPair pair(asking_options(), client_with(identity));
        EXPECT_TRUE(pair.connect());
        return std::pair(pair.seen_by_server().key_hash, pair.seen_by_client().key_hash);
    };
    const auto [one, server] = hashes_of(authority().issue({.common_name = "press-07"}));
    const auto [two, server_again] = hashes_of(authority().issue({.common_name = "press-07"}));
    EXPECT_EQ(one.size(), 64U);
    EXPECT_NE(one, two);
    EXPECT_EQ(server, server_again);
}

TEST(TlsTrust, AClientOfAnyNameStillAsksForItsAuthority) {
    TlsClientOptions client{.ca_pem = authority().certificate_pem(), .any_name = true};
    TlsPair known(server_options(), client);
    EXPECT_TRUE(known.connect());
    EXPECT_EQ(known.seen_by_client().common_name, "gw-1");
    const TestAuthority other("another authority");
    client.ca_pem = other.certificate_pem();
    TlsPair unknown(server_options(), client);
    EXPECT_TRUE(unknown.run_until_closed());
    EXPECT_EQ(unknown.client.connected_count, 0);
}

TEST(TlsTrust, ACertificateForServersIsNoneForClients) {
    EXPECT_TRUE(lets_in(asking_options(), authority().issue({.usage = "clientAuth"})));
    EXPECT_TRUE(lets_in(asking_options(), authority().issue({.usage = "serverAuth,clientAuth"})));
    EXPECT_FALSE(lets_in(asking_options(), authority().issue({.usage = "serverAuth"})));
    EXPECT_FALSE(lets_in(asking_options(), authority().issue({.usage = "codeSigning"})));
}

TEST(TlsTrust, ACertificateForClientsIsNoneForServers) {
    TlsServerOptions server = server_options();
    server.identities = {authority().issue({.names = {"gw-1.test"}, .usage = "clientAuth"})};
    TlsPair pair(server, client_options());
    ASSERT_TRUE(pair.run_until_closed());
    EXPECT_EQ(pair.client.connected_count, 0);
    EXPECT_EQ(pair.client.closed_reason->kind, ErrorKind::Denied);
}

TEST(TlsTrust, AListTakesCertificatesBack) {
    const TlsIdentity lost = authority().issue({.common_name = "lost"});
    const TlsIdentity kept = authority().issue({.common_name = "kept"});
    TlsServerOptions server = asking_options();
    EXPECT_TRUE(lets_in(server, lost));
    server.client_crl_pem = authority().revocation_list({lost});
    EXPECT_FALSE(lets_in(server, lost));
    EXPECT_TRUE(lets_in(server, kept));
    EXPECT_TRUE(lets_in(server, TlsIdentity{})) << "no certificate, nothing to revoke";
}

TEST(TlsTrust, WithoutAGoodListNobodyOfThatAuthorityGetsIn) {
    const TlsIdentity kept = authority().issue({.common_name = "kept"});
    const TestAuthority other("other authority");
    TlsServerOptions server = asking_options();
    server.client_crl_pem = authority().revocation_list({}, -60);
    EXPECT_FALSE(lets_in(server, kept)) << "the list has run out";
    server.client_crl_pem = other.revocation_list({});
    EXPECT_FALSE(lets_in(server, kept)) << "the list is of another authority";
    const TestAuthority forger("test authority");
    server.client_crl_pem = forger.revocation_list({});
    EXPECT_FALSE(lets_in(server, kept)) << "the list is forged";
}

TEST(TlsTrust, TheOwnAuthorityNeedsNoList) {
    const TestAuthority own("node clients");
    TlsServerOptions server = asking_options();
    server.own_client_ca_pem = own.certificate_pem();
    server.client_crl_pem = authority().revocation_list({});
    EXPECT_TRUE(lets_in(server, own.issue({.common_name = "press-07"})));
    EXPECT_FALSE(lets_in(server, own.issue({.valid_until_s = -60}))) << "it still can expire";
    const TestAuthority impostor("node clients");
    EXPECT_FALSE(lets_in(server, impostor.issue({.common_name = "press-07"})));
}

TEST(TlsTrust, WhoDoesNotGetInIsCountedByReason) {
    TlsServerOptions server = asking_options();
    server.client_certificates = ClientCertificates::Require;
    TlsPair missing(server, client_options());
    ASSERT_TRUE(missing.run_until_closed());
    EXPECT_EQ(failures(missing, TlsFailure::NoCertificate), 1U);
    TlsPair expired(server, client_with(authority().issue({.valid_until_s = -60})));
    ASSERT_TRUE(expired.run_until_closed());
    EXPECT_EQ(failures(expired, TlsFailure::Certificate), 1U);
    const TestAuthority foreign;
    TlsClientOptions doubting = client_options();
    doubting.ca_pem = foreign.certificate_pem();
    TlsPair doubted(server_options(), doubting);
    ASSERT_TRUE(doubted.run_until_closed());
    EXPECT_EQ(failures(doubted, TlsFailure::PeerAlert), 1U);
    for (TlsPair* pair : {&missing, &expired, &doubted}) {
        EXPECT_EQ(pair->server_shard().counters().tls_handshakes_done, 0U);
        EXPECT_EQ(pair->server_shard().counters().tls_handshakes_open, 0U);
        EXPECT_EQ(pair->client_shard().counters().tls_handshakes_failed,
                  (std::array<std::uint64_t, 9>{}))
            << "clients are not counted";
    }
}

TEST(TlsTrust, HandshakesUnderWayAreCountedHoweverTheyEnd) {
    TlsPair pair(server_options(), client_options());
    const ShardCounters& counters = pair.server_shard().counters();
    ASSERT_TRUE(pair.run_until([&] { return pair.server_lower != nullptr; }));
    EXPECT_EQ(counters.tls_handshakes_open, 1U);
    ASSERT_TRUE(pair.connect());
    EXPECT_EQ(counters.tls_handshakes_open, 0U);
    EXPECT_EQ(counters.tls_handshakes_done, 1U);

    TlsPair closed(server_options(), client_options());
    ASSERT_TRUE(closed.run_until([&] { return closed.server_lower != nullptr; }));
    closed.client.stream.reset();
    ASSERT_TRUE(closed.run_until([&] { return closed.server.closed.is_set(); }));
    EXPECT_EQ(closed.server_shard().counters().tls_handshakes_open, 0U);

    TlsPair destroyed(server_options(), client_options());
    ASSERT_TRUE(destroyed.run_until([&] { return destroyed.server_lower != nullptr; }));
    destroyed.server.stream.reset();
    EXPECT_EQ(destroyed.server_shard().counters().tls_handshakes_open, 0U);
}

}  // namespace
}  // namespace kith::runtime
