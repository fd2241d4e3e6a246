#include "access/audit_json.h"

#include "json/writer.h"

namespace kith::access {

void write_audit_record(json::Writer& json, const storage::AuditRecord& record) {
    json.begin_object();
    json.field("id", record.id);
    json.field("at", record.at);
    json.field("who", record.who);
    json.field("what", record.what);
    json.field("detail", record.detail);
    json.field("from", record.from_address);
    json.field("outcome", record.outcome);
    json.end_object();
}

}  // namespace kith::access
