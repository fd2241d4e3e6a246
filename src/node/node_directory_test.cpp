#include "node/node_directory.h"

#include "storage/testing/temp_directory.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace kith::node {
namespace {

mode_t mode_of(const std::string& path) {
    struct stat facts {};
    EXPECT_EQ(::stat(path.c_str(), &facts), 0);
    return facts.st_mode & 0777;
}

class NodeDirectoryTest : public ::testing::Test {
  protected:
    storage::testing::TempDirectory temp_;
};

TEST_F(NodeDirectoryTest, IsMadePrivateWithItsParents) {
    const std::string path = temp_.file("a/b/data");
    ASSERT_TRUE(NodeDirectory::open(path));
    EXPECT_EQ(mode_of(path), 0700U);
}

TEST_F(NodeDirectoryTest, IsLockedByOneNodeAtATime) {
    auto first = NodeDirectory::open(temp_.file("data"));
    auto second = NodeDirectory::open(temp_.file("data"));
    ASSERT_TRUE(first && second);
    EXPECT_TRUE(first->lock());
    const auto refused = second->lock();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("another node runs in"), std::string::npos);
    { const NodeDirectory gone = std::move(*first); }
    EXPECT_TRUE(second->lock());
}

TEST_F(NodeDirectoryTest, SaysWhyItCannotBeMade) {
    ASSERT_TRUE(write_private_file(temp_.file("file"), "x"));
    const auto opened = NodeDirectory::open(temp_.file("file"));
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().text.find("not a directory"), std::string::npos);
}

TEST_F(NodeDirectoryTest, WritesWholeFilesThatOnlyTheOwnerReads) {
    const std::string path = temp_.file("key.pem");
    ASSERT_TRUE(write_private_file(path, "one"));
    ASSERT_TRUE(write_private_file(path, "two"));
    EXPECT_EQ(read_file(path).value(), "two");
    EXPECT_EQ(mode_of(path), 0600U);
    EXPECT_FALSE(read_file(temp_.file("missing")));
}

}  // namespace
}  // namespace kith::node
