// Oracles that look at the frames between nodes: how often a message comes by, and what nodes tell
// of their interest.
//
// Both read the wire, not the nodes. Limits: kMessagesMax messages are watched; the oldest are
// forgotten.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "sim/event.h"
#include "sim/ledger.h"
#include "sim/verdicts.h"
#include "wire/mesh/frames.h"

namespace kith::sim {

/// Whether every topic that `narrow` matches is matched by `wide`, too.
[[nodiscard]] bool covers(std::string_view wide, std::string_view narrow);

/// No message comes to a node more than twice for the same destination. More is allowed only for
/// what has reason to: a change of neighbours anywhere while it is on its way or shortly before,
/// when routes still follow it, and a retransmission each second. A message of QoS 0, of which
/// nobody keeps anything, may also go around during that time until its hops end.
class VisitOracle {
  public:
    explicit VisitOracle(Verdicts& verdicts) : verdicts_(verdicts) {}

    void on_data(NodeIndex node, const mesh::Data& data, Instant now);
    /// A neighbour came, went or fell silent somewhere.
    void on_change(Instant now);
    /// A message had no hops left.
    void on_hop_limit(NodeIndex node, Instant now);

    static constexpr std::size_t kMessagesMax = 20'000;

  private:
    struct Watched {
        Instant first_at;
        std::size_t first_change = 0;  // that counts for it
        std::map<std::pair<NodeIndex, mesh::NodeId>, std::uint32_t> visits;
    };

    [[nodiscard]] bool has_changed_since(Instant at) const {
        return !changes_.empty() && changes_.back() > at;
    }

    Verdicts& verdicts_;
    std::map<mesh::DataId, Watched> messages_;
    std::deque<mesh::DataId> oldest_first_;
    std::vector<Instant> changes_;  // in order
};

/// What each node has told of its interest, as it went over the wires.
class InterestOracle {
  public:
    explicit InterestOracle(Verdicts& verdicts) : verdicts_(verdicts) {}

    void on_record(const mesh::Record& record);
    /// Everything that is subscribed has been told. Requires: nothing changes just now.
    void judge(const std::vector<Subscription>& subscriptions, Instant now);

  private:
    struct Entry {
        std::string group;
        std::string filter;
    };
    struct Part {
        mesh::Version version;
        std::vector<Entry> entries;
    };

    Verdicts& verdicts_;
    std::map<std::pair<mesh::NodeId, std::uint16_t>, Part> told_;
};

}  // namespace kith::sim
