// A world of stub nodes, and what they wrote down.
#pragma once

#include "sim/testing/stub_node.h"
#include "sim/world.h"

namespace kith::sim::testing {

struct StubWorld : IndifferentObserver {
    explicit StubWorld(NodeIndex node_count, std::uint64_t seed = 1)
        : world({.seed = seed,
                 .factory =
                     [this](const Birth& birth) {
                         epochs.push_back(birth.options.epoch);
                         return std::make_unique<StubNode>(birth, journal, 1s);
                     }},
                *this) {
        for (NodeIndex i = 0; i < node_count; ++i) {
            add({});
        }
    }

    virtual ~StubWorld() = default;

    void add(const HostOptions& options) {
        const NodeIndex index = world.add_node(options);
        world.call_at(world.now(), [this, index] {
            if (!world.host(index).is_running()) {
                world.start(index);
            }
        });
        world.run_until(world.now());
    }
    /// Wires that are added after the nodes have started are dialled with this.
    void run(Duration duration) {
        for (NodeIndex i = 0; i < world.node_count(); ++i) {
            if (!has_dialled) {
                world.network().start_node(i, Duration::zero());
            }
        }
        has_dialled = true;
        world.run_until(world.now() + duration);
    }
    [[nodiscard]] StubNode& node(NodeIndex index) {
        // The simulator's own participants; const only towards observers.
        return const_cast<StubNode&>(static_cast<const StubNode&>(world.host(index).participant()));
    }
    /// What was noted of frames by a node.
    [[nodiscard]] std::vector<std::string> frames(NodeIndex index) const {
        std::vector<std::string> texts;
        for (const StubJournal::Entry& entry : journal.entries) {
            if (entry.node == world.host(index).id().value() && entry.what != "up" &&
                entry.what != "down" && entry.what[0] != 'J') {
                texts.push_back(entry.what);
            }
        }
        return texts;
    }
    void on_malformed(NodeIndex node, NodeIndex from) override {
        malformed.emplace_back(node, from);
    }

    StubJournal journal;
    std::vector<std::uint32_t> epochs;
    std::vector<std::pair<NodeIndex, NodeIndex>> malformed;
    bool has_dialled = false;
    World world;
};

}  // namespace kith::sim::testing
