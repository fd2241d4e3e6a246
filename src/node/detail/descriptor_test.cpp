#include "node/detail/descriptor.h"

#include "node/node_directory.h"
#include "storage/testing/temp_directory.h"

#include <gtest/gtest.h>

#include <fcntl.h>

namespace kith::node {
namespace {

TEST(Descriptor, ClosesWhatItHoldsAndNothingTwice) {
    Descriptor first("/dev/null", O_RDONLY);
    ASSERT_TRUE(first.is_open());
    const int fd = first.fd();
    {
        const Descriptor second(std::move(first));
        EXPECT_EQ(second.fd(), fd);
        EXPECT_GE(::fcntl(fd, F_GETFD), 0);
    }
    EXPECT_LT(::fcntl(fd, F_GETFD), 0);
    first.close();  // holds nothing any more
}

TEST(Descriptor, IsNotOpenWhenThereIsNoFile) {
    EXPECT_FALSE(Descriptor("/proc/no-such-file", O_RDONLY).is_open());
}

TEST(Descriptor, WritesAllOrSaysNo) {
    const storage::testing::TempDirectory temp;
    const std::string path = temp.file("a");
    EXPECT_TRUE(write_all(Descriptor(path, O_WRONLY | O_CREAT).fd(), std::string(100'000, 'x')));
    EXPECT_EQ(read_file(path)->size(), 100'000U);
    EXPECT_FALSE(write_all(Descriptor(path, O_RDONLY).fd(), "x"));
}

TEST(SyncDirectory, NamesWhatCannotBeSynced) {
    const storage::testing::TempDirectory temp;
    EXPECT_TRUE(sync_directory(temp.path()));
    const auto missing = sync_directory(temp.file("missing"));
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().text.find("missing: No such file"), std::string::npos);
}

}  // namespace
}  // namespace kith::node
