#include "sim/verdicts.h"

#include <utility>

namespace kith::sim {

std::string_view to_string(Oracle oracle) {
    switch (oracle) {
        case Oracle::NoLoss:
            return "no-loss";
        case Oracle::ExactlyOnce:
            return "exactly-once";
        case Oracle::Order:
            return "order";
        case Oracle::NoLoops:
            return "no-loops";
        case Oracle::Convergence:
            return "convergence";
        case Oracle::Interest:
            return "interest";
        case Oracle::Memory:
            return "memory";
        case Oracle::IdleCost:
            return "idle-cost";
        case Oracle::Barrier:
            return "barrier";
        case Oracle::Determinism:
            return "determinism";
        case Oracle::Health:
            return "health";
    }
    return "unknown";
}

void Verdicts::broken(Oracle oracle, Instant at, std::string text) {
    ++count_;
    ++counts_[static_cast<std::size_t>(oracle)];
    if (findings_.size() < kFindingsMax) {
        findings_.push_back({.oracle = oracle, .at = at, .text = std::move(text)});
    }
}

}  // namespace kith::sim
