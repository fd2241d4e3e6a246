// Nodes with MeshHosts on simulated machines: the real host over simulated streams.
//
// Node i is on the i-th machine and listens on kPort. Plain: who is there follows from the address,
// so that ids are 1, 2, 3. UnderTls: everybody has a key and a certificate of one root, and ids
// follow from the keys. What is not simulated are dates: OpenSSL compares certificates with the
// clock of the machine that runs the test, by which they are made here.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "crypto/certificate.h"
#include "crypto/fake_secrets.h"
#include "mesh/live/forward_caller.h"
#include "mesh/live/forward_desk.h"
#include "mesh/live/mesh_host.h"
#include "mesh/live/testing/unbridged.h"
#include "mesh/live/tls_link_security.h"
#include "mesh/testing/fake_trust.h"
#include "mesh/trust/mesh_trust.h"
#include "runtime/sim/world.h"
#include "runtime/testing/test_authority.h"

namespace kith::mesh::testing {

using Addresses = std::map<std::array<std::uint8_t, 16>, NodeId>;

/// Nobody proves anything: who is there follows from the address.
class KnownAddresses final : public LinkSecurity {
  public:
    explicit KnownAddresses(const Addresses& known) : known_(known) {}
    std::unique_ptr<runtime::Stream> wrap_dialled(std::unique_ptr<runtime::Stream> stream,
                                                  runtime::Shard&) override {
        return stream;
    }
    std::unique_ptr<runtime::Stream> wrap_accepted(std::unique_ptr<runtime::Stream> stream,
                                                   runtime::Shard&) override {
        return stream;
    }
    [[nodiscard]] bool has_handshake() const override { return false; }
    [[nodiscard]] Result<LinkPeer> identify(const runtime::StreamInfo& info) const override {
        const auto found = known_.find(info.remote.ip());
        if (found == known_.end()) {
            return fail(ErrorKind::Denied, "nobody knows this address");
        }
        return LinkPeer{.node = found->second};
    }

  private:
    const Addresses& known_;
};

/// A key and a certificate of the test's mesh, made from a number.
struct TestMember {
    NodeKey key;
    std::vector<std::uint8_t> certificate;

    /// When OpenSSL has begun to make certificates: an hour after they begin to be good.
    [[nodiscard]] static WallTime now() {
        static const WallTime made =
            crypto::read_certificate(runtime::TestAuthority().issue({}).certificate_chain_pem)
                .value()
                .not_before +
            1h;
        return made;
    }
    [[nodiscard]] static const crypto::Identity& root() {
        static const crypto::Identity made = crypto::make_mesh_root("test mesh", now()).value();
        return made;
    }
    [[nodiscard]] static TestMember make(std::uint64_t number,
                                         const crypto::Identity& root = TestMember::root()) {
        crypto::FakeSecrets secrets(number);
        NodeKey key = NodeKey::generate(secrets);
        auto certificate = issue_node_certificate(
            root, {.public_key = key.public_key(), .role = NodeRole::Router, .now = now()});
        return {std::move(key), std::move(certificate.value())};
    }
    [[nodiscard]] LinkCredentials credentials() const {
        return {.identity = {.certificate_chain_pem = crypto::chain_to_pem(certificate).value(),
                             .private_key_pem = key.to_pem()},
                .root_pem = root().certificate_pem};
    }
    [[nodiscard]] MeshTrust trust() const {
        return MeshTrust::create(
                   NodeKey::parse(key.to_pem()).value(),
                   {.root_pem = root().certificate_pem, .certificate = certificate, .now = now()})
            .value();
    }
};

class LiveMesh {
  public:
    static constexpr std::uint16_t kPort = 7883;
    enum class Links : std::uint8_t { Plain, UnderTls };

    explicit LiveMesh(std::size_t count, Links links = Links::Plain,
                      const runtime::sim::WorldOptions& options = {.seed = 7})
        : world(options) {
        for (std::size_t i = 1; i <= count; ++i) {
            auto place = std::make_unique<Place>(world.add_host("n" + std::to_string(i), 1, log_),
                                                 NodeId(i));
            known_[place->machine.address(0).ip()] = NodeId(i);
            if (links == Links::UnderTls) {
                place->be(TestMember::make(i));
            } else {
                place->security = std::make_unique<KnownAddresses>(known_);
            }
            places_.push_back(std::move(place));
        }
    }
    ~LiveMesh() {
        for (auto& place : places_) {
            place->end();
        }
    }

    runtime::sim::World world;

    [[nodiscard]] MeshHost& host(std::size_t i) { return *places_[i - 1]->host; }
    [[nodiscard]] runtime::sim::Host& machine(std::size_t i) { return places_[i - 1]->machine; }
    [[nodiscard]] NodeId id(std::size_t i) const { return places_[i - 1]->id; }
    /// What others may have it connect to, from its next start on.
    void allow(std::size_t i, const std::vector<std::string>& rules) {
        places_[i - 1]->rules = rules;
    }
    /// Under TLS.
    [[nodiscard]] ForwardCaller& caller(std::size_t i) { return *places_[i - 1]->caller; }
    [[nodiscard]] ForwardDesk& desk(std::size_t i) { return *places_[i - 1]->desk; }
    [[nodiscard]] std::vector<ForwardNews>& forward_news(std::size_t i) {
        return places_[i - 1]->forward_news;
    }
    [[nodiscard]] MeshTrust& trust(std::size_t i) { return *places_[i - 1]->real_trust; }
    [[nodiscard]] std::string peer(std::size_t i) { return machine(i).address(kPort).to_string(); }

    /// Begins anew where it has run before. Peers are numbers of nodes.
    void start(std::size_t i, const std::vector<std::size_t>& peers) {
        std::vector<std::string> names;
        for (const std::size_t other : peers) {
            names.push_back(peer(other));
        }
        start_with(i, names);
    }
    void start_with(std::size_t i, const std::vector<std::string>& peers) {
        run_on(i, [this, i, &peers](runtime::Shard&) { places_[i - 1]->start(peers); });
    }
    void stop(std::size_t i) {
        bool is_over = false;
        run_on(i, [&](runtime::Shard&) {
            places_[i - 1]->end_forwards();
            host(i).close([&is_over] { is_over = true; });
        });
        CHECK(world.run_until([&] { return is_over; }, 10s));
        run_on(i, [this, i](runtime::Shard&) { places_[i - 1]->end(); });
    }
    /// In a turn of its shard.
    void run_on(std::size_t i, const std::function<void(runtime::Shard&)>& action) {
        bool is_done = false;
        machine(i).shard(ShardId(0)).post_completion(runtime::make_mail([&](runtime::Shard& shard) {
            action(shard);
            is_done = true;
        }));
        CHECK(world.run_until([&] { return is_done; }, 1min));
    }

    [[nodiscard]] std::size_t neighbors(std::size_t i) { return host(i).node().neighbors().size(); }
    /// Nodes that `i` has a way to.
    [[nodiscard]] std::size_t reachable(std::size_t i) {
        std::size_t count = 0;
        for (const RouteView& route : host(i).node().routes()) {
            count += route.next_hop != NodeId() ? 1U : 0U;
        }
        return count;
    }
    [[nodiscard]] int downs(std::size_t i) const { return places_[i - 1]->downs; }
    [[nodiscard]] int ups(std::size_t i) const { return places_[i - 1]->ups; }

  private:
    struct Place final : MeshEvents {
        Place(runtime::sim::Host& machine_in, NodeId id_in)
            : machine(machine_in), id(id_in), fake_trust(id_in), unbridged(shard()) {}

        runtime::sim::Host& machine;
        NodeId id;
        FakeTrust fake_trust;
        std::unique_ptr<MeshTrust> real_trust;   // null: fake_trust
        std::shared_ptr<LinkSecurity> security;  // shared_ptr: destroys what it was made of
        Unbridged unbridged;
        std::unique_ptr<TlsLinkSecurity> forward_security;  // null: it forwards nothing
        std::unique_ptr<CircuitStreams> circuits;
        std::unique_ptr<ForwardDesk> desk;
        std::unique_ptr<ForwardCaller> caller;
        std::vector<std::string> rules;
        std::vector<ForwardNews> forward_news;
        std::unique_ptr<MeshHost> host;
        std::uint32_t epoch = 0;
        int ups = 0;
        int downs = 0;

        runtime::Shard& shard() { return machine.shard(ShardId(0)); }
        void be(const TestMember& member) {
            id = member.key.id();
            real_trust = std::make_unique<MeshTrust>(member.trust());
            security = TlsLinkSecurity::create(member.credentials(), real_trust->members()).value();
            forward_security = TlsLinkSecurity::create(member.credentials(), real_trust->members(),
                                                       kMeshForwardAlpn)
                                   .value();
        }
        void begin_forwards() {
            circuits = std::make_unique<CircuitStreams>(
                shard(), [this](std::unique_ptr<runtime::Stream> stream) {
                    if (desk != nullptr) {
                        desk->accept(std::move(stream));
                    }
                });
            desk = std::make_unique<ForwardDesk>(
                shard(), ForwardRules(rules),
                ForwardDesk::Ports{
                    .security = *forward_security,
                    .names = machine.blocking_pool(),
                    .on_news = [this](const ForwardNews& news) { forward_news.push_back(news); }});
            caller = std::make_unique<ForwardCaller>(shard(), *circuits, *forward_security);
        }
        void end_forwards() {
            caller.reset();
            desk.reset();
            if (circuits != nullptr) {
                circuits->stop();
            }
        }
        void end() {
            end_forwards();
            host.reset();
            circuits.reset();
        }
        void start(const std::vector<std::string>& peers) {
            MeshHostOptions options;
            options.mesh.self = id;
            options.mesh.name = machine.name();
            options.mesh.epoch = ++epoch;
            options.listen = machine.address(kPort);
            options.peers = peers;
            TrustPort& trust = real_trust != nullptr ? static_cast<TrustPort&>(*real_trust)
                                                     : static_cast<TrustPort&>(fake_trust);
            if (forward_security != nullptr) {
                begin_forwards();
            }
            host = MeshHost::open(shard(), options,
                                  {.security = *security,
                                   .trust = trust,
                                   .custody = unbridged,
                                   .delivery = unbridged,
                                   .events = *this,
                                   .names = machine.blocking_pool(),
                                   .circuits = circuits.get()})
                       .value();
            if (circuits != nullptr) {
                circuits->attach(*host);
            }
            unbridged.attach(*host);
            host->start();
        }
        void on_neighbor(NodeId, NeighborChange change) override {
            ups += change == NeighborChange::Up ? 1 : 0;
            downs += change == NeighborChange::Down ? 1 : 0;
        }
        void on_drop(DropReason, const Data*) override {}
        void on_routes(std::size_t) override {}
    };

    Log log_;
    Addresses known_;
    std::vector<std::unique_ptr<Place>> places_;
};

}  // namespace kith::mesh::testing
