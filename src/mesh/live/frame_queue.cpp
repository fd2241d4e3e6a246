#include "mesh/live/frame_queue.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace kith::mesh {
namespace {

std::size_t size_of(const FrameQueue::Entry& entry) {
    return sizeof(FrameQueue::Entry) + entry.head.size() + entry.body.bytes().size();
}

}  // namespace

void FrameQueue::push(Priority priority, Bytes head, const SharedBytes& body) {
    Entry entry{.head = {head.begin(), head.end()}, .body = body};
    size_bytes_ += size_of(entry);
    classes_[static_cast<std::size_t>(priority)].push_back(std::move(entry));
}

FrameQueue::Entry FrameQueue::pop() {
    const auto first = std::ranges::find_if(classes_, [](const auto& c) { return !c.empty(); });
    CHECK(first != classes_.end());
    Entry entry = std::move(first->front());
    first->pop_front();
    size_bytes_ -= size_of(entry);
    return entry;
}

}  // namespace kith::mesh
