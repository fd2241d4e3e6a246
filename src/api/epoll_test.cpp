// The same server over real sockets and real TLS: what the simulation cannot show.
#include <gtest/gtest.h>

#include "access/accounts.h"
#include "access/registry.h"
#include "access/session_book.h"
#include "access/sign_in.h"
#include "access/token_authenticator.h"
#include "api/server.h"
#include "api/testing/fake_backend.h"
#include "api/testing/fake_backups.h"
#include "api/testing/fake_mesh_office.h"
#include "crypto/certificate.h"
#include "crypto/secrets.h"
#include "runtime/testing/peer.h"
#include "runtime/testing/rig.h"
#include "runtime/tls.h"
#include "storage/memory/memory_stores.h"

namespace kith::api {
namespace {

/// A server with a user `anna` on one epoll shard, and a listener that wraps if it is given TLS.
class EpollServer final : private runtime::AcceptHandler {
  public:
    explicit EpollServer(std::shared_ptr<runtime::TlsContext> tls) : tls_(std::move(tls)) {
        EXPECT_TRUE(store_
                        ->add_user({.name = "anna",
                                    .role = "admin",
                                    .password_hash = "$scrypt$ln=1,r=8,p=1$c29tZSBzYWx0IGhlcmU$"
                                                     "jbQ9OiJqhK1N6Gkk+jqYqKofnm+tOxgLj8MezQrcMWM",
                                    .created_at = WallTime::from_ms(1)})
                        .has_value());
        runtime::Signal is_ready;
        rig_.call(0, [&](runtime::Shard& shard) {
            make(shard);
            registry_->start([&](const Status& started) {
                EXPECT_TRUE(started.has_value());
                is_ready.set();
            });
        });
        EXPECT_TRUE(rig_.wait(is_ready));
        rig_.call(0, [&](runtime::Shard& shard) {
            server_->start();
            auto opened = shard.network().listen({.address = rig_.address()}, *this);
            listener_ = std::move(opened.value());
        });
    }
    ~EpollServer() {
        rig_.call(0, [this](runtime::Shard&) {
            listener_.reset();
            client_.stream.reset();
            server_.reset();
        });
        rig_.stop();
        // Their threads post to shards, so they end while the shards are still there.
        store_pool_.reset();
        hash_pool_.reset();
    }

    /// Connects the one client of the test.
    void connect(const std::shared_ptr<runtime::TlsContext>& tls) {
        rig_.call(0, [&](runtime::Shard& shard) {
            client_.connect(shard, listener_->local());
            if (tls != nullptr) {
                client_.take(runtime::TlsContext::wrap(tls, std::move(client_.stream), shard));
            }
        });
        ASSERT_TRUE(rig_.wait(client_.connected));
    }
    /// Sends and waits for an answer of which `end` is the end.
    std::string ask(const std::string& text, const std::string& end) {
        runtime::Signal is_answered;
        std::string answer;
        rig_.call(0, [&](runtime::Shard&) {
            client_.received.clear();
            client_.when_data = [&] {
                if (client_.received.ends_with(end)) {
                    answer = client_.received;
                    is_answered.set();
                }
            };
            client_.stream->send(as_bytes(text));
        });
        EXPECT_TRUE(rig_.wait(is_answered));
        rig_.call(0, [&](runtime::Shard&) { client_.when_data = nullptr; });
        return answer;
    }
    [[nodiscard]] std::string host() const { return listener_->local().to_string(); }

  private:
    void on_accept(std::unique_ptr<runtime::Stream> stream) override {
        server_->accept(tls_ == nullptr
                            ? std::move(stream)
                            : runtime::TlsContext::wrap(tls_, std::move(stream), rig_.shard(0)));
    }

    void make(runtime::Shard& shard) {
        backend_.facts.name = "gw-1";
        registry_ = std::make_unique<access::Registry>(access::RegistryParts{
            .home = shard, .store_pool = *store_pool_, .store = *store_, .secrets = secrets_});
        authenticator_ =
            std::make_unique<access::TokenAuthenticator>(shard, *registry_, ShardId(0));
        registry_->attach(*authenticator_);
        sign_in_ = std::make_unique<access::SignIn>(access::SignInParts{.home = shard,
                                                                        .hash_pool = *hash_pool_,
                                                                        .registry = *registry_,
                                                                        .sessions = sessions_,
                                                                        .guard = guard_,
                                                                        .secrets = secrets_});
        accounts_ =
            std::make_unique<access::Accounts>(access::AccountsParts{.home = shard,
                                                                     .hash_pool = *hash_pool_,
                                                                     .registry = *registry_,
                                                                     .guard = guard_,
                                                                     .secrets = secrets_});
        passwords_ = std::make_unique<access::PasswordDesk>(
            access::PasswordDeskParts{.home = shard,
                                      .hash_pool = *hash_pool_,
                                      .registry = *registry_,
                                      .guard = guard_,
                                      .secrets = secrets_});
        certificates_ = std::make_unique<access::CertificateOffice>(*registry_, crypto::Identity{});
        server_ = std::make_unique<ApiServer>(ApiParts{.shard = shard,
                                                       .backend = backend_,
                                                       .registry = *registry_,
                                                       .sign_in = *sign_in_,
                                                       .accounts = *accounts_,
                                                       .passwords = *passwords_,
                                                       .sessions = sessions_,
                                                       .certificates = *certificates_,
                                                       .authenticator = *authenticator_,
                                                       .accept_mqtt = {},
                                                       .ticks_us = [] { return 0U; },
                                                       .backups = backups_,
                                                       .mesh_office = mesh_office_},
                                              ApiOptions{});
    }

    std::shared_ptr<runtime::TlsContext> tls_;
    std::unique_ptr<storage::ControlStore> store_ = storage::make_memory_control_store();
    std::unique_ptr<runtime::BlockingPool> store_pool_ = runtime::make_blocking_pool(1);
    std::unique_ptr<runtime::BlockingPool> hash_pool_ = runtime::make_blocking_pool(1);
    crypto::SystemSecrets secrets_;
    FakeBackend backend_;
    FakeBackups backups_;
    FakeMeshOffice mesh_office_;
    access::SessionBook sessions_{secrets_};
    access::TryGuard guard_;
    std::unique_ptr<access::Registry> registry_;
    std::unique_ptr<access::TokenAuthenticator> authenticator_;
    std::unique_ptr<access::SignIn> sign_in_;
    std::unique_ptr<access::Accounts> accounts_;
    std::unique_ptr<access::PasswordDesk> passwords_;
    std::unique_ptr<access::CertificateOffice> certificates_;
    std::unique_ptr<ApiServer> server_;
    std::unique_ptr<runtime::Listener> listener_;
    runtime::Peer client_;
    runtime::EpollRig rig_{1, 1};  // last: its thread ends before what it works on
};

std::string request(const std::string& method_and_path, const std::string& host,
                    const std::string& body = "") {
    std::string text = method_and_path + " HTTP/1.1\r\nHost: " + host + "\r\n";
    if (!body.empty()) {
        text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n";
    }
    return text + "\r\n" + body;
}

/// OpenSSL compares certificates with the machine's clock; a shard reads it.
WallTime real_now() {
    runtime::EpollRig rig(1, 1);
    WallTime now;
    rig.call(0, [&now](runtime::Shard& shard) { now = shard.wall_now(); });
    return now;
}

constexpr const char* kSignIn = R"({"name":"anna","password":"correct horse"})";

TEST(ApiServerOverEpoll, ServesPlainConnectionsFromThisMachine) {
    EpollServer server(nullptr);
    server.connect(nullptr);
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(server.ask(request("GET /healthz", server.host()), "ok\n")
                        .starts_with("HTTP/1.1 200 OK\r\n"));
    }
    const std::string metrics = server.ask(request("GET /metrics", server.host()), "0\n");
    EXPECT_TRUE(metrics.starts_with("HTTP/1.1 200 OK\r\n")) << "from loopback, without a token";
    const std::string refused = server.ask(request("GET /api/v1/node", server.host()), "}");
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 401 "));
    const std::string opened =
        server.ask(request("POST /api/v1/session", server.host(), kSignIn), "}");
    EXPECT_TRUE(opened.starts_with("HTTP/1.1 200 OK\r\n")) << opened;
    EXPECT_EQ(opened.find("; Secure"), std::string::npos);
}

TEST(ApiServerOverEpoll, ServesTlsWithACertificateThatTheNodeMade) {
    const WallTime now = real_now();
    const crypto::Identity authority = crypto::make_authority("gw-1", now).value();
    const crypto::Identity leaf =
        crypto::issue_server_certificate(authority, crypto::server_names("gw-1", {}), now).value();
    runtime::TlsServerOptions server_options;
    server_options.identities = {{leaf.certificate_pem, leaf.private_key_pem}};
    server_options.alpn = {"http/1.1"};
    runtime::TlsClientOptions client_options;
    client_options.server_name = "localhost";
    client_options.ca_pem = authority.certificate_pem;
    client_options.alpn = {"http/1.1"};
    EpollServer server(runtime::TlsContext::server(server_options).value());
    server.connect(runtime::TlsContext::client(client_options).value());
    EXPECT_TRUE(server.ask(request("GET /healthz", server.host()), "ok\n")
                    .starts_with("HTTP/1.1 200 OK\r\n"));
    const std::string opened =
        server.ask(request("POST /api/v1/session", server.host(), kSignIn), "}");
    EXPECT_TRUE(opened.starts_with("HTTP/1.1 200 OK\r\n")) << opened;
    EXPECT_NE(opened.find("; Secure"), std::string::npos) << "the cookie never leaves TLS";
    const std::string foreign = server.ask("GET /healthz HTTP/1.1\r\nHost: " + server.host() +
                                               "\r\nOrigin: http://" + server.host() + "\r\n\r\n",
                                           "}");
    EXPECT_TRUE(foreign.starts_with("HTTP/1.1 403 ")) << "the plain page of the same name";
}

}  // namespace
}  // namespace kith::api
