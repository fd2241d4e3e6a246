#include "node/role_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace kith::node {
namespace {

class RoleFileTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "kith-roles-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string file(const std::string& text) {
        std::ofstream(folder_ / "roles.acl", std::ios::binary) << text;
        return folder_ / "roles.acl";
    }
    std::filesystem::path folder_;
};

TEST_F(RoleFileTest, IsReadAsRoles) {
    const auto roles = load_role_file(file("role press\nallow both plant/#\n"));
    ASSERT_TRUE(roles.has_value());
    ASSERT_EQ(roles->size(), 1U);
    EXPECT_EQ(roles->front().name, "press");
    EXPECT_TRUE(load_role_file("")->empty());
}

TEST_F(RoleFileTest, IsRefusedWithFileLineAndColumn) {
    const std::string path = file("role press\nallow reed plant/#\n");
    const auto roles = load_role_file(path);
    ASSERT_FALSE(roles.has_value());
    EXPECT_EQ(roles.error().text, path + ":2:7: expected publish, subscribe or both");
    EXPECT_TRUE(load_role_file(folder_ / "none").error().text.starts_with("cannot read "));
    const std::string long_path = file(std::string(2 * 1024 * 1024, '#'));
    EXPECT_EQ(load_role_file(long_path).error().text,
              long_path + ":1:1: expected at most 1 MiB of roles");
}

}  // namespace
}  // namespace kith::node
