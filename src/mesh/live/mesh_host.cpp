#include "mesh/live/mesh_host.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "mesh/live/limits.h"
#include "runtime/resolve.h"

namespace kith::mesh {

Result<std::unique_ptr<MeshHost>> MeshHost::open(runtime::Shard& shard,
                                                 const MeshHostOptions& options,
                                                 const Ports& ports) {
    if (options.peers.size() > kStaticPeersMax) {
        return fail(ErrorKind::Limit, "too many peers");
    }
    std::unique_ptr<MeshHost> host(new MeshHost(shard, options, ports));
    if (options.listen) {
        TRY_ASSIGN(host->listener_, shard.network().listen({.address = *options.listen}, *host));
    }
    return host;
}

MeshHost::MeshHost(runtime::Shard& shard, const MeshHostOptions& options, const Ports& ports)
    : shard_(shard),
      ports_(ports),
      self_(options.mesh.self),
      node_(options.mesh,
            {.links = *this,
             .trust = ports.trust,
             .custody = ports.custody,
             .delivery = ports.delivery,
             .events = ports.events,
             .state = ports.state,
             .circuits = ports.circuits},
            shard.random().next(), shard.now()),
      grace_([this](Instant) { finish_closing(); }),
      self_token_(std::make_shared<MeshHost*>(this)) {
    tell_time();
    DialOwner& owner = *this;
    for (const std::string& peer : options.peers) {
        dialers_.push_back(std::make_unique<PeerDialer>(shard, owner, peer));
    }
}

MeshHost::~MeshHost() {
    *self_token_ = nullptr;
}

void MeshHost::start() {
    CHECK(!is_started_);
    is_started_ = true;
    for (const auto& dialer : dialers_) {
        dialer->start();
    }
    arm();
}

std::optional<runtime::SocketAddress> MeshHost::address() const {
    return listener_ == nullptr ? std::nullopt : std::optional(listener_->local());
}

// The core.

void MeshHost::send(LinkId link, Priority priority, Bytes head, const SharedBytes& body) {
    Entry* entry = find(link);
    if (entry != nullptr && !entry->link->send(priority, head, body)) {
        overflowing_.push_back(link);
        shard_.defer(*this);
    }
}

void MeshHost::close(LinkId link, GoodbyeReason reason) {
    if (Entry* entry = find(link)) {
        entry->is_known = false;
        entry->link->close(reason);
        tell_dialer(*entry);
    }
}

bool MeshHost::is_full(LinkId link) const {
    const Entry* entry = find(link);
    return entry != nullptr && entry->link->waiting_bytes() >= kLinkQueueBytesMax;
}

void MeshHost::on_timer(Instant now) {
    tell_time();
    node_.on_timer(now);
    arm();
}

void MeshHost::arm() {
    if (is_closing_ || !is_started_) {
        return;
    }
    const Instant deadline = node_.deadline();
    if (deadline == Instant::never()) {
        runtime::Timer::cancel();
    } else if (!is_armed() || runtime::Timer::deadline() != deadline) {
        shard_.arm(*this, deadline);
    }
}

/// What no call of a link or of the core may do itself.
void MeshHost::run_task() {
    for (const LinkId link : std::exchange(overflowing_, {})) {
        Entry* entry = find(link);
        if (entry != nullptr && entry->link->is_open()) {
            ++counters_.overflows;
            leave(*entry, GoodbyeReason::Silent);
        }
    }
    retired_.clear();
    declined_.clear();
    if (is_closing_ && links_.empty()) {
        finish_closing();
    }
}

// Links.

MeshHost::Entry& MeshHost::add(LiveLink::Direction direction, PeerDialer* dialer) {
    const LinkId id(++last_link_);
    Entry& entry = links_[id];
    LinkOwner& owner = *this;
    entry.link = std::make_unique<LiveLink>(id, direction, owner, ports_.security);
    entry.dialer = dialer;
    return entry;
}

MeshHost::Entry* MeshHost::find(LinkId link) {
    const auto found = links_.find(link);
    return found == links_.end() ? nullptr : &found->second;
}

const MeshHost::Entry* MeshHost::find(LinkId link) const {
    const auto found = links_.find(link);
    return found == links_.end() ? nullptr : &found->second;
}

void MeshHost::on_accept(std::unique_ptr<runtime::Stream> stream) {
    if (is_closing_ || !is_started_ || links_.size() >= kLinkConnectionsMax ||
        handshakes_accepted() >= kLinkHandshakesAcceptedMax) {
        ++counters_.accepts_refused;
        stream->abort();
        return;
    }
    ++counters_.accepted;
    add(LiveLink::Direction::Accepted, nullptr).link->start(std::move(stream), shard_);
}

std::size_t MeshHost::handshakes_accepted() const {
    return static_cast<std::size_t>(std::ranges::count_if(links_, [](const auto& entry) {
        const LiveLink& link = *entry.second.link;
        return !link.is_dialled() && link.state() == LiveLink::State::Handshake;
    }));
}

void MeshHost::on_link_ready(LiveLink& link) {
    Entry& entry = *find(link.id());
    if (link.peer().node == self_) {
        ++counters_.own_addresses;
        if (PeerDialer* dialer = std::exchange(entry.dialer, nullptr)) {
            dialer->on_own_address(link.id());
        }
        link.close(GoodbyeReason::Duplicate);
        return;
    }
    ++counters_.links_up;
    if (entry.dialer != nullptr) {
        entry.was_up = true;
        entry.dialer->on_up(link.id());
    }
    entry.is_known = true;
    node_.on_link_up(link.id(), link.peer(), shard_.now());
    if (link.is_open()) {  // the core may have refused it
        settle_duplicates(link);
    }
    arm();
}

void MeshHost::on_link_newcomer(LiveLink& link, std::unique_ptr<runtime::Stream> stream) {
    if (ports_.newcomers == nullptr || is_closing_) {
        ++counters_.not_members;
        stream->abort();
        // The stream is in a call of its own.
        declined_.push_back(std::move(stream));
    } else {
        ports_.newcomers->on_newcomer(std::move(stream));
    }
    retire(link.id());
}

/// Another open link to the same node at the same address.
const LiveLink* MeshHost::twin_of(const LiveLink& link) const {
    const auto found = std::ranges::find_if(links_, [&link](const auto& entry) {
        const LiveLink& other = *entry.second.link;
        return &other != &link && other.is_open() && other.peer().node == link.peer().node &&
               other.remote().ip() == link.remote().ip();
    });
    return found == links_.end() ? nullptr : found->second.link.get();
}

/// Both ends decide alike: of two links that were dialled at the same time, the one that the larger
/// id has dialled stays; otherwise the newer one, since whoever dialled it had no other. Whether
/// two links of one side are one too many is for that side to say.
void MeshHost::settle_duplicates(LiveLink& newer) {
    const LiveLink* twin = twin_of(newer);
    if (twin == nullptr) {
        return;
    }
    LiveLink& older = *find(twin->id())->link;
    if (older.is_dialled() == newer.is_dialled()) {
        if (newer.is_dialled()) {
            newer.close_later(kDuplicateLinger);
        }
        return;
    }
    const bool is_late = shard_.now() - older.open_since() > kDuplicateWindow;
    const bool keeps_dialled = self_ > newer.peer().node;
    const bool keeps_newer = is_late || newer.is_dialled() == keeps_dialled;
    (keeps_newer ? older : newer).close_later(kDuplicateLinger);
}

void MeshHost::on_link_close_due(LiveLink& link) {
    if (twin_of(link) != nullptr) {
        ++counters_.duplicates;
        leave(*find(link.id()), GoodbyeReason::Duplicate);
    }
}

Result<std::size_t> MeshHost::on_link_bytes(LiveLink& link, Bytes bytes) {
    Entry& entry = *find(link.id());
    if (!entry.is_known) {
        return bytes.size();
    }
    Result<std::size_t> used = node_.on_bytes(link.id(), bytes, shard_.now());
    if (!used) {
        ++counters_.malformed;
        leave(entry, GoodbyeReason::Misbehaving);
    }
    arm();
    return used;
}

void MeshHost::on_link_ended(LiveLink& link, LinkEnd end) {
    Entry& entry = *find(link.id());
    count_end(entry, end);
    forget(entry);
    tell_dialer(entry);
    retire(link.id());
}

void MeshHost::count_end(const Entry& entry, LinkEnd end) {
    if (end == LinkEnd::NotMember) {
        ++counters_.not_members;
    } else if (end == LinkEnd::Timeout) {
        ++counters_.handshakes_timed_out;
    } else if (entry.link->open_since() == Instant()) {
        ++counters_.handshakes_broken;
    }
}

/// Ends a link of this host's own accord.
void MeshHost::leave(Entry& entry, GoodbyeReason reason) {
    entry.link->close(reason);
    forget(entry);
    tell_dialer(entry);
}

void MeshHost::forget(Entry& entry) {
    if (std::exchange(entry.is_known, false)) {
        node_.on_link_down(entry.link->id(), shard_.now());
        arm();
    }
}

/// The link does not carry any more: whoever dialled it has to know, and who relied on it.
void MeshHost::tell_dialer(Entry& entry) {
    const LinkId id = entry.link->id();
    if (PeerDialer* dialer = std::exchange(entry.dialer, nullptr)) {
        if (entry.was_up) {
            const LiveLink* twin = twin_of(*entry.link);
            dialer->on_down(shard_.now() - entry.link->open_since(),
                            twin == nullptr ? std::nullopt : std::optional(twin->id()));
        } else {
            dialer->on_failed(id);
        }
    }
    for (const auto& dialer : dialers_) {
        dialer->on_link_gone(id);
    }
}

/// The link itself goes once nobody of this turn can be in it any more.
void MeshHost::retire(LinkId link) {
    const auto found = links_.find(link);
    CHECK(found != links_.end());
    retired_.push_back(std::move(found->second.link));
    links_.erase(found);
    shard_.defer(*this);
}

void MeshHost::expel(NodeId node) {
    for (auto& [id, entry] : links_) {
        if (entry.link->is_open() && entry.link->peer().node == node) {
            leave(entry, GoodbyeReason::NotAMember);
        }
    }
}

// Dialling.

void MeshHost::resolve(PeerDialer& dialer) {
    const auto found = std::ranges::find_if(
        dialers_, [&dialer](const auto& each) { return each.get() == &dialer; });
    const auto index = static_cast<std::size_t>(found - dialers_.begin());
    using Addresses = Result<std::vector<runtime::SocketAddress>>;
    const Status submitted =
        ports_.names.submit(shard_, [host = self_token_, index, peer = dialer.peer()] {
            return runtime::make_mail(
                [host, index, addresses = runtime::resolve(peer)](runtime::Shard&) {
                    if (*host != nullptr) {
                        (*host)->dialers_[index]->on_resolved(addresses);
                    }
                });
        });
    if (!submitted) {
        dialer.on_resolved(Addresses(tl::unexpected(submitted.error())));
    }
}

std::optional<LinkId> MeshHost::dial(PeerDialer& dialer, const runtime::SocketAddress& address) {
    return connect(&dialer, address);
}

void MeshHost::link_to(const runtime::SocketAddress& address) {
    if (is_closing_ || !is_started_) {
        return;
    }
    if (const std::optional<LinkId> id = connect(nullptr, address)) {
        find(*id)->is_discovered = true;
    }
}

void MeshHost::unlink(NodeId node) {
    for (auto& [id, entry] : links_) {
        if (entry.is_discovered && entry.link->is_open() && entry.link->peer().node == node) {
            leave(entry, GoodbyeReason::TooManyLinks);
        }
    }
}

std::optional<LinkId> MeshHost::connect(PeerDialer* dialer, const runtime::SocketAddress& address) {
    if (links_.size() >= kLinkConnectionsMax) {
        return std::nullopt;
    }
    ++counters_.dials;
    Entry& entry = add(LiveLink::Direction::Dialled, dialer);
    const LinkId id = entry.link->id();
    auto stream = shard_.network().connect(address, entry.link->handler());
    if (!stream) {
        links_.erase(id);
        return std::nullopt;
    }
    entry.link->start(std::move(*stream), shard_);
    return id;
}

void MeshHost::give_up(LinkId link) {
    if (Entry* entry = find(link)) {
        entry->link->abort();
        retire(link);
    }
}

// The end.

void MeshHost::close(std::function<void()> done) {
    is_closing_ = true;
    closed_ = std::move(done);
    runtime::Timer::cancel();
    listener_.reset();
    for (const auto& dialer : dialers_) {
        dialer->stop();
    }
    std::vector<LinkId> silent;
    for (auto& [id, entry] : links_) {
        entry.dialer = nullptr;
        entry.is_known = false;
        if (entry.link->state() == LiveLink::State::Handshake) {
            silent.push_back(id);
        } else {
            entry.link->close(GoodbyeReason::Leaving);
        }
    }
    for (const LinkId id : silent) {
        give_up(id);
    }
    shard_.arm_after(grace_, kHostCloseGrace);
    shard_.defer(*this);
}

void MeshHost::finish_closing() {
    grace_.cancel();
    while (!links_.empty()) {
        give_up(links_.begin()->first);
    }
    if (const auto done = std::exchange(closed_, nullptr)) {
        done();
    }
}

// What operators see.

std::vector<LiveLinkView> MeshHost::links() const {
    std::vector<LiveLinkView> views;
    for (const auto& [id, entry] : links_) {
        const LiveLink& link = *entry.link;
        if (link.is_open()) {
            views.push_back({.id = id,
                             .node = link.peer().node,
                             .remote = link.remote(),
                             .is_dialled = link.is_dialled(),
                             .origin = origin_of(id, entry),
                             .open_since = link.open_since(),
                             .waiting_bytes = link.waiting_bytes(),
                             .received_bytes = link.received_bytes(),
                             .sent_bytes = link.sent_bytes()});
        }
    }
    return views;
}

LinkOrigin MeshHost::origin_of(LinkId id, const Entry& entry) const {
    const bool is_static =
        entry.dialer != nullptr ||
        std::ranges::any_of(dialers_, [id](const auto& dialer) { return dialer->relies_on(id); });
    return is_static             ? LinkOrigin::Static
           : entry.is_discovered ? LinkOrigin::Discovered
                                 : LinkOrigin::Accepted;
}

std::vector<PeerView> MeshHost::peers() const {
    std::vector<PeerView> views;
    for (const auto& dialer : dialers_) {
        views.push_back({.peer = dialer->peer(),
                         .state = to_string(dialer->state()),
                         .failed_rounds = dialer->failed_rounds()});
    }
    return views;
}

}  // namespace kith::mesh
