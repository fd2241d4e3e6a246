// Test support: a mesh on disk, with the directories of its members, as `kith mesh` makes them.
//
// The founder lets members in where it stands, without a network. Everything goes with the object.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "base/time.h"
#include "crypto/secrets.h"
#include "mesh/trust/enrolment.h"
#include "mesh/trust/mesh_directory.h"

namespace kith::mesh::testing {

class Household {
  public:
    explicit Household(WallTime now) : now_(now) {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "kith-leaf-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
        const auto founded = MeshDirectory(make("founder")).found("founder", secrets_, now_);
        EXPECT_TRUE(founded) << founded.error().text;
    }
    Household(const Household&) = delete;
    Household& operator=(const Household&) = delete;
    ~Household() { std::filesystem::remove_all(path_); }

    [[nodiscard]] MeshDirectory founder() const { return MeshDirectory(path_ + "/founder"); }
    [[nodiscard]] std::string founder_path() const { return path_ + "/founder"; }

    /// An empty directory, in which there is nothing of a mesh.
    [[nodiscard]] std::string make(const std::string& name) const {
        std::filesystem::create_directory(path_ + "/" + name);
        std::filesystem::permissions(path_ + "/" + name, std::filesystem::perms::owner_all);
        return path_ + "/" + name;
    }
    [[nodiscard]] std::string token(std::vector<std::string> locators = {}) {
        MeshDirectory directory = founder();
        const auto made = directory.invite({.role = NodeRole::Leaf}, secrets_, now_);
        EXPECT_TRUE(made) << made.error().text;
        return to_text(JoinToken{.role = NodeRole::Leaf,
                                 .expires_at = made->expires_at,
                                 .root_fingerprint = directory.load()->root_fingerprint,
                                 .invite = made->id,
                                 .secret = made->secret,
                                 .locators = std::move(locators)});
    }
    /// The directory of a member.
    [[nodiscard]] std::string member(const std::string& name) {
        const std::string path = make(name);
        let_in(path, name);
        return path;
    }
    void let_in(const std::string& path, const std::string& name) {
        const std::array<std::uint8_t, 32> channel{};  // none: both are this program
        MeshDirectory directory(path);
        const auto joining = directory.begin_join(token(), name, secrets_);
        ASSERT_TRUE(joining) << joining.error().text;
        const auto request =
            make_join_request(*joining->token, *joining->key, joining->name, channel);
        MeshDirectory issuer = founder();
        const auto outcome = issuer.answer(
            *request, channel, {.wall_now = now_, .now = Instant(), .attempts = attempts_});
        ASSERT_TRUE(outcome) << outcome.error().text;
        const auto admission =
            read_join_answer(outcome->answer, *joining->token, *joining->key, now_);
        ASSERT_TRUE(admission) << admission.error().text;
        const auto admitted = directory.admit(*admission);
        ASSERT_TRUE(admitted) << admitted.error().text;
    }

  private:
    WallTime now_;
    std::string path_;
    crypto::SystemSecrets secrets_;
    JoinAttempts attempts_;
};

}  // namespace kith::mesh::testing
