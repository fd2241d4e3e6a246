#include "mesh/detail/route_table.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mesh/limits.h"

namespace kith::mesh {

void RouteTable::touch(Instant now) {
    if (due_at_ != Instant::never()) {
        return;
    }
    constexpr std::array kDelays{kSpfDelayFirst, kSpfDelaySecond, kSpfDelayMax};
    if (now - computed_at_ >= kSpfDelayMax) {
        burst_ = 0;
    }
    const Duration delay = kDelays[std::min<std::size_t>(burst_, kDelays.size() - 1)];
    due_at_ = std::max(now + kSpfDelayFirst, computed_at_ + delay);
    ++burst_;
}

void RouteTable::hurry(Instant now) {
    touch(now);
    due_at_ = std::min(due_at_, now + kSpfDelayFirst);
}

void RouteTable::compute(Graph graph, Instant now) {
    graph_ = std::move(graph);
    const NodeIndex self = graph_.index_of(self_);
    routes_ = self == kNoIndex ? std::vector<Route>(graph_.size()) : compute_routes(graph_, self);
    due_at_ = Instant::never();
    computed_at_ = now;
}

RouteTable::Hops RouteTable::hops(NodeId destination) const {
    const NodeIndex index = graph_.index_of(destination);
    if (index == kNoIndex || destination == self_) {
        return {};
    }
    const Route& route = routes_[index];
    const auto id = [this](NodeIndex hop) { return hop == kNoIndex ? NodeId() : graph_.node(hop); };
    return {id(route.next_hop), id(route.alternative)};
}

std::uint32_t RouteTable::cost(NodeId node) const {
    const NodeIndex index = graph_.index_of(node);
    return index == kNoIndex ? kUnreachable : routes_[index].cost;
}

std::vector<RouteView> RouteTable::views() const {
    std::vector<RouteView> views;
    for (NodeIndex index = 0; index < graph_.size(); ++index) {
        const NodeId node = graph_.node(index);
        if (node != self_) {
            const Hops way = hops(node);
            views.push_back({node, way.next_hop, way.alternative, routes_[index].cost});
        }
    }
    return views;
}

}  // namespace kith::mesh
