// The mutant that acknowledges before the commit, which a test of durability must catch.
//
// Everything is said to be committed as soon as it is submitted; the commit follows when it does.
// Threads: as storage::Journal says.
#pragma once

#include <memory>

#include "base/log.h"
#include "storage/journal.h"

namespace kith::test {

[[nodiscard]] std::unique_ptr<storage::Journal> make_hasty_journal(
    std::unique_ptr<storage::MessageStore> store, std::uint16_t shard_count,
    storage::CommitListener& listener, const Log& log);

}  // namespace kith::test
