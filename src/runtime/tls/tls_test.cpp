// TLS over simulated streams: what a handshake may decide, and how it may fail. That TLS streams
// keep the contract of streams is tested in stream_contract_test.cpp.

#include "runtime/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "runtime/limits.h"
#include "runtime/testing/peer.h"
#include "runtime/testing/rig.h"
#include "runtime/testing/test_authority.h"
#include "runtime/testing/tls_pair.h"
#include "runtime/tls/openssl_pointers.h"

namespace kith::runtime {
namespace {

TEST(Tls, TellsVersionCipherAndServerName) {
    TlsPair pair(server_options(), client_options());
    ASSERT_TRUE(pair.connect());
    EXPECT_EQ(pair.seen_by_server().version, "TLSv1.3");
    EXPECT_EQ(pair.seen_by_server().cipher, pair.seen_by_client().cipher);
    EXPECT_EQ(pair.seen_by_server().cipher.substr(0, 4), "TLS_");
    EXPECT_EQ(pair.seen_by_server().server_name, "gw-1.test");
    EXPECT_EQ(pair.seen_by_server().subject, "") << "the client showed no certificate";
    EXPECT_EQ(pair.seen_by_client().common_name, "gw-1");
    EXPECT_STREQ(pair.server.stream->info().transport, "tls");
}

TEST(Tls, ServerNameChoosesTheCertificate) {
    TlsServerOptions options = server_options();
    options.identities.push_back(
        authority().issue({.common_name = "other", .names = {"other.test", "*.wild.test"}}));
    const auto served = [&](const std::string& name, bool verify) {
        TlsClientOptions client = client_options();
        client.server_name = name;
        client.verify = verify;
        TlsPair pair(options, client);
        EXPECT_TRUE(pair.connect()) << name;
        return pair.seen_by_client().common_name;
    };
    EXPECT_EQ(served("other.test", true), "other");
    EXPECT_EQ(served("a.wild.test", true), "other");
    EXPECT_EQ(served("gw-1.test", true), "gw-1");
    EXPECT_EQ(served("nobody.test", false), "") << "not verified, so not told";
}

TEST(Tls, TheFirstCertificateServesUnknownNames) {
    TlsServerOptions options = server_options();
    options.identities.push_back(authority().issue({.common_name = "other", .names = {"o.test"}}));
    TlsClientOptions client = client_options();
    client.server_name = "nobody.test";
    TlsPair pair(options, client);
    ASSERT_TRUE(pair.run_until_closed());
    EXPECT_EQ(pair.client.closed_reason->kind, ErrorKind::Denied);
    EXPECT_STREQ(pair.client.closed_reason->text, "certificate verify failed");
}

TEST(Tls, AlpnFollowsTheServersPreference) {
    TlsServerOptions server = server_options();
    server.alpn = {"mqtt", "http/1.1"};
    TlsClientOptions client = client_options();
    client.alpn = {"http/1.1", "mqtt"};
    TlsPair pair(server, client);
    ASSERT_TRUE(pair.connect());
    EXPECT_EQ(pair.seen_by_server().alpn, "mqtt");
    EXPECT_EQ(pair.seen_by_client().alpn, "mqtt");
}

TEST(Tls, NoCommonProtocolEndsTheHandshake) {
    TlsServerOptions server = server_options();
    server.alpn = {"mqtt"};
    TlsClientOptions client = client_options();
    client.alpn = {"kith-mesh/1"};
    TlsPair pair(server, client);
    ASSERT_TRUE(pair.run_until_closed());
    EXPECT_EQ(pair.server.connected_count, 0);
    EXPECT_EQ(pair.server.closed_reason->kind, ErrorKind::Protocol);
    EXPECT_STREQ(pair.server.closed_reason->text, "no application protocol");
    EXPECT_EQ(pair.client.closed_reason->kind, ErrorKind::Protocol);
    EXPECT_STREQ(pair.client.closed_reason->text, "tlsv1 alert no application protocol")
        << "the alert reaches the client before the end does";
}

TEST(Tls, AlpnIsNotForcedOnWhoOffersNone) {
    TlsServerOptions server = server_options();
    server.alpn = {"mqtt"};
    TlsPair without_offer(server, client_options());
    ASSERT_TRUE(without_offer.connect());
    EXPECT_EQ(without_offer.seen_by_server().alpn, "");
    TlsClientOptions client = client_options();
    client.alpn = {"anything"};
    TlsPair without_preference(server_options(), client);
    ASSERT_TRUE(without_preference.connect());
    EXPECT_EQ(without_preference.seen_by_client().alpn, "");
}

TEST(Tls, AClientCertificateTellsWhoConnects) {
    TlsServerOptions server = server_options();
    server.client_certificates = ClientCertificates::Require;
    server.client_ca_pem = authority().certificate_pem();
    TlsClientOptions client = client_options();
    client.identity = authority().issue({.common_name = "press-07"});
    TlsPair pair(server, client);
    ASSERT_TRUE(pair.connect());
    EXPECT_EQ(pair.seen_by_server().common_name, "press-07");
    EXPECT_EQ(pair.seen_by_server().subject, "CN=press-07,O=Kith");
    const std::string& fingerprint = pair.seen_by_server().fingerprint;
    EXPECT_EQ(fingerprint.size(), 64U);
    EXPECT_EQ(fingerprint.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(Tls, ARequiredCertificateThatIsMissingOrForeignIsDenied) {
    TlsServerOptions server = server_options();
    server.client_certificates = ClientCertificates::Require;
    server.client_ca_pem = authority().certificate_pem();
    const TestAuthority foreign("foreign authority");
    for (const TlsIdentity& identity :
         {TlsIdentity{}, foreign.issue({.common_name = "press-07"}),
          authority().issue({.common_name = "expired", .valid_until_s = -60})}) {
        TlsClientOptions client = client_options();
        client.identity = identity;
        TlsPair pair(server, client);
        ASSERT_TRUE(pair.run_until_closed());
        EXPECT_EQ(pair.server.connected_count, 0);
        EXPECT_EQ(pair.server.closed_reason->kind, ErrorKind::Denied)
            << pair.server.closed_reason->text;
        EXPECT_EQ(pair.client.closed_reason->kind, ErrorKind::Protocol)
            << pair.client.closed_reason->text;
    }
}

TEST(Tls, ARequestedCertificateMayBeMissing) {
    TlsServerOptions server = server_options();
    server.client_certificates = ClientCertificates::Request;
    server.client_ca_pem = authority().certificate_pem();
    TlsPair pair(server, client_options());
    ASSERT_TRUE(pair.connect());
    EXPECT_EQ(pair.seen_by_server().common_name, "");
    EXPECT_EQ(pair.seen_by_server().fingerprint, "");
}

TEST(Tls, ClientsRefuseServersTheyCannotVerify) {
    const TestAuthority foreign("foreign authority");
    TlsClientOptions wrong_name = client_options();
    wrong_name.server_name = "gw-2.test";
    TlsClientOptions wrong_authority = client_options();
    wrong_authority.ca_pem = foreign.certificate_pem();
    for (const TlsClientOptions& client : {wrong_name, wrong_authority}) {
        TlsPair pair(server_options(), client);
        ASSERT_TRUE(pair.run_until_closed());
        EXPECT_EQ(pair.client.closed_reason->kind, ErrorKind::Denied);
        EXPECT_EQ(pair.client.connected_count, 0);
        EXPECT_EQ(pair.server.connected_count, 0);
    }
}

TEST(Tls, ExpiredServersAreRefused) {
    const TlsServerOptions server = {
        .identities = {authority().issue({.names = {"gw-1.test"}, .valid_until_s = -60})}};
    TlsPair pair(server, client_options());
    ASSERT_TRUE(pair.run_until_closed());
    EXPECT_EQ(pair.client.closed_reason->kind, ErrorKind::Denied);
}

TEST(Tls, AServerMayBeKnownByItsAddress) {
    const TlsServerOptions server = {
        .identities = {authority().issue({.addresses = {"10.0.0.1"}})}};
    TlsClientOptions client = client_options();
    client.server_name = "10.0.0.1";
    TlsPair right(server, client);
    ASSERT_TRUE(right.connect());
    EXPECT_EQ(right.seen_by_server().server_name, "") << "addresses are no server names";
    client.server_name = "10.0.0.2";
    TlsPair wrong(server, client);
    ASSERT_TRUE(wrong.run_until_closed());
    EXPECT_EQ(wrong.client.closed_reason->kind, ErrorKind::Denied);
}

TEST(Tls, VerificationCanBeLeftOut) {
    TlsPair pair(server_options(), {.server_name = "whatever.test", .verify = false});
    ASSERT_TRUE(pair.connect());
    EXPECT_EQ(pair.seen_by_client().common_name, "") << "nobody vouches for it";
}

TEST(Tls, PlainTextIsAProtocolError) {
    TlsPair pair(server_options(), client_options());
    Peer second;
    Acceptor acceptor;
    acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
        second.take(TlsContext::wrap(pair.server_context, std::move(stream), pair.server_shard()));
    };
    acceptor.listen(pair.server_shard(), {.address = pair.server_host.address(8884)});
    Peer liar;
    liar.connect(pair.client_shard(), pair.server_host.address(8884));
    liar.stream->send(as_bytes("GET / HTTP/1.1\r\n\r\n"));
    ASSERT_TRUE(pair.run_until([&] { return second.closed.is_set() && liar.closed.is_set(); }));
    EXPECT_EQ(second.closed_reason->kind, ErrorKind::Protocol);
    EXPECT_STREQ(second.closed_reason->text, "http request");
}

TEST(Tls, AConnectionThatJustEndsWasCutShort) {
    TlsPair pair(server_options(), client_options());
    ASSERT_TRUE(pair.connect());
    pair.client.stream->send(as_bytes("half of "));
    pair.world.run_for(1s);
    pair.client_lower->close();  // a TCP end without a TLS one
    ASSERT_TRUE(pair.run_until([&] { return pair.server.closed.is_set(); }));
    EXPECT_EQ(pair.server.received, "half of ");
    EXPECT_EQ(pair.server.closed_reason->kind, ErrorKind::Closed);
    EXPECT_STREQ(pair.server.closed_reason->text, "the connection ended without a TLS close");
}

TEST(Tls, AnOrderlyEndSaysSo) {
    TlsPair pair(server_options(), client_options());
    ASSERT_TRUE(pair.connect());
    pair.client.stream->close();
    ASSERT_TRUE(pair.run_until_closed());
    EXPECT_STREQ(pair.server.closed_reason->text, "the peer closed the connection");
    EXPECT_STREQ(pair.client.closed_reason->text, "the connection is closed");
}

TEST(Tls, ABrokenRecordEndsTheConnection) {
    TlsPair pair(server_options(), client_options());
    ASSERT_TRUE(pair.connect());
    pair.client_lower->send(as_bytes(std::string("\x17\x03\x03\0\x20", 5) + std::string(32, 'x')));
    ASSERT_TRUE(pair.run_until_closed());
    EXPECT_EQ(pair.server.closed_reason->kind, ErrorKind::Protocol);
    EXPECT_EQ(pair.server.received, "");
}

TEST(Tls, AHandshakeThatNeverComesTimesOut) {
    TlsPair pair(server_options(), client_options());
    Peer server;
    Peer silent;
    Acceptor acceptor;
    acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
        server.take(TlsContext::wrap(pair.server_context, std::move(stream), pair.server_shard()));
    };
    acceptor.listen(pair.server_shard(), {.address = pair.server_host.address(8884)});
    silent.connect(pair.client_shard(), pair.server_host.address(8884));
    const Instant begun = pair.world.now();
    ASSERT_TRUE(pair.run_until([&] { return server.closed.is_set(); }));
    EXPECT_EQ(server.closed_reason->kind, ErrorKind::Timeout);
    EXPECT_GE(pair.world.now() - begun, kTlsHandshakeMax);
    EXPECT_LT(pair.world.now() - begun, kTlsHandshakeMax + 1s);
}

TEST(Tls, AnEndDuringTheHandshakeSaysSo) {
    TlsPair pair(server_options(), client_options());
    ASSERT_TRUE(pair.run_until([&] { return pair.server_lower != nullptr; }));
    pair.client_lower->close();
    ASSERT_TRUE(pair.run_until([&] { return pair.server.closed.is_set(); }));
    EXPECT_EQ(pair.server.closed_reason->kind, ErrorKind::Closed);
    EXPECT_STREQ(pair.server.closed_reason->text, "the connection ended during the TLS handshake");
}

TEST(Tls, ClosingDuringTheHandshakeEnds) {
    TlsPair pair(server_options(), client_options());
    pair.client.stream->send(as_bytes("never sent"));
    pair.client.stream->close();
    ASSERT_TRUE(pair.run_until_closed());
    EXPECT_EQ(pair.client.closed_reason->kind, ErrorKind::Closed);
    EXPECT_EQ(pair.server.received, "");
}

TEST(Tls, ClosingEndsAfterItsGraceThoughNothingIsRead) {
    TlsPair pair(server_options(), client_options());
    ASSERT_TRUE(pair.connect());
    pair.server_host.freeze();
    pair.client.stream->send(as_bytes(std::string(8'000'000, 'x')));
    const Instant begun = pair.world.now();
    pair.client.stream->close();
    ASSERT_TRUE(pair.run_until([&] { return pair.client.closed.is_set(); }));
    EXPECT_EQ(pair.client.closed_reason->kind, ErrorKind::Closed);
    EXPECT_LT(pair.world.now() - begun, kCloseGrace + 1s);
}

TEST(Tls, OutputOfBeforeTheHandshakeFollowsIt) {
    TlsPair pair(server_options(), client_options());
    pair.client.stream->send(as_bytes("early bird"));
    ASSERT_TRUE(pair.run_until([&] { return pair.server.received == "early bird"; }));
}

TEST(Tls, PausedBeforeTheHandshakeConnectsAllTheSame) {
    TlsPair pair(server_options(), client_options());
    pair.client.stream->pause_reading();
    ASSERT_TRUE(pair.connect());
    pair.server.stream->send(as_bytes("wait for it"));
    pair.world.run_for(5s);
    EXPECT_EQ(pair.client.received, "");
    pair.client.stream->resume_reading();
    ASSERT_TRUE(pair.run_until([&] { return pair.client.received == "wait for it"; }));
}

// Goal: small messages of one turn share records; large ones fill them.
TEST(Tls, SmallMessagesOfATurnShareARecord) {
    TlsPair pair(server_options(), client_options());
    ASSERT_TRUE(pair.connect());
    pair.world.run_for(1s);
    const std::uint64_t before = pair.client.stream->sent_bytes();
    for (int i = 0; i < 10; ++i) {
        pair.client.stream->send(as_bytes("0123456789"));
    }
    ASSERT_TRUE(pair.run_until([&] { return pair.server.received.size() == 100; }));
    EXPECT_LT(pair.client.stream->sent_bytes() - before, 100U + 30U) << "one record's overhead";
}

TEST(Tls, StreamsOutliveTheirContext) {
    TlsPair pair(server_options(), client_options());
    ASSERT_TRUE(pair.run_until([&] { return pair.server_lower != nullptr; }));
    pair.server_context = nullptr;
    pair.client_context = nullptr;
    ASSERT_TRUE(pair.connect());
    pair.client.stream->send(as_bytes("still here"));
    ASSERT_TRUE(pair.run_until([&] { return pair.server.received == "still here"; }));
}

TEST(Tls, RefusesWhatCannotWork) {
    const auto text_of = [](const TlsServerOptions& options) {
        const auto context = TlsContext::server(options);
        return context ? "accepted" : context.error().text;
    };
    EXPECT_STREQ(text_of({}), "a TLS server needs a certificate");
    TlsServerOptions options = server_options();
    options.identities[0].certificate_chain_pem = "nonsense";
    EXPECT_STREQ(text_of(options), "the certificate chain is not PEM");
    options = server_options();
    options.identities[0].certificate_chain_pem += "-----BEGIN CERTIFICATE-----\nAAAA\n";
    EXPECT_STREQ(text_of(options), "the certificate chain is not PEM");
    options = server_options();
    options.identities[0].private_key_pem = "nonsense";
    EXPECT_STREQ(text_of(options), "the private key is not PEM, or needs a password");
    options = server_options();
    options.identities[0].private_key_pem = authority().issue({}).private_key_pem;
    EXPECT_STREQ(text_of(options), "the private key does not belong to the certificate");
    options = server_options();
    options.client_certificates = ClientCertificates::Require;
    EXPECT_STREQ(text_of(options), "client certificates need an authority that vouches for them");
    options.client_ca_pem = "nonsense";
    EXPECT_STREQ(text_of(options), "the trusted certificates are not PEM");
    options.client_ca_pem = authority().certificate_pem();
    options.client_crl_pem = "nonsense";
    EXPECT_STREQ(text_of(options), "the list of revoked client certificates is not PEM");
    options.client_crl_pem.clear();
    options.own_client_ca_pem = authority().certificate_pem() + authority().certificate_pem();
    EXPECT_STREQ(text_of(options),
                 "the node's own authority for clients is not one certificate in PEM");
    options = server_options();
    options.alpn = {""};
    EXPECT_STREQ(text_of(options), "an ALPN protocol has 1 to 255 bytes");

    TlsClientOptions client = client_options();
    client.server_name = "";
    EXPECT_EQ(TlsContext::client(client).error().kind, ErrorKind::Invalid);
    client = {.any_name = true};
    EXPECT_EQ(TlsContext::client(client).error().kind, ErrorKind::Invalid);
    client = client_options();
    client.ca_pem = "nonsense";
    EXPECT_EQ(TlsContext::client(client).error().kind, ErrorKind::Invalid);
    client = client_options();
    client.identity = {.certificate_chain_pem = "x", .private_key_pem = "x"};
    EXPECT_EQ(TlsContext::client(client).error().kind, ErrorKind::Invalid);
}

/// OpenSSL's own client over a plain stream, to do what TlsContext's clients do not.
class BareClient final : public StreamHandler {
  public:
    BareClient() : context_(SSL_CTX_new(TLS_client_method())), ssl_(nullptr) {
        SSL_CTX_set_security_level(context_.get(), 0);
        SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT);
    }

    void connect(Shard& shard, const SocketAddress& to, SSL_SESSION* session = nullptr) {
        ssl_.reset(SSL_new(context_.get()));
        in_ = BIO_new(BIO_s_mem());
        out_ = BIO_new(BIO_s_mem());
        SSL_set_bio(ssl_.get(), in_, out_);
        SSL_set_connect_state(ssl_.get());
        if (session != nullptr) {
            SSL_set_session(ssl_.get(), session);
        }
        stream_ = std::move(shard.network().connect(to, *this).value());
    }
    void on_connected() override { go_on(); }
    void on_data(MutableBytes bytes) override {
        BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
        go_on();
    }
    void on_closed(const Error&) override { closed = true; }

    void go_on() {
        ERR_clear_error();
        std::array<char, 1000> plain;
        int count = 0;
        while ((count = SSL_read(ssl_.get(), plain.data(), plain.size())) > 0) {
            received.append(plain.data(), static_cast<std::size_t>(count));
        }
        if (SSL_get_error(ssl_.get(), count) == SSL_ERROR_SSL) {
            error_reason = ERR_GET_REASON(ERR_peek_last_error());
        }
        flush();
    }
    void flush() {
        std::string text(BIO_ctrl_pending(out_), '\0');
        if (!text.empty()) {
            BIO_read(out_, text.data(), static_cast<int>(text.size()));
            stream_->send(as_bytes(text));
        }
    }
    [[nodiscard]] SSL_CTX* context() { return context_.get(); }
    [[nodiscard]] SSL* ssl() { return ssl_.get(); }

    std::string received;
    int error_reason = 0;
    bool closed = false;

  private:
    SslContextPointer context_;
    SslPointer ssl_;
    BIO* in_ = nullptr;
    BIO* out_ = nullptr;
    std::unique_ptr<Stream> stream_;
};

/// A server that greets, on each of two shards.
struct BareWorld {
    BareWorld() : context(TlsContext::server(server_options()).value()) {
        for (std::uint16_t i = 0; i < 2; ++i) {
            Shard& shard = host.shard(ShardId(i));
            acceptors[i].when_accepted = [this, &shard](std::unique_ptr<Stream> stream) {
                Peer& server = *servers.emplace_back(std::make_unique<Peer>());
                server.take(TlsContext::wrap(context, std::move(stream), shard));
                server.stream->send(as_bytes("welcome"));
            };
            acceptors[i].listen(shard,
                                {.address = host.address(static_cast<std::uint16_t>(8880 + i))});
        }
    }
    [[nodiscard]] bool run_until(const std::function<bool()>& done) {
        return world.run_until(done, 1min);
    }
    [[nodiscard]] bool has_ended() const {
        return servers.size() == 1 && servers[0]->closed.is_set();
    }
    [[nodiscard]] Shard& shard(std::uint16_t i) { return host.shard(ShardId(i)); }

    Log log;
    sim::World world{{.seed = 6}};
    sim::Host& host = world.add_host("server", 2, log);
    std::shared_ptr<TlsContext> context;
    std::array<Acceptor, 2> acceptors;
    std::vector<std::unique_ptr<Peer>> servers;
};

// Goal: a ticket from one shard resumes the session on another, in both versions of TLS.
TEST(Tls, TicketsOfOneShardAreGoodOnAnother) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        BareWorld world;
        BareClient client;
        SSL_CTX_set_max_proto_version(client.context(), version);
        client.connect(world.shard(0), world.host.address(8880));
        ASSERT_TRUE(world.run_until([&] { return client.received == "welcome"; }));
        EXPECT_EQ(SSL_session_reused(client.ssl()), 0);
        const std::unique_ptr<SSL_SESSION, OpensslFree<SSL_SESSION_free>> session(
            SSL_get1_session(client.ssl()));
        BareClient again;
        SSL_CTX_set_max_proto_version(again.context(), version);
        again.connect(world.shard(0), world.host.address(8881), session.get());
        ASSERT_TRUE(world.run_until([&] { return again.received == "welcome"; }));
        EXPECT_EQ(SSL_session_reused(again.ssl()), 1);
    }
}

TEST(Tls, OldVersionsAreRefused) {
    BareWorld world;
    BareClient client;
    SSL_CTX_set_min_proto_version(client.context(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(client.context(), TLS1_1_VERSION);
    client.connect(world.shard(0), world.host.address(8880));
    ASSERT_TRUE(world.run_until([&] { return client.closed && world.has_ended(); }));
    EXPECT_EQ(world.servers[0]->closed_reason->kind, ErrorKind::Protocol);
    EXPECT_STREQ(world.servers[0]->closed_reason->text, "unsupported protocol");
}

TEST(Tls, WeakCiphersAreRefused) {
    BareWorld world;
    BareClient client;
    SSL_CTX_set_max_proto_version(client.context(), TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(client.context(), "AES128-SHA:ECDHE-ECDSA-AES128-SHA");
    client.connect(world.shard(0), world.host.address(8880));
    ASSERT_TRUE(world.run_until([&] { return client.closed && world.has_ended(); }));
    EXPECT_STREQ(world.servers.at(0)->closed_reason->text, "no shared cipher");
}

TEST(Tls, RenegotiationIsRefused) {
    BareWorld world;
    BareClient client;
    SSL_CTX_set_max_proto_version(client.context(), TLS1_2_VERSION);
    client.connect(world.shard(0), world.host.address(8880));
    ASSERT_TRUE(world.run_until([&] { return client.received == "welcome"; }));
    ASSERT_EQ(SSL_renegotiate(client.ssl()), 1);
    SSL_do_handshake(client.ssl());
    client.flush();
    ASSERT_TRUE(world.run_until([&] { return client.error_reason != 0; }));
    EXPECT_EQ(client.error_reason, SSL_R_NO_RENEGOTIATION);
}

TEST(Tls, TheFirstBytesMayComeOneByOne) {
    Log log;
    sim::World world({.seed = 7, .piece_bytes_max = 1});
    sim::Host& host = world.add_host("a", 1, log);
    Shard& shard = host.shard(ShardId(0));
    const auto server_context = TlsContext::server(server_options()).value();
    const auto client_context = TlsContext::client(client_options()).value();
    Acceptor acceptor;
    Peer server;
    Peer client;
    acceptor.when_accepted = [&](std::unique_ptr<Stream> stream) {
        server.take(TlsContext::wrap(server_context, std::move(stream), shard));
    };
    acceptor.listen(shard, {.address = host.address(1)});
    client.connect(shard, host.address(1));
    client.take(TlsContext::wrap(client_context, std::move(client.stream), shard));
    client.stream->send(as_bytes("a message"));
    EXPECT_TRUE(world.run_until([&] { return server.received == "a message"; }, 1min));
}

// Goal: TLS needs nothing from the layer below but that it is a stream.
TEST(Tls, RunsOverTls) {
    TlsPair pair(server_options(), client_options());
    ASSERT_TRUE(pair.connect());
    pair.server.take(
        TlsContext::wrap(pair.server_context, std::move(pair.server.stream), pair.server_shard()));
    pair.client.take(
        TlsContext::wrap(pair.client_context, std::move(pair.client.stream), pair.client_shard()));
    ASSERT_TRUE(pair.run_until(
        [&] { return pair.client.connected_count == 2 && pair.server.connected_count == 2; }));
    pair.client.stream->send(as_bytes("twice"));
    ASSERT_TRUE(pair.run_until([&] { return pair.server.received == "twice"; }));
    pair.client.stream->close();
    ASSERT_TRUE(pair.run_until_closed());
    EXPECT_EQ(pair.server.closed_reason->kind, ErrorKind::Closed);
}

}  // namespace
}  // namespace kith::runtime
