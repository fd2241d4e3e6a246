// kith mesh status, as the files say it: what this node is to a mesh, and whom it has let in.
#include "base/bytes.h"
#include "cli/json_line.h"
#include "cli/mesh_commands.h"
#include "json/writer.h"
#include "mesh/trust/mesh_directory.h"
#include "mesh/trust/text_lines.h"
#include "node/process_facts.h"

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

namespace kith::cli {
namespace {

using mesh::Membership;
using mesh::MembershipState;

/// What only an issuer has.
struct Office {
    mesh::InviteBook invites;
    mesh::RevocationList revocations;
};

void write_invite(json::Writer& json, const mesh::Invite& invite) {
    json.begin_object();
    json.field("invite", fmt::format("{:016x}", invite.id.value()));
    json.field("role", mesh::role_name(invite.role));
    json.field("uses", invite.uses_max);
    json.field("uses_left", invite.uses_left());
    json.field("overspent", invite.is_overspent());
    json.field("created_at", invite.created_at);
    json.field("expires_at", invite.expires_at);
    json.key("used_by");
    json.begin_array();
    for (const mesh::InviteUse& use : invite.used_by) {
        json.begin_object();
        json.field("node", mesh::node_name_of(use.node));
        json.field("name", std::string_view(use.name));
        json.field("at", use.at);
        json.end_object();
    }
    json.end_array();
    json.end_object();
}

void write_office(json::Writer& json, const Office& office, bool is_issuer) {
    if (is_issuer) {
        json.key("invites");
        json.begin_array();
        for (const mesh::Invite& invite : office.invites.invites()) {
            write_invite(json, invite);
        }
        json.end_array();
    }
    json.key("revoked");
    json.begin_array();
    for (const auto& [node, revocation] : office.revocations.nodes()) {
        json.begin_object();
        json.field("node", mesh::node_name_of(node));
        json.field("at", revocation.at);
        json.end_object();
    }
    json.end_array();
}

void print_json(const Membership& self, const Office& office) {
    print_json_line([&](json::Writer& json) {
        json.field("state", mesh::to_string(self.state));
        if (self.state == MembershipState::None) {
            return;
        }
        json.field("mesh", mesh::mesh_name_of(self.mesh()));
        json.field("root_fingerprint", to_hex(self.root_fingerprint));
        json.field("node", mesh::node_name_of(self.key->id()));
        json.field("name", std::string_view(self.name));
        json.field("role", mesh::role_name(self.role));
        if (self.token) {
            json.field("token_expires_at", self.token->expires_at);
            return;
        }
        json.field("certificate_until", self.not_after);
        json.field("issuer", self.is_issuer);
        write_office(json, office, self.is_issuer);
    });
}

void print_office(const Office& office, WallTime now) {
    for (const mesh::Invite& invite : office.invites.invites()) {
        fmt::print("invite  {:016x}  {:<6}  {} of {} left  {} {}{}\n", invite.id.value(),
                   mesh::role_name(invite.role), invite.uses_left(), invite.uses_max,
                   now < invite.expires_at ? "until" : "ended", to_rfc3339(invite.expires_at),
                   invite.is_overspent() ? "  used more often than allowed" : "");
        for (const mesh::InviteUse& use : invite.used_by) {
            fmt::print("  by    {}  {}  {}\n", mesh::node_name_of(use.node), to_rfc3339(use.at),
                       use.name);
        }
    }
    for (const auto& [node, revocation] : office.revocations.nodes()) {
        fmt::print("revoked {}  {}\n", mesh::node_name_of(node), to_rfc3339(revocation.at));
    }
}

void print_text(const Membership& self, WallTime now) {
    const std::string mesh = mesh::mesh_name_of(self.mesh());
    switch (self.state) {
        case MembershipState::None:
            fmt::print(
                "member of no mesh; kith mesh invite founds one, kith mesh join joins one\n");
            return;
        case MembershipState::Joining:
            fmt::print("joining mesh {} as {} ({}, {}); the token is good {} {}\n", mesh, self.name,
                       mesh::node_name_of(self.key->id()), mesh::role_name(self.role),
                       now < self.token->expires_at ? "until" : "no more: it ended at",
                       to_rfc3339(self.token->expires_at));
            return;
        case MembershipState::Member:
            fmt::print("member of mesh {} as {} ({}, {})\n", mesh, self.name,
                       mesh::node_name_of(self.key->id()), mesh::role_name(self.role));
            fmt::print("certificate {} {}\n", now < self.not_after ? "until" : "ended at",
                       to_rfc3339(self.not_after));
            fmt::print("{}\n", self.is_issuer ? "holds the mesh's key: lets nodes in"
                                              : "holds no key of the mesh: lets nobody in");
            return;
    }
}

}  // namespace

int mesh_status(const MeshOptions& options) {
    const mesh::MeshDirectory directory(options.data);
    const auto self = directory.load();
    if (!self) {
        fmt::print(stderr, "kith: {}\n", self.error().text);
        return 1;
    }
    Office office;
    if (self->state == MembershipState::Member) {
        auto invites = self->is_issuer ? directory.invites()
                                       : mesh::OrFileProblem<mesh::InviteBook>(mesh::InviteBook());
        auto revocations = directory.revocations();
        if (!invites || !revocations) {
            fmt::print(stderr, "kith: {}\n",
                       invites ? revocations.error().text : invites.error().text);
            return 1;
        }
        office = {.invites = std::move(*invites), .revocations = std::move(*revocations)};
    }
    if (options.as_json) {
        print_json(*self, office);
        return 0;
    }
    print_text(*self, node::wall_now());
    print_office(office, node::wall_now());
    return 0;
}

}  // namespace kith::cli
