// What a record must satisfy to get into a control store, whichever store it is.
#pragma once

#include "base/result.h"
#include "storage/control_store.h"

namespace kith::storage {

/// Errors: Invalid for an empty id, name or role; Limit for a text above kControlTextBytesMax.
[[nodiscard]] Status check_token(const TokenRecord& token);
/// Errors: as check_token.
[[nodiscard]] Status check_user(const UserRecord& user);
/// Errors: Invalid for an empty key; Limit for a key or value above kControlTextBytesMax.
[[nodiscard]] Status check_setting(std::string_view key, std::string_view value);
/// Errors: Limit for a text above kControlTextBytesMax.
[[nodiscard]] Status check_audit(const AuditRecord& record);

}  // namespace kith::storage
