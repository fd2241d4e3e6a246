// The members of one shared subscription: `$share/group/filter` (MQTT 5.0, section 4.8.2).
//
// Lives on the shard that (group, filter) hashes to; members live anywhere. Each message goes to
// one member: round robin among those that are connected and take more, then among those that are
// connected, then among those that sleep durably. Threads: shard-local.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "broker/detail/group_ref.h"
#include "broker/detail/subscription.h"

namespace kith::broker {

struct ShareMember {
    ShardId shard;
    SessionId session;
    std::uint32_t identifier = 0;
    SubscriptionOptions options;
    bool is_durable = false;  // keeps messages while it is not connected
    bool is_connected = false;
    bool is_open = true;  // its window and socket take more
};

class ShareGroup {
  public:
    ShareGroup(GroupRef ref, std::string_view filter) : ref_(ref), filter_(filter) {}

    /// Adds a member or replaces what is known of it.
    void put(const ShareMember& member);
    /// True if it was a member.
    bool remove(SessionId session);
    /// True if the member has come: it was there, and not connected before.
    bool set_state(SessionId session, bool is_connected, bool is_open);

    enum class Sleepers : std::uint8_t { Allowed, Excluded };
    /// Who gets the next message, `except` not; null if nobody can take it.
    [[nodiscard]] const ShareMember* pick(SessionId except = {},
                                          Sleepers sleepers = Sleepers::Allowed);

    /// What other nodes call it; 0 without a mesh.
    void set_mesh_id(std::uint64_t id) { mesh_id_ = id; }
    [[nodiscard]] std::uint64_t mesh_id() const { return mesh_id_; }

    [[nodiscard]] GroupRef ref() const { return ref_; }
    [[nodiscard]] const std::string& filter() const { return filter_; }
    [[nodiscard]] const std::vector<ShareMember>& members() const { return members_; }
    [[nodiscard]] bool empty() const { return members_.empty(); }
    [[nodiscard]] bool is_durable() const;

  private:
    [[nodiscard]] ShareMember* find(SessionId session);

    GroupRef ref_;
    std::string filter_;
    std::vector<ShareMember> members_;
    std::size_t turn_ = 0;
    std::uint64_t mesh_id_ = 0;
};

}  // namespace kith::broker
