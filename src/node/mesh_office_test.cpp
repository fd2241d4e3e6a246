#include "node/mesh_office.h"

#include "crypto/fake_secrets.h"
#include "mesh/trust/join_token.h"
#include "mesh/trust/text_lines.h"
#include "node/node_directory.h"
#include "node/process_facts.h"
#include "runtime/sim/world.h"
#include "storage/testing/temp_directory.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <optional>

namespace kith::node {
namespace {

using api::MeshRefusal;
using api::OrMeshRefusal;

const std::string kOther = "00000000000000aa";

class MeshOfficeTest : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(NodeDirectory::open(data_)); }
    [[nodiscard]] mesh::MeshDirectory directory() const { return mesh::MeshDirectory(data_); }
    void found() { ASSERT_TRUE(directory().found("founder", secrets_, wall_now())); }

    /// Calls the office on its shard and waits for what it answers.
    template <typename T>
    OrMeshRefusal<T> ask(const std::function<void(std::function<void(OrMeshRefusal<T>)>)>& call) {
        std::optional<OrMeshRefusal<T>> answer;
        host_.shard(ShardId(0)).post_completion(runtime::make_mail([&](runtime::Shard&) {
            call([&answer](OrMeshRefusal<T> got) { answer = std::move(got); });
        }));
        EXPECT_TRUE(world_.run_until([&answer] { return answer.has_value(); }, 1min));
        return *answer;
    }
    OrMeshRefusal<api::NewMeshInvite> invite(const api::MeshInviteTerms& terms = {}) {
        return ask<api::NewMeshInvite>([&](auto done) { office_.invite(terms, std::move(done)); });
    }
    OrMeshRefusal<api::MeshRegister> look_up() {
        return ask<api::MeshRegister>([this](auto done) { office_.look_up(std::move(done)); });
    }
    OrMeshRefusal<void> revoke(const std::string& node) {
        return ask<void>([&](auto done) { office_.revoke(node, std::move(done)); });
    }

    OrMeshRefusal<void> found_it(const std::string& name) {
        return ask<void>([&](auto done) { office_.found(name, std::move(done)); });
    }
    OrMeshRefusal<void> join(const std::string& token, const std::string& name) {
        return ask<void>([&](auto done) { office_.join(token, name, std::move(done)); });
    }

    storage::testing::TempDirectory temp_;
    const std::string data_ = temp_.file("data");
    crypto::FakeSecrets secrets_{1};
    std::vector<std::string> addresses_{"10.0.0.1:7883"};
    int changes_ = 0;
    Log log_;
    runtime::sim::World world_{{.seed = 1}};
    runtime::sim::Host& host_ = world_.add_host("node", 1, log_);
    MeshOffice office_{host_.shard(ShardId(0)), host_.blocking_pool(),
                       MeshOfficeParts{.data_directory = data_,
                                       .addresses = [this] { return addresses_; },
                                       .on_changed = [this] { ++changes_; }}};
};

TEST_F(MeshOfficeTest, MakesATokenByWhichANodeCanJoin) {
    found();
    const auto made = invite({.role = "leaf", .uses = 3, .addresses = {}});
    ASSERT_TRUE(made);
    const auto token = mesh::parse_join_token(made->token);
    ASSERT_TRUE(token);
    EXPECT_EQ(token->role, mesh::NodeRole::Leaf);
    EXPECT_EQ(token->root_fingerprint, directory().load()->root_fingerprint);
    EXPECT_EQ(token->locators, addresses_);
    EXPECT_EQ(token->expires_at, made->expires_at);
    const auto kept = look_up();
    ASSERT_TRUE(kept);
    ASSERT_EQ(kept->invites.size(), 1U);
    EXPECT_EQ(kept->invites[0].id, made->id);
    EXPECT_EQ(kept->invites[0].role, "leaf");
    EXPECT_EQ(kept->invites[0].uses_left, 3U);
}

TEST_F(MeshOfficeTest, NamesTheAddressesThatItIsGiven) {
    found();
    EXPECT_EQ(invite({.addresses = {"gw-1:7883"}})->addresses,
              std::vector<std::string>{"gw-1:7883"});
    EXPECT_EQ(invite({.addresses = {"gw-1"}}).error().kind, MeshRefusal::Kind::Invalid);
    const std::vector<std::string> many(9, "gw-1:7883");
    EXPECT_EQ(invite({.addresses = many}).error().kind, MeshRefusal::Kind::Invalid);
    addresses_.clear();
    EXPECT_EQ(invite().error().kind, MeshRefusal::Kind::Invalid);
}

TEST_F(MeshOfficeTest, ANodeOfNoMeshLetsNobodyIn) {
    EXPECT_EQ(invite().error().kind, MeshRefusal::Kind::NotAllowed);
    EXPECT_EQ(look_up().error().kind, MeshRefusal::Kind::NotAllowed);
    EXPECT_EQ(revoke(kOther).error().kind, MeshRefusal::Kind::NotAllowed);
    EXPECT_EQ(changes_, 0);
}

TEST_F(MeshOfficeTest, ANodeWithoutTheKeyOfTheMeshLetsNobodyIn) {
    found();
    ASSERT_EQ(::unlink((directory().path() + "/authority.key").c_str()), 0);
    const auto refused = invite();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, MeshRefusal::Kind::NotAllowed) << refused.error().text;
}

TEST_F(MeshOfficeTest, WhoIsRevokedIsPutOutAndListed) {
    found();
    ASSERT_TRUE(revoke(kOther));
    EXPECT_EQ(changes_, 1);
    ASSERT_EQ(look_up()->revoked.size(), 1U);
    EXPECT_EQ(look_up()->revoked[0].node, kOther);
}

TEST_F(MeshOfficeTest, NeverPutsItselfOut) {
    found();
    const std::string self = mesh::node_name_of(directory().load()->key->id());
    EXPECT_EQ(revoke(self).error().kind, MeshRefusal::Kind::Invalid);
    EXPECT_EQ(revoke("cellar").error().kind, MeshRefusal::Kind::Invalid);
    EXPECT_EQ(changes_, 0);
}

TEST_F(MeshOfficeTest, FoundsAMeshOnceAndSaysSo) {
    ASSERT_TRUE(found_it("gw-1"));
    EXPECT_EQ(changes_, 1);
    const auto self = directory().load();
    ASSERT_TRUE(self);
    EXPECT_EQ(self->name, "gw-1");
    EXPECT_TRUE(self->is_issuer);
    EXPECT_EQ(found_it("gw-1").error().kind, MeshRefusal::Kind::NotAllowed);
    EXPECT_EQ(found_it("").error().kind, MeshRefusal::Kind::Invalid);
    EXPECT_EQ(changes_, 1);
}

TEST_F(MeshOfficeTest, KeepsATokenThatIsOne) {
    const mesh::JoinToken token{.expires_at = WallTime::from_ms(wall_now().ms() + 60'000),
                                .invite = mesh::InviteId(1),
                                .locators = {"10.0.0.1:7883"}};
    mesh::JoinToken ended = token;
    ended.expires_at = WallTime::from_ms(1);
    EXPECT_EQ(join("kith1.AAAA", "cellar").error().kind, MeshRefusal::Kind::Invalid);
    EXPECT_EQ(join(to_text(ended), "cellar").error().kind, MeshRefusal::Kind::Invalid);
    EXPECT_EQ(join(to_text(token), "").error().kind, MeshRefusal::Kind::Invalid);
    EXPECT_EQ(changes_, 0);
    ASSERT_TRUE(join(to_text(token), "cellar"));
    EXPECT_EQ(changes_, 1);
    EXPECT_EQ(directory().load()->state, mesh::MembershipState::Joining);
}

TEST_F(MeshOfficeTest, AMemberJoinsNoOtherMesh) {
    found();
    const mesh::JoinToken token{.expires_at = WallTime::from_ms(wall_now().ms() + 60'000),
                                .invite = mesh::InviteId(1),
                                .locators = {"10.0.0.1:7883"}};
    EXPECT_EQ(join(to_text(token), "cellar").error().kind, MeshRefusal::Kind::NotAllowed);
    EXPECT_EQ(changes_, 0);
}

TEST_F(MeshOfficeTest, SaysWhichFileCannotBeUsed) {
    found();
    ASSERT_TRUE(mesh::write_private_file(directory().path() + "/invites", "nonsense"));
    const auto refused = look_up();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, MeshRefusal::Kind::Unavailable);
    EXPECT_NE(refused.error().text.find("invites"), std::string::npos) << refused.error().text;
}

}  // namespace
}  // namespace kith::node
