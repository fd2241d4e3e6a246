#include "mesh/live/frame_queue.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace kith::mesh {
namespace {

std::size_t size_of(const FrameQueue::Entry& entry) {
    return sizeof(FrameQueue::Entry) + entry.head.size() + entry.body.bytes().size();
}

constexpr std::size_t kFirstOfRest = static_cast<std::size_t>(Priority::Command);
/// Of Command, Event, Default, Low, Bulk and Drain.
constexpr std::array<std::int64_t, kPriorityCount - kFirstOfRest> kWeights{16, 8, 4, 2, 1, 4};

}  // namespace

void FrameQueue::push(Priority priority, Bytes head, const SharedBytes& body) {
    Entry entry{.head = {head.begin(), head.end()}, .body = body};
    size_bytes_ += size_of(entry);
    class_of(priority).entries.push_back(std::move(entry));
}

FrameQueue::Entry FrameQueue::pop() {
    Class& chosen = next_class();
    Entry entry = std::move(chosen.entries.front());
    chosen.entries.pop_front();
    const std::size_t bytes = size_of(entry);
    size_bytes_ -= bytes;
    const auto signed_bytes = static_cast<std::int64_t>(bytes);
    if (&chosen == &class_of(Priority::Alarm)) {
        alarm_ahead_bytes_ += signed_bytes;
    } else if (&chosen != &class_of(Priority::Control)) {
        chosen.deficit_bytes -= signed_bytes;
        alarm_ahead_bytes_ =
            std::max<std::int64_t>(0, alarm_ahead_bytes_ - kAlarmShare * signed_bytes);
    }
    return entry;
}

FrameQueue::Class& FrameQueue::next_class() {
    CHECK(!empty());
    Class& control = class_of(Priority::Control);
    if (!control.entries.empty()) {
        return control;
    }
    Class& alarm = class_of(Priority::Alarm);
    const bool has_rest = std::any_of(classes_.begin() + kFirstOfRest, classes_.end(),
                                      [](const Class& each) { return !each.entries.empty(); });
    if (!has_rest) {
        alarm_ahead_bytes_ = 0;
        return alarm;
    }
    const bool is_alarms_turn = !alarm.entries.empty() && alarm_ahead_bytes_ < kAlarmBurstBytes;
    return is_alarms_turn ? alarm : next_of_rest();
}

/// Ends, for each round adds to the deficit of a class that has a frame.
FrameQueue::Class& FrameQueue::next_of_rest() {
    while (true) {
        Class& each = classes_[turn_];
        if (each.entries.empty()) {
            each.deficit_bytes = std::min<std::int64_t>(each.deficit_bytes, 0);
        } else if (each.deficit_bytes > 0) {
            return each;
        }
        turn_ = turn_ + 1 < kPriorityCount ? turn_ + 1 : kFirstOfRest;
        classes_[turn_].deficit_bytes += kWeights[turn_ - kFirstOfRest] * kQuantumBytes;
    }
}

}  // namespace kith::mesh
