#include "broker/detail/level_table.h"

#include <cstring>

#include "base/check.h"
#include "base/narrow.h"

namespace kith::broker {

LevelId LevelTable::retain(std::string_view level) {
    if (const auto found = ids_.find(level); found != ids_.end()) {
        ++slots_[found->second].reference_count;
        return LevelId(found->second);
    }
    std::uint32_t index = narrow<std::uint32_t>(slots_.size());
    if (free_.empty()) {
        slots_.emplace_back();
    } else {
        index = free_.back();
        free_.pop_back();
    }
    Slot& slot = slots_[index];
    slot.text = std::make_unique<char[]>(level.size());
    if (!level.empty()) {
        std::memcpy(slot.text.get(), level.data(), level.size());
    }
    slot.text_bytes = narrow<std::uint32_t>(level.size());
    slot.reference_count = 1;
    ids_.emplace(std::string_view(slot.text.get(), level.size()), index);
    return LevelId(index);
}

void LevelTable::release(LevelId id) {
    Slot& slot = slots_[id.value()];
    CHECK(slot.reference_count > 0);
    if (--slot.reference_count == 0) {
        ids_.erase(text(id));
        slot.text.reset();
        slot.text_bytes = 0;
        free_.push_back(id.value());
    }
}

LevelId LevelTable::find(std::string_view level) const {
    const auto found = ids_.find(level);
    return found == ids_.end() ? kNone : LevelId(found->second);
}

std::string_view LevelTable::text(LevelId id) const {
    const Slot& slot = slots_[id.value()];
    return {slot.text.get(), slot.text_bytes};
}

}  // namespace kith::broker
