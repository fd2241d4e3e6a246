// The directory of machines: `$mesh/dir/<machine>`, what a machine says of itself while it is
// connected.
//
// The machine publishes a JSON object; what is known of it is checked, completed with the node and
// the time, and retained, whatever the machine's RETAIN says. When its connection ends, the node
// that it was connected to clears the entry, unless it is another node's by now. Nothing of it is
// stored: a node that starts has no machines yet. Threads: shard-local. Limits: kEntry* below.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "broker/detail/shard_context.h"

namespace kith::broker {

class Session;

using bus::kDirectoryPrefix;

inline constexpr std::size_t kEntryBytesMax = 4096;
inline constexpr std::size_t kEntryWordsMax = 32;       // capabilities; topics
inline constexpr std::size_t kEntryWordBytesMax = 256;  // each of them, and other texts

/// What the node adds.
struct EntryFacts {
    std::string_view node;  // id in the mesh; empty: it is in none
    WallTime since;
};

/// The entry as it is kept. Of `said` these members count, and others are left out: `type`, which
/// is needed; `capabilities` and `topics`, lists of texts; `name` and `td`, texts. Errors:
/// Malformed, Limit.
[[nodiscard]] Result<std::string> complete_entry(std::string_view said, const EntryFacts& facts);
/// Whether an entry is of a machine that is connected to this node.
[[nodiscard]] bool is_entry_of(std::string_view entry, std::string_view node);

/// The machine of this session has gone.
void withdraw_entry(ShardContext& context, const Session& session);

}  // namespace kith::broker
