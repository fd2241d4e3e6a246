#include "mesh/leaf/leaf.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "crypto/member_certificate.h"
#include "crypto/secrets.h"
#include "mesh/live/limits.h"
#include "mesh/trust/pairing.h"

namespace kith::mesh {
namespace {

constexpr const char* kNobody = "nobody of its mesh is there";

}  // namespace

std::string_view to_string(LeafState state) {
    switch (state) {
        case LeafState::Starting:
            return "starting";
        case LeafState::Unpaired:
            return "unpaired";
        case LeafState::Joining:
            return "joining";
        case LeafState::Alone:
            return "alone";
        case LeafState::Linked:
            return "linked";
        case LeafState::Broken:
            return "broken";
    }
    return "unknown";
}

Leaf::Leaf(runtime::Shard& shard, LeafOptions options, const Ports& ports)
    : shard_(shard),
      options_(std::move(options)),
      ports_(ports),
      messages_(shard, options_.messages,
                [this](const LeafMessage& message) { ports_.owner.on_leaf_message(message); }),
      own_(ports_.log) {}

Leaf::~Leaf() {
    *self_token_ = nullptr;
}

void Leaf::start() {
    auto lock = FileLock::try_acquire(options_.data + "/lock");
    if (!lock || !*lock) {
        be(LeafState::Broken, lock ? "another program uses " + options_.data : lock.error().text);
        return;
    }
    lock_.emplace(std::move(**lock));
    gate_ = std::make_unique<MeshGate>(
        shard_, MeshGate::Ports{.log = ports_.log,
                                .directory = MeshDirectory(options_.data),
                                .peers = options_.peers,
                                .files = ports_.files,
                                .names = ports_.names,
                                .wants_epoch = [this] { return own_.wants_epoch(); },
                                .on_membership =
                                    [this](OrFileProblem<MembershipFiles> files) {
                                        on_membership(std::move(files));
                                    }});
    gate_->start({});
    gate_->look_now();
}

void Leaf::close(std::function<void()> done) {
    is_closing_ = true;
    cancel_task();
    own_.stop();
    agreement_.cancel();
    joining_.cancel();
    end_pairing();
    messages_.stop();
    if (gate_ != nullptr) {
        gate_->stop();
    }
    if (discovery_ != nullptr) {
        discovery_->stop();
    }
    if (host_ == nullptr) {
        done();
    } else {
        host_->close(std::move(done));
    }
}

// Membership.

void Leaf::on_membership(OrFileProblem<MembershipFiles> files) {
    if (is_closing_) {
        return;
    }
    if (!files) {
        LOG(ports_.log, Error, "the membership of the mesh cannot be read",
            {"reason", std::string_view(files.error().text)});
        if (host_ == nullptr) {
            be(LeafState::Broken, files.error().text);
        }
    } else if (host_ == nullptr) {
        turn_on(std::move(*files));
    } else {
        own_.take_change(std::move(*files));
    }
}

void Leaf::turn_on(MembershipFiles files) {
    std::string problem = own_.take(std::move(files));
    if (membership().state != MembershipState::Member) {
        if (membership().state == MembershipState::Joining) {
            gate_->join(membership());
            be_joining();
        } else {
            joining_.cancel();
            be(LeafState::Unpaired, "it belongs to no mesh");
            begin_pairing();
        }
        return;
    }
    end_pairing();
    joining_.cancel();
    gate_->stop_joining();
    if (!problem.empty()) {
        be(LeafState::Broken, std::move(problem));
        return;
    }
    if (const Status opened = open(); !opened) {
        be(LeafState::Broken,
           "cannot listen on " + options_.listen.to_string() + ": " + opened.error().text);
    }
}

/// What is in the way is looked at from time to time. A token that has ended helps nobody: then
/// somebody may pair it anew; as he may who has paired it in vain.
void Leaf::be_joining() {
    const std::string trouble = gate_->joining_trouble();
    be(LeafState::Joining,
       "it was not let into the mesh yet" + (trouble.empty() ? trouble : "; " + trouble));
    if (shard_.wall_now() >= membership().token->expires_at) {
        begin_pairing();
    }
    shard_.arm_after(joining_, kLeafJoiningLook);
}

// Pairing.

/// It says that it is there, with a key that is forgotten, and hears offers. Again from time to
/// time, for networks that come.
void Leaf::begin_pairing() {
    if (!options_.discovers) {
        return;
    }
    if (pairing_ == nullptr) {
        crypto::SystemSecrets secrets;
        passing_key_ = NodeKey::generate(secrets);
        discovery_ = std::make_unique<DiscoveryHost>(shard_, *passing_key_, nullptr,
                                                     DiscoveryHost::Options{});
        discovery_->start();
        pairing_ = std::make_unique<PairingPort>(
            shard_, make_pairing_code(secrets),
            [this](const std::string& token_text) { on_offer(token_text); });
        ports_.owner.on_leaf_pairing_code(pairing_->code());
    }
    pairing_->refresh();
    shard_.arm_after(networks_, kInterfacesInterval);
}

void Leaf::end_pairing() {
    networks_.cancel();
    if (pairing_ != nullptr) {
        discovery_->stop();
        discovery_.reset();
        pairing_.reset();
    }
}

/// It is for this machine: whoever has made it knows its code.
void Leaf::on_offer(const std::string& token_text) {
    if (membership().token && to_text(*membership().token) == token_text) {
        return;  // it is repeated
    }
    const Status submitted =
        ports_.files.submit(shard_, [leaf = self_token_, directory = MeshDirectory(options_.data),
                                     token_text, name = options_.name]() mutable {
            crypto::SystemSecrets secrets;
            auto joining = directory.begin_join(token_text, name, secrets);
            return runtime::make_mail([leaf, joining = std::move(joining)](runtime::Shard&) {
                if (*leaf != nullptr && !joining) {
                    LOG((*leaf)->ports_.log, Error, "cannot keep the token of a pairing offer",
                        {"reason", std::string_view(joining.error().text)});
                } else if (*leaf != nullptr) {
                    (*leaf)->gate_->look_now();
                }
            });
        });
    static_cast<void>(submitted);  // a busy pool: the offer is repeated
}

// Links.

Status Leaf::open() {
    MeshEvents& events = *this;
    TRY_ASSIGN(host_, MeshHost::open(shard_, host_options(),
                                     {.security = own_.security(),
                                      .trust = own_.trust(),
                                      .custody = messages_,
                                      .delivery = messages_,
                                      .events = events,
                                      .names = ports_.names,
                                      .newcomers = &gate_->desk()}));
    messages_.attach(*host_);
    own_.begin(shard_, *gate_, *host_);
    host_->start();
    begin_discovery();
    LOG(ports_.log, Info, "a leaf of the mesh", {"node", std::string_view(node_name_of(own_.id()))},
        {"address", std::string_view(host_->address()->to_string())});
    be(LeafState::Alone, kNobody);
    return {};
}

MeshHostOptions Leaf::host_options() const {
    MeshHostOptions options;
    options.mesh.self = own_.id();
    options.mesh.name = options_.name.empty() ? membership().name : options_.name;
    options.mesh.role = NodeRole::Leaf;
    options.mesh.epoch = own_.epoch();
    options.mesh.timing = options_.timing;
    options.mesh.spool_memory_bytes_max = options_.messages.bytes_max;
    options.listen = options_.listen;
    options.peers = own_.peers(options_.peers);
    return options;
}

void Leaf::begin_discovery() {
    if (options_.discovers) {
        discovery_ = std::make_unique<DiscoveryHost>(
            shard_, *membership().key, host_.get(),
            DiscoveryHost::Options{.mesh = membership().mesh().value(),
                                   .epoch = own_.epoch(),
                                   .members = &own_.trust().members(),
                                   .is_leaf = true});
        discovery_->start();
    }
}

// What the core says, in a later step of the turn.

void Leaf::on_neighbor(NodeId neighbor, NeighborChange change) {
    if (change == NeighborChange::Up || change == NeighborChange::Down) {
        LOG(ports_.log, Info, "mesh neighbour", {"node", std::string_view(node_name_of(neighbor))},
            {"is_up", change == NeighborChange::Up});
        shard_.defer(*this);
    }
}

void Leaf::on_agreed(NodeId) {
    if (!std::exchange(has_agreed_, true)) {
        shard_.defer(*this);
    }
}

void Leaf::run_task() {
    if (host_ != nullptr && !is_closing_) {
        count_links();
    }
    if (!std::exchange(is_told_, true)) {
        ports_.owner.on_leaf_state(state_, why_);
    }
}

/// It is linked when both sides know what the other wants, and alone as soon as nobody is there.
void Leaf::count_links() {
    if (host_->node().neighbors().empty()) {
        has_agreed_ = false;
        agreement_.cancel();
        if (state_ == LeafState::Linked) {
            be(LeafState::Alone, kNobody);
        }
    } else if (state_ == LeafState::Alone && has_agreed_) {
        meet();
    } else if (state_ == LeafState::Alone && !agreement_.is_armed()) {
        shard_.arm_after(agreement_, kLeafAgreementPatience);
    }
}

void Leaf::meet() {
    agreement_.cancel();
    if (std::exchange(is_meeting_, true)) {
        return;
    }
    messages_.meet([this] {
        is_meeting_ = false;
        if (state_ == LeafState::Alone && !host_->node().neighbors().empty()) {
            be(LeafState::Linked, {});
        }
    });
}

void Leaf::be(LeafState state, std::string why) {
    if (state != state_ || why != why_) {
        state_ = state;
        why_ = std::move(why);
        is_told_ = false;
        shard_.defer(*this);
    }
}

LeafView Leaf::view() const {
    LeafView view{.state = state_};
    if (membership().key) {
        view.node = membership().key->id();
        view.mesh = membership().mesh();
    }
    if (host_ != nullptr) {
        view.link_count = host_->links().size();
        for (const RouteView& route : host_->node().routes()) {
            view.reachable_count += route.next_hop != NodeId() ? 1U : 0U;
        }
        view.links = host_->counters();
        view.core = host_->node().counters();
    }
    if (discovery_ != nullptr) {
        view.discovery = discovery_->view();
    }
    return view;
}

}  // namespace kith::mesh
