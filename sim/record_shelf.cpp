#include "sim/record_shelf.h"

#include <algorithm>

#include "base/hash.h"

namespace kith::sim {

SharedBytes RecordShelf::share(Bytes told) {
    const auto [at, is_new] = blocks_.try_emplace(hash_bytes(told));
    if (is_new || !std::ranges::equal(at->second.bytes(), told)) {
        at->second = SharedBytes::copy_of(told);
    }
    SharedBytes shared = at->second;
    if (blocks_.size() >= sweep_at_) {
        sweep();
    }
    return shared;
}

void RecordShelf::sweep() {
    // The order of the sweep decides nothing.
    erase_if(blocks_, [](const auto& block) { return block.second.owner_count() == 1; });
    sweep_at_ = std::max<std::size_t>(1024, blocks_.size() * 2);
}

}  // namespace kith::sim
