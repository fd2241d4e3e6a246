#include "mesh/trust/invites.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/byte_reader.h"
#include "base/hex.h"
#include "base/narrow.h"
#include "base/utf8.h"
#include "mesh/trust/text_lines.h"

namespace kith::mesh {
namespace {

constexpr auto kDamaged = "a line is not one of an invite";

std::optional<WallTime> read_time(std::string_view word) {
    const auto ms = read_number<std::int64_t>(word);
    return ms ? std::optional(WallTime::from_ms(*ms)) : std::nullopt;
}

/// "ID role=ROLE uses=N created=MS expires=MS secret=HEX".
Result<Invite> read_invite(std::string_view line) {
    const auto id = read_id(take_until(line, ' '));
    const auto role = read_role(read_value(take_until(line, ' '), "role").value_or(""));
    const auto uses =
        read_number<std::uint32_t>(read_value(take_until(line, ' '), "uses").value_or(""));
    const auto created = read_time(read_value(take_until(line, ' '), "created").value_or(""));
    const auto expires = read_time(read_value(take_until(line, ' '), "expires").value_or(""));
    const std::vector<std::uint8_t> secret = from_hex(read_value(line, "secret").value_or(""));
    Invite invite;
    const bool is_whole = id && role && uses && created && expires &&
                          secret.size() == invite.secret_digest.size() && *uses > 0 &&
                          *uses <= kInviteUsesMax;
    if (!is_whole) {
        return fail(ErrorKind::Malformed, kDamaged);
    }
    invite.id = InviteId(*id);
    invite.role = *role;
    invite.uses_max = *uses;
    invite.created_at = *created;
    invite.expires_at = *expires;
    std::ranges::copy(secret, invite.secret_digest.begin());
    return invite;
}

/// "NODE AT_MS NAME".
Result<InviteUse> read_use(std::string_view line) {
    const auto node = read_id(take_until(line, ' '));
    const auto at = read_time(take_until(line, ' '));
    if (!node || !at || !check_node_name(line)) {
        return fail(ErrorKind::Malformed, kDamaged);
    }
    return InviteUse{.node = NodeId(*node), .at = *at, .name = std::string(line)};
}

bool has_used(const Invite& invite, NodeId node) {
    return std::ranges::any_of(invite.used_by,
                               [node](const InviteUse& use) { return use.node == node; });
}

}  // namespace

std::uint32_t Invite::uses_left() const {
    return is_overspent() ? 0 : uses_max - narrow<std::uint32_t>(used_by.size());
}

Status check_node_name(std::string_view name) {
    const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7F'; };
    if (name.empty() || name.size() > kNodeNameBytesMax || !is_utf8(as_bytes(name)) ||
        std::ranges::any_of(name, is_control)) {
        return fail(ErrorKind::Invalid, "a node's name has 1 to 64 bytes of UTF-8 on one line");
    }
    return {};
}

Result<InviteBook> InviteBook::parse(std::string_view text) {
    TRY(take_heading(text, "invites"));
    InviteBook book;
    while (!text.empty()) {
        std::string_view line = take_until(text, '\n');
        const std::string_view word = take_until(line, ' ');
        if (word == "invite") {
            TRY_ASSIGN(Invite invite, read_invite(line));
            if (book.find(invite.id) != nullptr) {
                return fail(ErrorKind::Malformed, "an invite stands there twice");
            }
            if (book.invites_.size() == kInvitesMax) {
                return fail(ErrorKind::Limit, "there are more than 256 invites");
            }
            book.invites_.push_back(std::move(invite));
            continue;
        }
        const auto id = read_id(take_until(line, ' '));
        Invite* invite = word == "used" && id ? book.entry(InviteId(*id)) : nullptr;
        if (invite == nullptr) {
            return fail(ErrorKind::Malformed, kDamaged);
        }
        TRY_ASSIGN(InviteUse use, read_use(line));
        if (has_used(*invite, use.node) || invite->used_by.size() == 2 * kInviteUsesMax) {
            return fail(ErrorKind::Malformed, "a use of an invite stands there twice");
        }
        invite->used_by.push_back(std::move(use));
    }
    return book;
}

std::string InviteBook::to_text() const {
    std::string text = "kith-mesh invites 1\n";
    for (const Invite& invite : invites_) {
        text += fmt::format("invite {:016x} role={} uses={} created={} expires={} secret={}\n",
                            invite.id.value(), role_name(invite.role), invite.uses_max,
                            invite.created_at.ms(), invite.expires_at.ms(),
                            to_hex(invite.secret_digest));
        for (const InviteUse& use : invite.used_by) {
            text += fmt::format("used {:016x} {:016x} {} {}\n", invite.id.value(), use.node.value(),
                                use.at.ms(), use.name);
        }
    }
    return text;
}

Result<NewInvite> InviteBook::add(const InviteTerms& terms, crypto::SecretSource& secrets,
                                  WallTime now) {
    if (terms.uses == 0 || terms.uses > kInviteUsesMax) {
        return fail(ErrorKind::Invalid, "an invite is for 1 to 1000 uses");
    }
    if (terms.lifetime < std::chrono::seconds(1) || terms.lifetime > kInviteLifetimeMax) {
        return fail(ErrorKind::Invalid, "an invite lives for 1 second to 30 days");
    }
    prune(now);
    if (invites_.size() == kInvitesMax) {
        return fail(ErrorKind::Limit, "256 invites of the last 30 days are all that is kept");
    }
    std::array<std::uint8_t, 8> id{};
    NewInvite made{.id = {}, .expires_at = now + terms.lifetime, .secret = {}};
    do {
        secrets.fill(id);
        made.id = InviteId(ByteReader(id).u64());
    } while (find(made.id) != nullptr);
    secrets.fill(made.secret);
    invites_.push_back({.id = made.id,
                        .role = terms.role,
                        .uses_max = terms.uses,
                        .created_at = now,
                        .expires_at = made.expires_at,
                        .secret_digest = crypto::sha256(made.secret),
                        .used_by = {}});
    return made;
}

const Invite* InviteBook::find(InviteId id) const {
    const auto found = std::ranges::find(invites_, id, &Invite::id);
    return found == invites_.end() ? nullptr : &*found;
}

Invite* InviteBook::entry(InviteId id) {
    const auto found = std::ranges::find(invites_, id, &Invite::id);
    return found == invites_.end() ? nullptr : &*found;
}

Status InviteBook::check(InviteId id, NodeId node, WallTime now) const {
    const Invite* invite = find(id);
    if (invite == nullptr) {
        return fail(ErrorKind::NotFound, "there is no such invite");
    }
    if (now >= invite->expires_at) {
        return fail(ErrorKind::Denied, "the invite has expired");
    }
    if (!has_used(*invite, node) && invite->uses_left() == 0) {
        return fail(ErrorKind::Limit, "the invite is used up");
    }
    return {};
}

Status InviteBook::use(InviteId id, const InviteUse& use) {
    TRY(check(id, use.node, use.at));
    Invite* invite = entry(id);
    if (!has_used(*invite, use.node)) {
        invite->used_by.push_back(use);
    }
    return {};
}

std::vector<InviteId> InviteBook::merge(const InviteBook& other) {
    std::vector<InviteId> overspent;
    for (const Invite& theirs : other.invites_) {
        Invite* ours = entry(theirs.id);
        if (ours == nullptr && invites_.size() < kInvitesMax) {
            ours = &invites_.emplace_back(theirs);
        }
        if (ours == nullptr) {
            continue;
        }
        for (const InviteUse& use : theirs.used_by) {
            if (!has_used(*ours, use.node) && ours->used_by.size() < 2 * kInviteUsesMax) {
                ours->used_by.push_back(use);
            }
        }
        if (ours->is_overspent()) {
            overspent.push_back(ours->id);
        }
    }
    return overspent;
}

void InviteBook::prune(WallTime now) {
    std::erase_if(invites_,
                  [now](const Invite& invite) { return invite.expires_at + kInviteMemory < now; });
}

}  // namespace kith::mesh
