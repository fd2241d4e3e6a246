#include "node/detail/drop_samples.h"

#include <utility>

namespace kith::node {

void DropSamples::note(mesh::DropReason reason, const mesh::Data* data, WallTime now) {
    if (std::exchange(has_.at(static_cast<std::size_t>(reason)), true)) {
        return;
    }
    DropSample& sample = samples_.emplace_back();
    sample.reason = reason;
    sample.at = now;
    if (data == nullptr) {
        return;
    }
    sample.topic = data->topic;
    sample.from = data->id.origin;
    for (const mesh::Destination& destination : data->destinations) {
        sample.to.push_back(destination.node);
    }
    sample.qos = data->qos;
    sample.payload_bytes = data->payload.size();
}

std::vector<DropSample> DropSamples::take() {
    has_.fill(false);
    return std::exchange(samples_, {});
}

}  // namespace kith::node
