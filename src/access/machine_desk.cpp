#include "access/machine_desk.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "access/names.h"
#include "base/check.h"
#include "base/hex.h"

namespace kith::access {
namespace {

/// The fingerprint that a line of changes names: 64 hexadecimal digits.
std::optional<storage::Digest> digest_of(std::string_view hex) {
    storage::Digest digest{};
    const std::vector<std::uint8_t> bytes = from_hex(hex);
    if (bytes.size() != digest.size()) {
        return std::nullopt;
    }
    std::ranges::copy(bytes, digest.begin());
    return digest;
}

}  // namespace

/// What one look into the store brought.
struct MachineDesk::Visit {
    ShownCertificate certificate;
    std::optional<storage::CertificateRecord> record;
    std::string name;  // of the machine; empty: none
    std::optional<storage::MachineRecord> machine;

    Status look_up(storage::ControlStore& store, CertificateName rule) {
        TRY_ASSIGN(record, store.find_certificate(certificate.fingerprint));
        name = record ? record->machine : named_by(rule);
        if (check_machine_name(name)) {
            TRY_ASSIGN(machine, store.find_machine(name));
        }
        return {};
    }

    [[nodiscard]] std::string named_by(CertificateName rule) const {
        if (certificate.is_own) {
            return {};
        }
        switch (rule) {
            case CertificateName::Off:
                return {};
            case CertificateName::CommonName:
                return certificate.common_name;
            case CertificateName::DnsName:
                return certificate.dns_name;
            case CertificateName::UriName:
                return certificate.uri_name;
        }
        return {};
    }
};

ShownCertificate shown_certificate(const bus::AuthRequest& request) {
    ShownCertificate shown{.fingerprint = {},
                           .common_name = std::string(request.certificate_common_name),
                           .dns_name = std::string(request.certificate_dns_name),
                           .uri_name = std::string(request.certificate_uri_name),
                           .not_after = request.certificate_not_after,
                           .is_own = request.is_own_authority};
    CHECK(request.certificate_fingerprint.size() == shown.fingerprint.size());
    std::ranges::copy(request.certificate_fingerprint, shown.fingerprint.begin());
    return shown;
}

MachineDesk::MachineDesk(runtime::Shard& home, Registry& registry, CertificateName rule)
    : home_(&home), registry_(&registry), rule_(rule) {
    registry_->add_change_listener(
        [this](const storage::Changes& changes) { on_changes(changes); });
}

void MachineDesk::check_certificate(ShownCertificate certificate, Done done) {
    const auto visit = std::make_shared<Visit>();  // shared_ptr: the pool's work is copied
    visit->certificate = std::move(certificate);
    registry_->visit(
        [visit, rule = rule_](storage::ControlStore& store) { return visit->look_up(store, rule); },
        [this, visit, done = std::move(done)](const Status& looked_up) {
            if (!looked_up) {
                done(tl::unexpected(looked_up.error()));
                return;
            }
            Result<bus::Principal> judged = judge(*visit);
            ++(judged ? counters_.certificates_accepted : counters_.certificates_denied);
            if (!judged && visit->record && visit->record->revoked_at != WallTime()) {
                ++counters_.certificates_revoked;
            }
            done(std::move(judged));
        });
}

Result<bus::Principal> MachineDesk::judge(const Visit& visit) const {
    const auto denied = [](const char* why) { return fail(ErrorKind::Denied, why); };
    if (home_->wall_now() >= visit.certificate.not_after) {
        return denied("the certificate has expired");
    }
    if (visit.record && visit.record->revoked_at != WallTime()) {
        return denied("the certificate was revoked");
    }
    if (!visit.record && visit.certificate.is_own) {
        return denied("the certificate is not among those that this node has issued");
    }
    if (!check_machine_name(visit.name)) {
        return denied("the certificate names no machine");
    }
    if (visit.record && !visit.machine) {
        return denied("the certificate's machine is gone");
    }
    if (visit.machine && !visit.machine->is_enabled) {
        return denied("the machine is disabled");
    }
    bus::Principal principal;
    principal.name = "machine:" + visit.name;
    principal.role = bus::Role::Machine;
    principal.machine = visit.name;
    principal.expires_at = visit.certificate.not_after;
    if (visit.machine) {
        principal.topic_roles = split_topic_roles(visit.machine->topic_roles);
    }
    return principal;
}

void MachineDesk::check_machine(bus::Principal principal, Done done) {
    const std::string name = principal.machine;
    registry_->find_machine(
        name, [principal = std::move(principal), done = std::move(done)](
                  const Result<std::optional<storage::MachineRecord>>& machine) mutable {
            if (!machine) {
                done(tl::unexpected(machine.error()));
                return;
            }
            if (*machine && !(*machine)->is_enabled) {
                done(fail(ErrorKind::Denied, "the machine is disabled"));
                return;
            }
            if (*machine && principal.topic_roles.empty()) {
                principal.topic_roles = split_topic_roles((*machine)->topic_roles);
            }
            done(std::move(principal));
        });
}

/// A certificate that changed was revoked: whoever is in as its machine comes in anew, or not.
void MachineDesk::on_changes(const storage::Changes& changes) {
    for (const storage::Change& change : changes.items) {
        const auto fingerprint =
            change.table == "certificates" ? digest_of(change.key) : std::nullopt;
        if (!fingerprint) {
            continue;
        }
        const auto machine = std::make_shared<std::string>();  // shared_ptr: as above
        registry_->visit(
            [machine, fingerprint = *fingerprint](storage::ControlStore& store) -> Status {
                TRY_ASSIGN(const auto record, store.find_certificate(fingerprint));
                *machine = record ? record->machine : "";
                return {};
            },
            [this, machine](const Status& found) {
                if (found && !machine->empty()) {
                    registry_->end_principal("machine:" + *machine);
                }
            });
    }
}

}  // namespace kith::access
