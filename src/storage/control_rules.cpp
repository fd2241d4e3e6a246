#include "storage/control_rules.h"

#include <initializer_list>

#include "storage/limits.h"

namespace kith::storage {
namespace {

Status check_texts(std::initializer_list<std::string_view> texts) {
    for (const std::string_view text : texts) {
        if (text.size() > kControlTextBytesMax) {
            return fail(ErrorKind::Limit, "a text of the control plane is longer than 64 KiB");
        }
    }
    return {};
}

Status check_not_empty(std::initializer_list<std::string_view> texts) {
    for (const std::string_view text : texts) {
        if (text.empty()) {
            return fail(ErrorKind::Invalid, "an id, name, role or key is empty");
        }
    }
    return {};
}

}  // namespace

Status check_token(const TokenRecord& token) {
    TRY(check_not_empty({token.id, token.name, token.role}));
    return check_texts({token.id, token.name, token.role, token.topic_roles, token.machine});
}

Status check_user(const UserRecord& user) {
    TRY(check_not_empty({user.name, user.role, user.password_hash}));
    return check_texts({user.name, user.role, user.password_hash, user.scram});
}

Status check_machine(const MachineRecord& machine) {
    TRY(check_not_empty({machine.name}));
    return check_texts(
        {machine.name, machine.note, machine.topic_roles, machine.password_hash, machine.scram});
}

Status check_certificate(const CertificateRecord& certificate) {
    TRY(check_not_empty({certificate.machine}));
    return check_texts({certificate.machine, certificate.subject, certificate.serial});
}

Status check_claim_code(const ClaimCodeRecord& code) {
    TRY(check_not_empty({code.id}));
    if (code.uses_left == 0) {
        return fail(ErrorKind::Invalid, "a claim code without a use");
    }
    return check_texts({code.id, code.note, code.machine, code.topic_roles, code.created_by});
}

Status check_role(const RoleRecord& role) {
    TRY(check_not_empty({role.name}));
    return check_texts({role.name, role.rules, role.note});
}

Status check_redeeming(const ClaimCodeRecord& code, const MachineRecord& machine,
                       const MachineRecord* existing) {
    if (machine.created_at >= code.expires_at) {
        return fail(ErrorKind::Denied, "the claim code has expired");
    }
    if (!code.machine.empty() && code.machine != machine.name) {
        return fail(ErrorKind::Denied, "the claim code is for another machine");
    }
    if (code.machine.empty() && existing != nullptr) {
        return fail(ErrorKind::Conflict, "a machine of this name exists");
    }
    if (existing != nullptr && !existing->is_enabled) {
        return fail(ErrorKind::Denied, "the machine is disabled");
    }
    return {};
}

Status check_setting(std::string_view key, std::string_view value) {
    TRY(check_not_empty({key}));
    return check_texts({key, value});
}

Status check_audit(const AuditRecord& record) {
    return check_texts(
        {record.who, record.what, record.detail, record.from_address, record.outcome});
}

}  // namespace kith::storage
