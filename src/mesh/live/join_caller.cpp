#include "mesh/live/join_caller.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "mesh/live/limits.h"
#include "mesh/live/tls_link_security.h"
#include "runtime/network.h"
#include "runtime/resolve.h"

namespace kith::mesh {
namespace {

std::string_view reason_of(JoinChannelEnd end) {
    switch (end) {
        case JoinChannelEnd::Closed:
        case JoinChannelEnd::Broken:
            return "nobody answers who lets nodes in";
        case JoinChannelEnd::Timeout:
            return "no answer in time";
        case JoinChannelEnd::Malformed:
            return "the answer cannot be read";
    }
    return "unknown";
}

}  // namespace

Result<std::unique_ptr<JoinCaller>> JoinCaller::create(runtime::Shard& shard, JoinErrand errand,
                                                       Ports ports) {
    // Whom to believe is the errand's business: OpenSSL proves that he has the key he shows.
    TRY_ASSIGN(auto context,
               runtime::TlsContext::client(
                   {.verify = false, .alpn = {kMeshJoinAlpn}, .describes_channel = true}));
    return std::unique_ptr<JoinCaller>(
        new JoinCaller(shard, std::move(errand), std::move(ports), std::move(context)));
}

JoinCaller::JoinCaller(runtime::Shard& shard, JoinErrand errand, Ports ports,
                       std::shared_ptr<runtime::TlsContext> context)
    : shard_(shard),
      errand_(std::move(errand)),
      ports_(std::move(ports)),
      context_(std::move(context)),
      self_token_(std::make_shared<JoinCaller*>(this)) {
    DialOwner& owner = *this;
    for (const std::string& address : errand_.addresses) {
        dialers_.push_back(std::make_unique<PeerDialer>(shard, owner, address));
    }
    is_refused_.assign(dialers_.size(), false);
}

JoinCaller::~JoinCaller() {
    *self_token_ = nullptr;
}

void JoinCaller::start() {
    for (const auto& dialer : dialers_) {
        dialer->start();
    }
}

void JoinCaller::stop() {
    is_over_ = true;
    for (const auto& dialer : dialers_) {
        dialer->stop();
    }
}

bool JoinCaller::is_at_an_end() const {
    return std::ranges::find(is_refused_, false) == is_refused_.end();
}

// Dialling.

void JoinCaller::resolve(PeerDialer& dialer) {
    const auto found = std::ranges::find_if(
        dialers_, [&dialer](const auto& each) { return each.get() == &dialer; });
    const auto index = static_cast<std::size_t>(found - dialers_.begin());
    using Addresses = Result<std::vector<runtime::SocketAddress>>;
    const Status submitted =
        ports_.names.submit(shard_, [caller = self_token_, index, peer = dialer.peer()] {
            return runtime::make_mail(
                [caller, index, addresses = runtime::resolve(peer)](runtime::Shard&) {
                    if (*caller == nullptr || (*caller)->is_over_) {
                        return;
                    }
                    PeerDialer& asking = *(*caller)->dialers_[index];
                    if (!addresses || addresses->empty()) {
                        (*caller)->note(asking, "its name is not known");
                    }
                    asking.on_resolved(addresses);
                });
        });
    if (!submitted) {
        dialer.on_resolved(Addresses(tl::unexpected(submitted.error())));
    }
}

std::optional<LinkId> JoinCaller::dial(PeerDialer& dialer, const runtime::SocketAddress& address) {
    const LinkId id(++last_link_);
    JoinChannelOwner& owner = *this;
    auto channel = std::make_unique<JoinChannel>(id, kJoinAnswerBytesMax, owner);
    auto stream = shard_.network().connect(address, channel->handler());
    if (!stream) {
        note(dialer, "cannot be reached");
        return std::nullopt;
    }
    ++counters_.dials;
    channel->start(runtime::TlsContext::wrap(context_, std::move(*stream), shard_), shard_);
    attempts_[id] = {.channel = std::move(channel), .dialer = &dialer};
    return id;
}

void JoinCaller::give_up(LinkId link) {
    const auto found = attempts_.find(link);
    if (found != attempts_.end()) {
        found->second.dialer = nullptr;
        found->second.channel->abort();
        retire(link);
    }
}

// Asking.

void JoinCaller::on_channel_ready(JoinChannel& channel) {
    const Result<std::vector<std::uint8_t>> request = request_for(channel);
    if (!request) {
        ++counters_.impostors;
        fail_attempt(channel.id(), request.error().text);
        return;
    }
    channel.send(*request);
}

Result<std::vector<std::uint8_t>> JoinCaller::request_for(const JoinChannel& channel) const {
    const runtime::StreamInfo info = channel.info();
    if (info.tls == nullptr || info.tls->alpn != kMeshJoinAlpn) {
        return fail(ErrorKind::Denied, "does not let nodes in");
    }
    const std::vector<Bytes> shown(info.tls->shown_chain.begin(), info.tls->shown_chain.end());
    return errand_.request(shown, info.tls->channel_binding);
}

void JoinCaller::on_channel_message(JoinChannel& channel, Bytes message) {
    Result<Admission> admission = errand_.read(message);
    if (admission) {
        admission_ = std::move(*admission);
        is_over_ = true;
        shard_.defer(*this);
        return;
    }
    const LinkId id = channel.id();
    PeerDialer* dialer = attempts_.find(id)->second.dialer;
    const bool may_change = admission.error().kind == ErrorKind::Unavailable;
    if (!may_change && dialer != nullptr) {
        const auto found = std::ranges::find_if(
            dialers_, [dialer](const auto& each) { return each.get() == dialer; });
        is_refused_[static_cast<std::size_t>(found - dialers_.begin())] = true;
    }
    ++counters_.refusals;
    fail_attempt(id, admission.error().text);
    if (!may_change && dialer != nullptr) {
        dialer->stop();
    }
}

void JoinCaller::on_channel_ended(JoinChannel& channel, JoinChannelEnd end) {
    if (!is_over_) {
        ++counters_.broken;
    }
    fail_attempt(channel.id(), reason_of(end));
}

void JoinCaller::fail_attempt(LinkId link, std::string_view why) {
    const auto found = attempts_.find(link);
    if (found == attempts_.end()) {
        return;
    }
    PeerDialer* dialer = std::exchange(found->second.dialer, nullptr);
    found->second.channel->abort();
    retire(link);
    if (dialer != nullptr && !is_over_) {
        note(*dialer, why);
        dialer->on_failed(link);
    }
}

void JoinCaller::note(const PeerDialer& dialer, std::string_view why) {
    last_trouble_ = fmt::format("{}: {}", dialer.peer(), why);
}

/// The channel itself goes once nobody of this turn can be in it any more.
void JoinCaller::retire(LinkId link) {
    const auto found = attempts_.find(link);
    retired_.push_back(std::move(found->second.channel));
    attempts_.erase(found);
    shard_.defer(*this);
}

void JoinCaller::run_task() {
    if (std::optional<Admission> admission = std::exchange(admission_, std::nullopt)) {
        stop();
        const auto on_admitted = ports_.on_admitted;
        on_admitted(std::move(*admission));  // last: it may destroy this
        return;
    }
    retired_.clear();
}

JoinErrand joining_errand(const JoinToken& token, const NodeKey& key, const std::string& name,
                          const KnownTime& now) {
    // style: shared, since NodeKey does not copy and std::function wants what does.
    const auto own_key = std::make_shared<NodeKey>(NodeKey::parse(key.to_pem()).value());
    return {
        .addresses = token.locators,
        .request = [token, own_key, name, now](const std::vector<Bytes>& shown,
                                               Bytes binding) -> Result<std::vector<std::uint8_t>> {
            TRY(check_issuer(token.root_fingerprint, shown, now()));
            return make_join_request(token, *own_key, name, binding);
        },
        .read = [token, own_key,
                 now](Bytes answer) { return read_join_answer(answer, token, *own_key, now()); }};
}

JoinErrand renewal_errand(const Membership& member, const KnownTime& now) {
    // style: shared, since what is asked with has to outlive the call, and does not copy.
    const auto own = std::make_shared<Membership>(member);
    const auto proof = [own]() -> MemberProof {
        return {.root_fingerprint = own->root_fingerprint,
                .key = *own->key,
                .name = own->name,
                .chain = own->chain};
    };
    return {.addresses = member.peers,
            .request = [own, proof, now](const std::vector<Bytes>& shown,
                                         Bytes binding) -> Result<std::vector<std::uint8_t>> {
                TRY(check_issuer(own->root_fingerprint, shown, now()));
                return make_renewal_request(proof(), binding);
            },
            .read =
                [own, proof, now](Bytes answer) {
                    return read_renewal_answer(answer, proof(), own->role, now());
                }};
}

}  // namespace kith::mesh
