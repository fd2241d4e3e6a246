// What is on disk, and how the disk does.
#include "api/detail/answers.h"
#include "api/detail/handlers.h"

namespace kith::api {
namespace {

struct StorageView {
    const Totals& totals;
    const NodeFacts& node;
};

void write(json::Writer& json, const StorageView& view) {
    const Totals& totals = view.totals;
    json.begin_object();
    json.field("state", view.node.is_store_healthy ? "ok" : "degraded");
    json.key("reason");
    view.node.store_reason.empty() ? json.null() : json.value(view.node.store_reason);
    json.key("files");
    json.begin_array();
    for (const Totals::StoreFile& file : totals.store_files) {
        json.begin_object();
        json.field("name", file.name);
        json.field("bytes", file.bytes);
        json.end_object();
    }
    json.end_array();
    json.field("messages", totals.store_messages);
    json.field("queued", totals.broker.queued_messages);
    json.field("queued_bytes", totals.broker.queued_bytes);
    json.field("spilled", totals.broker.spilled_messages);
    json.field("spilled_bytes", totals.broker.spilled_bytes);
    json.field("pending_bytes", totals.store_pending_bytes);
    json.field("commits", totals.store_commits);
    json.field("commit_us_p99", totals.commit_us_p99);
    json.field("commit_us_max", totals.commit_us_max);
    json.field("commit_failures", totals.store_failures);
    json.field("reads", totals.store_reads);
    json.field("read_failures", totals.store_read_failures);
    json.field("last_recovery_ms", view.node.recovery_ms);
    json.end_object();
}

}  // namespace

void Handlers::get_storage(const Call&, const Respond& respond) {
    state_->parts.backend.totals([this, respond](const Totals& totals) {
        const NodeFacts node = state_->parts.backend.node();
        std::string body;
        json::Writer json(body);
        write(json, StorageView{.totals = totals, .node = node});
        respond(json_response(std::move(body)));
    });
}

}  // namespace kith::api
