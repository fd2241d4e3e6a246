// Runs something on a shard and waits for it: for the thread that starts and stops the node.
#pragma once

#include "runtime/shard.h"

#include <functional>
#include <future>
#include <utility>

namespace kith::node {

/// `action` gets a function to call with its answer, now or in a later turn. Requires: the shard
/// runs, and the caller is none of the shards.
template <typename T>
T ask(runtime::Shard& shard,
      std::function<void(runtime::Shard&, std::function<void(T)> answer)> action) {
    auto promise = std::make_shared<std::promise<T>>();
    std::future<T> future = promise->get_future();
    shard.post_completion(
        runtime::make_mail([action = std::move(action), promise](runtime::Shard& here) {
            action(here, [promise](T value) { promise->set_value(std::move(value)); });
        }));
    return future.get();
}

template <typename F>
auto run_on(runtime::Shard& shard, F action) {
    using T = std::invoke_result_t<F, runtime::Shard&>;
    return ask<T>(shard, [action](runtime::Shard& here, std::function<void(T)> answer) {
        answer(action(here));
    });
}

}  // namespace kith::node
