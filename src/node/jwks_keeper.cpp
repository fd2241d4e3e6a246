#include "node/jwks_keeper.h"

#include "access/limits.h"
#include "node/node_directory.h"

#include <fmt/format.h>

#include <sys/stat.h>

namespace kith::node {

/// One look at the file, on the pool.
struct JwksKeeper::Look {
    Mark mark;
    bool is_changed = false;
    OrProblem<Policy> policy = Policy();
};

JwksKeeper::JwksKeeper(runtime::Shard& home, runtime::BlockingPool& pool,
                       std::function<void(Policy)> publish)
    : home_(home), pool_(pool), publish_(std::move(publish)), timer_([this](Instant) { look(); }) {}

OrProblem<JwksKeeper::Policy> JwksKeeper::load(const std::string& path,
                                               const access::JwtRules& rules) {
    const auto text = read_file(path);
    if (!text) {
        return problem(fmt::format("access.jwks_file: {}", text.error().text));
    }
    auto keys = access::JwkSet::parse(*text);
    if (!keys) {
        return problem(fmt::format("access.jwks_file {}: {}", path, keys.error().text));
    }
    return std::make_shared<const access::JwtPolicy>(
        access::JwtPolicy{.rules = rules, .keys = std::move(*keys)});
}

void JwksKeeper::watch(const std::string& path, Policy policy) {
    path_ = path;
    rules_ = policy->rules;
    // The first look finds a change and reads once more: nothing between load() and here is missed.
    seen_ = {};
    ++watch_number_;
    publish_(std::move(policy));
    home_.arm_after(timer_, access::kJwksCheckInterval);
}

JwksKeeper::Mark JwksKeeper::mark_of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return {};
    }
    return {.changed_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec,
            .bytes = static_cast<std::uint64_t>(status.st_size),
            .inode = status.st_ino};
}

void JwksKeeper::look() {
    const Status submitted = pool_.submit(
        home_, [this, path = path_, rules = rules_, seen = seen_, number = watch_number_] {
            Look look{.mark = mark_of(path)};
            look.is_changed = !(look.mark == seen);
            if (look.is_changed) {
                look.policy = load(path, rules);
            }
            return runtime::make_mail([this, number, look = std::move(look)](runtime::Shard&) {
                if (number == watch_number_) {
                    take(look);
                }
            });
        });
    if (!submitted) {
        home_.arm_after(timer_, access::kJwksCheckInterval);
    }
}

void JwksKeeper::take(const Look& look) {
    home_.arm_after(timer_, access::kJwksCheckInterval);
    if (!look.is_changed) {
        return;
    }
    seen_ = look.mark;
    if (look.policy) {
        publish_(*look.policy);
        return;
    }
    ++failure_count_;
    LOG(home_.log(), Warn, "the keys of JSON web tokens stay as they were",
        {"reason", look.policy.error().text});
}

}  // namespace kith::node
