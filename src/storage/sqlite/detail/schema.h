// How a database file gets its tables, and how an older file becomes a newer one.
//
// PRAGMA application_id says whose file it is, PRAGMA user_version which step it has reached. Steps
// run in order, each in one transaction with its number, so that a crash leaves a whole step.
#pragma once

#include <cstdint>
#include <span>

#include "storage/sqlite/detail/database.h"

namespace kith::storage::detail {

/// SQL that takes a file from version index to index + 1.
using SchemaStep = const char*;

struct Schema {
    std::int32_t application_id;
    std::span<const SchemaStep> steps;
};

/// Brings an empty or older file to the newest version. Errors: Corrupt for a file of another
/// application, Unsupported for one of a newer version, Io, Unavailable.
[[nodiscard]] Status migrate(Database& database, const Schema& schema);

/// messages.db and control.db: docs/formats.
[[nodiscard]] Schema message_schema();
[[nodiscard]] Schema control_schema();

}  // namespace kith::storage::detail
