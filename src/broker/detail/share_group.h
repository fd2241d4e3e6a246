// The members of one shared subscription: `$share/group/filter` (MQTT 5.0, section 4.8.2).
//
// Lives on the shard that (group, filter) hashes to; members live anywhere. Each message goes to
// one member: round robin among those that are connected and take more, then among those that sleep
// durably. Threads: shard-local.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "broker/detail/subscription.h"

namespace kith::broker {

struct ShareMember {
    ShardId shard;
    SessionId session;
    std::uint32_t identifier = 0;
    SubscriptionOptions options;
    bool is_durable = false;
    bool is_connected = false;
    bool is_open = true;  // its window and queue take more
};

class ShareGroup {
  public:
    explicit ShareGroup(std::string_view filter) : filter_(filter) {}

    /// Adds a member or replaces what is known of it.
    void put(const ShareMember& member);
    /// True if it was a member.
    bool remove(SessionId session);
    void set_state(SessionId session, bool is_connected, bool is_open);

    /// Who gets the next message; null if nobody can take it.
    [[nodiscard]] const ShareMember* pick();

    [[nodiscard]] const std::string& filter() const { return filter_; }
    [[nodiscard]] bool empty() const { return members_.empty(); }
    [[nodiscard]] bool is_durable() const;
    [[nodiscard]] std::size_t member_count() const { return members_.size(); }

  private:
    [[nodiscard]] ShareMember* find(SessionId session);

    std::string filter_;
    std::vector<ShareMember> members_;
    std::size_t turn_ = 0;
};

}  // namespace kith::broker
