// The broker's fixed limits, each with its unit and its reason. Those a user may set are in
// options.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace kith::broker {

/// Longest client id, in bytes: it is a key in tables and a level in topics.
inline constexpr std::size_t kClientIdBytesMax = 256;

/// What a user may set: the smallest largest packet, in bytes, that a CONNECT or an answer fits in;
/// the most messages of a session, and of its window, which all have packet ids (OutboundQueue).
inline constexpr std::uint32_t kPacketBytesMin = 1024;
inline constexpr std::size_t kSessionQueueMessagesLimit = 10'000'000;
inline constexpr std::size_t kSessionWindowMessagesLimit = 32'000;

/// Messages that were under way when a session's queue was full and that it takes all the same,
/// while their publishers wait.
inline constexpr std::size_t kQueueOverrunMessagesMax = 22'000;

/// Messages of a durable session that are in memory, however little memory there is: a client that
/// is connected gets on.
inline constexpr std::size_t kQueueWindowMessagesMin = 16;

/// Messages and bytes that one read brings back from disk, at most: about a millisecond.
inline constexpr std::size_t kQueueReadMessagesMax = 256;
inline constexpr std::size_t kQueueReadBytesMax = 512 * 1024;

/// Largest CONNECT, in bytes: nobody is known yet who would answer for more. Holds the four fields
/// of 64 KiB that a CONNECT has.
inline constexpr std::size_t kConnectBytesMax = 320 * 1024;

/// Unsent bytes of one connection above which QoS 0 messages to it are dropped at once.
/// Back-pressure stops its publishers long before; this bounds what arrives until they have
/// stopped.
inline constexpr std::size_t kUnsentBytesMax = 8 * 1024 * 1024;

/// Unsent bytes of one connection above which it is not read any more, so that a client that asks
/// and never reads the answers cannot fill the memory. Above kUnsentBytesMax, so that only answers
/// count: two brokers that write to each other must both go on reading.
inline constexpr std::size_t kUnansweredBytesMax = kUnsentBytesMax + 1024 * 1024;

/// Bytes of changes that wait for the disk, above which their publishers are held back. Of the
/// node; shared evenly by the shards.
inline constexpr std::size_t kUncommittedBytesMax = 64 * 1024 * 1024;

/// Actions that wait for the disk, above which those who ask for more are held back, whatever bytes
/// they change: an UNSUBSCRIBE of nothing waits too. Of the node; shared evenly by the shards.
inline constexpr std::size_t kUncommittedActionsMax = 256 * 1024;

/// Members of a shared group that are asked in turn to take one message.
inline constexpr std::uint8_t kGroupHopsMax = 8;

/// Messages of one session under way to other members of their groups at a time, so that a long
/// queue does not become one burst.
inline constexpr std::size_t kReturnsUnderWayMax = 256;

/// Messages of one topic that wait until earlier ones have been read, above which publishers are
/// held back.
inline constexpr std::size_t kFencedMessagesMax = 256;

/// Retained messages that one shard sends a new subscription before it waits to be asked for more.
inline constexpr std::size_t kSnapshotChunkMessages = 256;
inline constexpr std::size_t kSnapshotChunkBytes = 64 * 1024;

/// Traces at a time: a mark that messages carry has a bit for each. Bytes of a payload that a trace
/// shows, if it is asked to.
inline constexpr std::size_t kTracesMax = 4;
inline constexpr std::size_t kTracePayloadBytes = 256;

/// Topics of one shard that the console is told of in one sample; of more that have changed the
/// rest comes with the next ones. A sample is a copy of each name and the start of its last
/// payload.
inline constexpr std::size_t kTopicsDrainedMax = 8192;

/// Topics that a session whose roles allow only some remembers as allowed: as many as a machine
/// usually publishes to in turn. They take memory of those alone that publish.
inline constexpr std::size_t kAllowedTopicsMax = 4;

/// Refusals by roles of the last minute that were told of, of one shard; more are only counted.
inline constexpr std::size_t kDenialsRememberedMax = 1024;

/// Sessions whose subscriptions are judged in one turn after roles have changed.
inline constexpr std::size_t kJudgedAtOnceMax = 1000;

/// Bytes of one slice of a session that moves to another node, and of one batch of messages that
/// follow it: a few milliseconds of a slow link.
inline constexpr std::size_t kMovePartBytes = 128 * 1024;
/// Bytes of one item of a session that moves: the largest message with what belongs to it.
inline constexpr std::size_t kMoveItemBytesMax = 256 * 1024 * 1024 + 256 * 1024;
/// Messages of one batch that follows.
inline constexpr std::size_t kMoveBatchMessagesMax = 256;
/// A node that says nothing for so long is not reachable, and a client begins anew.
inline constexpr Duration kMoveAskTimeout = 2s;
/// What was not answered is said again after this.
inline constexpr Duration kMoveRepeat = 150ms;
/// The same where no client waits for it.
inline constexpr Duration kMoveRepeatIdle = 1s;
/// Old routes are used for so long after all nodes know of the new one, by what was under way.
inline constexpr Duration kMoveGrace = 2s;
/// Old routes are used for longer by nodes that could not be told of the new one, or whose messages
/// are still on their way: how often they are asked, which of so many, and of more nodes only those
/// that could not be reached.
inline constexpr Duration kMoveFlushRepeat = 10s;
inline constexpr std::size_t kMoveFlushNodesMax = 32;
inline constexpr std::size_t kMoveAwayNodesMax = 4'096;
/// Messages that came in two ways are told apart for so long at least after a session has moved;
/// the names of so many are remembered, and so many nodes that may send behind it.
inline constexpr Duration kMoveWatch = 60s;
inline constexpr std::size_t kMoveSeenMax = 16'384;
inline constexpr std::size_t kMoveOwnersMax = 16;
/// What could not be forwarded for so long is given up, and counted: its owner is gone for good.
inline constexpr Duration kMoveRemainsLifetime = 24h;
/// Nodes that are asked for one client, each of which says that another one has the session.
inline constexpr unsigned kMoveHopsMax = 4;
/// What remains of sessions that have moved and is forwarded at a time, of one shard.
inline constexpr std::size_t kMoveForwardsAtOnce = 64;
/// How often moves look at the time.
inline constexpr Duration kMoveTick = 20ms;

}  // namespace kith::broker
