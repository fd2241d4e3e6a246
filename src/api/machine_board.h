// The machines that this node knows, as a list to be searched, sorted and leafed through.
//
// A copy of all sessions is gathered when somebody looks, at most once a second, and less often
// where there are very many, so that looking does not disturb what is looked at. Rates are between
// two such copies. Threads: shard-local.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/backend.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/shard.h"

namespace kith::api {

struct MachineRow {
    broker::ClientView view;
    double messages_in_per_s = 0;
    double messages_out_per_s = 0;
    std::uint64_t changed_number = 0;  // grows with every change of this row
};

enum class MachineState : std::uint8_t { All, Online, Offline };
enum class MachineOrder : std::uint8_t { Id, LastSeen, MessagesIn };

struct MachineQuery {
    std::string text;  // in id, user or address, without regard to case
    MachineState state = MachineState::All;
    MachineOrder order = MachineOrder::Id;
    std::size_t limit = 100;
    std::string cursor;  // as MachinePage gave it; empty for the first page
};

struct MachinePage {
    std::vector<const MachineRow*> rows;  // borrowed until the next refresh
    std::string next;                     // empty on the last page
    std::size_t total = 0;                // of all pages
    std::size_t online = 0;               // of these
};

class MachineBoard {
  public:
    /// Both outlive the board.
    MachineBoard(runtime::Shard& shard, Backend& backend) : shard_(&shard), backend_(&backend) {}

    /// Calls `done` when the list is fresh enough: at once, or after asking the node.
    void refresh(std::function<void()> done);

    /// Errors: Invalid for a cursor that this board did not give.
    [[nodiscard]] Result<MachinePage> list(const MachineQuery& query) const;
    /// Null if it is not known.
    [[nodiscard]] const MachineRow* find(std::string_view id) const;
    [[nodiscard]] const std::vector<MachineRow>& rows() const { return rows_; }
    [[nodiscard]] std::uint64_t change_number() const { return change_number_; }

    /// How old the list may become before it is gathered again.
    [[nodiscard]] Duration refresh_interval() const;

  private:
    void take(std::vector<broker::ClientView> views);

    runtime::Shard* shard_;
    Backend* backend_;
    std::vector<MachineRow> rows_;  // by id
    std::vector<std::function<void()>> waiting_;
    Instant taken_at_;
    bool is_taken_ = false;
    std::uint64_t change_number_ = 0;
};

}  // namespace kith::api
