#include "cli/mesh_commands.h"

#include "cli/client_run.h"
#include "cli/control_tool.h"
#include "cli/json_line.h"
#include "cli/mesh_desk.h"
#include "cli/mesh_files.h"
#include "cli/qr_text.h"
#include "crypto/secrets.h"
#include "json/writer.h"
#include "mesh/trust/mesh_directory.h"
#include "mesh/trust/text_lines.h"
#include "node/process_facts.h"
#include "runtime/address.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace kith::cli {
namespace {

using mesh::Membership;
using mesh::MembershipState;
using mesh::MeshDirectory;

/// "90s", "15m", "2h", "7d". Nothing for what is none of these.
std::optional<std::chrono::milliseconds> parse_lifetime(std::string_view text) {
    using namespace std::chrono_literals;
    constexpr std::pair<char, std::chrono::seconds> kUnits[] = {
        {'s', 1s}, {'m', 60s}, {'h', 3600s}, {'d', 86'400s}};
    const auto* const unit =
        text.empty()
            ? nullptr
            : std::ranges::find(kUnits, text.back(), &std::pair<char, std::chrono::seconds>::first);
    const auto count =
        mesh::read_number<std::int32_t>(text.substr(0, text.empty() ? 0 : text.size() - 1));
    if (unit == nullptr || unit == std::end(kUnits) || !count) {
        return std::nullopt;
    }
    return *count * unit->second;
}

void print_invite(const MeshOptions& options, const Membership& self, const mesh::JoinToken& token,
                  bool is_founded) {
    const std::string text = mesh::to_text(token);
    if (options.as_json) {
        print_json_line([&](json::Writer& json) {
            json.field("token", std::string_view(text));
            json.field("invite", fmt::format("{:016x}", token.invite.value()));
            json.field("mesh", mesh::mesh_name_of(self.mesh()));
            json.field("node", mesh::node_name_of(self.key->id()));
            json.field("founded", is_founded);
            json.field("role", mesh::role_name(token.role));
            json.field("uses", options.uses);
            json.field("expires_at", token.expires_at);
            json.key("addresses");
            json.begin_array();
            for (const std::string& address : token.locators) {
                json.value(std::string_view(address));
            }
            json.end_array();
        });
        return;
    }
    fmt::print("{}\n", text);
    if (options.with_qr || ::isatty(STDOUT_FILENO) == 1) {
        fmt::print("{}", qr_text(text));
    }
    fmt::print(stderr, "kith: for {} {}{} until {}; keep it secret until then\n", options.uses,
               mesh::role_name(token.role), options.uses == 1 ? "" : "s",
               to_rfc3339(token.expires_at));
}

/// Ids, or names of nodes that joined by this node's invites; nothing after saying why.
std::optional<mesh::NodeId> find_node(const MeshDirectory& directory, const std::string& text) {
    if (const auto id = mesh::read_id(text)) {
        return mesh::NodeId(*id);
    }
    const auto book = directory.invites();
    if (!book) {
        fail_because(book.error().text);
        return std::nullopt;
    }
    std::optional<mesh::NodeId> found;
    for (const mesh::Invite& invite : book->invites()) {
        for (const mesh::InviteUse& use : invite.used_by) {
            if (use.name != text || found == use.node) {
                continue;
            }
            if (found) {
                fail_because(
                    fmt::format("{}: several nodes joined with this name; give the id", text));
                return std::nullopt;
            }
            found = use.node;
        }
    }
    if (!found) {
        fail_because(
            fmt::format("{}: neither the id of a node (16 hexadecimal digits) nor the name "
                        "of one that joined here",
                        text));
    }
    return found;
}

}  // namespace

int mesh_invite(const MeshOptions& options) {
    const auto lifetime = parse_lifetime(options.expires);
    if (!lifetime) {
        return fail_with(fmt::format("--expires {}", options.expires),
                         "not a time such as 90s, 15m, 2h or 7d");
    }
    const auto end = options.serves ? std::make_unique<EndOfRun>() : nullptr;  // before any thread
    auto locators = locators_of(options);
    if (!locators || !make_data_directory(options.data)) {
        return 1;
    }
    MeshDirectory directory(options.data);
    const auto self = member_or_founder(directory, options);
    if (!self) {
        return 1;
    }
    MeshDesk desk;
    if (options.serves) {
        Done opened = desk.start();
        opened = opened ? desk.open(options.data) : opened;
        if (!opened) {
            return fail_because(opened.failure().text);
        }
    }
    if (locators->empty()) {
        *locators = options.serves ? desk.locators() : locators_here(directory, options.data);
    }
    const auto role = *mesh::read_role(options.role);
    crypto::SystemSecrets secrets;
    const auto made = directory.invite({.role = role, .uses = options.uses, .lifetime = *lifetime},
                                       secrets, node::wall_now());
    if (!made) {
        return fail_because(made.error().text);
    }
    note(options, "mesh.invite", fmt::format("{:016x}", made->id.value()));
    print_invite(options, self->first,
                 {.role = role,
                  .expires_at = made->expires_at,
                  .root_fingerprint = self->first.root_fingerprint,
                  .invite = made->id,
                  .secret = made->secret,
                  .locators = *locators},
                 self->second);
    std::fflush(stdout);
    return options.serves ? serve_invite(options, desk, made->id, *end) : 0;
}

int mesh_join(const MeshOptions& options) {
    std::string text = options.token;
    if (text == "-") {
        const auto line = read_line_of_input();
        if (!line) {
            return fail_with("cannot read the token", line.error().text);
        }
        text = *line;
    }
    const auto token = mesh::parse_join_token(text);
    if (!token) {
        return fail_with("cannot join", token.error().text);
    }
    if (node::wall_now() >= token->expires_at) {
        return fail_with("cannot join", fmt::format("the token has ended at {}; ask for a new one",
                                                    to_rfc3339(token->expires_at)));
    }
    if (!make_data_directory(options.data)) {
        return 1;
    }
    MeshDirectory directory(options.data);
    crypto::SystemSecrets secrets;
    const auto joining = directory.begin_join(text, node_name(options), secrets);
    if (!joining) {
        return fail_because(joining.error().text);
    }
    note(options, "mesh.join", mesh::mesh_name_of(joining->mesh()));
    const std::string id = mesh::node_name_of(joining->key->id());
    if (options.as_json) {
        print_json_line([&](json::Writer& json) {
            json.field("state", mesh::to_string(joining->state));
            json.field("mesh", mesh::mesh_name_of(joining->mesh()));
            json.field("node", std::string_view(id));
            json.field("name", std::string_view(joining->name));
            json.field("role", mesh::role_name(joining->role));
            json.field("expires_at", token->expires_at);
        });
        return 0;
    }
    fmt::print("{} joins mesh {} as {}, until {}; it has to run: kith run --data {}\n",
               joining->name, mesh::mesh_name_of(joining->mesh()), id,
               to_rfc3339(token->expires_at), options.data);
    return 0;
}

int mesh_revoke(const MeshOptions& options) {
    MeshDirectory directory(options.data);
    const auto self = directory.load();
    if (!self) {
        return fail_because(self.error().text);
    }
    if (!self->is_issuer) {
        return fail_because(
            fmt::format("{}: this node holds no key of a mesh; revoke where the mesh was founded",
                        directory.path()));
    }
    const auto node = find_node(directory, options.node);
    if (!node) {
        return 1;
    }
    if (const auto revoked = directory.revoke(*node, node::wall_now()); !revoked) {
        return fail_because(revoked.error().text);
    }
    const std::string id = mesh::node_name_of(*node);
    note(options, "mesh.revoke", id);
    if (options.as_json) {
        print_json_line([&](json::Writer& json) { json.field("revoked", std::string_view(id)); });
    }
    return 0;
}

}  // namespace kith::cli
