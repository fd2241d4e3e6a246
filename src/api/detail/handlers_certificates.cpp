// Answers about the certificates of machines.
#include "access/certificate_office.h"
#include "api/detail/answers.h"
#include "api/detail/body.h"
#include "api/detail/handlers.h"
#include "base/bytes.h"
#include "base/hex.h"

#include <algorithm>

namespace kith::api {
namespace {

/// The members that every answer about a certificate has.
void write_record(json::Writer& json, const storage::CertificateRecord& record) {
    json.field("fingerprint", to_hex(record.fingerprint));
    json.field("machine", record.machine);
    json.field("subject", record.subject);
    json.field("serial", record.serial);
    json.field("not_after", record.not_after);
    json.field("created_at", record.created_at);
    json.key("revoked_at");
    record.revoked_at == WallTime() ? json.null() : json.value(record.revoked_at);
}

http::Response created(const access::IssuedCertificate& issued) {
    return object_response(
        [&](json::Writer& json) {
            write_record(json, issued.record);
            if (!issued.certificate_pem.empty()) {
                json.field("certificate", issued.certificate_pem);
            }
            if (!issued.private_key_pem.empty()) {
                json.field("key", issued.private_key_pem);
            }
        },
        201);
}

access::CertificateOrder order_of(const Call& call, WallTime now) {
    return {.machine = call.parameters.at(0),
            .request_pem = {},
            .now = now,
            .ordered_by = call.caller.principal,
            .from_address = call.remote.to_string()};
}

}  // namespace

void Handlers::get_certificates(const Call& call, const Respond& respond) {
    using Records = std::vector<storage::CertificateRecord>;
    state_->parts.certificates.list(
        call.parameters.at(0), shown_or_problem(respond, "machine", [](const Records& records) {
            return list_response(records, [](json::Writer& json, const auto& record) {
                json.begin_object();
                write_record(json, record);
                json.end_object();
            });
        }));
}

void Handlers::post_certificate(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    access::CertificateOrder order = order_of(call, state_->parts.shard.wall_now());
    order.request_pem = body.optional_text("csr").value_or("");
    const std::string foreign = body.optional_text("certificate").value_or("");
    if (const auto days = body.optional_integer("days", 1, crypto::kClientLifetimeMax.count())) {
        order.lifetime = std::chrono::days(*days);
    }
    if (!foreign.empty() && !order.request_pem.empty()) {
        body.refuse("send `csr`, to have it signed, or `certificate`, to have it mapped");
    }
    if (is_refused(body, respond)) {
        return;
    }
    if (foreign.empty()) {
        state_->parts.certificates.issue(order, shown_or_problem(respond, "certificate", created));
        return;
    }
    state_->parts.certificates.map(
        order, foreign,
        shown_or_problem(respond, "certificate", [](const storage::CertificateRecord& record) {
            return created({.record = record, .certificate_pem = {}, .private_key_pem = {}});
        }));
}

void Handlers::delete_certificate(const Call& call, const Respond& respond) {
    const std::vector<std::uint8_t> bytes = from_hex(call.parameters.at(1));
    storage::Digest fingerprint{};
    if (bytes.size() != fingerprint.size()) {
        respond(to_response({.status = 404,
                             .code = "certificate.unknown",
                             .detail = "a fingerprint has 64 hexadecimal digits"}));
        return;
    }
    std::ranges::copy(bytes, fingerprint.begin());
    state_->parts.certificates.revoke(order_of(call, state_->parts.shard.wall_now()), fingerprint,
                                      done_or_problem(respond, "certificate"));
}

}  // namespace kith::api
