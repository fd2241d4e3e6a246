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
    std::string text;
    json::Writer json(text);
    json.begin_object();
    write_record(json, issued.record);
    if (!issued.certificate_pem.empty()) {
        json.field("certificate", issued.certificate_pem);
    }
    if (!issued.private_key_pem.empty()) {
        json.field("key", issued.private_key_pem);
    }
    json.end_object();
    return json_response(std::move(text), 201);
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
    state_->parts.certificates.list(
        call.parameters.at(0),
        [respond](const Result<std::vector<storage::CertificateRecord>>& records) {
            if (!records) {
                respond(to_response(to_problem(records.error(), "machine")));
                return;
            }
            std::string text;
            json::Writer json(text);
            json.begin_object();
            json.key("items");
            json.begin_array();
            for (const storage::CertificateRecord& record : *records) {
                json.begin_object();
                write_record(json, record);
                json.end_object();
            }
            json.end_array();
            json.null_field("next");
            json.end_object();
            respond(json_response(std::move(text)));
        });
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
    if (body.problem()) {
        respond(to_response(*body.problem()));
        return;
    }
    const auto refused = [respond](const Error& error) {
        respond(to_response(to_problem(error, "certificate")));
    };
    if (!foreign.empty()) {
        state_->parts.certificates.map(
            order, foreign, [respond, refused](const Result<storage::CertificateRecord>& record) {
                record ? respond(created(
                             {.record = *record, .certificate_pem = {}, .private_key_pem = {}}))
                       : refused(record.error());
            });
        return;
    }
    state_->parts.certificates.issue(
        order, [respond, refused](const Result<access::IssuedCertificate>& issued) {
            issued ? respond(created(*issued)) : refused(issued.error());
        });
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
    state_->parts.certificates.revoke(
        order_of(call, state_->parts.shard.wall_now()), fingerprint,
        [respond](const Status& revoked) {
            respond(revoked ? no_content()
                            : to_response(to_problem(revoked.error(), "certificate")));
        });
}

}  // namespace kith::api
