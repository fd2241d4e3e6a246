#include "cli/mesh_commands.h"

#include "base/narrow.h"
#include "cli/control_tool.h"
#include "cli/json_line.h"
#include "cli/qr_text.h"
#include "crypto/secrets.h"
#include "json/writer.h"
#include "mesh/trust/mesh_directory.h"
#include "mesh/trust/text_lines.h"
#include "node/node_directory.h"
#include "node/own_addresses.h"
#include "node/process_facts.h"
#include "runtime/address.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

namespace kith::cli {
namespace {

using mesh::Membership;
using mesh::MembershipState;
using mesh::MeshDirectory;

int fail_because(const std::string& why) {
    fmt::print(stderr, "kith: {}\n", why);
    return 1;
}

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

/// A host's name may be longer than a node's, which has to fit a certificate.
std::string node_name(const MeshOptions& options) {
    return options.name.empty() ? node::host_name().substr(0, mesh::kNodeNameBytesMax)
                                : options.name;
}

/// Makes the data directory if need be; false after saying why not.
bool make_data_directory(const std::string& data) {
    const auto directory = node::NodeDirectory::open(data);
    if (!directory) {
        fmt::print(stderr, "kith: {}\n", directory.error().text);
    }
    return directory.has_value();
}

/// In the node's audit, if there has ever been a node.
void note(const MeshOptions& options, std::string what, std::string detail) {
    std::error_code error;
    if (!std::filesystem::exists(options.data + "/control.db", error)) {
        return;
    }
    if (const auto store = open_control(options.data); store != nullptr) {
        note_in_audit(*store, std::move(what), std::move(detail));
    }
}

/// Whether a node runs on this data.
bool is_running(const std::string& data) {
    const auto directory = node::NodeDirectory::open(data);
    const auto process = directory ? mesh::read_number<pid_t>(directory->holder()) : std::nullopt;
    return process && *process > 0 && (::kill(*process, 0) == 0 || errno == EPERM);
}

/// Where the node listens, or listened when it last ran. One that runs has a moment to open its
/// port, which it does once it sees that it belongs to a mesh.
std::optional<runtime::SocketAddress> listening_address(const MeshDirectory& directory,
                                                        const std::string& data) {
    constexpr auto kStep = std::chrono::milliseconds(50);
    constexpr int kStepsMax = 60;
    for (int step = 0; step < kStepsMax; ++step) {
        const auto noted = directory.noted_address();
        if (!noted || *noted) {
            const auto address = noted ? runtime::SocketAddress::parse(**noted)
                                       : tl::unexpected(Error{ErrorKind::Malformed, 0, ""});
            return address ? std::optional(*address) : std::nullopt;
        }
        if (!is_running(data)) {
            break;
        }
        std::this_thread::sleep_for(kStep);
    }
    return std::nullopt;
}

/// Where other nodes reach this one.
std::vector<std::string> locators_here(const MeshDirectory& directory, const std::string& data) {
    const auto listening = listening_address(directory, data);
    const bool is_everywhere = !listening || listening->is_any();
    return is_everywhere ? node::own_addresses(listening ? listening->port() : node::kMeshPort,
                                               node::kOwnAddressesMax)
                         : std::vector{listening->to_string()};
}

/// Addresses that were given; nothing after saying which is none.
std::optional<std::vector<std::string>> locators_of(const MeshOptions& options) {
    if (options.addresses.size() > mesh::kLocatorsMax) {
        fail_because("--address: a token has room for 8 of them");
        return std::nullopt;
    }
    for (const std::string& address : options.addresses) {
        if (const Status good = mesh::check_locator(address); !good) {
            fail_because(fmt::format("--address {}: {}", address, good.error().text));
            return std::nullopt;
        }
    }
    return options.addresses;
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

/// This node as a member, after founding a mesh if it belongs to none. Nothing after saying why.
std::optional<std::pair<Membership, bool>> member_or_founder(MeshDirectory& directory,
                                                             const MeshOptions& options) {
    crypto::SystemSecrets secrets;
    auto self = directory.load();
    const bool is_founded = self && self->state == MembershipState::None;
    if (is_founded) {
        self = directory.found(node_name(options), secrets, node::wall_now());
    }
    if (!self) {
        fail_because(self.error().text);
        return std::nullopt;
    }
    if (is_founded) {
        fmt::print(stderr, "kith: founded mesh {} with this node, {}, as its first\n",
                   mesh::mesh_name_of(self->mesh()), self->name);
        note(options, "mesh.found", mesh::mesh_name_of(self->mesh()));
    }
    return std::pair(std::move(*self), is_founded);
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
    auto locators = locators_of(options);
    if (!locators || !make_data_directory(options.data)) {
        return 1;
    }
    MeshDirectory directory(options.data);
    const auto self = member_or_founder(directory, options);
    if (!self) {
        return 1;
    }
    if (locators->empty()) {
        *locators = locators_here(directory, options.data);
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
    return 0;
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
