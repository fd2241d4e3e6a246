// Asks every shard one question and brings the answers home, in order of shard.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "runtime/shard.h"

namespace kith::runtime {

/// Runs `ask` on each shard (this one included, in its next turn) and then `done` on `origin` with
/// the answers by shard number. `ask` is copied to every shard; `done` and the answers never leave
/// `origin`. T must be default constructible and movable. `done` is dropped if the loops end.
template <typename T>
void gather(Shard& origin, std::function<T(Shard&)> ask, std::function<void(std::vector<T>)> done) {
    struct State {
        std::vector<T> answers;
        std::size_t missing;
        std::function<void(std::vector<T>)> done;
    };
    // shared_ptr: every shard's mail carries it there and back; only `origin` touches its content.
    auto state = std::make_shared<State>();
    state->answers.resize(origin.shard_count());
    state->missing = origin.shard_count();
    state->done = std::move(done);
    const ShardId home = origin.id();
    for (std::uint16_t i = 0; i < origin.shard_count(); ++i) {
        origin.post(ShardId(i), [ask, state, home, i](Shard& shard) mutable {
            shard.post(home, [state = std::move(state), i, answer = ask(shard)](Shard&) mutable {
                state->answers[i] = std::move(answer);
                if (--state->missing == 0) {
                    // Taken out: the last reference may be let go of on another shard.
                    const auto finish = std::move(state->done);
                    finish(std::move(state->answers));
                }
            });
        });
    }
}

}  // namespace kith::runtime
