// The runtime's limits, each with its unit and its reason.
#pragma once

#include <cstddef>

#include "base/time.h"

namespace kith::runtime {

/// One read buffer a shard, in bytes: a loopback or LAN burst in one call.
inline constexpr std::size_t kReadBufferBytes = 64 * 1024;

/// Most bytes read from one stream in one turn, so that one busy peer does not starve the others.
inline constexpr std::size_t kReadBytesPerTurnMax = 256 * 1024;

/// One pooled output chunk, in bytes, and the idle chunks a shard keeps.
inline constexpr std::size_t kChunkBytes = 16 * 1024;
inline constexpr std::size_t kIdleChunksMax = 64;

/// The first chunk of an empty queue, in bytes: one small message to each of many subscribers in
/// one turn must not cost a large chunk each. And the idle ones that a shard keeps.
inline constexpr std::size_t kSmallChunkBytes = 2 * 1024;
inline constexpr std::size_t kIdleSmallChunksMax = 1024;

/// A shared block of at least this many bytes is referenced by an output queue, not copied.
inline constexpr std::size_t kReferenceBytesMin = 2 * 1024;

/// A stream is congested above the high mark, in bytes of output, until it is below the low one.
inline constexpr std::size_t kOutputHighBytes = 1024 * 1024;
inline constexpr std::size_t kOutputLowBytes = 256 * 1024;

/// Most pieces handed to one writev call.
inline constexpr std::size_t kGatherMax = 64;

/// After close(), how long the other side may take to close too.
inline constexpr Duration kCloseGrace = 5s;

/// How long a TLS handshake may take, from the wrapped stream's first turn to the finished message.
inline constexpr Duration kTlsHandshakeMax = 20s;

/// TLS handshakes under way on one shard, each some 50 KB; more connections are closed at once.
inline constexpr std::size_t kTlsHandshakesMax = 1024;

/// How long a TLS session ticket is good for, in seconds; how long one key encrypts new tickets.
/// An older key still opens its tickets while they are good, so there are at most three.
inline constexpr long kTlsTicketSeconds = 7200;
inline constexpr Duration kTlsTicketKeyLifetime = 1h;

/// Certificates between a client's own and one that is trusted.
inline constexpr int kTlsChainDepthMax = 4;

/// How often deferred work (or the flush phase) may queue more of itself within one turn; the rest
/// waits for the next turn. WebSocket over TLS over TCP flushes in three rounds.
inline constexpr std::size_t kTaskRoundsMax = 4;

/// Readiness events taken from the kernel by one poll.
inline constexpr std::size_t kEventsPerPollMax = 256;

/// Connections accepted from one listener in one turn; the rest wait for the next turn.
inline constexpr std::size_t kAcceptsPerTurnMax = 64;

/// Largest datagram taken or sent, in bytes: what the protocols here use fits an Ethernet frame.
inline constexpr std::size_t kDatagramBytesMax = 4096;

/// Datagrams read with one system call, and handled on one port in one turn.
inline constexpr std::size_t kDatagramBatch = kReadBufferBytes / kDatagramBytesMax;
inline constexpr std::size_t kDatagramsPerTurnMax = 128;

/// Network interfaces that one port joins a multicast group on.
inline constexpr std::size_t kMulticastInterfacesMax = 16;
/// Addresses of one interface that are looked at.
inline constexpr std::size_t kInterfaceAddressesMax = 8;

/// How long a listener waits when the process is out of descriptors or memory; peers wait in the
/// kernel's backlog meanwhile.
inline constexpr Duration kAcceptPause = 100ms;

/// TCP keep-alive: a silent peer is probed after the idle time and gone after the last probe.
inline constexpr int kKeepaliveIdleSeconds = 60;
inline constexpr int kKeepaliveIntervalSeconds = 15;
inline constexpr int kKeepaliveProbes = 4;

/// Timer resolution. Timers fire up to this much late, never early.
inline constexpr Duration kTimerTick = 1ms;

/// Mail that one shard can have waiting at another before it keeps the rest on its own side.
inline constexpr std::size_t kMailboxSlots = 1024;

/// A shard runs a sleeping peer's turn itself, instead of waking the peer's thread, if its own turn
/// has taken less than this until then and has no more than so many streams to flush: a thread
/// takes longer to wake than a small turn to run. Larger turns are worth a second core.
inline constexpr Duration kLendTurnMax = 20us;
inline constexpr std::size_t kLendFlushesMax = 2;

/// Work that waits for the blocking pool; more is refused with Limit.
inline constexpr std::size_t kBlockingQueueMax = 256;

}  // namespace kith::runtime
