#include "node/jwks_keeper.h"

#include "access/limits.h"
#include "node/node_directory.h"
#include "runtime/sim/world.h"
#include "storage/testing/temp_directory.h"

#include <gtest/gtest.h>

namespace kith::node {
namespace {

const std::string kEdKey = R"({"kty":"OKP","crv":"Ed25519",)"
                           R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
const access::JwtRules kRules{.issuer = "joe", .audience = "kith"};

std::string keys(std::size_t count) {
    std::string text = R"({"keys":[)";
    for (std::size_t i = 0; i < count; ++i) {
        text += (i == 0 ? "" : ",") + kEdKey;
    }
    return text + "]}";
}

class JwksKeeperTest : public ::testing::Test {
  protected:
    void write(const std::string& content) { ASSERT_TRUE(write_private_file(path_, content)); }
    void watch() {
        auto policy = JwksKeeper::load(path_, kRules);
        ASSERT_TRUE(policy);
        host_.shard(ShardId(0))
            .post_completion(runtime::make_mail(
                [this, keys = *policy](runtime::Shard&) { keeper_.watch(path_, keys); }));
        ASSERT_TRUE(world_.run_until([this] { return published_ != nullptr; }, 1min));
    }
    std::size_t size_after_a_while() {
        world_.run_for(2 * access::kJwksCheckInterval);
        return published_->keys.size();
    }

    storage::testing::TempDirectory directory_;
    std::string path_ = directory_.file("keys.json");
    Log log_;
    runtime::sim::World world_{{.seed = 1}};
    runtime::sim::Host& host_ = world_.add_host("node", 1, log_);
    JwksKeeper::Policy published_;
    JwksKeeper keeper_{host_.shard(ShardId(0)), host_.blocking_pool(),
                       [this](JwksKeeper::Policy policy) { published_ = std::move(policy); }};
};

TEST_F(JwksKeeperTest, ReadsAFileThatChanged) {
    write(keys(1));
    watch();
    EXPECT_EQ(published_->rules.issuer, "joe");
    EXPECT_EQ(size_after_a_while(), 1U);
    write(keys(2));
    EXPECT_EQ(size_after_a_while(), 2U);
}

TEST_F(JwksKeeperTest, KeepsGoodKeysWhenTheFileGoesBad) {
    write(keys(1));
    watch();
    write("{}");
    EXPECT_EQ(size_after_a_while(), 1U);
    EXPECT_EQ(keeper_.failure_count(), 1U) << "told once, not at every look";
    write(keys(3));
    EXPECT_EQ(size_after_a_while(), 3U);
}

TEST_F(JwksKeeperTest, NamesTheFileThatCannotBeUsed) {
    const auto missing = JwksKeeper::load(path_, kRules);
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().text.find("access.jwks_file"), std::string::npos);
    write("{}");
    EXPECT_NE(JwksKeeper::load(path_, kRules).error().text.find(path_), std::string::npos);
}

}  // namespace
}  // namespace kith::node
