#include "node/detail/mesh_pillar.h"

#include "crypto/member_certificate.h"
#include "mesh/live/limits.h"
#include "node/detail/publish_priority.h"
#include "node/detail/run_on.h"
#include "node/own_addresses.h"
#include "node/process_facts.h"

#include <algorithm>
#include <iterator>
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
    const mesh::MeshDirectory directory(ground_.data.path());
    stamp_ = mesh::stamp_of(directory);
    auto files = mesh::read_membership(directory, mesh::WantsEpoch::Yes, wall_now());
    if (!files) {
        stay_off(files.error().text);
        return {};
    }
    if (std::string reason = own_.take(std::move(*files)); !reason.empty()) {
        stay_off(std::move(reason));
        return {};
    }
    off_reason_.clear();
    return {};
}

void MeshPillar::stay_off(std::string reason) {
    off_reason_ = std::move(reason);
    const bool is_expected =
        membership().state == mesh::MembershipState::Joining ||
        (membership().state == mesh::MembershipState::None && ground_.config.mesh.peers.empty());
    if (is_expected) {
        LOG(ground_.log, Info, "the mesh is off", {"reason", std::string_view(off_reason_)});
    } else {
        LOG(ground_.log, Warn, "the mesh is off", {"reason", std::string_view(off_reason_)});
    }
}

std::string MeshPillar::off_reason() const {
    const bool is_joining =
        !is_on() && gate_ != nullptr && membership().state == mesh::MembershipState::Joining;
    const std::string trouble = is_joining ? gate_->joining_trouble() : std::string();
    return trouble.empty() ? off_reason_ : off_reason_ + "; " + trouble;
}

OrProblem<void> MeshPillar::start() {
    if (!ground_.config.mesh.is_on()) {
        return {};
    }
    files_ = runtime::make_blocking_pool(1);
    names_ = runtime::make_blocking_pool(1);
    service_names_ = runtime::make_blocking_pool(1);
    const Status opened = run_on(ground_.home(), [this](runtime::Shard& here) {
        gate_ = make_gate(here);
        Status status = off_reason_.empty() ? open(here) : Status();
        if (membership().state == mesh::MembershipState::Joining) {
            gate_->join(membership());
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
        here, mesh::MeshGate::Ports{.log = ground_.log,
                                    .directory = mesh::MeshDirectory(ground_.data.path()),
                                    .peers = ground_.config.mesh.peers,
                                    .files = *files_,
                                    .names = *names_,
                                    .wants_epoch = [this] { return own_.wants_epoch(); },
                                    .on_membership =
                                        [this](mesh::OrFileProblem<mesh::MembershipFiles> files) {
                                            on_membership(std::move(files));
                                        }});
}

Status MeshPillar::open(runtime::Shard& here) {
    broker::BrokerShard& broker = broker_.broker->shard(here.id());
    bridge_ = std::make_unique<mesh::Bridge>(here, broker.far_side(), &publish_priority);
    sessions_ =
        std::make_unique<mesh::SessionDirectory>(here, *bridge_, broker.sessions_listener());
    forwarding_ = std::make_unique<MeshForwarding>(here, ground_.log, *service_names_);
    TRY(own_.secure_forwarding());
    forwarding_->prepare(own_.forward_security(), ground_.config.mesh.forward_allow);
    mesh::MeshEvents& events = *this;
    TRY_ASSIGN(host_, mesh::MeshHost::open(here, options(),
                                           {.security = own_.security(),
                                            .trust = own_.trust(),
                                            .custody = *bridge_,
                                            .delivery = *bridge_,
                                            .events = events,
                                            .names = *names_,
                                            .state = bridge_.get(),
                                            .newcomers = &gate_->desk(),
                                            .circuits = &forwarding_->circuits()}));
    forwarding_->attach(*host_);
    bridge_->attach(*host_);
    sessions_->attach(*host_);
    broker.open_mesh(*bridge_, [this, &here] { meet_broker(here); });
    own_.begin(here, *gate_, *host_);
    own_.when_put_out([this](mesh::NodeId node) { on_put_out(node); });
    off_reason_.clear();
    LOG(ground_.log, Info, "the mesh is on",
        {"node", std::string_view(mesh::node_name_of(own_.id()))},
        {"name", std::string_view(membership().name)},
        {"address", std::string_view(host_->address()->to_string())});
    return {};
}

/// The core has what was kept; now it learns what clients of all shards want, and dials.
void MeshPillar::meet_broker(runtime::Shard& here) {
    for (std::uint16_t i = 0; i < here.shard_count(); ++i) {
        here.post(ShardId(i), [this](runtime::Shard& each) {
            broker::BrokerShard& shard = broker_.broker->shard(each.id());
            shard.tell_mesh(*bridge_);
            shard.share_sessions(*sessions_, bus::PeerId(own_.id().value()));
        });
    }
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
    own_.take_change(std::move(*files));
}

void MeshPillar::turn_on(mesh::MembershipFiles files) {
    std::string reason = own_.take(std::move(files));
    if (membership().state == mesh::MembershipState::Joining) {
        off_reason_ = std::move(reason);
        gate_->join(membership());
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

mesh::MeshHostOptions MeshPillar::options() const {
    mesh::MeshHostOptions options;
    options.mesh.self = own_.id();
    options.mesh.name = membership().name;
    options.mesh.role = membership().role;
    options.mesh.epoch = own_.epoch();
    options.mesh.timing = timing_of(ground_.config.mesh.profile);
    options.mesh.spool_memory_bytes_max = ground_.config.mesh.spool_memory_bytes_max;
    options.mesh.spool_disk_bytes_max = ground_.config.mesh.spool_disk_bytes_max;
    options.mesh.spool_messages_max = ground_.config.mesh.spool_messages_max;
    options.mesh.partition_ttl = ground_.config.mesh.partition_ttl;
    // The configuration has checked the text.
    options.listen = runtime::SocketAddress::parse(ground_.config.mesh.address).value();
    options.peers = own_.peers(ground_.config.mesh.peers);
    return options;
}

OrProblem<TakeUp> MeshPillar::reload(const Renewal& renewal) {
    if (gate_ == nullptr) {
        return TakeUp([] {});
    }
    // Read here, so that what is wrong refuses the reload.
    auto files = mesh::read_membership(mesh::MeshDirectory(ground_.data.path()),
                                       mesh::WantsEpoch::No, wall_now());
    if (!files) {
        return problem(files.error().text);
    }
    return TakeUp([this, files = std::make_shared<mesh::MembershipFiles>(std::move(*files)),
                   rules = renewal.config.mesh.forward_allow] {
        ground_.at_home([this, &files, &rules] {
            ground_.config.mesh.forward_allow = rules;
            if (is_on()) {
                forwarding_->set_rules(rules);
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
            own_.stop();
            if (host_ == nullptr) {
                answer(true);
                return;
            }
            forwarding_->stop();
            host_->close([answer = std::move(answer)] { answer(true); });
        }));
}

void MeshPillar::finish() {
    if (forwarding_ != nullptr) {
        forwarding_->stop();
    }
    host_.reset();
    forwarding_.reset();
    sessions_.reset();
    bridge_.reset();
    gate_.reset();
    service_names_.reset();
    names_.reset();
    files_.reset();
}

void MeshPillar::on_put_out(mesh::NodeId node) {
    forwarding_->expel(node);
    const std::string name = mesh::node_name_of(node);
    ground_.events.add({.at = wall_now(),
                        .kind = "mesh",
                        .client_id = {},
                        .text = name + " was revoked",
                        .address = {},
                        .reason = "revoked",
                        .transport = {},
                        .node = name});
}

/// The core counts them all.
void MeshPillar::on_drop(mesh::DropReason reason, const mesh::Data* data) {
    drop_samples_.note(reason, data, wall_now());
}

void MeshPillar::on_neighbor(mesh::NodeId neighbor, mesh::NeighborChange change) {
    LOG(ground_.log, Info, "mesh neighbour",
        {"node", std::string_view(mesh::node_name_of(neighbor))}, {"change", word_of(change)});
}

}  // namespace kith::node
