#include "access/certificate_office.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "base/hex.h"

namespace kith::access {
namespace {

storage::CertificateRecord record_of(const crypto::CertificateFacts& facts,
                                     const CertificateOrder& order) {
    storage::CertificateRecord record{.fingerprint = {},
                                      .machine = order.machine,
                                      .subject = facts.subject,
                                      .serial = facts.serial,
                                      .not_after = facts.not_after,
                                      .created_at = order.now,
                                      .revoked_at = {}};
    std::ranges::copy(from_hex(facts.fingerprint), record.fingerprint.begin());
    return record;
}

Status check_machine(storage::ControlStore& store, const std::string& name) {
    TRY_ASSIGN(const auto machine, store.find_machine(name));
    return machine ? Status() : fail(ErrorKind::NotFound, "there is no such machine");
}

Status audit(storage::ControlStore& store, const CertificateOrder& order, const char* what,
             const storage::Digest& fingerprint) {
    return store.append_audit({.at = order.now,
                               .who = order.ordered_by,
                               .what = what,
                               .detail = order.machine + " " + to_hex(fingerprint),
                               .from_address = order.from_address,
                               .outcome = "ok"});
}

/// What nobody could look up in the audit must not open anything.
Status add(storage::ControlStore& store, const storage::CertificateRecord& record,
           const CertificateOrder& order, const char* what) {
    TRY(store.add_certificate(record));
    if (const Status audited = audit(store, order, what, record.fingerprint); !audited) {
        static_cast<void>(store.remove_certificate(record.fingerprint));
        return audited;
    }
    return {};
}

}  // namespace

Result<IssuedCertificate> issue_certificate(storage::ControlStore& store,
                                            const crypto::Identity& authority,
                                            const CertificateOrder& order) {
    TRY(check_machine(store, order.machine));
    const crypto::ClientCertificateOptions options{
        .machine = order.machine, .lifetime = order.lifetime, .now = order.now};
    IssuedCertificate issued;
    if (order.request_pem.empty()) {
        TRY_ASSIGN(crypto::Identity made, crypto::issue_client_certificate(authority, options));
        issued.certificate_pem = std::move(made.certificate_pem);
        issued.private_key_pem = std::move(made.private_key_pem);
    } else {
        TRY_ASSIGN(issued.certificate_pem,
                   crypto::sign_client_request(authority, order.request_pem, options));
    }
    TRY_ASSIGN(const auto facts, crypto::read_certificate(issued.certificate_pem));
    issued.record = record_of(facts, order);
    TRY(add(store, issued.record, order, "certificate.issue"));
    return issued;
}

Result<storage::CertificateRecord> map_certificate(storage::ControlStore& store,
                                                   const std::string& pem,
                                                   const CertificateOrder& order) {
    TRY(check_machine(store, order.machine));
    TRY_ASSIGN(const auto facts, crypto::read_certificate(pem));
    if (facts.is_authority) {
        return fail(ErrorKind::Invalid, "that is the certificate of an authority, of no machine");
    }
    const storage::CertificateRecord record = record_of(facts, order);
    TRY(add(store, record, order, "certificate.map"));
    return record;
}

Status revoke_certificate(storage::ControlStore& store, const storage::Digest& fingerprint,
                          const CertificateOrder& order) {
    TRY_ASSIGN(const auto record, store.find_certificate(fingerprint));
    if (!record || record->machine != order.machine) {
        return fail(ErrorKind::NotFound, "the machine has no such certificate");
    }
    TRY(store.revoke_certificate(fingerprint, order.now));
    return audit(store, order, "certificate.revoke", fingerprint);
}

/// Runs `work` where the store is, and brings its answer home.
template <typename Answer>
void CertificateOffice::ask(std::function<Result<Answer>(storage::ControlStore&)> work,
                            std::function<void(Result<Answer>)> done) {
    const auto answer = std::make_shared<Answer>();  // shared_ptr: the pool's work is copied
    registry_->visit(
        [answer, work = std::move(work)](storage::ControlStore& store) -> Status {
            Result<Answer> found = work(store);
            if (!found) {
                // To who asks, a text that is no certificate is an argument that is wrong.
                const Error& error = found.error();
                return error.kind == ErrorKind::Malformed ? fail(ErrorKind::Invalid, error.text)
                                                          : tl::unexpected(error);
            }
            *answer = std::move(*found);
            return {};
        },
        [answer, done = std::move(done)](const Status& asked) {
            asked ? done(std::move(*answer)) : done(tl::unexpected(asked.error()));
        });
}

void CertificateOffice::issue(const CertificateOrder& order,
                              std::function<void(Result<IssuedCertificate>)> done) {
    ask<IssuedCertificate>(
        [authority = authority_, order](storage::ControlStore& store) {
            return issue_certificate(store, authority, order);
        },
        std::move(done));
}

void CertificateOffice::map(const CertificateOrder& order, const std::string& pem,
                            std::function<void(Result<storage::CertificateRecord>)> done) {
    ask<storage::CertificateRecord>(
        [order, pem](storage::ControlStore& store) { return map_certificate(store, pem, order); },
        std::move(done));
}

void CertificateOffice::list(
    const std::string& machine,
    std::function<void(Result<std::vector<storage::CertificateRecord>>)> done) {
    using Records = std::vector<storage::CertificateRecord>;
    ask<Records>(
        [machine](storage::ControlStore& store) -> Result<Records> {
            TRY(check_machine(store, machine));
            return store.certificates_of(machine);
        },
        std::move(done));
}

void CertificateOffice::revoke(const CertificateOrder& order, const storage::Digest& fingerprint,
                               std::function<void(Status)> done) {
    registry_->visit(
        [order, fingerprint](storage::ControlStore& store) {
            return access::revoke_certificate(store, fingerprint, order);
        },
        std::move(done));
}

}  // namespace kith::access
