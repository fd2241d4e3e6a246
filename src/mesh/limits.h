// Limits and times of the mesh core, with their reasons.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace kith::mesh {

/// Routers in one area; link state beyond that wants areas.
inline constexpr std::size_t kNodesMax = 2000;
/// Links to one neighbour: wired and radio, two addresses of each.
inline constexpr std::size_t kLinksPerNeighborMax = 4;
/// Sessions with neighbours; discovery keeps 6, a hub that many leaves dial takes this many.
inline constexpr std::size_t kNeighborSessionsMax = 255;

/// A link on which nothing came for this many of the promised intervals is down: 3.2 of them, so
/// that three lost hellos are no death.
inline constexpr int kHelloPatienceTenths = 32;
/// A link that stalls and speaks again, as a stream does that loses segments, has so much more
/// patience at most: beyond, its neighbour may as well be dead. One silence counts as this at most,
/// so that a neighbour that slept is not waited for as long again.
inline constexpr Duration kStallPatienceMax = 3s;
inline constexpr Duration kStallMax = 1500ms;
inline constexpr Duration kStallHalfLife = 10s;
/// A link that is down may come back for so long; then it is closed, and its host dials anew.
inline constexpr Duration kLinkLinger = 10s;
/// A frame that asks for a receipt and got none: no sooner than this, whatever the round trip.
inline constexpr Duration kReceiptPatienceMin = 60ms;
/// Probes of a neighbour that does not answer, and the time between two of them.
inline constexpr int kProbes = 3;
inline constexpr Duration kProbeInterval = 30ms;
/// A direction is active for so long after data went or came.
inline constexpr Duration kActiveFor = 1s;
/// A timer that is called so late has slept: what came in the meantime may wait unread.
inline constexpr Duration kTimerLateMin = 10ms;
/// One that is called this late leaves time for an answer, too.
inline constexpr Duration kSleepMin = 100ms;
/// With so many neighbours, silence of more than half of them is rather this node's own fault.
inline constexpr std::size_t kSelfDoubtNeighborsMin = 2;
/// Receipts are sent after this, or with what goes back anyway.
inline constexpr Duration kReceiptDelay = 10ms;

/// Smoothing of costs, and how long one has to differ before it is told.
inline constexpr Duration kCostHalfLife = 4s;
inline constexpr Duration kCostChangeMin = 2s;

/// Telling the neighbours of a node that changed: at once, then after that, then after that.
inline constexpr Duration kOriginationDelaySecond = 100ms;
inline constexpr Duration kOriginationDelayMax = 5s;
/// A record that was not acknowledged is sent again.
inline constexpr Duration kRecordRetransmitInterval = 100ms;
inline constexpr Duration kRecordRetransmitIntervalMax = 2s;
/// While more records than this leave a node within that time, those that follow are gathered for
/// as long: a mesh that starts, not one that changes.
inline constexpr std::size_t kRecordsAtOnce = 64;
inline constexpr Duration kRecordGather = 10ms;
/// Acknowledgements of records leave no sooner than this after the last, unless there are so many.
inline constexpr Duration kRecordAckDelay = 10ms;
inline constexpr std::size_t kRecordAcksWaitingMax = 32;
/// Records live this long without being told again, and are told again at a third of it.
inline constexpr Duration kRecordLifetime = 24h;
inline constexpr Duration kRecordRefreshInterval = 8h;
/// A record that has less to live is not taken: where it came from forgets it as well.
inline constexpr Duration kRecordLeftMin = 60s;
/// Bytes of records that one origin may have, beyond which its newest are refused and counted.
inline constexpr std::size_t kOriginRecordBytesMax = 256U << 10U;
/// What a node tells of interest and machines goes at once up to this many times in a second, and
/// beyond that at the latest after kInterestDelayMax.
inline constexpr int kInterestChangesPerSecond = 50;
inline constexpr Duration kInterestDelayMax = 1s;
/// Bytes of records that wait for a neighbour's acknowledgement; the others wait their turn.
inline constexpr std::size_t kRecordBytesInFlightMax = 64U << 10U;
/// A neighbour that does not acknowledge a record gets it this often, then only if it asks.
inline constexpr int kRecordSendsMax = 12;
/// Two neighbours that stay different compare what they have no sooner than after these.
inline constexpr Duration kRecordSyncInterval = 200ms;
inline constexpr Duration kRecordSyncIntervalMax = 60s;

/// Entries of the common state: retained messages, deleted ones, sessions. 48 bytes each; what is
/// beyond is not shared, and counted.
inline constexpr std::size_t kStateEntriesMax = 2'000'000;
/// A stamp that is more than this ahead of a clock is refused.
inline constexpr Duration kStampAheadMax = 60s;
/// A clock that shows less was never set: 2026-01-01.
inline constexpr std::int64_t kClockBelievedFromMs = 1'767'225'600'000;
/// That an entry was deleted is known for so long, to whoever was away.
inline constexpr Duration kTombstoneLifetime = 24h;
/// Whether there is something to forget is looked at so often.
inline constexpr Duration kStateForgetInterval = 10min;
/// Entries that wait to be sent to one neighbour; what is beyond, digests find again.
inline constexpr std::size_t kStateOutboxMax = 65'536;
/// Entries listed to one neighbour in answer to one digest.
inline constexpr std::size_t kStateListedMax = 65'536;
/// Two neighbours whose state stays different compare it no sooner than after these.
inline constexpr Duration kStateSyncInterval = 200ms;
inline constexpr Duration kStateSyncIntervalMax = 60s;
/// An entry that came by repair is told to subscribers once its writer says that all it had sent
/// before has arrived, and it was not among that. The writer is asked after the first of these, and
/// not waited for beyond the second.
inline constexpr Duration kStateAskDelay = 500ms;
inline constexpr Duration kStateAskPatience = 60s;

/// Computing routes: at once, then no sooner than these after one another.
inline constexpr Duration kSpfDelayFirst = 5ms;
inline constexpr Duration kSpfDelaySecond = 100ms;
inline constexpr Duration kSpfDelayMax = 1s;

/// Records in which a node tells its filters, and their bytes. While all filters fit, a part has
/// the usual size, so that a change tells little; the largest takes any one filter.
inline constexpr std::size_t kInterestParts = 128;
inline constexpr std::size_t kInterestPartBytesUsual = 512;
inline constexpr std::size_t kInterestPartBytesMax = 1536;
/// Topics whose receivers are remembered, and the bytes of that; in two halves, of which the one
/// that was not asked for lately goes when the other is full.
inline constexpr std::size_t kMatchCacheTopicsMax = 8192;
inline constexpr std::size_t kMatchCacheBytesMax = 2U << 20U;

/// A subscribe waits this long for the whole mesh to know of it.
inline constexpr Duration kBarrierTimeout = 250ms;
/// Subscribes that arrive within this share one wave.
inline constexpr Duration kBarrierCoalesce = 10ms;
/// Waves of all nodes that one node takes part in at the same time.
inline constexpr std::size_t kWavesMax = 4096;

/// Positions that a destination remembers beyond the first that is missing, per origin.
inline constexpr std::size_t kStreamWindow = 65536;
/// Bytes of messages that wait behind a gap, in one stream and in all. Whose turn it is always goes
/// through.
inline constexpr std::size_t kStreamBytesMax = 8U << 20U;
inline constexpr std::size_t kStreamsBytesMax = 64U << 20U;
/// Origins of which a destination remembers what was delivered; beyond it, who cannot be reached
/// and has nothing waiting is forgotten, the longest gone first.
inline constexpr std::size_t kStreamOriginsMax = 2 * kNodesMax;
/// Ranges of places of one stream that were given up and may still come. Beyond it the oldest is
/// forgotten: who comes after that comes too late.
inline constexpr std::size_t kStreamRangesMax = 64;
/// A gap in a stream whose origin cannot be reached, or has started anew since, is given up after
/// this, and counted. Longer than what is left at the origin may wait until it is sent again.
inline constexpr Duration kStreamGapPatience = 60s;
/// Messages of one stream that are on their way at the same time; the rest wait at the origin. Well
/// below kStreamWindow, so that a destination never has to send one back.
inline constexpr std::size_t kStreamInFlightMax = 8192;
/// The same in bytes, which the last one may exceed.
inline constexpr std::size_t kStreamInFlightBytesMax = 16U << 20U;
/// Bytes of messages of others that a node keeps until those behind have acknowledged them. Beyond,
/// messages are given back to whom they came from, who knows another way or keeps them longer.
inline constexpr std::size_t kRelayBytesMax = 32U << 20U;
/// Bytes of messages of one class that are under way over one link; the rest waits where it is
/// held. A receipt makes room, at the latest after kReceiptDelay and a round trip: so 1 MiB is
/// 10 MB/s over a link of 100 ms, and with one large message more in each class still less than
/// what a link's queue takes.
inline constexpr std::size_t kLinkWindowBytes = 1U << 20U;
/// What a message counts there beside its bytes, which limits small ones in number: to 4,096.
inline constexpr std::size_t kLinkWindowMessageBytes = 256;
/// Messages that are given up at once when many lapse together, and how soon one is looked at again
/// that has lapsed and waits behind others for a node that can be reached.
inline constexpr std::size_t kLapsesAtOnce = 256;
inline constexpr Duration kLapseInterval = 60s;
/// Messages and bytes that are fetched from the disk at the same time, once there is a way again.
inline constexpr std::size_t kFetchesMax = 256;
inline constexpr std::size_t kFetchBytesMax = 4U << 20U;
/// A destination that has not handed on a message for so long says that it has it.
inline constexpr Duration kDeliveryPatience = 500ms;
/// What nobody acknowledged is sent again after this, then after twice as long each time.
inline constexpr Duration kCustodyRetransmitInterval = 1s;
inline constexpr Duration kCustodyRetransmitIntervalMax = 30s;
/// A message for a member of a share group that cannot be reached goes to another one after so many
/// tries: after 7 s, or less if routes have changed meanwhile.
inline constexpr std::uint8_t kGroupTries = 3;
/// Circuits of which a node is one of the two ends, and those that it carries for others. More are
/// refused, and counted.
inline constexpr std::size_t kCircuitsMax = 64;
inline constexpr std::size_t kCircuitsCarriedMax = 256;
/// Bytes of a circuit, in each direction, that were sent and not taken at the other end: 13 MB/s
/// over 10 ms.
inline constexpr std::size_t kCircuitWindowBytes = 128U << 10U;
/// Bytes of all circuits that are under way over one link; what carries messages is not kept busy
/// for longer by them.
inline constexpr std::size_t kCircuitLinkBytes = 256U << 10U;
/// Bytes of circuits of others that wait for room on a link. More are dropped, and sent again.
inline constexpr std::size_t kCircuitQueueBytesMax = 8U << 20U;
/// What was received and needs not be told at once is told after this.
inline constexpr Duration kCircuitRoomDelay = 50ms;
/// What nobody has received is sent again after this, then after twice as long each time.
inline constexpr Duration kCircuitResend = 1s;
inline constexpr Duration kCircuitResendMax = 8s;
/// A circuit that is opened, and one that has lost its way, looks for one for so long, and each
/// time after this.
inline constexpr Duration kCircuitOpenPatience = 5s;
inline constexpr Duration kCircuitWayPatience = 15s;
inline constexpr Duration kCircuitWayInterval = 250ms;
/// An end that has nothing to say says so after this; one that hears nothing for longer ends the
/// circuit, and those between forget it.
inline constexpr Duration kCircuitAliveInterval = 20s;
inline constexpr Duration kCircuitSilenceMax = 65s;
/// Flows of QoS 0 whose last message a destination remembers; of others, order is not judged.
inline constexpr std::size_t kFlowsMax = 65536;

}  // namespace kith::mesh
