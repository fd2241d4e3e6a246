// What this shard's clients subscribe to, as the mesh is told; and the wait until it has heard.
//
// The mesh counts: each shard tells of a filter when the first who is not in a share group wants
// it and when the last has gone, and the owner of a share group tells of the group. What is the
// node's own business ($SYS and the like) stays here. Does nothing until open(). Threads:
// shard-local; what it tells goes to the first shard by mail.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/detail/shard_context.h"
#include "broker/detail/subscription_index.h"
#include "bus/mesh_port.h"
#include "runtime/task.h"

namespace kith::broker {

/// True if clients of other nodes share topics that match `filter`, or this very topic: all but
/// what a node says of itself. The directory of machines is below `$mesh/`, and shared.
[[nodiscard]] bool is_of_all_nodes(std::string_view topic_or_filter);

class MeshInterest {
  public:
    explicit MeshInterest(ShardContext& context) : context_(context), flush_task_(*this) {}

    /// From now on, and all that is there already. Requires: the first shard's FarSide is open.
    void open(bus::MeshPort& mesh);
    [[nodiscard]] bool is_open() const { return mesh_ != nullptr; }

    /// `filter` has the first who wants it here, or lost the last.
    void note_filter(std::string_view filter, bool is_wanted);
    /// A group that this shard owns comes or goes; `group_key` is "group/filter".
    void note_group(std::string_view group_key, bool is_wanted);
    /// False if it is the inbox of another node, or of this one as long as it is in no mesh.
    [[nodiscard]] bool may_read_inbox(std::string_view filter) const;
    /// Of this node in the mesh; empty if it is in none.
    [[nodiscard]] std::string_view own_id() const {
        return mesh_ == nullptr ? std::string_view() : mesh_->own_id();
    }
    /// Names the group towards other nodes.
    [[nodiscard]] std::uint64_t group_id(std::string_view group_key) const;

    /// Sends what was noted: mail that follows is behind it.
    void flush();
    /// `done(is_complete)` on this shard, when all that was noted here is known in the whole mesh.
    /// Requires: is_open().
    void barrier(std::function<void(bool)> done);

  private:
    struct Change {
        std::string share_group;
        std::string filter;
        bool is_wanted = false;
    };
    void note(std::string_view share_group, std::string_view filter, bool is_wanted);
    static void apply(bus::MeshPort& mesh, const std::vector<Change>& changes);

    class FlushTask final : public runtime::Task {
      public:
        explicit FlushTask(MeshInterest& interest) : interest_(interest) {}
        void run_task() override { interest_.flush(); }

      private:
        MeshInterest& interest_;
    };

    ShardContext& context_;
    FlushTask flush_task_;
    bus::MeshPort* mesh_ = nullptr;
    std::vector<Change> changes_;
};

}  // namespace kith::broker
