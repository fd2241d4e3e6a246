#include "tests/support/vfs/shared_file.h"

#include <algorithm>

namespace kith::test {

bool FileLocks::lock(Owner owner, LockState wanted) {
    LockState& held = held_[owner];
    if (held >= wanted) {
        return true;
    }
    if (wanted == LockState::Shared) {
        if (other_has(owner, LockState::Pending)) {
            return false;
        }
    } else if (other_has(owner, LockState::Reserved)) {
        return false;
    } else if (wanted == LockState::Exclusive && other_has(owner, LockState::Shared)) {
        held = LockState::Pending;
        return false;
    }
    held = wanted;
    return true;
}

void FileLocks::unlock(Owner owner, LockState wanted) {
    if (wanted == LockState::None) {
        held_.erase(owner);
    } else if (const auto found = held_.find(owner); found != held_.end()) {
        found->second = std::min(found->second, wanted);
    }
}

bool FileLocks::is_reserved() const {
    return other_has(nullptr, LockState::Reserved);
}

bool FileLocks::other_has(Owner owner, LockState at_least) const {
    return std::any_of(held_.begin(), held_.end(), [&](const auto& entry) {
        return entry.first != owner && entry.second >= at_least;
    });
}

void* SharedMemory::region(std::size_t index, std::size_t size_bytes, bool make) {
    if (index >= regions_.size() && !make) {
        return nullptr;
    }
    while (index >= regions_.size()) {
        regions_.push_back(std::make_unique<std::uint64_t[]>(size_bytes / 8));
    }
    return regions_[index].get();
}

bool SharedMemory::lock_shared(Owner owner, std::size_t first, std::size_t count) {
    for (std::size_t at = first; at < first + count; ++at) {
        if (slots_[at].exclusive != nullptr && slots_[at].exclusive != owner) {
            return false;
        }
    }
    for (std::size_t at = first; at < first + count; ++at) {
        slots_[at].shared.insert(owner);
    }
    return true;
}

bool SharedMemory::lock_exclusive(Owner owner, std::size_t first, std::size_t count) {
    for (std::size_t at = first; at < first + count; ++at) {
        const Slot& slot = slots_[at];
        const bool other_exclusive = slot.exclusive != nullptr && slot.exclusive != owner;
        const std::size_t own_shared = slot.shared.contains(owner) ? 1 : 0;
        if (other_exclusive || slot.shared.size() > own_shared) {
            return false;
        }
    }
    for (std::size_t at = first; at < first + count; ++at) {
        slots_[at].exclusive = owner;
    }
    return true;
}

void SharedMemory::unlock(Owner owner, std::size_t first, std::size_t count) {
    for (std::size_t at = first; at < first + count; ++at) {
        slots_[at].shared.erase(owner);
        if (slots_[at].exclusive == owner) {
            slots_[at].exclusive = nullptr;
        }
    }
}

}  // namespace kith::test
