#include "runtime/sim/world.h"

#include <vector>

#include "base/check.h"
#include "runtime/sim/core.h"
#include "runtime/sim/net.h"
#include "runtime/sim/sim_shard.h"

namespace kith::runtime::sim {
namespace {

/// Work that blocks or burns CPU takes a few milliseconds of virtual time.
class SimBlockingPool final : public BlockingPool {
  public:
    explicit SimBlockingPool(Core& core) : core_(core) {}

    [[nodiscard]] Status submit(Shard& shard,
                                std::function<std::unique_ptr<Mail>()> work) override {
        static_cast<SimShard&>(shard).post_completion_later(core_.random.between(1ms, 5ms), work());
        return {};
    }

  private:
    Core& core_;
};

class HostImpl final : public Host {
  public:
    struct Options {
        std::string name;
        std::uint16_t shard_count;
    };

    HostImpl(Net& net, Options options, const Log& log)
        : core_(net.core()),
          net_(net),
          machine_(net.add_machine()),
          options_(std::move(options)),
          log_(log),
          pool_(net.core()) {
        make_shards();
    }

    [[nodiscard]] const std::string& name() const override { return options_.name; }
    [[nodiscard]] SocketAddress address(std::uint16_t port) const override {
        return machine_.address.with_port(port);
    }
    [[nodiscard]] std::uint16_t shard_count() const override { return options_.shard_count; }
    [[nodiscard]] Shard& shard(ShardId id) override { return *shards_.at(id.value()); }
    [[nodiscard]] BlockingPool& blocking_pool() override { return pool_; }

    void reset_streams() override { net_.reset_streams(machine_); }
    void cut() override { net_.cut(machine_); }
    void mend() override { net_.mend(machine_); }
    void freeze() override {
        for (const auto& shard : shards_) {
            shard->freeze();
        }
    }
    void thaw() override {
        for (const auto& shard : shards_) {
            shard->thaw();
        }
    }
    void crash() override {
        CHECK(!machine_.is_down);
        net_.crash(machine_);
        for (auto& shard : shards_) {
            shard->kill();
        }
    }
    void restart() override {
        CHECK(machine_.is_down);
        net_.restart(machine_);
        for (auto& shard : shards_) {
            dead_shards_.push_back(std::move(shard));  // what lived on them may still refer to them
        }
        make_shards();
    }

    void look_for_work() {
        if (!machine_.is_down) {
            for (const auto& shard : shards_) {
                shard->look_for_work();
            }
        }
    }
    void refresh_clocks() {
        for (const auto& shard : shards_) {
            shard->refresh_clock();
        }
    }
    void drop_undelivered() {
        for (const auto& shard : shards_) {
            shard->drop_undelivered();
        }
        for (const auto& shard : dead_shards_) {
            shard->drop_undelivered();
        }
    }

  private:
    void make_shards() {
        shards_.clear();
        for (std::uint16_t i = 0; i < options_.shard_count; ++i) {
            shards_.push_back(
                std::make_unique<SimShard>(net_, machine_,
                                           ShardOptions{.id = ShardId(i),
                                                        .shard_count = options_.shard_count,
                                                        .seed = core_.random.next()},
                                           log_));
        }
        for (const auto& shard : shards_) {
            shard->connect_peers(shards_);
        }
    }

    Core& core_;
    Net& net_;
    Machine& machine_;
    const Options options_;
    const Log& log_;
    SimBlockingPool pool_;
    std::vector<std::unique_ptr<SimShard>> shards_;
    std::vector<std::unique_ptr<SimShard>> dead_shards_;
};

}  // namespace

struct World::Impl {
    explicit Impl(const WorldOptions& options) : core(options), net(core) {}
    ~Impl() {
        // Mail may own streams of any shard.
        for (const auto& host : hosts) {
            host->drop_undelivered();
        }
    }

    bool run(const std::function<bool()>& done, Duration limit) {
        for (const auto& host : hosts) {
            host->look_for_work();
        }
        const Instant end = core.now() + limit;
        bool held = done();
        while (!held && core.step(end)) {
            held = done();
        }
        for (const auto& host : hosts) {
            host->refresh_clocks();
        }
        return held;
    }

    Core core;
    Net net;
    std::vector<std::unique_ptr<HostImpl>> hosts;
};

World::World(const WorldOptions& options) : impl_(std::make_unique<Impl>(options)) {}

World::~World() = default;

Host& World::add_host(std::string name, std::uint16_t shard_count, const Log& log) {
    CHECK(shard_count > 0);
    impl_->hosts.push_back(std::make_unique<HostImpl>(
        impl_->net, HostImpl::Options{.name = std::move(name), .shard_count = shard_count}, log));
    return *impl_->hosts.back();
}

Instant World::now() const {
    return impl_->core.now();
}

void World::set_wall_clock_ahead(std::chrono::milliseconds by) {
    impl_->core.options.wall_start = impl_->core.options.wall_start + by;
}

Random& World::random() {
    return impl_->core.random;
}

bool World::run_until(const std::function<bool()>& done, Duration limit) {
    return impl_->run(done, limit);
}

void World::run_for(Duration span) {
    static_cast<void>(impl_->run([] { return false; }, span));
}

std::uint64_t World::trace_hash() const {
    return impl_->core.trace_hash();
}

}  // namespace kith::runtime::sim
