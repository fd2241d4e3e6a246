#include "node/detail/mesh_pillar.h"

#include "crypto/member_certificate.h"
#include "mesh/live/limits.h"
#include "node/detail/run_on.h"
#include "node/own_addresses.h"
#include "node/process_facts.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace kith::node {
namespace {

/// How often the machine's clock is looked at.
constexpr Duration kClockInterval = std::chrono::minutes(1);

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
    const mesh::MeshDirectory directory(ground_.data.path());
    stamp_ = mesh::stamp_of(directory);
    auto files = mesh::read_membership(directory, mesh::WantsEpoch::Yes, wall_now());
    if (!files) {
        stay_off(files.error().text);
        return {};
    }
    if (std::string reason = take_membership(std::move(*files)); !reason.empty()) {
        stay_off(std::move(reason));
        return {};
    }
    off_reason_.clear();
    return {};
}

std::string MeshPillar::take_membership(mesh::MembershipFiles files) {
    membership_ = std::move(files.membership);
    if (membership_.state == mesh::MembershipState::Joining) {
        return "this node has a token, and has not been let in yet";
    }
    if (membership_.state != mesh::MembershipState::Member) {
        return "this node belongs to no mesh";
    }
    auto trust = mesh::MeshTrust::create(
        *membership_.key, {.root_pem = membership_.root_pem, .certificate = membership_.chain});
    if (!trust) {
        return explain("this node's certificate of the mesh cannot be used", trust.error());
    }
    trust_.emplace(std::move(*trust));
    auto security = mesh::TlsLinkSecurity::create(credentials(), trust_->members());
    if (!security) {
        return explain("TLS with the certificate of the mesh", security.error());
    }
    security_ = std::move(*security);
    revoked_ = std::move(files.revoked);
    if (revoked_.has(trust_->self())) {
        return "this node was revoked; to join again, remove its mesh directory";
    }
    for (const auto& [node, revocation] : revoked_.nodes()) {
        if (const Status status = trust_->take(revocation); !status) {
            return explain("a node that was revoked", status.error());
        }
    }
    trust_->when_revoked([this](std::vector<mesh::Revocation> news) {
        std::ranges::move(news, std::back_inserter(news_));
        ground_.home().arm_after(news_timer_, Duration());
    });
    epoch_ = epoch_ == 0 ? files.epoch : epoch_;
    return {};
}

mesh::LinkCredentials MeshPillar::credentials() const {
    // What was loaded can be written as text again.
    return {.identity = {.certificate_chain_pem = crypto::chain_to_pem(membership_.chain).value(),
                         .private_key_pem = membership_.key->to_pem()},
            .root_pem = membership_.root_pem,
            .lets_in = membership_.is_issuer};
}

/// From time to time, since the clock may be set while the node runs.
void MeshPillar::take_time() {
    const std::optional<WallTime> now =
        mesh::believable_time(wall_now(), membership_.not_after, crypto::kMemberLifetimeDefault);
    trust_->set_time(now);
    security_->set_time(now);
    ground_.home().arm_after(clock_, kClockInterval);
    if (now && *now + crypto::kMemberLifetimeDefault / 2 >= membership_.not_after) {
        gate_->renew(membership_);
    }
}

void MeshPillar::stay_off(std::string reason) {
    off_reason_ = std::move(reason);
    const bool is_expected =
        membership_.state == mesh::MembershipState::Joining ||
        (membership_.state == mesh::MembershipState::None && ground_.config.mesh.peers.empty());
    if (is_expected) {
        LOG(ground_.log, Info, "the mesh is off", {"reason", std::string_view(off_reason_)});
    } else {
        LOG(ground_.log, Warn, "the mesh is off", {"reason", std::string_view(off_reason_)});
    }
}

std::string MeshPillar::off_reason() const {
    const bool is_joining =
        !is_on() && gate_ != nullptr && membership_.state == mesh::MembershipState::Joining;
    const std::string trouble = is_joining ? gate_->joining_trouble() : std::string();
    return trouble.empty() ? off_reason_ : off_reason_ + "; " + trouble;
}

OrProblem<void> MeshPillar::start() {
    if (!ground_.config.mesh.is_on()) {
        return {};
    }
    files_ = runtime::make_blocking_pool(1);
    names_ = runtime::make_blocking_pool(1);
    const Status opened = run_on(ground_.home(), [this](runtime::Shard& here) {
        gate_ = make_gate(here);
        Status status = off_reason_.empty() ? open(here) : Status();
        if (membership_.state == mesh::MembershipState::Joining) {
            gate_->join(membership_);
        }
        gate_->start(stamp_);
        return status;
    });
    if (!opened) {
        return problem(explain(
            "cannot listen on " + ground_.config.mesh.address + " (mesh.address) for the mesh",
            opened.error()));
    }
    address_ = host_ == nullptr ? std::nullopt : host_->address();
    return {};
}

std::unique_ptr<mesh::MeshGate> MeshPillar::make_gate(runtime::Shard& here) {
    return std::make_unique<mesh::MeshGate>(
        here, mesh::MeshGate::Ports{
                  .log = ground_.log,
                  .directory = mesh::MeshDirectory(ground_.data.path()),
                  .peers = ground_.config.mesh.peers,
                  .files = *files_,
                  .names = *names_,
                  .wants_epoch =
                      [this] { return epoch_ == 0 ? mesh::WantsEpoch::Yes : mesh::WantsEpoch::No; },
                  .on_membership =
                      [this](mesh::OrFileProblem<mesh::MembershipFiles> files) {
                          on_membership(std::move(files));
                      }});
}

Status MeshPillar::open(runtime::Shard& here) {
    broker::BrokerShard& broker = broker_.broker->shard(here.id());
    bridge_ = std::make_unique<mesh::Bridge>(here, broker.far_side());
    sessions_ =
        std::make_unique<mesh::SessionDirectory>(here, *bridge_, broker.sessions_listener());
    mesh::MeshEvents& events = *this;
    TRY_ASSIGN(host_, mesh::MeshHost::open(here, options(),
                                           {.security = *security_,
                                            .trust = *trust_,
                                            .custody = *bridge_,
                                            .delivery = *bridge_,
                                            .events = events,
                                            .names = *names_,
                                            .state = bridge_.get(),
                                            .newcomers = &gate_->desk()}));
    bridge_->attach(*host_);
    sessions_->attach(*host_);
    take_time();
    broker.open_mesh(*bridge_, [this, &here] { meet_broker(here); });
    gate_->note_address(*host_->address());
    off_reason_.clear();
    LOG(ground_.log, Info, "the mesh is on",
        {"node", std::string_view(mesh::node_name_of(trust_->self()))},
        {"name", std::string_view(membership_.name)},
        {"address", std::string_view(host_->address()->to_string())});
    return {};
}

/// The core has what was kept; now it learns what clients of all shards want, and dials.
void MeshPillar::meet_broker(runtime::Shard& here) {
    for (std::uint16_t i = 0; i < here.shard_count(); ++i) {
        here.post(ShardId(i), [this](runtime::Shard& each) {
            broker::BrokerShard& shard = broker_.broker->shard(each.id());
            shard.tell_mesh(*bridge_);
            shard.share_sessions(*sessions_, bus::PeerId(trust_->self().value()));
        });
    }
    tell_revocations();
    host_->start();
    if (when_on_) {
        when_on_();
    }
}

/// A tool, or the gate, has changed the files.
void MeshPillar::on_membership(mesh::OrFileProblem<mesh::MembershipFiles> files) {
    if (!files) {
        LOG(ground_.log, Error, "the membership of the mesh cannot be read",
            {"reason", std::string_view(files.error().text)});
        if (!is_on()) {
            off_reason_ = files.error().text;
        }
        return;
    }
    if (!is_on()) {
        turn_on(std::move(*files));
        return;
    }
    if (files->membership.state != mesh::MembershipState::Member ||
        files->membership.key->id() != trust_->self()) {
        LOG(ground_.log, Warn, "this node became another of the mesh; start it again");
        return;
    }
    membership_ = std::move(files->membership);
    revoked_ = std::move(files->revoked);
    for (const auto& [node, revocation] : revoked_.nodes()) {
        if (!trust_->members().is_revoked(node) && trust_->take(revocation)) {
            put_out(node);
        }
    }
    tell_revocations();
    const Status renewed = trust_->set_certificate(membership_.chain);
    if (!renewed || !security_->renew(credentials())) {
        LOG(ground_.log, Error, "the certificate of the mesh cannot be used");
    }
    host_->call([](mesh::MeshNode& core, Instant now) { core.tell_identity(now); });
    take_time();
}

void MeshPillar::turn_on(mesh::MembershipFiles files) {
    std::string reason = take_membership(std::move(files));
    if (membership_.state == mesh::MembershipState::Joining) {
        off_reason_ = std::move(reason);
        gate_->join(membership_);
        return;
    }
    gate_->stop_joining();
    if (reason.empty()) {
        if (const Status opened = open(ground_.home()); !opened) {
            reason = explain(
                "cannot listen on " + ground_.config.mesh.address + " (mesh.address) for the mesh",
                opened.error());
        }
    }
    if (!reason.empty() && reason != off_reason_) {
        stay_off(std::move(reason));
    }
}

/// The core has heard of revocations, and does not listen to those nodes any more.
void MeshPillar::take_news() {
    const std::vector<mesh::Revocation> news = std::exchange(news_, {});
    for (const mesh::Revocation& each : news) {
        put_out(each.node);
    }
    gate_->keep_revocations(news);  // the watch brings them back, as if a tool had written them
}

void MeshPillar::put_out(mesh::NodeId node) {
    host_->expel(node);
    host_->call([node](mesh::MeshNode& core, Instant now) { core.forget(node, now); });
    LOG(ground_.log, Warn, "a node was put out of the mesh",
        {"node", std::string_view(mesh::node_name_of(node))});
}

/// Those who hold the mesh's authority tell everybody who does not belong any more; everybody
/// keeps it.
void MeshPillar::tell_revocations() {
    if (!membership_.is_issuer) {
        return;
    }
    host_->call([this](mesh::MeshNode& core, Instant now) {
        if (const Status told = core.tell_revocations(revoked_.to_bodies(), now); !told) {
            LOG(ground_.log, Error, "cannot tell the mesh who was revoked",
                {"reason", std::string_view(told.error().text)});
        }
    });
}

mesh::MeshHostOptions MeshPillar::options() const {
    mesh::MeshHostOptions options;
    options.mesh.self = trust_->self();
    options.mesh.name = membership_.name;
    options.mesh.role = membership_.role;
    options.mesh.epoch = epoch_;
    options.mesh.timing = timing_of(ground_.config.mesh.profile);
    options.mesh.spool_memory_bytes_max = ground_.config.mesh.spool_memory_bytes_max;
    options.mesh.spool_disk_bytes_max = ground_.config.mesh.spool_disk_bytes_max;
    options.mesh.spool_messages_max = ground_.config.mesh.spool_messages_max;
    // The configuration has checked the text.
    options.listen = runtime::SocketAddress::parse(ground_.config.mesh.address).value();
    options.peers = ground_.config.mesh.peers;
    for (const std::string& peer : membership_.peers) {
        const bool is_new = std::ranges::find(options.peers, peer) == options.peers.end();
        if (is_new && options.peers.size() < mesh::kStaticPeersMax) {
            options.peers.push_back(peer);
        }
    }
    return options;
}

OrProblem<TakeUp> MeshPillar::reload(const Renewal& /*renewal*/) {
    if (gate_ == nullptr) {
        return TakeUp([] {});
    }
    // Read here, so that what is wrong refuses the reload.
    auto files = mesh::read_membership(mesh::MeshDirectory(ground_.data.path()),
                                       mesh::WantsEpoch::No, wall_now());
    if (!files) {
        return problem(files.error().text);
    }
    return TakeUp([this, files = std::make_shared<mesh::MembershipFiles>(std::move(*files))] {
        ground_.at_home([this, &files] {
            if (is_on()) {
                on_membership(std::move(*files));
            } else {
                gate_->look_now();
            }
        });
    });
}

std::vector<std::string> MeshPillar::addresses_for_others() const {
    const auto listens = host_ == nullptr ? std::nullopt : host_->address();
    if (listens && !listens->is_any()) {
        return {listens->to_string()};
    }
    return own_addresses(listens ? listens->port() : kMeshPort, kOwnAddressesMax);
}

void MeshPillar::look_at_files() {
    if (gate_ != nullptr) {
        gate_->look_now();
    }
}

void MeshPillar::drain() {
    if (gate_ == nullptr) {
        return;
    }
    static_cast<void>(
        ask<bool>(ground_.home(), [this](runtime::Shard&, std::function<void(bool)> answer) {
            gate_->stop();
            clock_.cancel();
            news_timer_.cancel();
            if (host_ == nullptr) {
                answer(true);
                return;
            }
            host_->close([answer = std::move(answer)] { answer(true); });
        }));
}

void MeshPillar::finish() {
    host_.reset();
    sessions_.reset();
    bridge_.reset();
    gate_.reset();
    names_.reset();
    files_.reset();
}

void MeshPillar::on_neighbor(mesh::NodeId neighbor, mesh::NeighborChange change) {
    LOG(ground_.log, Info, "mesh neighbour",
        {"node", std::string_view(mesh::node_name_of(neighbor))}, {"change", word_of(change)});
}

}  // namespace kith::node
