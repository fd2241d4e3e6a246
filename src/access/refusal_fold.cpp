#include "access/refusal_fold.h"

#include <fmt/format.h>

#include "access/limits.h"

namespace kith::access {
namespace {

storage::AuditRecord line(const RefusedSignIn& refused, WallTime at, std::string detail) {
    return {.at = at,
            .who = refused.who,
            .what = "sign_in.refused",
            .detail = std::move(detail),
            .from_address = refused.from_address,
            .outcome = "denied"};
}

}  // namespace

std::vector<storage::AuditRecord> RefusalFold::note(const RefusedSignIn& refused, WallTime now) {
    const auto key = std::pair(refused.who, refused.from_address);
    if (const auto known = folds_.find(key); known != folds_.end()) {
        ++known->second.count;
        known->second.last = refused;
        return {};
    }
    if (folds_.size() >= kRefusalKeysMax) {
        others_began_at_ = others_count_ == 0 ? now : others_began_at_;
        ++others_count_;
        return {};
    }
    folds_.emplace(key, Fold{.last = refused, .began_at = now, .count = 0});
    return {line(refused, now, refused.why)};
}

std::vector<storage::AuditRecord> RefusalFold::take_ended(WallTime now) {
    std::vector<storage::AuditRecord> lines;
    std::erase_if(folds_, [&](const auto& each) {
        const Fold& fold = each.second;
        if (now < fold.began_at + kRefusalFoldSpan) {
            return false;
        }
        if (fold.count > 0) {
            lines.push_back(
                line(fold.last, now, fmt::format("{} more: {}", fold.count, fold.last.why)));
        }
        return true;
    });
    if (others_count_ > 0 && now >= others_began_at_ + kRefusalFoldSpan) {
        lines.push_back(line({.who = "others", .from_address = {}, .why = {}}, now,
                             fmt::format("{} of many names or addresses", others_count_)));
        others_count_ = 0;
    }
    return lines;
}

}  // namespace kith::access
