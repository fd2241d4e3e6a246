// Records and changes as lines of text, for comparing stores and batches in tests.
#pragma once

#include <string>

#include "storage/journal.h"
#include "storage/write_batch.h"

namespace kith::storage::testing {

/// One line for each change, in order.
[[nodiscard]] std::string to_text(const WriteBatch& batch);

/// Recovers the store and shows its whole content, one line for each row, in the order of recovery.
/// A failure is a line of its own.
[[nodiscard]] std::string to_text(MessageStore& store);

}  // namespace kith::storage::testing
