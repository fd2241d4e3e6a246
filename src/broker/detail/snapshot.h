// Retained messages for new subscriptions, a chunk at a time.
//
// The shards that own topics match them once and keep the list; they send a chunk and wait until
// the session's shard asks for more, which it does when the client's socket and queue have room. So
// a subscription to a million retained messages costs one list of references and no burst. A
// session is sent one snapshot at a time, so that a client that subscribes again and again does not
// cost one list each. The chunks share the link with live messages, and a value that has been
// replaced since is left out: no older value of a topic follows a newer one. Limits: one snapshot
// under way a session; those that wait are marks on its subscriptions. Threads: shard-local; each
// shard is owner for some topics and client for its sessions.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "broker/detail/retained_message.h"
#include "broker/detail/shard_context.h"
#include "runtime/task.h"

namespace kith::broker {

class Session;

class SnapshotServer final : public runtime::Task {
  public:
    explicit SnapshotServer(ShardContext& context) : context_(context) {}

    /// Sends the session the retained messages of a subscription that it has, in its turn; nothing
    /// if it has no such subscription any more. Requires: connected; not shared.
    void request(Session& session, std::string_view filter);
    /// The subscription is about to end: what was not sent yet is not sent [MQTT-3.10.4-2].
    void withdraw(Session& session, Subscription& subscription);

    // The session's side.
    /// A message of a chunk, from the owner of its topic.
    void on_part(ShardId owner, const MessageHeader& header, const bus::Message& message);
    /// An owner has sent all it has.
    void on_owner_done(SessionId session, std::uint64_t snapshot);
    /// The client may take more now.
    void on_room(Session& session);
    void on_session_left(Session& session);

    // The owner's side.
    struct Request {
        ShardId shard;
        SessionId session;
        std::string filter;
        SubscriptionOptions options;
        std::uint32_t identifier = 0;
    };
    void start(std::uint64_t snapshot, const Request& request);
    /// The session's shard wants the next chunk.
    void go_on(std::uint64_t snapshot);
    void cancel(std::uint64_t snapshot);
    void run_task() override;
    /// What has expired leaves the disk, too. Called whenever the retained store was searched.
    void forget_expired();

  private:
    /// What one session is being sent, and what it waits for.
    struct Asking {
        std::uint64_t snapshot = 0;          // under way; 0 is none
        std::string filter;                  // its subscription
        std::size_t owner_count = 0;         // that are not done with it
        std::vector<ShardId> has_more;       // owners that wait to be asked
        std::deque<SubscriptionId> waiting;  // whose turn will come, each once
    };
    struct Job {
        Request request;
        std::vector<RetainedRef> messages;
        std::size_t next = 0;
    };

    [[nodiscard]] SubscriptionIndex& index() { return context_.space(kDefaultTenant).index; }
    void ask_next(Session& session);
    void cancel_asked(const Asking& asking);
    [[nodiscard]] RetainedRef next_of(Job& job);
    /// True if the job is done.
    bool send_chunk(std::uint64_t snapshot, Job& job);
    void tell(ShardId owner, void (SnapshotServer::*what)(std::uint64_t), std::uint64_t snapshot);
    template <typename Visit>
    void for_each_owner(std::string_view filter, Visit&& visit) const;

    ShardContext& context_;
    boost::unordered_flat_map<SessionId, Asking> asking_;
    std::uint64_t last_snapshot_ = 0;
    boost::unordered_flat_map<std::uint64_t, Job> jobs_;
    std::vector<std::uint64_t> ready_;
};

}  // namespace kith::broker
