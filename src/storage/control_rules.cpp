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
    return check_texts({token.id, token.name, token.role});
}

Status check_user(const UserRecord& user) {
    TRY(check_not_empty({user.name, user.role, user.password_hash}));
    return check_texts({user.name, user.role, user.password_hash});
}

Status check_setting(std::string_view key, std::string_view value) {
    TRY(check_not_empty({key}));
    return check_texts({key, value});
}

Status check_audit(const AuditRecord& record) {
    return check_texts({record.who, record.what, record.detail});
}

}  // namespace kith::storage
