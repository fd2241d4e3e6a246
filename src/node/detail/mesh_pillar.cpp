#include "node/detail/mesh_pillar.h"

#include "crypto/member_certificate.h"
#include "mesh/trust/private_file.h"
#include "node/detail/run_on.h"
#include "node/process_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace kith::node {
namespace {

mesh::Timing timing_of(MeshProfile profile) {
    switch (profile) {
        case MeshProfile::Fast:
            return mesh::Timing::fast();
        case MeshProfile::Normal:
            return mesh::Timing::normal();
        case MeshProfile::Frugal:
            return mesh::Timing::frugal();
    }
    return mesh::Timing::normal();
}

std::string_view word_of(mesh::NeighborChange change) {
    switch (change) {
        case mesh::NeighborChange::Up:
            return "up";
        case mesh::NeighborChange::Suspect:
            return "suspect";
        case mesh::NeighborChange::Cleared:
            return "cleared";
        case mesh::NeighborChange::Down:
            return "down";
    }
    return "unknown";
}

}  // namespace

OrProblem<void> MeshPillar::prepare() {
    if (!ground_.config.mesh.is_on()) {
        stay_off("mesh.address is \"off\"");
        return {};
    }
    auto membership = mesh::MeshDirectory(ground_.data.path()).load();
    if (!membership) {
        stay_off(membership.error().text);
        return {};
    }
    membership_ = std::move(*membership);
    if (std::string reason = take_membership(); !reason.empty()) {
        stay_off(std::move(reason));
        return {};
    }
    off_reason_.clear();
    return {};
}

std::string MeshPillar::take_membership() {
    if (membership_.state == mesh::MembershipState::Joining) {
        return "this node has a token, and has not been let in yet";
    }
    if (membership_.state != mesh::MembershipState::Member) {
        return "this node belongs to no mesh";
    }
    auto trust = mesh::MeshTrust::create(
        *membership_.key,
        {.root_pem = membership_.root_pem, .certificate = membership_.chain, .now = wall_now()});
    if (!trust) {
        return explain("this node's certificate of the mesh cannot be used", trust.error());
    }
    trust_.emplace(std::move(*trust));
    auto chain = crypto::chain_to_pem(membership_.chain);
    if (!chain) {
        return explain("this node's certificate of the mesh cannot be used", chain.error());
    }
    auto security =
        mesh::TlsLinkSecurity::create({.identity = {.certificate_chain_pem = *chain,
                                                    .private_key_pem = membership_.key->to_pem()},
                                       .root_pem = membership_.root_pem},
                                      trust_->members());
    if (!security) {
        return explain("TLS with the certificate of the mesh", security.error());
    }
    security_ = std::move(*security);
    if (std::string reason = revoke_the_revoked(); !reason.empty()) {
        return reason;
    }
    const auto epoch = next_epoch();
    if (!epoch) {
        return epoch.error().text;
    }
    epoch_ = *epoch;
    return {};
}

std::string MeshPillar::revoke_the_revoked() {
    const auto revoked = mesh::MeshDirectory(ground_.data.path()).revocations();
    if (!revoked) {
        return revoked.error().text;
    }
    for (const auto& [node, at] : revoked->nodes()) {
        if (const Status status = trust_->revoke(node); !status) {
            return explain("a node that was revoked", status.error());
        }
    }
    return {};
}

/// Larger than that of every start before, also if the clock was set back.
mesh::OrFileProblem<std::uint32_t> MeshPillar::next_epoch() {
    const std::string path = mesh::MeshDirectory(ground_.data.path()).path() + "/epoch";
    auto kept = mesh::find_private_file(path);
    if (!kept) {
        return tl::unexpected(kept.error());
    }
    std::uint32_t last = 0;
    if (*kept) {
        const std::string& text = **kept;
        const char* end = text.data() + text.size() - (text.ends_with('\n') ? 1 : 0);
        const auto parsed = std::from_chars(text.data(), end, last);
        if (parsed.ec != std::errc() || parsed.ptr != end || last == UINT32_MAX) {
            return mesh::file_problem(path + ": expected a number of seconds");
        }
    }
    const auto seconds = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(wall_now().ms() / 1000, 1, UINT32_MAX - 1));
    const std::uint32_t next = std::max(seconds, last + 1);
    if (auto written = mesh::write_private_file(path, fmt::format("{}\n", next)); !written) {
        return tl::unexpected(written.error());
    }
    return next;
}

void MeshPillar::stay_off(std::string reason) {
    off_reason_ = std::move(reason);
    const bool is_expected =
        membership_.state == mesh::MembershipState::None && ground_.config.mesh.peers.empty();
    if (is_expected) {
        LOG(ground_.log, Info, "the mesh is off", {"reason", std::string_view(off_reason_)});
    } else {
        LOG(ground_.log, Warn, "the mesh is off", {"reason", std::string_view(off_reason_)});
    }
}

OrProblem<void> MeshPillar::start() {
    if (!off_reason_.empty()) {
        return {};
    }
    names_ = runtime::make_blocking_pool(1);
    using Opened = std::shared_ptr<Result<std::unique_ptr<mesh::MeshHost>>>;
    const Opened opened = run_on(ground_.home(), [this](runtime::Shard& here) {
        unbridged_ = std::make_unique<mesh::Unbridged>(here);
        mesh::MeshEvents& events = *this;
        auto made = std::make_shared<Result<std::unique_ptr<mesh::MeshHost>>>(
            mesh::MeshHost::open(here, options(),
                                 {.security = *security_,
                                  .trust = *trust_,
                                  .custody = *unbridged_,
                                  .delivery = *unbridged_,
                                  .events = events,
                                  .names = *names_}));
        if (*made) {
            unbridged_->attach(***made);
            (**made)->start();
        }
        return made;
    });
    if (!*opened) {
        return problem(explain(
            "cannot listen on " + ground_.config.mesh.address + " (mesh.address) for the mesh",
            opened->error()));
    }
    host_ = std::move(**opened);
    address_ = host_->address();
    LOG(ground_.log, Info, "the mesh is on",
        {"node", std::string_view(mesh::node_name_of(trust_->self()))},
        {"name", std::string_view(membership_.name)}, {"peers", ground_.config.mesh.peers.size()});
    return {};
}

mesh::MeshHostOptions MeshPillar::options() const {
    mesh::MeshHostOptions options;
    options.mesh.self = trust_->self();
    options.mesh.name = membership_.name;
    options.mesh.role = membership_.role;
    options.mesh.epoch = epoch_;
    options.mesh.timing = timing_of(ground_.config.mesh.profile);
    // The configuration has checked the text.
    options.listen = runtime::SocketAddress::parse(ground_.config.mesh.address).value();
    options.peers = ground_.config.mesh.peers;
    return options;
}

OrProblem<TakeUp> MeshPillar::reload(const Renewal& /*renewal*/) {
    if (!is_on()) {
        return TakeUp([] {});
    }
    auto revoked = mesh::MeshDirectory(ground_.data.path()).revocations();
    if (!revoked) {
        return problem(revoked.error().text);
    }
    return TakeUp([this, revoked = std::move(*revoked)] {
        ground_.at_home([this, &revoked] {
            for (const auto& [node, at] : revoked.nodes()) {
                if (const Status status = trust_->revoke(node); status) {
                    host_->expel(node);
                }
            }
        });
    });
}

void MeshPillar::drain() {
    if (host_ == nullptr) {
        return;
    }
    static_cast<void>(
        ask<bool>(ground_.home(), [this](runtime::Shard&, std::function<void(bool)> answer) {
            host_->close([answer = std::move(answer)] { answer(true); });
        }));
}

void MeshPillar::finish() {
    host_.reset();
    unbridged_.reset();
    names_.reset();
}

void MeshPillar::on_neighbor(mesh::NodeId neighbor, mesh::NeighborChange change) {
    LOG(ground_.log, Info, "mesh neighbour",
        {"node", std::string_view(mesh::node_name_of(neighbor))}, {"change", word_of(change)});
}

}  // namespace kith::node
