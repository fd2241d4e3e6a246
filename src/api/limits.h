// The limits of the HTTP API and of what it keeps in memory, each with its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace kith::api {

/// Connections at one time; a further one is answered 503 and closed.
inline constexpr std::size_t kConnectionsMax = 1000;

/// From the first byte of a request (or the start of a connection) to the end of its head.
inline constexpr Duration kHeadTimeout = 10s;
/// From the end of a head to the end of its body.
inline constexpr Duration kBodyTimeout = 30s;
/// Between requests of one connection.
inline constexpr Duration kIdleTimeout = 60s;
/// A response that a client does not take makes no progress for at most this long.
inline constexpr Duration kStalledTimeout = 30s;

/// Bodies of requests, in bytes: most are a few words; a publish may carry the largest payload in
/// base64 beside its topic and properties.
inline constexpr std::size_t kSmallBodyBytesMax = 8 * 1024;
inline constexpr std::size_t kPublishBodyBytesMax = 2 * 1024 * 1024;

/// The rules of a role, in JSON: kRuleTextBytesMax of access, of which many may be escaped.
inline constexpr std::size_t kRoleBodyBytesMax = 80 * 1024;

/// Rows of one answer.
inline constexpr std::size_t kRowsDefault = 100;
inline constexpr std::size_t kRowsMax = 1000;

/// Topics that the board remembers; the one unchanged longest makes room.
inline constexpr std::size_t kTopicsMax = 100'000;
/// Of the last payload of each, in bytes: enough to show and to search.
inline constexpr std::size_t kPayloadPrefixBytes = 256;
/// Numbers remembered of one topic, and of all together; the topic unchanged longest loses its own.
inline constexpr std::size_t kHistoryPointsMax = 300;
inline constexpr std::size_t kHistoryPointsTotalMax = 1'000'000;
/// Searches: bytes of the text, words and comparisons in it.
inline constexpr std::size_t kSearchBytesMax = 256;
inline constexpr std::size_t kSearchTermsMax = 8;

/// Usage is kept at this step for this long: one hour of graphs.
inline constexpr Duration kUsageStep = 2s;
inline constexpr std::size_t kUsageStepsMax = 1800;

/// How often the node is asked for its counters, and for topics while nobody watches any.
inline constexpr Duration kSampleInterval = 1s;
/// How often live clients are served; their updates are conflated in between.
inline constexpr Duration kLiveInterval = 200ms;
/// How often a live client hears that the node is there.
inline constexpr Duration kLivePingInterval = 5s;

/// Channels that one live client follows, topics and machines in one of them, and the bytes of one
/// of its requests.
inline constexpr std::size_t kFollowsMax = 32;
inline constexpr std::size_t kFollowedTopicsMax = 500;
inline constexpr std::size_t kFollowedMachinesMax = 200;
inline constexpr std::size_t kLiveRequestBytesMax = 256 * 1024;
/// Live clients at one time.
inline constexpr std::size_t kLiveClientsMax = 200;
/// Unsent bytes of a live client above which its updates wait and are conflated.
inline constexpr std::size_t kLiveUnsentBytesMax = 256 * 1024;
/// Unsent bytes of a WebSocket above which its peer may ask for no more: pongs and problems that it
/// has sent for and does not read. What the node sends by itself stops far below.
inline constexpr std::size_t kUnansweredBytesMax = 4 * 1024 * 1024;
/// Events that wait for one live client; the oldest are dropped.
inline constexpr std::size_t kLiveEventsMax = 100;
/// Messages a second on one messages channel: by default and at most.
inline constexpr std::uint32_t kLiveMessagesPerSecond = 50;
inline constexpr std::uint32_t kLiveMessagesPerSecondMax = 500;

/// Files on their way to clients at one time, and bytes of one that are read at a time.
inline constexpr std::size_t kDownloadsMax = 2;
inline constexpr std::size_t kDownloadStepBytes = 256 * 1024;

/// Of a message shown to people, in bytes.
inline constexpr std::size_t kShownPayloadBytes = 4096;
/// Machines whose recent messages are kept because somebody looked, messages of each, and how long
/// after the last look.
inline constexpr std::size_t kRecordedMachinesMax = 32;
inline constexpr std::size_t kRecordedMessagesMax = 200;
inline constexpr Duration kRecordedLifetime = 10min;

/// Events that are kept.
inline constexpr std::size_t kEventsMax = 1000;

/// Longest life of a token with an end, in seconds: ten years.
inline constexpr std::int64_t kTokenLifetimeSecondsMax = 3650LL * 24 * 3600;

/// Console files unpacked for a client without gzip, in bytes.
inline constexpr std::size_t kAssetBytesMax = 16 * 1024 * 1024;

/// A certificate or a signing request in PEM, in JSON.
inline constexpr std::size_t kCertificateBodyBytesMax = 64 * 1024;

}  // namespace kith::api
