// Where connections that other nodes forward to here end: at services that this node can reach.
//
// Each comes as a circuit with TLS inside, by certificates of the mesh: relays read nothing, and
// who calls is who the certificate says, not who the circuit says. It names a service; if the rules
// allow it, this node connects and joins the two. Threads: shard-local; names are looked up on a
// BlockingPool. Limits: kCircuitsMax, kForwardTargetMax, kForwardConnectMax.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mesh/live/forward_rules.h"
#include "mesh/live/forward_splice.h"
#include "mesh/live/link_security.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard.h"
#include "runtime/task.h"
#include "wire/mesh/forward.h"

namespace kith::mesh {

inline constexpr std::size_t kForwardVerdictCount = 5;

struct ForwardDeskCounters {
    std::array<std::uint64_t, kForwardVerdictCount> verdicts{};  // Broken: after it was accepted
    std::uint64_t strangers = 0;  // did not show who they are, or not what they want
    std::uint64_t bytes_in = 0;   // to services, of those that are over
    std::uint64_t bytes_out = 0;
};

/// What became of one, for logs.
struct ForwardNews {
    NodeId node;
    std::string target;
    enum class Kind : std::uint8_t { Opened, Refused, Closed } kind = Kind::Opened;
    std::string why;         // of Refused, and of Closed if something was wrong
    ForwardSummary summary;  // of Closed
};

class ForwardDesk final : private runtime::Task {
  public:
    struct Ports {
        LinkSecurity& security;        // with kMeshForwardAlpn
        runtime::BlockingPool& names;  // outlives the desk
        std::function<void(const ForwardNews&)> on_news;
    };
    ForwardDesk(runtime::Shard& shard, ForwardRules rules, Ports ports);
    ~ForwardDesk();

    /// A circuit that came.
    void accept(std::unique_ptr<runtime::Stream> circuit);
    /// For those to come.
    void set_rules(ForwardRules rules) { rules_ = std::move(rules); }

    /// Ends those of a node: it does not belong any more.
    void expel(NodeId who);

    [[nodiscard]] std::size_t open_count() const { return visits_.size(); }
    [[nodiscard]] const ForwardDeskCounters& counters() const { return counters_; }

  private:
    class Visit;
    using VisitId = std::uint64_t;

    void resolve(VisitId id, const std::string& target);
    void end(VisitId id);
    void note(const ForwardNews& news, ForwardVerdict verdict);
    void run_task() override;

    runtime::Shard& shard_;
    ForwardRules rules_;
    Ports ports_;
    ForwardDeskCounters counters_;
    VisitId last_visit_ = 0;
    std::map<VisitId, std::unique_ptr<Visit>> visits_;
    std::vector<std::unique_ptr<Visit>> ended_;  // until the turn is over
    // shared_ptr: mail with addresses may arrive after the desk has gone; null then.
    std::shared_ptr<ForwardDesk*> self_token_;
};

}  // namespace kith::mesh
