#include "mesh/live/own_membership.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "crypto/member_certificate.h"
#include "mesh/live/limits.h"

namespace kith::mesh {
namespace {

/// How often the machine's clock is looked at.
constexpr Duration kClockInterval = std::chrono::minutes(1);

}  // namespace

std::string OwnMembership::take(MembershipFiles files) {
    membership_ = std::move(files.membership);
    if (membership_.state == MembershipState::Joining) {
        return "this node has a token, and has not been let in yet";
    }
    if (membership_.state != MembershipState::Member) {
        return "this node belongs to no mesh";
    }
    auto trust = MeshTrust::create(
        *membership_.key, {.root_pem = membership_.root_pem, .certificate = membership_.chain});
    if (!trust) {
        return "this node's certificate of the mesh cannot be used: " +
               std::string(trust.error().text);
    }
    trust_.emplace(std::move(*trust));
    auto security = TlsLinkSecurity::create(credentials(), trust_->members());
    if (!security) {
        return "TLS with the certificate of the mesh: " + std::string(security.error().text);
    }
    security_ = std::move(*security);
    revoked_ = std::move(files.revoked);
    if (revoked_.has(id())) {
        return "this node was revoked; to join again, remove its mesh directory";
    }
    for (const auto& [who, revocation] : revoked_.nodes()) {
        if (const Status status = trust_->take(revocation); !status) {
            return "a node that was revoked: " + std::string(status.error().text);
        }
    }
    epoch_ = epoch_ == 0 ? files.epoch : epoch_;
    return {};
}

Status OwnMembership::secure_forwarding() {
    TRY_ASSIGN(forward_security_,
               TlsLinkSecurity::create(forward_credentials(), trust_->members(), kMeshForwardAlpn));
    return {};
}

void OwnMembership::begin(runtime::Shard& shard, MeshGate& gate, MeshHost& host) {
    shard_ = &shard;
    gate_ = &gate;
    host_ = &host;
    trust_->when_revoked([this](std::vector<Revocation> news) {
        std::ranges::move(news, std::back_inserter(news_));
        shard_->arm_after(news_timer_, Duration());  // not from inside of the core
    });
    gate_->note_address(*host_->address());
    take_time();
    tell_revocations();
}

void OwnMembership::stop() {
    clock_.cancel();
    news_timer_.cancel();
}

LinkCredentials OwnMembership::credentials() const {
    // What was loaded can be written as text again.
    return {.identity = {.certificate_chain_pem = crypto::chain_to_pem(membership_.chain).value(),
                         .private_key_pem = membership_.key->to_pem()},
            .root_pem = membership_.root_pem,
            .lets_in = membership_.is_issuer};
}

LinkCredentials OwnMembership::forward_credentials() const {
    LinkCredentials credentials = this->credentials();
    credentials.lets_in = false;  // newcomers come to the port for links
    return credentials;
}

Status OwnMembership::renew() {
    TRY(trust_->set_certificate(membership_.chain));
    TRY(security_->renew(credentials()));
    return forward_security_ == nullptr ? Status()
                                        : forward_security_->renew(forward_credentials());
}

void OwnMembership::take_change(MembershipFiles files) {
    if (files.membership.state != MembershipState::Member || files.membership.key->id() != id()) {
        LOG(log_, Warn, "this node became another of the mesh; start it again");
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
    if (!renew()) {
        LOG(log_, Error, "the certificate of the mesh cannot be used");
    }
    host_->call([](MeshNode& core, Instant now) { core.tell_identity(now); });
    take_time();
}

/// From time to time, since the clock may be set while it runs.
void OwnMembership::take_time() {
    const std::optional<WallTime> now =
        believable_time(shard_->wall_now(), membership_.not_after, crypto::kMemberLifetimeDefault);
    trust_->set_time(now);
    security_->set_time(now);
    if (forward_security_ != nullptr) {
        forward_security_->set_time(now);
    }
    shard_->arm_after(clock_, kClockInterval);
    if (now && *now + crypto::kMemberLifetimeDefault / 2 >= membership_.not_after) {
        gate_->renew(membership_);
    }
}

/// The core has heard of revocations, and does not listen to those nodes any more.
void OwnMembership::take_news() {
    const std::vector<Revocation> news = std::exchange(news_, {});
    for (const Revocation& each : news) {
        put_out(each.node);
    }
    gate_->keep_revocations(news);  // the watch brings them back, as if a tool had written them
}

void OwnMembership::put_out(NodeId who) {
    host_->expel(who);
    host_->call([who](MeshNode& core, Instant now) { core.forget(who, now); });
    LOG(log_, Warn, "a node was put out of the mesh",
        {"node", std::string_view(node_name_of(who))});
    if (put_out_) {
        put_out_(who);
    }
}

/// Those who hold the mesh's authority tell everybody who does not belong any more; everybody
/// keeps it.
void OwnMembership::tell_revocations() {
    if (!membership_.is_issuer) {
        return;
    }
    host_->call([this](MeshNode& core, Instant now) {
        if (const Status told = core.tell_revocations(revoked_.to_bodies(), now); !told) {
            LOG(log_, Error, "cannot tell the mesh who was revoked",
                {"reason", std::string_view(told.error().text)});
        }
    });
}

std::vector<std::string> OwnMembership::peers(std::vector<std::string> configured) const {
    for (const std::string& peer : membership_.peers) {
        const bool is_new = std::ranges::find(configured, peer) == configured.end();
        if (is_new && configured.size() < kStaticPeersMax) {
            configured.push_back(peer);
        }
    }
    return configured;
}

}  // namespace kith::mesh
