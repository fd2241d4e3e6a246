// Answers from the audit: who changed what, when, from where, and how it ended.
#include <charconv>
#include <memory>

#include "access/audit_json.h"
#include "api/detail/answers.h"
#include "api/detail/body.h"
#include "api/detail/handlers.h"
#include "api/limits.h"
#include "base/rfc3339.h"

namespace kith::api {
namespace {

/// The texts of a query, kept for the store's thread.
struct AuditRequest {
    std::string who;
    std::string what;
    std::string from_address;
    WallTime since;
    std::int64_t before_id = 0;
    std::size_t count_max = kRowsDefault;
};

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_whole = error == std::errc() && end == text.data() + text.size();
    return is_whole && number >= 0 ? std::optional(number) : std::nullopt;
}

AuditRequest request_of(QueryReader& query) {
    AuditRequest request{.who = query.text("who"),
                         .what = query.text("what"),
                         .from_address = query.text("from"),
                         .since = {},
                         .before_id = 0,
                         .count_max = query.limit()};
    if (query.has("since")) {
        const auto since = parse_rfc3339(query.text("since"));
        if (!since) {
            query.refuse("`since` is a time like 2026-05-02T10:00:00Z");
        }
        request.since = since.value_or(WallTime());
    }
    if (query.has("cursor")) {
        const auto cursor = number_of(query.text("cursor"));
        if (!cursor) {
            query.refuse("`cursor` is what `next` said");
        }
        request.before_id = cursor.value_or(0);
    }
    return request;
}

http::Response audit_response(const std::vector<storage::AuditRecord>& records,
                              std::size_t count_max) {
    return object_response([&](json::Writer& json) {
        write_items(json, records, access::write_audit_record);
        json.key("next");
        records.size() < count_max ? json.null() : json.value(std::to_string(records.back().id));
    });
}

}  // namespace

void Handlers::get_audit(const Call& call, const Respond& respond) {
    QueryReader query(call.request.query);
    const AuditRequest request = request_of(query);
    if (is_refused(query, respond)) {
        return;
    }
    // Shared with the work on the store's thread, which ends before the answer is given.
    const auto records = std::make_shared<std::vector<storage::AuditRecord>>();
    state_->parts.registry.visit(
        [records, request](storage::ControlStore& store) -> Status {
            TRY_ASSIGN(*records, store.audit({.who = request.who,
                                              .what = request.what,
                                              .from_address = request.from_address,
                                              .since = request.since,
                                              .before_id = request.before_id,
                                              .count_max = request.count_max}));
            return {};
        },
        [records, respond, request](const Status& done) {
            respond(done ? audit_response(*records, request.count_max)
                         : error_response(done.error(), "audit"));
        });
}

}  // namespace kith::api
