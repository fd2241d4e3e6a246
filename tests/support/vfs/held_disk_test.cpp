#include "tests/support/vfs/held_disk.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace kith::test {
namespace {

class HeldDiskTest : public ::testing::Test {
  protected:
    HeldDiskTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "kith-XXXXXX").string();
        directory_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::string path(std::string_view name) const {
        return directory_ + "/" + std::string(name);
    }
    /// A file whose name is on disk.
    std::shared_ptr<HeldFile> create(HeldDisk& disk, std::string_view name) {
        auto file = disk.open(path(name), IfMissing::Create);
        disk.sync_directory_of(path(name));
        return file;
    }
    void write(HeldDisk& disk, HeldFile& file, std::string_view text, std::size_t offset = 0) {
        ASSERT_TRUE(disk.write(file, as_bytes(text), offset));
    }
    /// The real file, or "(none)".
    [[nodiscard]] std::string on_disk(std::string_view name) const {
        std::ifstream stream(path(name), std::ios::binary);
        if (!stream) {
            return "(none)";
        }
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    static std::string seen(const HeldFile& file) {
        std::string text(file.size_bytes() + 1, '?');
        const std::size_t count =
            HeldDisk::read(file, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}, 0);
        return text.substr(0, count);
    }

    std::string directory_;
};

TEST_F(HeldDiskTest, WritesAreSeenAtOnceAndOnDiskAfterSync) {
    HeldDisk disk({});
    const auto file = create(disk, "a");
    write(disk, *file, "hello");
    write(disk, *file, "J", 0);
    EXPECT_EQ(seen(*file), "Jello");
    EXPECT_EQ(on_disk("a"), "");
    disk.sync(*file);
    EXPECT_EQ(on_disk("a"), "Jello");
}

TEST_F(HeldDiskTest, TruncationsAreOnDiskAfterSync) {
    HeldDisk disk({});
    const auto file = create(disk, "a");
    const std::string text(3 * kSectorBytes, 'x');
    write(disk, *file, text);
    disk.sync(*file);
    disk.truncate(*file, 5);
    write(disk, *file, "y", 9);
    EXPECT_EQ(seen(*file), std::string("xxxxx\0\0\0\0y", 10));
    EXPECT_EQ(on_disk("a"), text);
    disk.sync(*file);
    EXPECT_EQ(on_disk("a"), std::string("xxxxx\0\0\0\0y", 10));
}

TEST_F(HeldDiskTest, ANameIsOnDiskAfterSyncOfItsDirectory) {
    HeldDisk disk({});
    const auto file = disk.open(path("a"), IfMissing::Create);
    write(disk, *file, "one");
    disk.sync(*file);
    write(disk, *file, "two");
    EXPECT_EQ(on_disk("a"), "(none)");
    disk.sync_directory_of(path("other"));
    EXPECT_EQ(on_disk("a"), "one");
    disk.sync(*file);
    EXPECT_EQ(on_disk("a"), "two");
}

TEST_F(HeldDiskTest, ARemovedFileIsOnDiskUntilItsDirectoryIsSynced) {
    HeldDisk disk({});
    auto file = create(disk, "a");
    write(disk, *file, "old");
    disk.sync(*file);
    disk.remove(path("a"));
    EXPECT_FALSE(disk.exists(path("a")));
    EXPECT_EQ(disk.open(path("a"), IfMissing::Fail), nullptr);
    EXPECT_EQ(on_disk("a"), "old");
    // A new file of the same name takes its place with the same sync.
    file = disk.open(path("a"), IfMissing::Create);
    write(disk, *file, "new");
    disk.sync(*file);
    EXPECT_EQ(on_disk("a"), "old");
    disk.sync_directory_of(path("a"));
    EXPECT_EQ(on_disk("a"), "new");
    disk.remove(path("a"));
    disk.sync_directory_of(path("a"));
    EXPECT_EQ(on_disk("a"), "(none)");
}

TEST_F(HeldDiskTest, ForgetsWhatIsNotOnDisk) {
    HeldDisk disk({});
    auto file = create(disk, "a");
    write(disk, *file, "synced");
    disk.sync(*file);
    write(disk, *file, "UNSYNCED");
    disk.remove(path("b"));
    (void)disk.open(path("c"), IfMissing::Create);
    disk.forget();
    EXPECT_FALSE(disk.exists(path("c")));
    file = disk.open(path("a"), IfMissing::Fail);
    ASSERT_NE(file, nullptr);
    EXPECT_EQ(seen(*file), "synced");
}

TEST_F(HeldDiskTest, EverythingLeaksAtChanceOne) {
    HeldDisk disk({.leak_chance = 1});
    const auto file = disk.open(path("a"), IfMissing::Create);
    EXPECT_EQ(on_disk("a"), "");
    write(disk, *file, "hello");
    EXPECT_EQ(on_disk("a"), "hello");
    disk.truncate(*file, 2);
    EXPECT_EQ(on_disk("a"), "he");
    disk.remove(path("a"));
    EXPECT_EQ(on_disk("a"), "(none)");
}

TEST_F(HeldDiskTest, LeaksWholeSectorsByChance) {
    HeldDisk disk({.seed = 3, .leak_chance = 0.5});
    const auto file = create(disk, "a");
    constexpr std::size_t kSectors = 200;
    write(disk, *file, std::string(kSectors * kSectorBytes, 'x'));
    std::string text = on_disk("a");
    text.resize(kSectors * kSectorBytes);
    std::size_t leaked = 0;
    for (std::size_t at = 0; at < kSectors; ++at) {
        const std::string sector = text.substr(at * kSectorBytes, kSectorBytes);
        EXPECT_TRUE(sector == std::string(kSectorBytes, 'x') ||
                    sector == std::string(kSectorBytes, '\0'));
        leaked += sector[0] == 'x' ? 1U : 0U;
    }
    EXPECT_GT(leaked, kSectors / 4);
    EXPECT_LT(leaked, kSectors);
}

TEST_F(HeldDiskTest, AnInterruptedSyncWritesAnyPart) {
    HeldDisk disk({.seed = 5, .leak_chance = 0.0001});
    const auto file = create(disk, "a");
    write(disk, *file, std::string(100 * kSectorBytes, 'x'));
    disk.sync_in_part(*file);
    const std::string text = on_disk("a");
    EXPECT_NE(text.find('x'), std::string::npos);
    EXPECT_NE(text.find('\0'), std::string::npos);
}

TEST_F(HeldDiskTest, AFailedSyncNeverWritesUnlessWrittenAgain) {
    HeldDisk disk({});
    const auto file = create(disk, "a");
    write(disk, *file, std::string(kSectorBytes, 'x'));
    write(disk, *file, "y", kSectorBytes);
    disk.fail_sync(*file);
    EXPECT_EQ(seen(*file).back(), 'y');
    write(disk, *file, "z", kSectorBytes);
    disk.sync(*file);
    EXPECT_EQ(on_disk("a"), std::string(kSectorBytes, '\0') + "z");
}

TEST_F(HeldDiskTest, RefusesWhatDoesNotFit) {
    HeldDisk disk({});
    disk.set_space_bytes(10);
    const auto a = create(disk, "a");
    const auto b = create(disk, "b");
    write(disk, *a, "12345678");
    const Status status = disk.write(*b, as_bytes("123"), 0);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::Limit);
    EXPECT_EQ(b->size_bytes(), 0U);
    write(disk, *b, "12");
    write(disk, *a, "x", 7);  // replaces, needs no space
    disk.set_space_bytes(std::nullopt);
    write(disk, *b, "12345");
}

}  // namespace
}  // namespace kith::test
