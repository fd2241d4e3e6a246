// Retained messages for new subscriptions, a chunk at a time.
//
// The shards that own topics match them once and keep the list; they send a chunk and wait until
// the session's shard asks for more, which it does when the client's socket and queue have room. So
// a subscription to a million retained messages costs one list of references and no burst. The
// chunks share the link with live messages, and a value that has been replaced since is left out:
// no older value of a topic follows a newer one. Threads: shard-local; each shard is owner for some
// topics and client for its sessions.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <vector>

#include "broker/detail/shard_context.h"
#include "broker/detail/stored_message.h"
#include "runtime/task.h"

namespace kith::broker {

class Session;

class SnapshotServer final : public runtime::Task {
  public:
    explicit SnapshotServer(ShardContext& context) : context_(context) {}

    /// Asks the owners of all topics that `filter` can match to send their retained messages.
    void request(Session& session, bus::TopicFilter filter, SubscriptionOptions options,
                 std::uint32_t identifier);

    // The session's side.
    /// A message of a chunk.
    void on_part(const MessageHeader& header, const bus::Message& message);
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
    void start(const Request& request);
    /// The session's shard wants the next chunk.
    void go_on(std::uint64_t snapshot);
    void cancel(std::uint64_t snapshot);
    void run_task() override;
    /// What has expired leaves the disk, too. Called whenever the retained store was searched.
    void forget_expired();

  private:
    struct Job {
        Request request;
        std::vector<MessageRef> messages;
        std::size_t next = 0;
    };

    /// True if the job is done.
    bool send_chunk(std::uint64_t snapshot, Job& job);
    void ask_more(std::uint64_t snapshot);
    void tell_owner(std::uint64_t snapshot, void (SnapshotServer::*what)(std::uint64_t));

    ShardContext& context_;
    boost::unordered_flat_map<std::uint64_t, Job> jobs_;
    std::vector<std::uint64_t> ready_;
    boost::unordered_flat_map<SessionId, std::vector<std::uint64_t>> waiting_;
    std::uint64_t last_job_ = 0;
};

}  // namespace kith::broker
