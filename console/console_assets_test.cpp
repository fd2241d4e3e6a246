// The console that the binary carries is whole: an index, compressed files, names that fit.
#include "console/console_assets.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace kith::console {
namespace {

const Asset* find(std::string_view path) {
    for (const Asset& asset : console_assets()) {
        if (asset.path == path) {
            return &asset;
        }
    }
    return nullptr;
}

TEST(ConsoleAssets, HaveAnIndexThatIsNeverCachedForEver) {
    const Asset* index = find("/index.html");
    ASSERT_NE(index, nullptr);
    EXPECT_EQ(index->content_type, "text/html; charset=utf-8");
    EXPECT_FALSE(index->immutable);
}

TEST(ConsoleAssets, AreSortedAndNamedByTheirContentBelowAssets) {
    const auto assets = console_assets();
    EXPECT_TRUE(std::ranges::is_sorted(assets, {}, &Asset::path));
    for (const Asset& asset : assets) {
        EXPECT_EQ(asset.immutable, asset.path.starts_with("/assets/")) << asset.path;
        EXPECT_EQ(asset.etag.size(), 34U) << asset.path;
    }
}

TEST(ConsoleAssets, AreGzipStreamsThatFollowEachOther) {
    const std::uint8_t* next = nullptr;
    for (const Asset& asset : console_assets()) {
        ASSERT_GT(asset.gzip_bytes.size(), 18U) << asset.path;
        EXPECT_EQ(asset.gzip_bytes[0], 0x1F) << asset.path;
        EXPECT_EQ(asset.gzip_bytes[1], 0x8B) << asset.path;
        if (next != nullptr) {
            EXPECT_EQ(asset.gzip_bytes.data(), next) << asset.path;
        }
        next = asset.gzip_bytes.data() + asset.gzip_bytes.size();
    }
}

}  // namespace
}  // namespace kith::console
