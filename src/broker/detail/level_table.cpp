#include "broker/detail/level_table.h"

#include <algorithm>

#include "base/check.h"
#include "base/narrow.h"

namespace kith::broker {

LevelTable::~LevelTable() {
    for (Slot& slot : slots_) {
        free_block(slot);
    }
}

LevelId LevelTable::retain(std::string_view level) {
    if (const auto found = ids_.find(level); found != ids_.end()) {
        ++slots_[*found].reference_count;
        return LevelId(*found);
    }
    std::uint32_t index = narrow<std::uint32_t>(slots_.size());
    if (free_.empty()) {
        slots_.push_back(make_slot(level));
    } else {
        index = free_.back();
        free_.pop_back();
        slots_[index] = make_slot(level);
    }
    ids_.insert(index);
    return LevelId(index);
}

LevelTable::Slot LevelTable::make_slot(std::string_view level) {
    Slot slot{
        .inline_text = {}, .text_bytes = narrow<std::uint32_t>(level.size()), .reference_count = 1};
    if (level.size() > kInlineBytesMax) {
        slot.block = new char[level.size()];
    }
    char* text = level.size() > kInlineBytesMax ? slot.block : slot.inline_text.data();
    std::ranges::copy(level, text);
    return slot;
}

void LevelTable::release(LevelId id) {
    Slot& slot = slots_[id.value()];
    CHECK(slot.reference_count > 0);
    if (--slot.reference_count == 0) {
        ids_.erase(id.value());
        free_block(slot);
        free_.push_back(id.value());
    }
}

void LevelTable::free_block(Slot& slot) {
    if (slot.text_bytes > kInlineBytesMax) {
        delete[] slot.block;
    }
    slot.text_bytes = 0;
}

LevelId LevelTable::find(std::string_view level) const {
    const auto found = ids_.find(level);
    return found == ids_.end() ? kNone : LevelId(*found);
}

}  // namespace kith::broker
