// The shards of a process over epoll: one thread each.

#include <thread>
#include <vector>

#include <pthread.h>
#include <sys/random.h>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "runtime/detail/io_error.h"
#include "runtime/epoll/epoll_shard.h"
#include "runtime/shard_group.h"

namespace kith::runtime {
namespace {

class EpollGroup final : public ShardGroup {
  public:
    explicit EpollGroup(std::vector<std::unique_ptr<EpollShard>> shards)
        : shards_(std::move(shards)) {
        for (const auto& shard : shards_) {
            shard->connect_peers(shards_);
        }
    }

    ~EpollGroup() override {
        stop();
        // Mail may own streams of any shard, so that all of it goes before the first shard.
        for (const auto& shard : shards_) {
            shard->drop_undelivered();
        }
    }

    [[nodiscard]] std::uint16_t size() const override {
        return static_cast<std::uint16_t>(shards_.size());
    }
    [[nodiscard]] Shard& shard(ShardId id) override { return *shards_.at(id.value()); }

    void start() override {
        CHECK(threads_.empty());
        for (const auto& shard : shards_) {
            threads_.emplace_back([&loop = *shard] {
                const std::string name = fmt::format("kith-{}", loop.id().value());
                pthread_setname_np(pthread_self(), name.c_str());
                loop.run();
            });
        }
    }

    void stop() override {
        for (const auto& shard : shards_) {
            shard->stop();
        }
        for (std::thread& thread : threads_) {
            thread.join();
        }
        threads_.clear();
    }

  private:
    std::vector<std::unique_ptr<EpollShard>> shards_;
    std::vector<std::thread> threads_;
};

std::uint64_t drawn_seed() {
    std::uint64_t seed = 0;
    CHECK(getrandom(&seed, sizeof(seed), 0) == sizeof(seed));
    return seed;
}

}  // namespace

Result<std::unique_ptr<ShardGroup>> make_epoll_shards(const ShardGroupOptions& options,
                                                      const Log& log) {
    if (options.shard_count == 0 || options.shard_count > limits::kShardsMax) {
        return fail(ErrorKind::Invalid, "the number of shards is not between 1 and 64");
    }
    Random seeds(options.seed != 0 ? options.seed : drawn_seed());
    std::vector<std::unique_ptr<EpollShard>> shards;
    for (std::uint16_t i = 0; i < options.shard_count; ++i) {
        TRY_ASSIGN(
            auto shard,
            EpollShard::create(
                {.id = ShardId(i), .shard_count = options.shard_count, .seed = seeds.next()}, log));
        shards.push_back(std::move(shard));
    }
    return std::unique_ptr<ShardGroup>(std::make_unique<EpollGroup>(std::move(shards)));
}

}  // namespace kith::runtime
