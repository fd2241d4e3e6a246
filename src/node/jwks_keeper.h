// Keeps the keys of JSON web tokens as their file has them: read at the start and at a reload, and
// again within seconds of a change.
//
// An identity provider changes its keys now and then; whoever fetches them only has to replace the
// file. A file that cannot be used is refused as a whole, at the start by not starting, later by
// keeping the keys that were good: logged once, and counted.
// Threads: made and loaded by the thread that starts the node; start() and what follows, on `home`.
#pragma once

#include "access/jwt.h"
#include "node/problem.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace kith::node {

class JwksKeeper {
  public:
    using Policy = std::shared_ptr<const access::JwtPolicy>;  // shared_ptr: all shards use one

    /// `publish` is called on `home` with keys that changed.
    JwksKeeper(runtime::Shard& home, runtime::BlockingPool& pool,
               std::function<void(Policy)> publish);

    /// Reads the file. Problems name it and what is wrong.
    [[nodiscard]] static OrProblem<Policy> load(const std::string& path,
                                                const access::JwtRules& rules);

    /// From now on looks at the file. Again after a reload, with what it has read.
    void watch(const std::string& path, Policy policy);

    [[nodiscard]] std::uint64_t failure_count() const { return failure_count_; }

  private:
    /// What changes when a file does.
    struct Mark {
        std::int64_t changed_ns = 0;
        std::uint64_t bytes = 0;
        std::uint64_t inode = 0;

        friend bool operator==(const Mark&, const Mark&) = default;
    };
    struct Look;

    [[nodiscard]] static Mark mark_of(const std::string& path);
    void look();
    void take(const Look& look);

    runtime::Shard& home_;
    runtime::BlockingPool& pool_;
    std::function<void(Policy)> publish_;
    std::string path_;
    access::JwtRules rules_;
    Mark seen_;
    std::uint64_t watch_number_ = 0;  // which watch() a look belongs to
    std::uint64_t failure_count_ = 0;
    runtime::CallbackTimer timer_;
};

}  // namespace kith::node
