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

/// How often the machine's clock is looked at.
constexpr Duration kClockInterval = std::chrono::minutes(1);

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
                [this](const LeafMessage& message) { ports_.owner.on_leaf_message(message); }) {}

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
        shard_,
        MeshGate::Ports{
            .log = ports_.log,
            .directory = MeshDirectory(options_.data),
            .peers = options_.peers,
            .files = ports_.files,
            .names = ports_.names,
            .wants_epoch = [this] { return epoch_ == 0 ? WantsEpoch::Yes : WantsEpoch::No; },
            .on_membership =
                [this](OrFileProblem<MembershipFiles> files) { on_membership(std::move(files)); }});
    gate_->start({});
    gate_->look_now();
}

void Leaf::close(std::function<void()> done) {
    is_closing_ = true;
    cancel_task();
    clock_.cancel();
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
        take_change(std::move(*files));
    }
}

void Leaf::turn_on(MembershipFiles files) {
    const MembershipState found = files.membership.state;
    if (found != MembershipState::Member) {
        membership_ = std::move(files.membership);
        if (found == MembershipState::Joining) {
            gate_->join(membership_);
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
    if (std::string problem = take_membership(std::move(files)); !problem.empty()) {
        be(LeafState::Broken, std::move(problem));
        return;
    }
    if (const Status opened = open(); !opened) {
        be(LeafState::Broken,
           "cannot listen on " + options_.listen.to_string() + ": " + opened.error().text);
    }
}

std::string Leaf::take_membership(MembershipFiles files) {
    membership_ = std::move(files.membership);
    auto trust = MeshTrust::create(
        *membership_.key, {.root_pem = membership_.root_pem, .certificate = membership_.chain});
    if (!trust) {
        return std::string("its certificate of the mesh cannot be used: ") + trust.error().text;
    }
    trust_.emplace(std::move(*trust));
    auto security = TlsLinkSecurity::create(credentials(), trust_->members());
    if (!security) {
        return std::string("TLS with its certificate of the mesh: ") + security.error().text;
    }
    security_ = std::move(*security);
    revoked_ = std::move(files.revoked);
    if (revoked_.has(trust_->self())) {
        return "it was revoked; to join again, remove " + options_.data + "/mesh";
    }
    for (const auto& [who, revocation] : revoked_.nodes()) {
        if (const Status status = trust_->take(revocation); !status) {
            return std::string("a node that was revoked: ") + status.error().text;
        }
    }
    trust_->when_revoked([this](std::vector<Revocation> news) {
        std::ranges::move(news, std::back_inserter(news_));
        shard_.defer(*this);
    });
    epoch_ = files.epoch;
    return {};
}

LinkCredentials Leaf::credentials() const {
    // What was loaded can be written as text again.
    return {.identity = {.certificate_chain_pem = crypto::chain_to_pem(membership_.chain).value(),
                         .private_key_pem = membership_.key->to_pem()},
            .root_pem = membership_.root_pem,
            .lets_in = membership_.is_issuer};
}

/// A tool, or the gate, has changed its files.
void Leaf::take_change(MembershipFiles files) {
    if (files.membership.state != MembershipState::Member ||
        files.membership.key->id() != trust_->self()) {
        LOG(ports_.log, Warn, "it became another of the mesh; start it again");
        return;
    }
    membership_ = std::move(files.membership);
    revoked_ = std::move(files.revoked);
    for (const auto& [who, revocation] : revoked_.nodes()) {
        if (!trust_->members().is_revoked(who) && trust_->take(revocation)) {
            put_out(who);
        }
    }
    tell_revocations();
    if (!trust_->set_certificate(membership_.chain) || !security_->renew(credentials())) {
        LOG(ports_.log, Error, "the certificate of the mesh cannot be used");
    }
    host_->call([](MeshNode& core, Instant now) { core.tell_identity(now); });
    take_time();
}

/// What is in the way is looked at from time to time. A token that has ended helps nobody: then
/// somebody may pair it anew; as he may who has paired it in vain.
void Leaf::be_joining() {
    const std::string trouble = gate_->joining_trouble();
    be(LeafState::Joining,
       "it was not let into the mesh yet" + (trouble.empty() ? trouble : "; " + trouble));
    if (shard_.wall_now() >= membership_.token->expires_at) {
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
    if (membership_.token && to_text(*membership_.token) == token_text) {
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
                                     {.security = *security_,
                                      .trust = *trust_,
                                      .custody = messages_,
                                      .delivery = messages_,
                                      .events = events,
                                      .names = ports_.names,
                                      .newcomers = &gate_->desk()}));
    messages_.attach(*host_);
    take_time();
    tell_revocations();
    gate_->note_address(*host_->address());
    host_->start();
    begin_discovery();
    LOG(ports_.log, Info, "a leaf of the mesh",
        {"node", std::string_view(node_name_of(trust_->self()))},
        {"address", std::string_view(host_->address()->to_string())});
    be(LeafState::Alone, kNobody);
    return {};
}

MeshHostOptions Leaf::host_options() const {
    MeshHostOptions options;
    options.mesh.self = trust_->self();
    options.mesh.name = options_.name.empty() ? membership_.name : options_.name;
    options.mesh.role = NodeRole::Leaf;
    options.mesh.epoch = epoch_;
    options.mesh.timing = options_.timing;
    options.mesh.spool_memory_bytes_max = options_.messages.bytes_max;
    options.listen = options_.listen;
    options.peers = options_.peers;
    for (const std::string& peer : membership_.peers) {
        const bool is_new = std::ranges::find(options.peers, peer) == options.peers.end();
        if (is_new && options.peers.size() < kStaticPeersMax) {
            options.peers.push_back(peer);
        }
    }
    return options;
}

void Leaf::begin_discovery() {
    if (options_.discovers) {
        discovery_ = std::make_unique<DiscoveryHost>(
            shard_, *membership_.key, host_.get(),
            DiscoveryHost::Options{.mesh = membership_.mesh().value(),
                                   .epoch = epoch_,
                                   .members = &trust_->members(),
                                   .is_leaf = true});
        discovery_->start();
    }
}

/// From time to time, since the clock may be set while it runs.
void Leaf::take_time() {
    const std::optional<WallTime> now =
        believable_time(shard_.wall_now(), membership_.not_after, crypto::kMemberLifetimeDefault);
    trust_->set_time(now);
    security_->set_time(now);
    shard_.arm_after(clock_, kClockInterval);
    if (now && *now + crypto::kMemberLifetimeDefault / 2 >= membership_.not_after) {
        gate_->renew(membership_);
    }
}

void Leaf::put_out(NodeId who) {
    host_->expel(who);
    host_->call([who](MeshNode& core, Instant now) { core.forget(who, now); });
    LOG(ports_.log, Warn, "a node was put out of the mesh",
        {"node", std::string_view(node_name_of(who))});
}

void Leaf::tell_revocations() {
    if (membership_.is_issuer) {
        host_->call([this](MeshNode& core, Instant now) {
            if (const Status told = core.tell_revocations(revoked_.to_bodies(), now); !told) {
                LOG(ports_.log, Error, "cannot tell the mesh who was revoked",
                    {"reason", std::string_view(told.error().text)});
            }
        });
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
    if (const std::vector<Revocation> news = std::exchange(news_, {}); !news.empty()) {
        for (const Revocation& each : news) {
            put_out(each.node);
        }
        gate_->keep_revocations(news);  // the watch brings them back, as if a tool had written them
    }
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
    if (membership_.key) {
        view.node = membership_.key->id();
        view.mesh = membership_.mesh();
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
