#include "mesh/trust/mesh_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "crypto/fake_secrets.h"
#include "crypto/member_certificate.h"
#include "mesh/trust/mesh_trust.h"

namespace kith::mesh {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const WallTime kNow = WallTime::from_ms(1'800'000'000'000);

/// A data directory that goes with the test.
class NodeHome {
  public:
    NodeHome() {
        std::string pattern = (fs::temp_directory_path() / "kith-mesh-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    NodeHome(const NodeHome&) = delete;
    NodeHome& operator=(const NodeHome&) = delete;
    ~NodeHome() { fs::remove_all(path_); }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string file(const std::string& name) const {
        return path_ + "/mesh/" + name;
    }
    [[nodiscard]] std::string content(const std::string& name) const {
        std::ostringstream all;
        all << std::ifstream(file(name)).rdbuf();
        return all.str();
    }
    void put(const std::string& name, const std::string& content) const {
        ASSERT_TRUE(write_private_file(file(name), content));
    }

  private:
    std::string path_;
};

class MeshDirectoryTest : public testing::Test {
  protected:
    /// The token that the founder makes.
    std::string invite(const InviteTerms& terms = {}) {
        const auto made = founder.invite(terms, secrets, kNow);
        EXPECT_TRUE(made) << made.error().text;
        return to_text(JoinToken{.role = terms.role,
                                 .expires_at = made->expires_at,
                                 .root_fingerprint = founder.load()->root_fingerprint,
                                 .invite = made->id,
                                 .secret = made->secret,
                                 .locators = {"gw-1:7883"}});
    }
    /// What a node that joins gets as an answer over some channel.
    OrFileProblem<JoinOutcome> ask(const Membership& joining) {
        const std::vector<std::uint8_t> channel(32, 1);
        const auto request =
            make_join_request(*joining.token, *joining.key, joining.name, channel).value();
        return founder.answer(request, channel,
                              {.wall_now = kNow, .now = Instant(), .attempts = attempts});
    }

    NodeHome founders_data;
    NodeHome others_data;
    MeshDirectory founder{founders_data.path()};
    MeshDirectory other{others_data.path()};
    crypto::FakeSecrets secrets{5};
    JoinAttempts attempts;
};

TEST_F(MeshDirectoryTest, IsOfNoMeshAtFirstAndMakesNothingByLooking) {
    EXPECT_EQ(other.load()->state, MembershipState::None);
    EXPECT_FALSE(fs::exists(other.path()));
}

TEST_F(MeshDirectoryTest, FoundsAMeshOfWhichItIsAMemberAndTheIssuer) {
    const auto founded = founder.found("gw-1", secrets, kNow);
    ASSERT_TRUE(founded) << founded.error().text;
    EXPECT_EQ(founded->state, MembershipState::Member);
    EXPECT_EQ(founded->name, "gw-1");
    EXPECT_EQ(founded->role, NodeRole::Router);
    EXPECT_EQ(founded->not_after, kNow + crypto::kMemberLifetimeDefault);
    EXPECT_TRUE(founded->is_issuer);
    const auto again = founder.load();
    EXPECT_EQ(again->key->id(), founded->key->id());
    EXPECT_EQ(again->mesh(), founder.authority()->mesh());
    EXPECT_TRUE(MeshTrust::create(
        *again->key, {.root_pem = again->root_pem, .certificate = again->chain, .now = kNow}));
}

TEST_F(MeshDirectoryTest, KeepsEverythingForItsUserAlone) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    struct stat facts {};
    ASSERT_EQ(::stat(founder.path().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0700U);
    std::size_t count = 0;
    for (const auto& each : fs::directory_iterator(founder.path())) {
        ASSERT_EQ(::stat(each.path().c_str(), &facts), 0);
        EXPECT_EQ(facts.st_mode & 0777U, 0600U) << each.path();
        ++count;
    }
    EXPECT_EQ(count, 9U);
}

TEST_F(MeshDirectoryTest, OfASecondNodeJoinsByTheTokenAlone) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    const std::string token = invite({.role = NodeRole::Leaf});
    const auto joining = other.begin_join(token, "cellar", secrets);
    ASSERT_TRUE(joining) << joining.error().text;
    EXPECT_EQ(joining->state, MembershipState::Joining);
    EXPECT_EQ(joining->token->locators, std::vector<std::string>{"gw-1:7883"});
    EXPECT_EQ(joining->mesh(), founder.load()->mesh());

    const auto outcome = ask(*joining);
    ASSERT_TRUE(outcome);
    ASSERT_EQ(outcome->verdict, JoinVerdict::Accepted);
    const auto admission = read_join_answer(outcome->answer, *joining->token, *joining->key, kNow);
    ASSERT_TRUE(admission);
    ASSERT_TRUE(other.admit(*admission));
    const auto member = other.load();
    EXPECT_EQ(member->state, MembershipState::Member);
    EXPECT_EQ(member->name, "cellar");
    EXPECT_EQ(member->role, NodeRole::Leaf);
    EXPECT_EQ(member->mesh(), founder.load()->mesh());
    EXPECT_FALSE(member->is_issuer);
    EXPECT_FALSE(member->token);
    // The secret is nowhere any more.
    EXPECT_EQ(others_data.content("membership"),
              "kith-mesh membership 1\nname cellar\npeer gw-1:7883\n");
    EXPECT_EQ(member->peers, std::vector<std::string>{"gw-1:7883"});
    // The use is on disk, and both know each other as members.
    EXPECT_EQ(founder.invites()->invites().front().used_by.front().node, member->key->id());
    const auto trust = MeshTrust::create(
        *founder.load()->key,
        {.root_pem = member->root_pem, .certificate = founder.load()->chain, .now = kNow});
    EXPECT_EQ(trust->identify(member->chain)->node, member->key->id());
}

TEST_F(MeshDirectoryTest, RenewsItsOwnCertificateWhereTheMeshsKeyIs) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    const WallTime since = founder.load()->since;
    ASSERT_TRUE(founder.renew_self(kNow + 24h));
    EXPECT_EQ(founder.load()->since, since);
    EXPECT_EQ(founder.load()->not_after, kNow + 24h + crypto::kMemberLifetimeDefault);
    EXPECT_EQ(founder.load()->name, "gw-1");
    ASSERT_TRUE(other.begin_join(invite(), "cellar", secrets));
    EXPECT_FALSE(other.renew_self(kNow));
}

TEST_F(MeshDirectoryTest, KnowsItsPeersAlsoAfterACrashBeforeTheTokenWasForgotten) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    const auto joining = other.begin_join(invite(), "cellar", secrets);
    ASSERT_TRUE(joining);
    const std::string before = others_data.content("membership");
    const auto outcome = ask(*joining);
    ASSERT_TRUE(
        other.admit(*read_join_answer(outcome->answer, *joining->token, *joining->key, kNow)));
    others_data.put("membership", before);
    const auto member = other.load();
    EXPECT_EQ(member->state, MembershipState::Member);
    EXPECT_EQ(member->peers, std::vector<std::string>{"gw-1:7883"});
    EXPECT_FALSE(member->token);
    for (const char* line :
         {"peer nowhere\n", "token nonsense\n", "friend gw-1:7883\n", "peer\n"}) {
        others_data.put("membership", std::string("kith-mesh membership 1\nname cellar\n") + line);
        EXPECT_FALSE(other.load()) << line;
    }
}

TEST_F(MeshDirectoryTest, NotesWhereTheNodeListens) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    EXPECT_EQ(founder.noted_address().value(), std::nullopt);
    ASSERT_TRUE(founder.note_address("[::]:7884"));
    EXPECT_EQ(founder.noted_address().value(), "[::]:7884");
    for (const char* bad : {"nonsense", "kith-mesh address 1\naddress nowhere\n"}) {
        founders_data.put("address", bad);
        EXPECT_FALSE(founder.noted_address()) << bad;
    }
}

TEST_F(MeshDirectoryTest, RenewsACertificateOfItsMeshAndTakesNoneOfAnother) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    const auto self = founder.load();
    const auto chain = founder.authority()->certify(
        {.public_key = self->key->public_key(), .name = "gw-1", .now = kNow + 24h});
    ASSERT_TRUE(founder.admit({.root_pem = self->root_pem, .chain = *chain}));
    EXPECT_EQ(founder.load()->not_after, kNow + 24h + crypto::kMemberLifetimeDefault);
    const auto strange = MeshAuthority::found("gw-1", kNow);
    EXPECT_FALSE(founder.admit({.root_pem = strange->root_pem(), .chain = *chain}));
    EXPECT_FALSE(other.admit({.root_pem = self->root_pem, .chain = *chain}));
    EXPECT_FALSE(founder.admit({.root_pem = "", .chain = {}}));
}

TEST_F(MeshDirectoryTest, JoinsByTheLastTokenItWasGivenWithTheSameKey) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    const auto first = other.begin_join(invite(), "cellar", secrets);
    const auto second = other.begin_join(invite(), "attic", secrets);
    EXPECT_NE(first->token->invite, second->token->invite);
    EXPECT_EQ(second->name, "attic");
    EXPECT_EQ(first->key->id(), second->key->id());
}

TEST_F(MeshDirectoryTest, NeitherJoinsNorFoundsTwice) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    const std::string token = invite();
    EXPECT_NE(founder.found("gw-1", secrets, kNow).error().text.find("belongs to"),
              std::string::npos);
    EXPECT_NE(founder.begin_join(token, "gw-1", secrets).error().text.find("belongs to"),
              std::string::npos);
    ASSERT_TRUE(other.begin_join(token, "cellar", secrets));
    EXPECT_NE(other.found("cellar", secrets, kNow).error().text.find("joins"), std::string::npos);
}

TEST_F(MeshDirectoryTest, RefusesBadTokensAndNamesBeforeItWrites) {
    EXPECT_FALSE(other.begin_join("kith1.nonsense", "cellar", secrets));
    EXPECT_FALSE(other.found("", secrets, kNow));
    EXPECT_FALSE(other.found("two\nlines", secrets, kNow));
    EXPECT_FALSE(fs::exists(other.path()));
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    EXPECT_FALSE(other.begin_join(invite(), "", secrets));
    EXPECT_FALSE(fs::exists(other.path()));
}

TEST_F(MeshDirectoryTest, LetsInAndRevokesOnlyWhereTheMeshsKeyIs) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    ASSERT_TRUE(other.begin_join(invite(), "cellar", secrets));
    EXPECT_NE(other.invite({}, secrets, kNow).error().text.find("holds no key"), std::string::npos);
    EXPECT_NE(other.revoke(NodeId(7), kNow).error().text.find("holds no key"), std::string::npos);
    EXPECT_FALSE(other.authority());
    EXPECT_FALSE(other.answer({}, {}, {kNow, Instant(), attempts}));
    EXPECT_FALSE(founder.invite({.uses = 0}, secrets, kNow));
}

/// `other` as a member that the founder let in.
class DelegationTest : public MeshDirectoryTest {
  protected:
    DelegationTest() {
        EXPECT_TRUE(founder.found("gw-1", secrets, kNow));
        const auto joining = other.begin_join(invite(), "cellar", secrets);
        const auto outcome = ask(*joining);
        EXPECT_TRUE(
            other.admit(*read_join_answer(outcome->answer, *joining->token, *joining->key, kNow)));
    }
};

TEST_F(DelegationTest, ASecondIssuerLetsInAndRevokesAndEverybodyTakesItsWord) {
    ASSERT_TRUE(other.take_delegation(founder.delegate("hall 2", kNow).value(), kNow));
    ASSERT_TRUE(other.load()->is_issuer);
    ASSERT_TRUE(other.invite({}, secrets, kNow));
    const NodeKey key = NodeKey::generate(secrets);
    const auto chain =
        other.authority()->certify({.public_key = key.public_key(), .name = "attic", .now = kNow});
    MeshTrust trust = MeshTrust::create(*founder.load()->key, {.root_pem = founder.load()->root_pem,
                                                               .certificate = founder.load()->chain,
                                                               .now = kNow})
                          .value();
    EXPECT_EQ(trust.identify(*chain)->node, key.id());
    ASSERT_TRUE(other.revoke(key.id(), kNow));
    EXPECT_TRUE(trust.take(other.revocations()->nodes().at(key.id())));
    EXPECT_TRUE(trust.members().is_revoked(key.id()));
    ASSERT_TRUE(other.renew_self(kNow + 24h));
    EXPECT_TRUE(trust.identify(other.load()->chain));
}

TEST_F(DelegationTest, IsTheRootsToMakeAndAMembersToTakeOnce) {
    const std::string text = founder.delegate("hall 2", kNow).value();
    EXPECT_FALSE(other.delegate("hall 3", kNow));
    EXPECT_FALSE(founder.take_delegation(text, kNow)) << "it has the root";
    ASSERT_TRUE(other.take_delegation(text, kNow));
    EXPECT_FALSE(other.take_delegation(text, kNow));
    EXPECT_NE(other.delegate("hall 3", kNow).error().text.find("only the root"), std::string::npos);
    const NodeHome home;
    EXPECT_FALSE(MeshDirectory(home.path()).take_delegation(text, kNow)) << "of no mesh";
}

TEST_F(DelegationTest, NothingElseIsTakenForOneAndNothingIsWritten) {
    const std::string text = founder.delegate("hall 2", kNow).value();
    const auto strange = MeshAuthority::found("strange", kNow)->delegate("hall 2", kNow);
    const std::string of_another =
        strange->signer().certificate_pem + strange->signer().private_key_pem;
    const std::size_t key_at = text.find("-----BEGIN PRIVATE");
    const std::string wrong_key = text.substr(0, key_at) + strange->signer().private_key_pem;
    for (const std::string& bad :
         {std::string(), std::string("nonsense"), text.substr(0, key_at), text.substr(key_at),
          text.substr(0, text.size() - 40), of_another, wrong_key}) {
        EXPECT_FALSE(other.take_delegation(bad, kNow)) << bad;
    }
    EXPECT_FALSE(other.load()->is_issuer);
    EXPECT_FALSE(fs::exists(others_data.file("authority.pem")));
}

TEST_F(MeshDirectoryTest, DoesNotLetInWhomItRevoked) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    const auto joining = other.begin_join(invite(), "cellar", secrets);
    ASSERT_TRUE(founder.revoke(joining->key->id(), kNow));
    EXPECT_TRUE(founder.revocations()->has(joining->key->id()));
    EXPECT_EQ(ask(*joining)->verdict, JoinVerdict::Revoked);
    EXPECT_FALSE(founder.revoke(founder.load()->key->id(), kNow));
}

TEST_F(MeshDirectoryTest, KeepsWhatItHeardOfRevocations) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    ASSERT_TRUE(other.begin_join(invite(), "cellar", secrets));
    ASSERT_TRUE(founder.revoke(NodeId(7), kNow));
    ASSERT_TRUE(founder.revoke(NodeId(8), kNow + 1s));
    const RevocationList told = founder.revocations().value();
    ASSERT_TRUE(other.keep({told.nodes().at(NodeId(8))}));
    ASSERT_TRUE(other.keep({told.nodes().at(NodeId(7)), told.nodes().at(NodeId(8))}));
    EXPECT_EQ(other.revocations()->nodes(), told.nodes());
    const auto written_at = fs::last_write_time(others_data.file("revoked"));
    ASSERT_TRUE(other.keep({told.nodes().at(NodeId(7))}));
    EXPECT_EQ(fs::last_write_time(others_data.file("revoked")), written_at);
}

TEST_F(MeshDirectoryTest, DoesNotAskTheDiskForWhoFloods) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    const JoinMoment moment{.wall_now = kNow, .now = Instant(), .attempts = attempts};
    for (int i = 0; i < kJoinAttemptsAtOnce; ++i) {
        EXPECT_EQ(founder.answer({}, {}, moment)->verdict, JoinVerdict::Malformed);
    }
    fs::remove_all(founder.path());
    EXPECT_EQ(founder.answer({}, {}, moment)->verdict, JoinVerdict::Busy);
    EXPECT_FALSE(fs::exists(founder.path()));
}

TEST_F(MeshDirectoryTest, RefusesWhatOthersCanRead) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    for (const char* name : {"node.key", "authority.key", "membership", "certificate.pem"}) {
        ASSERT_EQ(::chmod(founders_data.file(name).c_str(), 0644), 0);
        const auto loaded = founder.load();
        ASSERT_FALSE(loaded) << name;
        EXPECT_NE(loaded.error().text.find("chmod 600 " + founders_data.file(name)),
                  std::string::npos);
        ASSERT_EQ(::chmod(founders_data.file(name).c_str(), 0600), 0);
    }
    ASSERT_EQ(::chmod(founder.path().c_str(), 0755), 0);
    EXPECT_NE(founder.load().error().text.find("chmod 700"), std::string::npos);
}

TEST_F(MeshDirectoryTest, NamesTheFileThatIsDamaged) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    for (const char* name : {"node.key", "root.pem", "certificate.pem", "membership"}) {
        const std::string good = founders_data.content(name);
        founders_data.put(name, "nonsense");
        const auto loaded = founder.load();
        ASSERT_FALSE(loaded) << name;
        EXPECT_NE(loaded.error().text.find(name), std::string::npos) << loaded.error().text;
        founders_data.put(name, good);
    }
    for (const char* name : {"authority.key", "authority.pem", "invites", "revoked"}) {
        const std::string good = founders_data.content(name);
        founders_data.put(name, "nonsense");
        const auto answered = founder.answer({}, {}, {kNow, Instant(), attempts});
        ASSERT_FALSE(answered) << name;
        founders_data.put(name, good);
    }
    EXPECT_TRUE(founder.load());
}

TEST_F(MeshDirectoryTest, RefusesAKeyOrRootThatItsCertificateIsNotFor) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    ASSERT_TRUE(other.found("gw-2", secrets, kNow));
    for (const char* name : {"node.key", "root.pem"}) {
        const std::string good = founders_data.content(name);
        founders_data.put(name, others_data.content(name));
        EXPECT_FALSE(founder.load()) << name;
        founders_data.put(name, good);
    }
}

/// Whatever of its files a founding has left behind when it was cut short.
TEST_F(MeshDirectoryTest, GoesOnAfterACrashWhileItFounded) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    const std::string root = founders_data.content("root.pem");
    fs::remove(founders_data.file("certificate.pem"));
    ASSERT_EQ(founder.load()->state, MembershipState::None);
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    EXPECT_EQ(founders_data.content("root.pem"), root);  // the mesh that there was
    fs::remove(founders_data.file("certificate.pem"));
    for (const char* name : {"root.pem", "revoked", "invites", "authority.pem", "authority.key",
                             "membership", "node.key"}) {
        fs::remove(founders_data.file(name));
        NodeHome copy;
        fs::copy(founders_data.path() + "/mesh", copy.path() + "/mesh",
                 fs::copy_options::recursive);
        ASSERT_EQ(::chmod((copy.path() + "/mesh").c_str(), 0700), 0);
        MeshDirectory again(copy.path());
        EXPECT_TRUE(again.found("gw-1", secrets, kNow)) << name;
    }
}

/// A mesh is never founded over another whose certificate got lost.
TEST_F(MeshDirectoryTest, DoesNotFoundOverAMeshThatItHasJoined) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    fs::remove(founders_data.file("certificate.pem"));
    fs::remove(founders_data.file("authority.key"));
    const auto founded = founder.found("gw-1", secrets, kNow);
    ASSERT_FALSE(founded);
    EXPECT_NE(founded.error().text.find("authority.key"), std::string::npos);
}

TEST_F(MeshDirectoryTest, RefusesAMembershipOfALaterVersionOrWithMoreInIt) {
    ASSERT_TRUE(founder.found("gw-1", secrets, kNow));
    for (const char* bad :
         {"kith-mesh membership 2\nname a\n", "kith-mesh membership 1\n",
          "kith-mesh membership 1\nname \n", "kith-mesh membership 1\nname a\ncolour red\n",
          "kith-mesh membership 1\nname a\ntoken kith1.x\n"}) {
        founders_data.put("membership", bad);
        EXPECT_FALSE(founder.load()) << bad;
    }
}

TEST(PrivateFile, IsReplacedWholeWhateverACrashHasLeft) {
    const NodeHome data;
    const std::string path = data.path() + "/key";
    EXPECT_FALSE(read_private_file(path));
    EXPECT_FALSE(find_private_file(path)->has_value());
    std::ofstream(path + ".new") << "half";
    ASSERT_TRUE(write_private_file(path, "one"));
    ASSERT_TRUE(write_private_file(path, "two"));
    EXPECT_EQ(read_private_file(path).value(), "two");
    EXPECT_FALSE(fs::exists(path + ".new"));
}

TEST(PrivateFile, IsAFileOfSensibleSizeInADirectory) {
    const NodeHome data;
    EXPECT_FALSE(find_private_file(data.path()));
    EXPECT_FALSE(find_private_file(data.path() + "/none/key/x").value().has_value());
    EXPECT_FALSE(write_private_file(data.path() + "/none/key", "x"));
    const std::string large = data.path() + "/large";
    ASSERT_TRUE(write_private_file(large, std::string(kPrivateFileBytesMax + 1, 'x')));
    EXPECT_FALSE(find_private_file(large));
    EXPECT_FALSE(make_private_directory(large));
    EXPECT_FALSE(make_private_directory(data.path() + "/none/below"));
    EXPECT_FALSE(FileLock::acquire(data.path() + "/none/lock"));
}

}  // namespace
}  // namespace kith::mesh
