// A node is let in over a connection: the desk and the caller, with real files and real TLS on
// simulated machines.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "crypto/fake_secrets.h"
#include "mesh/live/join_caller.h"
#include "mesh/live/join_desk.h"
#include "mesh/live/limits.h"
#include "mesh/live/testing/live_mesh.h"
#include "runtime/network.h"
#include "runtime/testing/peer.h"

namespace kith::mesh {
namespace {

namespace fs = std::filesystem;

const WallTime kNow = WallTime::from_ms(1'800'000'000'000);
constexpr std::uint16_t kPort = 7883;

/// A data directory that goes with the test.
class Home {
  public:
    Home() {
        std::string pattern = (fs::temp_directory_path() / "kith-join-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    Home(const Home&) = delete;
    Home& operator=(const Home&) = delete;
    ~Home() { fs::remove_all(path_); }
    [[nodiscard]] MeshDirectory directory() const { return MeshDirectory(path_); }

  private:
    std::string path_;
};

/// A member that listens on kPort of its machine, and lets in if it may.
class Door final : MeshEvents {
  public:
    Door(runtime::sim::Host& machine, Home& home)
        : machine_(machine),
          desk_(shard(),
                {.directory = home.directory(),
                 .files = machine.blocking_pool(),
                 .wall_now = [] { return kNow; },
                 .on_answered =
                     [this](const JoinOutcome& outcome) { answers.push_back(outcome.verdict); },
                 .on_problem = [this](const std::string& text) { problem = text; }}),
          unbridged_(shard()) {
        const Membership self = home.directory().load().value();
        trust_ = std::make_unique<MeshTrust>(
            MeshTrust::create(*self.key,
                              {.root_pem = self.root_pem, .certificate = self.chain, .now = kNow})
                .value());
        security_ =
            TlsLinkSecurity::create(
                {.identity = {.certificate_chain_pem = crypto::chain_to_pem(self.chain).value(),
                              .private_key_pem = self.key->to_pem()},
                 .root_pem = self.root_pem,
                 .lets_in = true},
                trust_->members())
                .value();
        MeshHostOptions options;
        options.mesh.self = trust_->self();
        options.mesh.name = self.name;
        options.listen = machine.address(kPort);
        MeshEvents& events = *this;
        host_ = MeshHost::open(shard(), options,
                               {.security = *security_,
                                .trust = *trust_,
                                .custody = unbridged_,
                                .delivery = unbridged_,
                                .events = events,
                                .names = machine.blocking_pool(),
                                .newcomers = &desk_})
                    .value();
        unbridged_.attach(*host_);
        host_->start();
    }
    [[nodiscard]] const JoinDesk& desk() const { return desk_; }
    [[nodiscard]] const MeshHost& host() const { return *host_; }
    [[nodiscard]] std::uint64_t count(JoinVerdict verdict) const {
        return desk_.counters().verdicts[static_cast<std::size_t>(verdict)];
    }
    WallTime wall = kNow;
    std::vector<JoinVerdict> answers;
    std::string problem;

  private:
    runtime::Shard& shard() { return machine_.shard(ShardId(0)); }
    void on_neighbor(NodeId, NeighborChange) override {}
    void on_drop(DropReason, const Data*) override {}
    void on_routes(std::size_t) override {}

    runtime::sim::Host& machine_;
    JoinDesk desk_;
    testing::Unbridged unbridged_;
    std::unique_ptr<MeshTrust> trust_;
    std::unique_ptr<TlsLinkSecurity> security_;
    std::unique_ptr<MeshHost> host_;
};

class Join : public ::testing::Test {
  protected:
    Join() { EXPECT_TRUE(founders.directory().found("founder", secrets, kNow)); }

    JoinToken invite(const InviteTerms& terms = {}, WallTime now = kNow) {
        const auto made = founders.directory().invite(terms, secrets, now);
        EXPECT_TRUE(made);
        return {.role = terms.role,
                .expires_at = made->expires_at,
                .root_fingerprint = founders.directory().load()->root_fingerprint,
                .invite = made->id,
                .secret = made->secret,
                .locators = {issuer.address(kPort).to_string()}};
    }
    void open_door() {
        door = std::make_unique<Door>(issuer, founders);
        door->wall = wall;
    }
    /// The newcomer asks; what it gets is in `admission`.
    void call(const JoinToken& token, const NodeKey& own) {
        run_at(newcomer, [&](runtime::Shard& shard) {
            caller = JoinCaller::create(
                         shard, joining_errand(token, own, "cellar", [this] { return wall; }),
                         {.names = newcomer.blocking_pool(),
                          .on_admitted =
                              [this](Admission got) {
                                  admission = std::move(got);
                                  caller.reset();
                              }})
                         .value();
            caller->start();
        });
    }
    bool run_until(const std::function<bool()>& done) { return world.run_until(done, 30s); }
    void run_at(runtime::sim::Host& machine, const std::function<void(runtime::Shard&)>& action) {
        bool is_done = false;
        machine.shard(ShardId(0)).post_completion(runtime::make_mail([&](runtime::Shard& shard) {
            action(shard);
            is_done = true;
        }));
        ASSERT_TRUE(run_until([&] { return is_done; }));
    }
    /// A TLS connection to the door by somebody who is no JoinCaller.
    void knock(runtime::Peer& peer) {
        auto context = runtime::TlsContext::client(
                           {.verify = false, .alpn = {kMeshJoinAlpn}, .describes_channel = true})
                           .value();
        runtime::Shard& shard = newcomer.shard(ShardId(0));
        peer.connect(shard, issuer.address(kPort));
        peer.take(runtime::TlsContext::wrap(context, std::move(peer.stream), shard));
        ASSERT_TRUE(run_until([&] { return peer.connected.is_set() || peer.closed.is_set(); }));
    }

    WallTime wall = kNow;
    Home founders;
    crypto::FakeSecrets secrets{3};
    NodeKey key = NodeKey::generate(secrets);
    Log log;
    runtime::sim::World world{{.seed = 5}};
    runtime::sim::Host& issuer = world.add_host("issuer", 1, log);
    runtime::sim::Host& newcomer = world.add_host("newcomer", 1, log);
    runtime::sim::Host& third = world.add_host("third", 1, log);
    std::unique_ptr<Door> door;
    std::unique_ptr<JoinCaller> caller;
    std::optional<Admission> admission;
};

TEST_F(Join, WhoeverHasATokenIsLetInOverTheConnection) {
    open_door();
    call(invite({.role = NodeRole::Leaf}), key);
    ASSERT_TRUE(run_until([&] { return admission.has_value(); })) << caller->last_trouble();
    EXPECT_EQ(admission->role, NodeRole::Leaf);
    EXPECT_EQ(admission->root_pem, founders.directory().load()->root_pem);
    EXPECT_EQ(door->answers, std::vector{JoinVerdict::Accepted});
    const InviteBook book = founders.directory().invites().value();
    ASSERT_EQ(book.invites()[0].used_by.size(), 1U) << "on disk before the answer left";
    EXPECT_EQ(book.invites()[0].used_by[0].node, key.id());
    EXPECT_EQ(book.invites()[0].used_by[0].name, "cellar");
    EXPECT_TRUE(run_until([&] { return door->desk().open_channels() == 0; }));
}

TEST_F(Join, AnIssuerThatComesLaterIsFoundThen) {
    call(invite({.lifetime = kInviteLifetimeMax}), key);
    world.run_for(20s);
    wall = kNow + 24h * 7;
    EXPECT_FALSE(admission);
    EXPECT_NE(caller->last_trouble(), "");
    open_door();
    EXPECT_TRUE(run_until([&] { return admission.has_value(); }));
}

TEST_F(Join, AUsedTokenIsRefusedAndNotAskedWithAgain) {
    open_door();
    const JoinToken token = invite();
    call(token, key);
    ASSERT_TRUE(run_until([&] { return admission.has_value(); }));
    admission.reset();
    call(token, NodeKey::generate(secrets));
    ASSERT_TRUE(run_until([&] { return caller->is_at_an_end(); }));
    EXPECT_NE(caller->last_trouble().find("used up"), std::string::npos) << caller->last_trouble();
    world.run_for(60s);
    EXPECT_EQ(door->count(JoinVerdict::UsedUp), 1U);
    EXPECT_EQ(caller->counters().refusals, 1U);
    EXPECT_FALSE(admission);
}

TEST_F(Join, AnExpiredOrUnknownTokenIsRefused) {
    open_door();
    call(invite({}, kNow - 24h), key);
    ASSERT_TRUE(run_until([&] { return caller->is_at_an_end(); }));
    EXPECT_NE(caller->last_trouble().find("expired"), std::string::npos);
    JoinToken guessed = invite();
    guessed.secret[0] ^= 1U;
    call(guessed, key);
    ASSERT_TRUE(run_until([&] { return caller->is_at_an_end(); }));
    EXPECT_EQ(door->count(JoinVerdict::Expired), 1U);
    EXPECT_EQ(door->count(JoinVerdict::NotInvited), 1U);
}

TEST_F(Join, NobodyOfAnotherMeshIsShownTheRequest) {
    Home strangers;
    ASSERT_TRUE(strangers.directory().found("stranger", secrets, kNow));
    door = std::make_unique<Door>(issuer, strangers);
    call(invite(), key);
    ASSERT_TRUE(run_until([&] { return caller->counters().impostors > 2; })) << "and goes on";
    EXPECT_NE(caller->last_trouble().find("another mesh"), std::string::npos);
    EXPECT_TRUE(door->answers.empty());
    EXPECT_FALSE(caller->is_at_an_end());
}

TEST_F(Join, AMemberInTheMiddleLearnsNothingThatAnotherChannelTakes) {
    open_door();
    // A member, no issuer, at the address in the token: it takes the request to the real issuer.
    const JoinToken members_token = invite();
    call(members_token, key);
    ASSERT_TRUE(run_until([&] { return admission.has_value(); }));
    const std::string chain = crypto::chain_to_pem(admission->chain).value() + admission->root_pem;
    const auto context =
        runtime::TlsContext::server(
            {.identities = {{.certificate_chain_pem = chain, .private_key_pem = key.to_pem()}},
             .alpn = {kMeshJoinAlpn}})
            .value();
    runtime::Acceptor acceptor;
    runtime::Peer middle;
    acceptor.when_accepted = [&](std::unique_ptr<runtime::Stream> stream) {
        if (middle.stream == nullptr) {
            middle.take(
                runtime::TlsContext::wrap(context, std::move(stream), third.shard(ShardId(0))));
        }
    };
    acceptor.listen(third.shard(ShardId(0)), {.address = third.address(kPort)});
    admission.reset();
    JoinToken token = invite();
    token.locators = {third.address(kPort).to_string()};
    call(token, NodeKey::generate(secrets));
    ASSERT_TRUE(run_until([&] { return !middle.received.empty(); }));
    runtime::Peer replayer;
    knock(replayer);
    replayer.stream->send(as_bytes(middle.received));
    ASSERT_TRUE(run_until([&] { return replayer.closed.is_set(); }));
    EXPECT_EQ(door->answers.back(), JoinVerdict::NotInvited);
    EXPECT_FALSE(admission);
    caller.reset();
    middle.stream.reset();
}

TEST_F(Join, NonsenseIsAnsweredAndWhatIsTooLongIsNot) {
    open_door();
    runtime::Peer babbler;
    knock(babbler);
    babbler.stream->send(
        as_bytes(std::string_view("\x00\x03"
                                  "abc",
                                  5)));
    ASSERT_TRUE(run_until([&] { return babbler.closed.is_set(); }));
    EXPECT_EQ(door->count(JoinVerdict::Malformed), 1U);
    EXPECT_EQ(babbler.received.size(), 4U) << "length, version, verdict";
    runtime::Peer flooder;
    knock(flooder);
    flooder.stream->send(as_bytes(std::string(4000, '\xFF')));
    ASSERT_TRUE(run_until([&] { return flooder.closed.is_set(); }));
    EXPECT_EQ(door->desk().counters().malformed, 1U);
    EXPECT_TRUE(flooder.received.empty());
}

TEST_F(Join, WhoSaysNothingIsSentAwayAndFewFromOneAddressAreLetWait) {
    open_door();
    std::vector<std::unique_ptr<runtime::Peer>> silent;
    for (std::size_t i = 0; i <= kJoinChannelsPerAddressMax; ++i) {
        silent.push_back(std::make_unique<runtime::Peer>());
        knock(*silent.back());
    }
    ASSERT_TRUE(run_until([&] { return door->desk().counters().refused == 1; }));
    EXPECT_EQ(door->desk().open_channels(), kJoinChannelsPerAddressMax);
    world.run_for(kJoinChannelMax + 1s);
    EXPECT_EQ(door->desk().open_channels(), 0U);
    EXPECT_EQ(door->desk().counters().timed_out, kJoinChannelsPerAddressMax);
    call(invite(), key);
    EXPECT_TRUE(run_until([&] { return admission.has_value(); }));
}

TEST_F(Join, TooManyAttemptsAreToldToComeAgain) {
    open_door();
    JoinToken guessed = invite();
    guessed.secret[0] ^= 1U;
    for (int i = 0; i < kJoinAttemptsAtOnce; ++i) {
        runtime::Peer babbler;
        knock(babbler);
        babbler.stream->send(
            as_bytes(std::string_view("\x00\x01"
                                      "x",
                                      3)));
        ASSERT_TRUE(run_until([&] { return babbler.closed.is_set(); }));
    }
    // Each took a moment, in which attempts come back: the last of them are used up at once.
    std::vector<std::unique_ptr<runtime::Peer>> crowd;
    while (door->count(JoinVerdict::Busy) == 0) {
        runtime::Peer babbler;
        knock(babbler);
        babbler.stream->send(
            as_bytes(std::string_view("\x00\x01"
                                      "x",
                                      3)));
        ASSERT_TRUE(run_until([&] { return babbler.closed.is_set(); }));
        ASSERT_LT(door->answers.size(), 200U);
    }
    call(invite(), key);
    EXPECT_TRUE(run_until([&] { return admission.has_value(); })) << "a moment later";
}

TEST_F(Join, AnIssuerThatCannotReadItsFilesSaysSoAndIsAskedAgain) {
    open_door();
    const JoinToken token = invite();
    const std::string path = founders.directory().path() + "/authority.key";
    fs::rename(path, path + ".away");
    call(token, key);
    ASSERT_TRUE(run_until([&] { return caller->counters().refusals > 1; }));
    EXPECT_FALSE(caller->is_at_an_end());
    EXPECT_NE(door->problem.find("authority.key"), std::string::npos);
    fs::rename(path + ".away", path);
    EXPECT_TRUE(run_until([&] { return admission.has_value(); }));
}

TEST_F(Join, AMemberGetsItsNextCertificateForTheOneItHas) {
    open_door();
    call(invite({.role = NodeRole::Leaf}), key);
    ASSERT_TRUE(run_until([&] { return admission.has_value(); }));
    Membership member;
    member.state = MembershipState::Member;
    member.name = "vault";  // it may call itself something else by now
    member.key = key;
    member.root_fingerprint = founders.directory().load()->root_fingerprint;
    member.chain = admission->chain;
    member.role = NodeRole::Leaf;
    member.peers = {issuer.address(kPort).to_string()};
    const auto renew = [&] {
        admission.reset();
        run_at(newcomer, [&](runtime::Shard& shard) {
            caller = JoinCaller::create(
                         shard, renewal_errand(member, [this] { return wall; }),
                         {.names = newcomer.blocking_pool(),
                          .on_admitted = [this](Admission got) { admission = std::move(got); }})
                         .value();
            caller->start();
        });
    };
    renew();
    ASSERT_TRUE(run_until([&] { return admission.has_value(); }));
    EXPECT_EQ(admission->role, NodeRole::Leaf);
    EXPECT_EQ(founders.directory().invites()->invites()[0].used_by.size(), 1U);
    ASSERT_TRUE(founders.directory().revoke(key.id(), kNow));
    renew();
    ASSERT_TRUE(run_until([&] { return caller->is_at_an_end(); }));
    EXPECT_EQ(door->answers.back(), JoinVerdict::Revoked);
    EXPECT_FALSE(admission);
}

TEST(MeshHost, WithoutADeskNewcomersAreTurnedAway) {
    testing::LiveMesh mesh(1, testing::LiveMesh::Links::UnderTls);
    mesh.start(1, {});
    runtime::Peer peer;
    Log log;
    runtime::sim::Host& stranger = mesh.world.add_host("stranger", 1, log);
    auto context = runtime::TlsContext::client({.verify = false, .alpn = {kMeshJoinAlpn}}).value();
    peer.connect(stranger.shard(ShardId(0)), mesh.machine(1).address(kPort));
    peer.take(
        runtime::TlsContext::wrap(context, std::move(peer.stream), stranger.shard(ShardId(0))));
    EXPECT_TRUE(mesh.world.run_until([&] { return peer.closed.is_set(); }, 10s));
    EXPECT_EQ(peer.connected_count, 0);
}

}  // namespace
}  // namespace kith::mesh
