#include "node/mesh_office.h"

#include "crypto/secrets.h"
#include "mesh/trust/text_lines.h"
#include "node/process_facts.h"

#include <fmt/format.h>

#include <utility>

namespace kith::node {
namespace {

using api::MeshRefusal;
using api::OrMeshRefusal;

tl::unexpected<MeshRefusal> refuse(MeshRefusal::Kind kind, std::string text) {
    return tl::unexpected(MeshRefusal{.kind = kind, .text = std::move(text)});
}

/// The membership of a node that lets others in.
OrMeshRefusal<mesh::Membership> load_issuer(const mesh::MeshDirectory& directory) {
    auto self = directory.load();
    if (!self) {
        return refuse(MeshRefusal::Kind::Unavailable, self.error().text);
    }
    if (self->state == mesh::MembershipState::None) {
        return refuse(MeshRefusal::Kind::NotAllowed,
                      "this node belongs to no mesh; kith mesh invite founds one");
    }
    if (!self->is_issuer) {
        return refuse(MeshRefusal::Kind::NotAllowed,
                      "this node holds no key of the mesh; ask the one that founded it");
    }
    return std::move(*self);
}

std::string invite_name(mesh::InviteId id) {
    return fmt::format("{:016x}", id.value());
}

api::MeshInviteFacts facts_of(const mesh::Invite& invite) {
    api::MeshInviteFacts facts{.id = invite_name(invite.id),
                               .role = std::string(mesh::role_name(invite.role)),
                               .uses = invite.uses_max,
                               .uses_left = invite.uses_left(),
                               .is_overspent = invite.is_overspent(),
                               .created_at = invite.created_at,
                               .expires_at = invite.expires_at,
                               .used_by = {}};
    for (const mesh::InviteUse& use : invite.used_by) {
        facts.used_by.push_back(
            {.node = mesh::node_name_of(use.node), .name = use.name, .at = use.at});
    }
    return facts;
}

OrMeshRefusal<api::MeshRegister> read_register(const std::string& data_directory) {
    const mesh::MeshDirectory directory(data_directory);
    if (auto self = load_issuer(directory); !self) {
        return tl::unexpected(self.error());
    }
    const auto book = directory.invites();
    const auto revoked = directory.revocations();
    if (!book || !revoked) {
        return refuse(MeshRefusal::Kind::Unavailable,
                      book ? revoked.error().text : book.error().text);
    }
    api::MeshRegister kept;
    for (const mesh::Invite& invite : book->invites()) {
        kept.invites.push_back(facts_of(invite));
    }
    for (const auto& [node, revocation] : revoked->nodes()) {
        kept.revoked.push_back({.node = mesh::node_name_of(node), .at = revocation.at});
    }
    return kept;
}

OrMeshRefusal<api::NewMeshInvite> make_invite(const std::string& data_directory,
                                              const api::MeshInviteTerms& terms) {
    const auto role = mesh::read_role(terms.role);
    if (!role) {
        return refuse(MeshRefusal::Kind::Invalid, "a node is a router or a leaf");
    }
    if (terms.addresses.empty() || terms.addresses.size() > mesh::kLocatorsMax) {
        return refuse(MeshRefusal::Kind::Invalid,
                      terms.addresses.empty()
                          ? "this node has no address for others; give `addresses`"
                          : "a token has room for 8 addresses");
    }
    for (const std::string& address : terms.addresses) {
        if (const Status good = mesh::check_locator(address); !good) {
            return refuse(MeshRefusal::Kind::Invalid,
                          fmt::format("{}: {}", address, good.error().text));
        }
    }
    mesh::MeshDirectory directory(data_directory);
    const auto self = load_issuer(directory);
    if (!self) {
        return tl::unexpected(self.error());
    }
    crypto::SystemSecrets secrets;
    const auto made = directory.invite(
        {.role = *role, .uses = terms.uses, .lifetime = terms.lifetime}, secrets, wall_now());
    if (!made) {
        return refuse(MeshRefusal::Kind::Unavailable, made.error().text);
    }
    return api::NewMeshInvite{
        .id = invite_name(made->id),
        .token = to_text(mesh::JoinToken{.role = *role,
                                         .expires_at = made->expires_at,
                                         .root_fingerprint = self->root_fingerprint,
                                         .invite = made->id,
                                         .secret = made->secret,
                                         .locators = terms.addresses}),
        .expires_at = made->expires_at,
        .addresses = terms.addresses};
}

OrMeshRefusal<void> write_revocation(const std::string& data_directory, mesh::NodeId node) {
    mesh::MeshDirectory directory(data_directory);
    const auto self = load_issuer(directory);
    if (!self) {
        return tl::unexpected(self.error());
    }
    if (self->key->id() == node) {
        return refuse(MeshRefusal::Kind::Invalid, "a node cannot put itself out of the mesh");
    }
    if (const auto revoked = directory.revoke(node, wall_now()); !revoked) {
        return refuse(MeshRefusal::Kind::Unavailable, revoked.error().text);
    }
    return {};
}

OrMeshRefusal<void> found_mesh(const std::string& data_directory, const std::string& name) {
    if (!mesh::check_node_name(name)) {
        return refuse(MeshRefusal::Kind::Invalid, "a node's name has 1 to 64 bytes");
    }
    mesh::MeshDirectory directory(data_directory);
    const auto self = directory.load();
    if (!self) {
        return refuse(MeshRefusal::Kind::Unavailable, self.error().text);
    }
    if (self->state != mesh::MembershipState::None) {
        return refuse(MeshRefusal::Kind::NotAllowed,
                      "this node belongs to a mesh, or is joining one");
    }
    crypto::SystemSecrets secrets;
    if (const auto founded = directory.found(name, secrets, wall_now()); !founded) {
        return refuse(MeshRefusal::Kind::Unavailable, founded.error().text);
    }
    return {};
}

OrMeshRefusal<void> keep_token(const std::string& data_directory, const std::string& token,
                               const std::string& name) {
    if (!mesh::check_node_name(name)) {
        return refuse(MeshRefusal::Kind::Invalid, "a node's name has 1 to 64 bytes");
    }
    const auto parsed = mesh::parse_join_token(token);
    if (!parsed) {
        return refuse(MeshRefusal::Kind::Invalid, parsed.error().text);
    }
    if (wall_now() >= parsed->expires_at) {
        return refuse(MeshRefusal::Kind::Invalid,
                      fmt::format("the token has ended at {}", to_rfc3339(parsed->expires_at)));
    }
    mesh::MeshDirectory directory(data_directory);
    const auto self = directory.load();
    if (!self) {
        return refuse(MeshRefusal::Kind::Unavailable, self.error().text);
    }
    if (self->state == mesh::MembershipState::Member) {
        return refuse(MeshRefusal::Kind::NotAllowed, "this node belongs to a mesh");
    }
    crypto::SystemSecrets secrets;
    if (const auto kept = directory.begin_join(token, name, secrets); !kept) {
        return refuse(MeshRefusal::Kind::Unavailable, kept.error().text);
    }
    return {};
}

}  // namespace

MeshOffice::MeshOffice(runtime::Shard& shard, runtime::BlockingPool& pool, MeshOfficeParts parts)
    : shard_(shard), pool_(pool), parts_(std::move(parts)) {}

template <typename T>
void MeshOffice::run(std::function<OrMeshRefusal<T>()> work,
                     std::function<void(OrMeshRefusal<T>)> done) {
    const Status submitted = pool_.submit(shard_, [work = std::move(work), done] {
        return runtime::make_mail(
            [done, result = work()](runtime::Shard&) mutable { done(std::move(result)); });
    });
    if (!submitted) {
        done(refuse(MeshRefusal::Kind::Unavailable, submitted.error().text));
    }
}

void MeshOffice::look_up(std::function<void(OrMeshRefusal<api::MeshRegister>)> done) {
    run<api::MeshRegister>([path = parts_.data_directory] { return read_register(path); },
                           std::move(done));
}

void MeshOffice::invite(const api::MeshInviteTerms& terms,
                        std::function<void(OrMeshRefusal<api::NewMeshInvite>)> done) {
    api::MeshInviteTerms whole = terms;
    if (whole.addresses.empty()) {
        whole.addresses = parts_.addresses();
    }
    run<api::NewMeshInvite>(
        [path = parts_.data_directory, whole] { return make_invite(path, whole); },
        std::move(done));
}

void MeshOffice::revoke(const std::string& node, std::function<void(OrMeshRefusal<void>)> done) {
    const auto id = mesh::read_id(node);
    if (!id) {
        done(
            refuse(MeshRefusal::Kind::Invalid, "a node is named by its id, 16 hexadecimal digits"));
        return;
    }
    change([path = parts_.data_directory,
            id = *id] { return write_revocation(path, mesh::NodeId(id)); },
           std::move(done));
}

void MeshOffice::found(const std::string& name, std::function<void(OrMeshRefusal<void>)> done) {
    change([path = parts_.data_directory, name] { return found_mesh(path, name); },
           std::move(done));
}

void MeshOffice::join(const std::string& token, const std::string& name,
                      std::function<void(OrMeshRefusal<void>)> done) {
    change([path = parts_.data_directory, token, name] { return keep_token(path, token, name); },
           std::move(done));
}

void MeshOffice::change(std::function<OrMeshRefusal<void>()> work,
                        std::function<void(OrMeshRefusal<void>)> done) {
    run<void>(std::move(work), [this, done = std::move(done)](const OrMeshRefusal<void>& did) {
        if (did) {
            parts_.on_changed();
        }
        done(did);
    });
}

}  // namespace kith::node
