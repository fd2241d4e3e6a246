#include "mesh/live/mesh_gate.h"

#include <algorithm>
#include <utility>

#include "crypto/member_certificate.h"

namespace kith::mesh {

std::optional<WallTime> believable_time(WallTime now, WallTime not_after,
                                        std::chrono::milliseconds lifetime) {
    // Certificates and tokens are made a little before they are used, by clocks that differ.
    constexpr auto kSlack = std::chrono::days(1);
    const bool is_believable = now < not_after && now + lifetime + kSlack >= not_after;
    return is_believable ? std::optional(now) : std::nullopt;
}

MeshGate::MeshGate(runtime::Shard& shard, Ports ports)
    : shard_(shard),
      ports_(std::move(ports)),
      watch_(shard, {.directory = ports_.directory,
                     .files = ports_.files,
                     .wants_epoch = ports_.wants_epoch,
                     .on_change = ports_.on_membership}),
      desk_(shard, {.directory = ports_.directory,
                    .files = ports_.files,
                    .wall_now = [&shard] { return shard.wall_now(); },
                    .on_answered = [this](const JoinOutcome& outcome) { on_answered(outcome); },
                    .on_problem =
                        [this](const std::string& text) {
                            LOG(ports_.log, Error, "cannot let a node into the mesh",
                                {"reason", std::string_view(text)});
                        }}),
      self_token_(std::make_shared<MeshGate*>(this)) {}

MeshGate::~MeshGate() {
    *self_token_ = nullptr;
}

void MeshGate::stop() {
    watch_.stop();
    renewal_end_.cancel();
    renewal_.reset();
    stop_joining();
}

void MeshGate::stop_joining() {
    caller_.reset();
    token_.reset();
}

void MeshGate::join(const Membership& joining) {
    if (caller_ != nullptr && token_ == joining.token) {
        return;
    }
    stop_joining();
    problem_.clear();
    token_ = joining.token;
    auto errand = with_peers(joining_errand(
        *joining.token, *joining.key, joining.name, [this, end = joining.token->expires_at] {
            return believable_time(shard_.wall_now(), end, kInviteLifetimeMax);
        }));
    auto caller = JoinCaller::create(
        shard_, std::move(errand),
        {.names = ports_.names,
         .on_admitted = [this](Admission admission) { on_admitted(std::move(admission)); }});
    if (!caller) {
        problem_ = std::string("cannot ask to be let in: ") + caller.error().text;
        return;
    }
    caller_ = std::move(*caller);
    caller_->start();
    LOG(ports_.log, Info, "asking to join the mesh", {"name", std::string_view(joining.name)},
        {"addresses", joining.token->locators.size()});
}

JoinErrand MeshGate::with_peers(JoinErrand errand) const {
    for (const std::string& peer : ports_.peers) {
        if (std::ranges::find(errand.addresses, peer) == errand.addresses.end()) {
            errand.addresses.push_back(peer);
        }
    }
    return errand;
}

void MeshGate::renew(const Membership& member) {
    if (shard_.now() < next_renewal_) {
        return;
    }
    next_renewal_ = shard_.now() + kRenewalInterval;
    if (member.is_issuer) {
        renew_self();
        return;
    }
    auto errand = with_peers(renewal_errand(member, [this, end = member.not_after] {
        return believable_time(shard_.wall_now(), end, crypto::kMemberLifetimeDefault);
    }));
    auto caller =
        JoinCaller::create(shard_, std::move(errand),
                           {.names = ports_.names, .on_admitted = [this](Admission admission) {
                                LOG(ports_.log, Info, "the certificate of the mesh was renewed");
                                on_admitted(std::move(admission));
                            }});
    if (caller) {  // else OpenSSL is out of order; an hour later again
        renewal_ = std::move(*caller);
        renewal_->start();
        shard_.arm_after(renewal_end_, kRenewalAttempt);
    }
}

void MeshGate::renew_self() {
    static_cast<void>(ports_.files.submit(
        shard_,
        [directory = ports_.directory, now = shard_.wall_now(), &log = ports_.log]() mutable {
            auto renewed = directory.renew_self(now);
            return runtime::make_mail([renewed = std::move(renewed), &log](runtime::Shard&) {
                if (renewed) {
                    LOG(log, Info, "the certificate of the mesh was renewed");
                } else {
                    LOG(log, Error, "cannot renew the certificate of the mesh",
                        {"reason", std::string_view(renewed.error().text)});
                }
            });
        }));
}

std::string MeshGate::joining_trouble() const {
    if (!problem_.empty() || caller_ == nullptr) {
        return problem_;
    }
    return caller_->last_trouble();
}

void MeshGate::on_admitted(Admission admission) {
    caller_.reset();
    renewal_.reset();
    const Status submitted =
        ports_.files.submit(shard_, [gate = self_token_, directory = ports_.directory,
                                     admission = std::move(admission)]() mutable {
            auto admitted = directory.admit(admission);
            return runtime::make_mail([gate, admitted = std::move(admitted)](runtime::Shard&) {
                if (*gate == nullptr) {
                    return;
                }
                MeshGate& self = **gate;
                if (!admitted) {
                    self.problem_ = admitted.error().text;
                    LOG(self.ports_.log, Error, "cannot keep the certificate of the mesh",
                        {"reason", std::string_view(self.problem_)});
                }
                // A token that is still there is asked with again.
                self.token_.reset();
                self.watch_.look_now();
            });
        });
    if (!submitted) {
        token_.reset();
        watch_.look_now();
    }
}

void MeshGate::keep_revocations(std::vector<Revocation> heard) {
    // What a busy pool refuses is told again by whoever told it, after the next start.
    static_cast<void>(ports_.files.submit(
        shard_,
        [directory = ports_.directory, heard = std::move(heard), &log = ports_.log]() mutable {
            auto kept = directory.keep(heard);
            return runtime::make_mail([kept = std::move(kept), &log](runtime::Shard&) {
                if (!kept) {
                    LOG(log, Error, "cannot keep who was revoked",
                        {"reason", std::string_view(kept.error().text)});
                }
            });
        }));
}

void MeshGate::note_address(const runtime::SocketAddress& address) {
    // A busy pool costs a tool its hint and nothing else.
    static_cast<void>(
        ports_.files.submit(shard_, [directory = ports_.directory, text = address.to_string()] {
            static_cast<void>(directory.note_address(text));
            return runtime::make_mail([](runtime::Shard&) {});
        }));
}

void MeshGate::on_answered(const JoinOutcome& outcome) {
    if (outcome.verdict == JoinVerdict::Accepted) {
        LOG(ports_.log, Info, "a node joins the mesh", {"name", std::string_view(outcome.name)},
            {"node", std::string_view(node_name_of(outcome.node))});
    } else if (outcome.node != NodeId()) {  // else it is noise, which is counted
        LOG(ports_.log, Warn, "a node was not let into the mesh",
            {"name", std::string_view(outcome.name)},
            {"reason", std::string_view(to_string(outcome.verdict))});
    }
}

}  // namespace kith::mesh
