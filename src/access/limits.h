// The limits of access, each with its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace kith::access {

/// A claim link can be used once, within this time of the start that printed it.
inline constexpr Duration kClaimLifetime = 15min;
inline constexpr std::size_t kClaimCodeBytes = 16;  // 128 bits

/// Wrong passwords for a name from an address before a pause, and the pause: at most ten guesses a
/// minute.
inline constexpr std::uint32_t kTriesMax = 5;
inline constexpr Duration kTriesPause = 30s;
/// Wrong passwords from one address, whatever the names, and for one name, wherever from, before
/// who is not known yet has to pause too. Many machines may share an address.
inline constexpr std::uint32_t kAddressTriesMax = 20;
inline constexpr std::uint32_t kNameTriesMax = 50;
/// A name that got in from an address is known there for so long; about 200 bytes each.
inline constexpr Duration kKnownMemory = 7 * 24h;
inline constexpr std::size_t kKnownMax = 65'536;
/// Wrong passwords are forgotten after this time without another.
inline constexpr Duration kTriesMemory = 15min;
/// Names and addresses remembered; above it the one seen longest ago is forgotten.
inline constexpr std::size_t kThrottleKeysMax = 4096;

/// A console session ends after this time without a request, and after this time in any case.
inline constexpr Duration kSessionIdle = 12h;
inline constexpr Duration kSessionLifetime = 7 * 24h;
/// Sessions at one time, all users together and of one user; the oldest makes room.
inline constexpr std::size_t kSessionsMax = 1000;
inline constexpr std::size_t kSessionsPerUserMax = 20;
inline constexpr std::size_t kSessionIdBytes = 32;
inline constexpr std::size_t kCsrfTokenBytes = 32;

/// The control store is asked this often whether a tool has changed it.
inline constexpr Duration kStoreCheckInterval = 1s;
/// An unknown token has the store asked at once, but no more often than this.
inline constexpr Duration kStoreCheckIntervalMin = 100ms;
/// Unknown tokens that wait for that answer on one shard; more are refused at once.
inline constexpr std::size_t kUnknownTokensMax = 1024;

/// Passwords of clients that are being checked, on one shard; more are refused at once. The pool
/// that hashes them has a bound of its own (runtime/limits.h), which is reached first.
inline constexpr std::size_t kPasswordsPendingMax = 1024;
/// Passwords that were right not long ago: no hash is needed for the same one again. About 150
/// bytes each.
inline constexpr std::size_t kVerifiedMax = 65'536;
inline constexpr Duration kVerifiedMemory = 24h;

/// Names of users, tokens and roles, in bytes.
inline constexpr std::size_t kNameBytesMax = 64;
/// Random bytes of a password that is generated: 192 bits.
inline constexpr std::size_t kGeneratedPasswordBytes = 24;
/// Claim codes of devices: random bytes (128 bits), devices of one code, and how long one lives.
inline constexpr std::size_t kDeviceCodeBytes = 16;
inline constexpr std::uint32_t kDeviceCodeUsesMax = 100'000;
inline constexpr std::chrono::seconds kDeviceCodeLifetimeMax = std::chrono::hours(365 * 24);
inline constexpr std::chrono::seconds kDeviceCodeLifetimeDefault = std::chrono::hours(24);
/// Notes on machines and claim codes, in bytes.
inline constexpr std::size_t kNoteBytesMax = 1024;
/// Shortest password, in bytes; the longest is crypto::kPasswordBytesMax.
inline constexpr std::size_t kPasswordBytesMin = 8;

/// Rules of one topic role, and the bytes of their text: people write and read them. They bound
/// what a publish to a topic that no rule allows may cost.
inline constexpr std::size_t kRulesPerRoleMax = 256;
inline constexpr std::size_t kRuleTextBytesMax = 32 * 1024;
/// Topic roles of one principal; further ones give nothing.
inline constexpr std::size_t kTopicRolesMax = 16;
/// Bytes of a file of roles.
inline constexpr std::size_t kRoleFileBytesMax = 1024 * 1024;
/// Different sets of roles for which a shard keeps the compiled rights.
inline constexpr std::size_t kRightsKeptMax = 1024;
/// JSON web tokens: bytes and nesting of one, and how far its clock may be from ours.
inline constexpr std::size_t kJwtBytesMax = 8192;
inline constexpr std::size_t kJwtDepthMax = 8;
inline constexpr Duration kJwtLeeway = 60s;
/// Issuer and subject stand in names of principals; topic roles of one token.
inline constexpr std::size_t kJwtNameBytesMax = 256;
inline constexpr std::size_t kJwtTopicRolesMax = 16;
/// Signatures verified on one shard in a second, a tenth of a core; more are refused at once.
inline constexpr std::uint32_t kJwtChecksPerSecondMax = 1000;
/// How often the file with the keys is looked at.
inline constexpr Duration kJwksCheckInterval = 5s;
/// A set of keys: bytes, keys, and the length of a key's name.
inline constexpr std::size_t kJwkSetBytesMax = 256 * 1024;
inline constexpr std::size_t kJwksMax = 64;
inline constexpr std::size_t kKidBytesMax = 256;

/// Refused sign-ins of one name from one address within this time are one line of the audit, or
/// two; so many names with an address at a time. 100,000 lines then last for days of any attack.
inline constexpr std::chrono::milliseconds kRefusalFoldSpan = 10min;
inline constexpr std::size_t kRefusalKeysMax = 64;

}  // namespace kith::access
