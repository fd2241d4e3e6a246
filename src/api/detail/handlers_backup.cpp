// Answers about backups: start one, look how far it is, fetch it.
#include "api/detail/answers.h"
#include "api/detail/handlers.h"

namespace kith::api {
namespace {

void write(json::Writer& json, const BackupFacts& facts) {
    json.begin_object();
    json.field("state", facts.is_running ? "running" : "idle");
    if (facts.is_running) {
        json.field("started_at", facts.started_at);
        json.field("bytes_done", facts.bytes_done);
        json.field("bytes_total", facts.bytes_total);
    }
    json.key("last");
    if (!facts.last) {
        json.null();
    } else {
        const BackupRun& last = *facts.last;
        json.begin_object();
        json.field("result", last.problem.empty() ? "made" : "failed");
        json.field("started_at", last.started_at);
        json.field("ended_at", last.ended_at);
        json.field("file", std::string_view(last.file));
        json.field("bytes", last.bytes);
        if (!last.problem.empty()) {
            json.field("problem", std::string_view(last.problem));
        }
        json.end_object();
    }
    json.end_object();
}

http::Response state_of(const Backups& backups, std::uint16_t status) {
    std::string body;
    json::Writer json(body);
    write(json, backups.facts());
    return json_response(std::move(body), status);
}

storage::AuditRecord audit_line(const Call& call, std::string what) {
    return {.who = call.caller.principal,
            .what = std::move(what),
            .detail = {},
            .from_address = call.remote.to_string()};
}

/// What came of a backup that was asked for as `line` says.
storage::AuditRecord outcome_of(const BackupRun& run, storage::AuditRecord line) {
    const bool is_made = run.problem.empty();
    line.what = is_made ? "backup.made" : "backup.failed";
    line.detail = is_made ? run.file : run.problem;
    line.outcome = is_made ? "ok" : "failed";
    return line;
}

}  // namespace

void Handlers::get_backup(const Call&, const Respond& respond) {
    respond(state_of(state_->parts.backups, 200));
}

void Handlers::post_backup(const Call& call, const Respond& respond) {
    const storage::AuditRecord line = audit_line(call, "backup.start");
    const Status started = state_->parts.backups.start(
        [registry = &state_->parts.registry, line](const BackupRun& run) {
            registry->append_audit(outcome_of(run, line));
        });
    if (!started) {
        respond(error_response(started.error(), "backup"));
        return;
    }
    state_->parts.registry.append_audit(line);
    respond(state_of(state_->parts.backups, 202));
}

void Handlers::get_backup_file(const Call& call, const Respond& respond) {
    if (state_->downloads.is_full()) {
        respond(to_response({.status = 503,
                             .code = "backup.busy",
                             .detail = "others are fetching it; try again when they are done"}));
        return;
    }
    Result<BackupFile> file = state_->parts.backups.open();
    if (!file) {
        respond(error_response(file.error(), "backup"));
        return;
    }
    http::Response response;
    response.headers.add("Content-Type", "application/x-tar");
    response.headers.add("Content-Disposition", "attachment; filename=\"" + file->name + "\"");
    response.headers.add("Cache-Control", "no-store");
    response.headers.add("Connection", "close");
    response.streamed_bytes = file->content->size_bytes();
    Reply reply(std::move(response));
    if (call.request.method == http::Method::Get) {
        storage::AuditRecord line = audit_line(call, "backup.fetch");
        line.detail = file->name;
        state_->parts.registry.append_audit(std::move(line));
        // std::function wants to be copied, what it holds does not.
        reply.upgrade = [this, content = std::make_shared<std::unique_ptr<ByteSource>>(
                                   std::move(file->content))](
                            std::unique_ptr<runtime::Stream> stream, const std::string&) {
            state_->downloads.add(std::move(stream), std::move(*content));
        };
    }
    respond(std::move(reply));
}

}  // namespace kith::api
