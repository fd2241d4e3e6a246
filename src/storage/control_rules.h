// What a record must satisfy to get into a control store, whichever store it is.
#pragma once

#include "base/result.h"
#include "storage/control_store.h"

namespace kith::storage {

/// Errors: Invalid for an empty id, name or role; Limit for a text above kControlTextBytesMax.
[[nodiscard]] Status check_token(const TokenRecord& token);
/// Errors: as check_token.
[[nodiscard]] Status check_user(const UserRecord& user);
/// Errors: as check_token; a hash may be empty.
[[nodiscard]] Status check_machine(const MachineRecord& machine);
/// Errors: as check_token.
[[nodiscard]] Status check_certificate(const CertificateRecord& certificate);
/// Errors: as check_token; Invalid without a use.
[[nodiscard]] Status check_claim_code(const ClaimCodeRecord& code);
/// Errors: as check_token.
[[nodiscard]] Status check_role(const RoleRecord& role);
/// Whether `machine` may redeem `code` at machine.created_at; `existing` is the machine of this
/// name, or null. Errors: Denied, Conflict.
[[nodiscard]] Status check_redeeming(const ClaimCodeRecord& code, const MachineRecord& machine,
                                     const MachineRecord* existing);
/// Errors: Invalid for an empty key; Limit for a key or value above kControlTextBytesMax.
[[nodiscard]] Status check_setting(std::string_view key, std::string_view value);
/// Errors: Limit for a text above kControlTextBytesMax.
[[nodiscard]] Status check_audit(const AuditRecord& record);

}  // namespace kith::storage
