// The mesh of nodes on this machine, over sockets: from what is on disk to a link.

#include "node/detail/mesh_pillar.h"

#include "crypto/fake_secrets.h"
#include "node/detail/mesh_view.h"
#include "node/process_facts.h"
#include "runtime/testing/rig.h"
#include "storage/testing/temp_directory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace kith::node {
namespace {

/// Waits for lines of the log.
class Lines final : public LogSink {
  public:
    void write(LogLevel, std::string_view event, std::span<const LogField> fields) override {
        if (event == "the mesh is on") {
            on.set();
        }
        if (event != "mesh neighbour") {
            return;
        }
        for (const LogField& field : fields) {
            if (field.key == "change" && std::get<std::string_view>(field.value) == "up") {
                up.set();
            }
            if (field.key == "change" && std::get<std::string_view>(field.value) == "down") {
                down.set();
            }
        }
    }
    runtime::Signal on;
    runtime::Signal up;
    runtime::Signal down;
};

/// A node of which nothing runs but the mesh.
class MeshOnly {
  public:
    explicit MeshOnly(std::uint64_t seed) : secrets_(seed) {
        config_.data_directory = temp_.file("data");
        config_.workers = 1;
        config_.mesh.address = "127.0.0.1:0";
        EXPECT_TRUE(NodeDirectory::open(config_.data_directory));
    }
    ~MeshOnly() { stop(); }

    [[nodiscard]] NodeConfig& config() { return config_; }
    [[nodiscard]] mesh::MeshDirectory directory() const {
        return mesh::MeshDirectory(config_.data_directory);
    }
    [[nodiscard]] crypto::SecretSource& secrets() { return secrets_; }
    void found_mesh() { ASSERT_TRUE(directory().found("founder", secrets_, wall_now())); }
    /// With this node's address in it, if it runs.
    [[nodiscard]] std::string invite() {
        const auto made = directory().invite({}, secrets_, wall_now());
        EXPECT_TRUE(made);
        std::vector<std::string> locators;
        if (mesh_ != nullptr && !facts().address.empty()) {
            locators.push_back(facts().address);
        }
        return to_text(mesh::JoinToken{.expires_at = made->expires_at,
                                       .root_fingerprint = directory().load()->root_fingerprint,
                                       .invite = made->id,
                                       .secret = made->secret,
                                       .locators = locators});
    }
    void begin_join(const std::string& token) {
        ASSERT_TRUE(directory().begin_join(token, "second", secrets_));
    }
    /// As the nodes themselves do over a link.
    void join(MeshOnly& founder, WallTime at = wall_now()) {
        mesh::MeshDirectory theirs = founder.directory();
        begin_join(founder.invite());
        const mesh::Membership joining = directory().load().value();
        const std::vector<std::uint8_t> channel(32, 1);
        const auto request =
            make_join_request(*joining.token, *joining.key, joining.name, channel).value();
        mesh::JoinAttempts attempts;
        const auto outcome = theirs.answer(
            request, channel, {.wall_now = at, .now = Instant(), .attempts = attempts});
        ASSERT_TRUE(outcome);
        ASSERT_TRUE(directory().admit(
            read_join_answer(outcome->answer, *joining.token, *joining.key, at).value()));
    }
    void start() {
        ground_ = std::make_unique<Ground>(config_, log_,
                                           NodeDirectory::open(config_.data_directory).value(),
                                           StoreTestOptions{.vfs = {}, .unsafe_no_sync = true});
        ASSERT_TRUE(ground_->open());
        access_ = std::make_unique<AccessPillar>(*ground_);
        broker_ = std::make_unique<BrokerPillar>(*ground_, *access_);
        mesh_ = std::make_unique<MeshPillar>(*ground_, *broker_);
        ASSERT_TRUE(access_->prepare());
        ASSERT_TRUE(broker_->prepare());
        ASSERT_TRUE(mesh_->prepare());
        ground_->shards->start();
        ASSERT_TRUE(access_->start());
        ASSERT_TRUE(broker_->start());
        started_ = mesh_->start();
    }
    void stop() {
        if (mesh_ == nullptr) {
            return;
        }
        mesh_->drain();
        broker_->drain();
        access_->drain();
        ground_->shards->stop();
        mesh_->finish();
        broker_->finish();
        access_->finish();
        mesh_.reset();
        broker_.reset();
        access_.reset();
        ground_.reset();
    }
    [[nodiscard]] MeshPillar& mesh() { return *mesh_; }
    [[nodiscard]] const OrProblem<void>& started() const { return started_; }
    [[nodiscard]] api::MeshFacts facts() {
        return run_on(ground_->home(), [this](runtime::Shard&) {
            return mesh_facts(*mesh_, {.nodes = true, .links = true, .routes = true});
        });
    }
    [[nodiscard]] Ground& ground() { return *ground_; }
    [[nodiscard]] Lines& lines() { return lines_; }

  private:
    storage::testing::TempDirectory temp_;
    crypto::FakeSecrets secrets_;
    NodeConfig config_;
    Lines lines_;
    Log log_{lines_, LogLevel::Info};
    std::unique_ptr<Ground> ground_;
    std::unique_ptr<AccessPillar> access_;
    std::unique_ptr<BrokerPillar> broker_;
    std::unique_ptr<MeshPillar> mesh_;
    OrProblem<void> started_;
};

constexpr std::chrono::seconds kLong{60};

TEST(MeshPillar, ANodeThatBelongsToNoMeshOpensNothingAndSaysSo) {
    MeshOnly node(1);
    node.start();
    EXPECT_TRUE(node.started());
    EXPECT_FALSE(node.mesh().is_on());
    EXPECT_EQ(node.mesh().address(), std::nullopt);
    const api::MeshFacts facts = node.facts();
    EXPECT_FALSE(facts.is_on);
    EXPECT_EQ(facts.off_reason, "this node belongs to no mesh");
}

TEST(MeshPillar, AMemberThatWantsNoMeshHasNone) {
    MeshOnly node(1);
    node.found_mesh();
    node.config().mesh.address = "off";
    node.start();
    EXPECT_FALSE(node.mesh().is_on());
    EXPECT_EQ(node.facts().off_reason, "mesh.address is \"off\"");
}

TEST(MeshPillar, ABrokenMembershipKeepsTheMeshOffAndNotTheNode) {
    MeshOnly node(1);
    node.found_mesh();
    ASSERT_TRUE(mesh::write_private_file(node.directory().path() + "/certificate.pem", "nonsense"));
    node.start();
    EXPECT_TRUE(node.started());
    EXPECT_FALSE(node.mesh().is_on());
    EXPECT_NE(node.mesh().off_reason().find("certificate.pem"), std::string::npos)
        << node.mesh().off_reason();
}

TEST(MeshPillar, TheEpochGrowsWithEveryStartAlsoIfTheClockWentBack) {
    MeshOnly node(1);
    node.found_mesh();
    const std::string file = node.directory().path() + "/epoch";
    const std::uint64_t future_s = 4'000'000'000;
    ASSERT_TRUE(mesh::write_private_file(file, std::to_string(future_s)));
    node.start();
    EXPECT_TRUE(node.mesh().is_on());
    node.stop();
    EXPECT_EQ(mesh::read_private_file(file).value(), std::to_string(future_s + 1) + "\n");
    ASSERT_TRUE(mesh::write_private_file(file, "soon"));
    node.start();
    EXPECT_FALSE(node.mesh().is_on());
}

TEST(MeshPillar, APortThatIsTakenIsAProblemThatNamesTheKey) {
    MeshOnly first(1);
    first.found_mesh();
    first.start();
    ASSERT_TRUE(first.started());
    MeshOnly second(2);
    second.found_mesh();
    second.config().mesh.address = first.mesh().address()->to_string();
    second.start();
    ASSERT_FALSE(second.started());
    EXPECT_NE(second.started().error().text.find("mesh.address"), std::string::npos);
}

TEST(MeshPillar, TwoMembersLinkUpAndKnowEachOtherByName) {
    MeshOnly founder(1);
    founder.found_mesh();
    founder.start();
    MeshOnly second(2);
    second.join(founder);
    second.config().mesh.peers = {founder.mesh().address()->to_string()};
    second.start();
    ASSERT_TRUE(second.lines().up.wait_for(kLong));
    ASSERT_TRUE(founder.lines().up.wait_for(kLong));
    const api::MeshFacts facts = second.facts();
    EXPECT_TRUE(facts.is_on);
    EXPECT_EQ(facts.name, "second");
    ASSERT_EQ(facts.links.size(), 1U);
    EXPECT_EQ(facts.links[0].to, founder.facts().node);
    EXPECT_EQ(facts.links[0].address, founder.mesh().address()->to_string());
    EXPECT_TRUE(facts.links[0].is_dialled);
    EXPECT_TRUE(facts.links[0].is_up);
    EXPECT_GT(facts.links[0].rtt_ms, 0);
    ASSERT_EQ(facts.peers.size(), 1U);
    EXPECT_EQ(facts.peers[0].state, "linked");
    EXPECT_EQ(facts.drops.size(), mesh::kDropReasonCount);
    second.stop();
    EXPECT_TRUE(founder.lines().down.wait_for(kLong)) << "a good-bye";
}

TEST(MeshPillar, AMeshThatIsFoundedWhileTheNodeRunsIsTakenUp) {
    MeshOnly node(1);
    node.start();
    EXPECT_FALSE(node.facts().is_on);
    node.found_mesh();
    ASSERT_TRUE(node.lines().on.wait_for(kLong));
    const api::MeshFacts facts = node.facts();
    EXPECT_TRUE(facts.is_on);
    EXPECT_EQ(facts.name, "founder");
    EXPECT_NE(facts.address, "");
    EXPECT_EQ(node.mesh().address(), std::nullopt) << "the ready line was printed before";
}

TEST(MeshPillar, ANodeWithATokenIsLetInAndLinksUpWithoutARestart) {
    MeshOnly founder(1);
    founder.found_mesh();
    founder.start();
    MeshOnly second(2);
    second.start();
    second.begin_join(founder.invite());
    ASSERT_TRUE(second.lines().up.wait_for(kLong));
    ASSERT_TRUE(founder.lines().up.wait_for(kLong));
    EXPECT_EQ(second.facts().name, "second");
    EXPECT_EQ(second.directory().load()->peers, std::vector{founder.facts().address});
    EXPECT_EQ(founder.directory().noted_address().value(), founder.facts().address);
    EXPECT_EQ(founder.directory().invites()->invites()[0].used_by.size(), 1U);
}

TEST(MeshPillar, ANodeThatIsNotLetInSaysWhy) {
    MeshOnly founder(1);
    founder.found_mesh();
    founder.start();
    const std::string token = founder.invite();
    MeshOnly second(2);
    second.begin_join(token);
    second.start();
    ASSERT_TRUE(second.lines().up.wait_for(kLong));
    MeshOnly third(3);
    third.begin_join(token);
    third.start();
    std::string reason;
    do {
        reason = third.facts().off_reason;
    } while (reason.find(';') == std::string::npos);
    EXPECT_NE(reason.find("used up"), std::string::npos) << reason;
    EXPECT_FALSE(third.facts().is_on);
}

TEST(MeshPillar, WhoIsRevokedIsPutOutByEverybodyAndKeptOut) {
    MeshOnly founder(1);
    founder.found_mesh();
    founder.start();
    MeshOnly second(2);
    second.join(founder);
    second.config().mesh.peers = {founder.mesh().address()->to_string()};
    second.start();
    MeshOnly third(3);
    third.join(founder);
    third.config().mesh.peers = {second.mesh().address()->to_string()};  // not the founder
    third.start();
    ASSERT_TRUE(third.lines().up.wait_for(kLong));
    const mesh::NodeId out = third.directory().load()->key->id();
    ASSERT_TRUE(founder.directory().revoke(out, wall_now()));
    ASSERT_TRUE(third.lines().down.wait_for(kLong));
    const auto knows_of_third = [&out](MeshOnly& node) {
        const auto facts = node.facts();
        return std::ranges::any_of(facts.nodes, [&out](const api::MeshNodeFacts& each) {
            return each.id == mesh::node_name_of(out);
        });
    };
    while (knows_of_third(founder) || knows_of_third(second)) {
    }
    while (!second.directory().revocations()->has(out)) {
    }
    second.stop();
    second.start();
    EXPECT_TRUE(second.mesh().trust().members().is_revoked(out)) << "from its own disk";
    EXPECT_FALSE(second.directory().load()->is_issuer);
}

TEST(MeshPillar, CertificatesAreRenewedAtHalfOfTheirYear) {
    const WallTime long_ago = wall_now() + -std::chrono::hours(24 * 200);
    const WallTime next_year = wall_now() + std::chrono::hours(24 * 360);
    MeshOnly founder(1);
    ASSERT_TRUE(founder.directory().found("founder", founder.secrets(), long_ago));
    founder.start();
    MeshOnly second(2);
    second.join(founder, long_ago);
    EXPECT_LT(second.directory().load()->not_after, next_year);
    second.config().mesh.peers = {founder.mesh().address()->to_string()};
    second.start();
    while (founder.directory().load()->not_after < next_year ||
           second.directory().load()->not_after < next_year) {
    }
    EXPECT_EQ(second.directory().load()->role, mesh::NodeRole::Router);
    EXPECT_EQ(second.directory().load()->name, "second");
    // And shown to the others, over the link that is there.
    const auto known_until = [&founder, id = second.directory().load()->key->id()] {
        return run_on(founder.ground().home(), [&founder, id](runtime::Shard&) {
            const mesh::Member* member = founder.mesh().trust().members().find(id);
            return member == nullptr ? WallTime() : member->not_after;
        });
    };
    while (known_until() < next_year) {
    }
    EXPECT_FALSE(founder.facts().links.empty());
}

TEST(MeshPillar, AReloadSendsAwayWhoWasRevoked) {
    MeshOnly founder(1);
    founder.found_mesh();
    founder.start();
    MeshOnly second(2);
    second.join(founder);
    second.config().mesh.peers = {founder.mesh().address()->to_string()};
    second.start();
    ASSERT_TRUE(founder.lines().up.wait_for(kLong));
    ASSERT_TRUE(founder.directory().revoke(second.directory().load()->key->id(), wall_now()));
    auto take_up = founder.mesh().reload({founder.config(), founder.ground().tls});
    ASSERT_TRUE(take_up);
    (*take_up)();
    EXPECT_TRUE(founder.lines().down.wait_for(kLong));
    EXPECT_TRUE(founder.facts().links.empty());
    const NodeEvent last = run_on(founder.ground().home(), [&founder](runtime::Shard&) {
        return founder.ground().events.events().back();
    });
    EXPECT_EQ(last.kind, "mesh");
    EXPECT_EQ(last.reason, "revoked");
    EXPECT_EQ(last.node, mesh::node_name_of(second.directory().load()->key->id()));
}

}  // namespace
}  // namespace kith::node
