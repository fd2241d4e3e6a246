// kith mesh pair: lets in a machine that belongs to no mesh and shows a code; and whoever answers
// newcomers while no node runs.
#include "cli/client_run.h"
#include "cli/json_line.h"
#include "cli/mesh_desk.h"
#include "cli/mesh_files.h"
#include "crypto/secrets.h"
#include "json/writer.h"
#include "mesh/trust/pairing.h"
#include "node/process_facts.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <optional>

namespace kith::cli {
namespace {

constexpr Duration kLook = 200ms;
/// A newcomer links to the desk that has let it in, if it can.
constexpr int kLinkLooks = 25;

/// Who has used the invite; nothing yet.
std::optional<mesh::InviteUse> use_of(const mesh::MeshDirectory& directory, mesh::InviteId id) {
    const auto book = directory.invites();
    const mesh::Invite* invite = book ? book->find(id) : nullptr;
    return invite == nullptr || invite->used_by.empty() ? std::nullopt
                                                        : std::optional(invite->used_by.back());
}

std::optional<mesh::InviteUse> wait_for_use(const mesh::MeshDirectory& directory, mesh::InviteId id,
                                            unsigned wait_s, EndOfRun& end) {
    for (unsigned look = 0; look < wait_s * (1s / kLook); ++look) {
        if (auto use = use_of(directory, id)) {
            return use;
        }
        if (end.ends_within(kLook)) {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

void print_use(const MeshOptions& options, const mesh::InviteUse& use) {
    const std::string id = mesh::node_name_of(use.node);
    if (options.as_json) {
        print_json_line([&](json::Writer& json) {
            json.field("node", std::string_view(id));
            json.field("name", std::string_view(use.name));
        });
    } else {
        fmt::print("{} ({}) belongs to the mesh now\n", use.name, id);
    }
}

}  // namespace

int mesh_pair(const MeshOptions& options) {
    const auto code = mesh::read_pairing_code(options.code);
    if (!code) {
        return fail_because(options.code + ": a code is 10 letters and digits, as KX7M2-P9QRT");
    }
    EndOfRun end;  // before any thread
    auto locators = locators_of(options);
    if (!locators || !make_data_directory(options.data)) {
        return 1;
    }
    mesh::MeshDirectory directory(options.data);
    const auto self = member_or_founder(directory, options);
    if (!self) {
        return 1;
    }
    if (!self->first.is_issuer) {
        return fail_because(directory.path() +
                            ": this node holds no key of a mesh; pair where the mesh was founded");
    }
    MeshDesk desk;
    const bool has_desk = !is_running(options.data);
    Done started = desk.start();
    started = started && has_desk ? desk.open(options.data) : started;
    if (!started) {
        return fail_because(started.failure().text);
    }
    if (locators->empty()) {
        *locators = has_desk ? desk.locators() : locators_here(directory, options.data);
    }
    crypto::SystemSecrets secrets;
    const auto invite = directory.invite({.role = mesh::NodeRole::Leaf,
                                          .uses = 1,
                                          .lifetime = std::chrono::seconds(options.wait_s + 60)},
                                         secrets, node::wall_now());
    if (!invite) {
        return fail_because(invite.error().text);
    }
    note(options, "mesh.pair", fmt::format("{:016x}", invite->id.value()));
    desk.offer(
        mesh::make_pairing_offer(*code,
                                 mesh::to_text({.role = mesh::NodeRole::Leaf,
                                                .expires_at = invite->expires_at,
                                                .root_fingerprint = self->first.root_fingerprint,
                                                .invite = invite->id,
                                                .secret = invite->secret,
                                                .locators = *locators}),
                                 secrets));
    const auto use = wait_for_use(directory, invite->id, options.wait_s, end);
    if (!use) {
        return fail_because("no machine with this code has answered");
    }
    for (int look = 0; has_desk && look < kLinkLooks && !desk.is_linked(); ++look) {
        if (end.ends_within(kLook)) {
            break;
        }
    }
    print_use(options, *use);
    return 0;
}

int serve_invite(const MeshOptions& options, MeshDesk& desk, mesh::InviteId id, EndOfRun& end) {
    const mesh::MeshDirectory directory(options.data);
    std::size_t told = 0;
    while (true) {
        const auto book = directory.invites();
        const mesh::Invite* invite = book ? book->find(id) : nullptr;
        if (invite == nullptr || node::wall_now() >= invite->expires_at) {
            return told > 0 ? 0 : fail_because("nobody has joined in time");
        }
        for (; told < invite->used_by.size(); ++told) {
            print_use(options, invite->used_by[told]);
            std::fflush(stdout);
        }
        const bool is_over = invite->uses_left() == 0 && desk.is_linked();
        if (is_over || end.ends_within(kLook)) {
            return 0;
        }
    }
}

}  // namespace kith::cli
