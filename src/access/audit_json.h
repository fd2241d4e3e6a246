// A line of the audit as JSON: what `kith audit --json` prints and GET /api/v1/audit answers.
//
// One function, so that both say the same. Threads: one at a time.
#pragma once

#include "storage/control_store.h"

namespace kith::json {
class Writer;
}

namespace kith::access {

void write_audit_record(json::Writer& json, const storage::AuditRecord& record);

}  // namespace kith::access
