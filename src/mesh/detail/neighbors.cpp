#include "mesh/detail/neighbors.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/check.h"
#include "mesh/detail/adjacency.h"
#include "mesh/detail/hello_ticks.h"
#include "wire/mesh/codec.h"

namespace kith::mesh {
namespace {

/// More than a Receipt takes.
constexpr std::size_t kReceiptRoomBytes = 16;
/// Receipts that would be due within this leave with those that are.
constexpr Duration kReceiptsTogether = kReceiptDelay / 2;
/// Doubt in oneself makes all waiting this much longer.
constexpr int kDoubtTimes = 2;

}  // namespace

struct Neighbors::Impl {
    Impl(const MeshOptions& options, LinkPort& links_in, NeighborListener& listener_in,
         std::uint64_t seed)
        : self(options.self),
          timing(options.timing),
          linger(std::max<Duration>(kLinkLinger, 4 * timing.hello_idle)),
          links(links_in),
          listener(listener_in),
          ticks(timing, seed) {}

    /// A link and whose it is.
    struct Entry {
        LinkId id;
        Adjacency* adjacency = nullptr;
        Link* link = nullptr;
    };
    /// What is due in this call of on_timer().
    struct Turn {
        bool is_idle_tick = false;
        bool is_active_tick = false;
        Instant now;
    };

    [[nodiscard]] Entry* find_link(LinkId link);
    [[nodiscard]] Adjacency* find_adjacency(NodeId node);
    [[nodiscard]] std::vector<State>::iterator state_at(NodeId node);
    Adjacency& make_adjacency(const LinkPeer& peer);
    /// Nothing if the link is welcome; makes room for it.
    [[nodiscard]] std::optional<GoodbyeReason> refusal(const LinkPeer& peer, Instant now);
    void remove(LinkId link, Instant now);
    void close_silent(const Link& link, Instant now);

    void say_hello(Link& link, HelloKind kind, Instant now);
    void send_receipt(Link& link);
    void use(Link& link, Traffic traffic, Instant now);
    void wake_by(Instant at) { deadline = std::min(deadline, at); }

    /// Tells the listener what became of a neighbour.
    void update(Adjacency& adjacency, Instant now);
    void start(Adjacency& adjacency, Instant now);
    void stop(Adjacency& adjacency, Instant now);
    void set_suspect(Adjacency& adjacency, bool is_suspect, Instant now);
    void offer_cost(Adjacency& adjacency, Instant now);
    void hear_digests(Adjacency& adjacency, const Digests& theirs, Instant now);

    void forgive_lateness(Instant now);
    [[nodiscard]] bool doubts_itself(Instant now) const;
    void serve(Adjacency& adjacency, const Turn& turn);
    void serve_link(Link& link, const Turn& turn);
    void watch(Adjacency& adjacency, const Turn& turn);
    void plan();

    const NodeId self;
    const Timing timing;
    const Duration linger;
    LinkPort& links;
    NeighborListener& listener;
    HelloTicks ticks;
    Digests digests;
    std::vector<std::unique_ptr<Adjacency>> adjacencies;  // by node
    std::vector<Entry> entries;                           // by link
    std::vector<State> states;                            // of those that are up, by node
    Instant deadline = Instant::never();
    int times = 1;  // how much longer everything takes: more in doubt
};

Neighbors::Neighbors(const MeshOptions& options, LinkPort& links, NeighborListener& listener,
                     std::uint64_t seed)
    : impl_(std::make_unique<Impl>(options, links, listener, seed)) {}
Neighbors::~Neighbors() = default;

// Links come and go.

void Neighbors::on_link_up(LinkId link, const LinkPeer& peer, Instant now) {
    CHECK(impl_->find_link(link) == nullptr);
    if (const std::optional<GoodbyeReason> reason = impl_->refusal(peer, now)) {
        impl_->links.close(link, *reason);
        return;
    }
    if (!impl_->ticks.is_running()) {
        impl_->ticks.start(now);
        impl_->wake_by(impl_->ticks.next());
    }
    Adjacency& adjacency = impl_->make_adjacency(peer);
    Link& added = adjacency.add(std::make_unique<Link>(link, peer.cost_bias, now));
    const auto at = std::ranges::lower_bound(impl_->entries, link, {}, &Impl::Entry::id);
    impl_->entries.insert(at, {.id = link, .adjacency = &adjacency, .link = &added});
    added.closes_at = now + impl_->linger;
    impl_->wake_by(added.closes_at);
    impl_->say_hello(added, HelloKind::Regular, now);
}

void Neighbors::on_link_down(LinkId link, Instant now) {
    impl_->remove(link, now);
}

void Neighbors::on_goodbye(LinkId link, Instant now) {
    if (impl_->find_link(link) != nullptr) {
        impl_->links.close(link, GoodbyeReason::Leaving);
        impl_->remove(link, now);
    }
}

void Neighbors::expel(NodeId neighbor, Instant now) {
    for (const Adjacency* adjacency = impl_->find_adjacency(neighbor); adjacency != nullptr;
         adjacency = impl_->find_adjacency(neighbor)) {
        const LinkId link = adjacency->link(0).id();
        impl_->links.close(link, GoodbyeReason::NotAMember);
        impl_->remove(link, now);
    }
}

std::optional<GoodbyeReason> Neighbors::Impl::refusal(const LinkPeer& peer, Instant now) {
    if (peer.node == self || peer.node == NodeId()) {
        return GoodbyeReason::Duplicate;
    }
    const Adjacency* adjacency = find_adjacency(peer.node);
    if (adjacency == nullptr) {
        const bool has_room = adjacencies.size() < kNeighborSessionsMax;
        return has_room ? std::nullopt : std::optional(GoodbyeReason::TooManyLinks);
    }
    if (adjacency->has_room()) {
        return std::nullopt;
    }
    // Who dials again after a failure finds its own silent links in the way.
    const Link* lost = adjacency->lost_link();
    if (lost == nullptr) {
        return GoodbyeReason::TooManyLinks;
    }
    close_silent(*lost, now);
    return std::nullopt;
}

Adjacency& Neighbors::Impl::make_adjacency(const LinkPeer& peer) {
    const auto at = std::ranges::lower_bound(adjacencies, peer.node, {},
                                             [](const auto& a) { return a->node(); });
    if (at != adjacencies.end() && (*at)->node() == peer.node) {
        (*at)->set_role(peer.role);
        if ((*at)->is_up) {
            state_at(peer.node)->role = peer.role;
        }
        return **at;
    }
    return **adjacencies.insert(at, std::make_unique<Adjacency>(peer.node, peer.role));
}

void Neighbors::Impl::remove(LinkId link, Instant now) {
    const Entry* entry = find_link(link);
    if (entry == nullptr) {
        return;
    }
    Adjacency& adjacency = *entry->adjacency;
    entries.erase(entries.begin() + (entry - entries.data()));
    adjacency.remove(link);
    update(adjacency, now);
    if (adjacency.link_count() == 0) {
        std::erase_if(adjacencies, [&](const auto& a) { return a.get() == &adjacency; });
    }
    if (adjacencies.empty()) {
        ticks.stop();
        deadline = Instant::never();
    }
}

void Neighbors::Impl::close_silent(const Link& link, Instant now) {
    const LinkId id = link.id();
    links.close(id, GoodbyeReason::Silent);
    remove(id, now);
}

// What comes in.

void Neighbors::on_heard(LinkId link, Instant now) {
    const Impl::Entry* entry = impl_->find_link(link);
    if (entry == nullptr) {
        return;
    }
    Adjacency& adjacency = *entry->adjacency;
    if (impl_->times > 1 && adjacency.is_quiet(now)) {
        impl_->wake_by(now);  // one reason less to doubt
    }
    const bool is_late = now - impl_->deadline >= kTimerLateMin;
    entry->link->on_heard(is_late ? Link::Slept::Yes : Link::Slept::No, now);
    if (adjacency.suspicion.is_probing() &&
        adjacency.all_heard_since(adjacency.suspicion.since())) {
        adjacency.suspicion.end();
        impl_->wake_by(adjacency.deadline(impl_->times));
    }
    if (entry->link->is_suspect) {
        entry->link->is_suspect = false;
        impl_->update(adjacency, now);
        impl_->wake_by(adjacency.deadline(impl_->times));
    }
}

void Neighbors::on_hello(LinkId link, const Hello& hello, Instant now) {
    const Impl::Entry* entry = impl_->find_link(link);
    if (entry == nullptr) {
        return;
    }
    Adjacency& adjacency = *entry->adjacency;
    Link& heard = *entry->link;
    const bool was_up = heard.is_up();
    if (heard.has_outstanding()) {
        impl_->listener.on_neighbor_settled(adjacency.node());
    }
    const Link::News news = heard.on_hello(hello, now);
    if (news == Link::News::Old) {
        return;
    }
    // What begins something is answered, so that both ends are up after one round trip. Nothing
    // else is but probes: answers to answers would go on for ever.
    const bool is_beginning = news == Link::News::First || (heard.is_up() && !was_up);
    if (is_beginning || (hello.wants_answer && !hello.is_answer)) {
        impl_->say_hello(heard, HelloKind::Answer, now);
    }
    if (heard.is_up() != was_up) {
        heard.closes_at = was_up ? now + impl_->linger : Instant::never();
        impl_->wake_by(heard.closes_at);
    }
    impl_->wake_by(heard.silent_at(impl_->times));
    impl_->update(adjacency, now);
    if (adjacency.is_up) {
        impl_->offer_cost(adjacency, now);
        if (hello.tells_digests) {
            impl_->hear_digests(adjacency, hello.digests, now);
        }
    }
}

void Neighbors::Impl::hear_digests(Adjacency& adjacency, const Digests& theirs, Instant now) {
    const bool agrees = theirs == digests;
    if (!agrees || !adjacency.has_agreed) {
        listener.on_neighbor_digests(adjacency.node(), theirs, now);
    }
    adjacency.has_agreed = agrees;
}

void Neighbors::on_receipt(LinkId link, const Receipt& receipt, Instant) {
    if (const Impl::Entry* entry = impl_->find_link(link)) {
        entry->link->on_receipt(receipt);
    }
}

void Neighbors::on_countable(LinkId link, Traffic traffic, Instant now) {
    if (const Impl::Entry* entry = impl_->find_link(link)) {
        entry->link->count_received(now);
        impl_->use(*entry->link, traffic, now);
        impl_->wake_by(entry->link->receipt_due());
    }
}

// What goes out.

// style: five parameters; a frame is its priority, head and body, and no caller has it as one.
void Neighbors::send(NodeId neighbor, Priority priority, Bytes head, const SharedBytes& body,
                     Instant now) {
    Adjacency* adjacency = impl_->find_adjacency(neighbor);
    if (adjacency == nullptr || adjacency->best() == nullptr) {
        return;
    }
    Link& link = *adjacency->best();
    link.count_sent(now);
    if (priority != Priority::Control) {
        link.count_message(priority, head.size() + body.bytes().size());
    }
    impl_->use(link, traffic_of(priority), now);
    if (!link.is_suspect && !adjacency->suspicion.is_probing()) {
        impl_->wake_by(link.receipt_overdue_at(impl_->times));
    }
    impl_->links.send(link.id(), priority, head, body);
}

bool Neighbors::has_room(NodeId neighbor, Priority priority) const {
    const Adjacency* adjacency = impl_->find_adjacency(neighbor);
    return adjacency != nullptr && adjacency->best() != nullptr &&
           adjacency->best()->has_room(priority);
}

std::size_t Neighbors::under_way_bytes(NodeId neighbor, Priority priority) const {
    const Adjacency* adjacency = impl_->find_adjacency(neighbor);
    const bool is_linked = adjacency != nullptr && adjacency->best() != nullptr;
    return is_linked ? adjacency->best()->under_way_bytes(priority) : 0;
}

bool Neighbors::is_full(NodeId neighbor) const {
    const Adjacency* adjacency = impl_->find_adjacency(neighbor);
    return adjacency != nullptr && adjacency->best() != nullptr &&
           impl_->links.is_full(adjacency->best()->id());
}

void Neighbors::set_digests(const Digests& digests) {
    impl_->digests = digests;
}

void Neighbors::Impl::say_hello(Link& link, HelloKind kind, Instant now) {
    link.promise(link.is_fast ? timing.hello_active : timing.hello_idle);
    std::array<std::uint8_t, kHelloFrameBytesMax> room;
    const std::size_t bytes = encode(link.next_hello(kind, digests, now), room);
    links.send(link.id(), Priority::Control, Bytes(room).first(bytes), {});
}

void Neighbors::Impl::send_receipt(Link& link) {
    std::array<std::uint8_t, kReceiptRoomBytes> room;
    const std::size_t bytes = encode(Frame(link.take_receipt()), room);
    links.send(link.id(), Priority::Control, Bytes(room).first(bytes), {});
}

void Neighbors::Impl::use(Link& link, Traffic traffic, Instant now) {
    if (traffic == Traffic::Control) {
        return;
    }
    link.use(now);
    if (link.is_fast || !link.is_up()) {
        return;
    }
    link.is_fast = true;
    ticks.quicken(now);
    wake_by(ticks.next());
}

// What becomes of a neighbour.

void Neighbors::Impl::update(Adjacency& adjacency, Instant now) {
    adjacency.choose_best();
    const bool is_up = adjacency.best() != nullptr;
    if (is_up != adjacency.is_up) {
        is_up ? start(adjacency, now) : stop(adjacency, now);
    }
    if (adjacency.is_up && adjacency.is_mute() != adjacency.is_suspect) {
        set_suspect(adjacency, adjacency.is_mute(), now);
    }
}

void Neighbors::Impl::start(Adjacency& adjacency, Instant now) {
    adjacency.is_up = true;
    adjacency.told_cost.start(adjacency.best()->cost());
    states.insert(state_at(adjacency.node()), {.node = adjacency.node(),
                                               .role = adjacency.role(),
                                               .is_suspect = false,
                                               .cost = adjacency.told_cost.value()});
    listener.on_neighbor_up(adjacency.node(), now);
}

void Neighbors::Impl::stop(Adjacency& adjacency, Instant now) {
    adjacency.is_up = false;
    adjacency.is_suspect = false;
    adjacency.has_agreed = false;
    adjacency.suspicion.end();
    states.erase(state_at(adjacency.node()));
    listener.on_neighbor_down(adjacency.node(), now);
}

void Neighbors::Impl::set_suspect(Adjacency& adjacency, bool is_suspect, Instant now) {
    adjacency.is_suspect = is_suspect;
    state_at(adjacency.node())->is_suspect = is_suspect;
    if (is_suspect) {
        listener.on_neighbor_suspect(adjacency.node(), now);
    } else {
        listener.on_neighbor_cleared(adjacency.node(), now);
    }
}

void Neighbors::Impl::offer_cost(Adjacency& adjacency, Instant now) {
    if (adjacency.told_cost.offer(adjacency.best()->cost(), now)) {
        state_at(adjacency.node())->cost = adjacency.told_cost.value();
        listener.on_neighbor_cost(adjacency.node(), now);
    }
}

// What is due.

void Neighbors::on_timer(Instant now) {
    Impl& impl = *impl_;
    if (now < impl.deadline) {
        return;
    }
    impl.forgive_lateness(now);
    const Impl::Turn turn = {.is_idle_tick = impl.ticks.take_idle(now),
                             .is_active_tick = impl.ticks.take_active(now),
                             .now = now};
    impl.times = impl.doubts_itself(now) ? kDoubtTimes : 1;
    for (std::size_t i = 0; i < impl.adjacencies.size();) {
        const Adjacency* adjacency = impl.adjacencies[i].get();
        impl.serve(*impl.adjacencies[i], turn);
        const bool is_there = i < impl.adjacencies.size() && impl.adjacencies[i].get() == adjacency;
        i += is_there ? 1 : 0;
    }
    // Only now: what fell silent made the listener send over links that were served before.
    if (std::ranges::none_of(impl.entries, [](const auto& entry) { return entry.link->is_fast; })) {
        impl.ticks.calm_down();
    }
    impl.plan();
}

// While this node slept, everything that came waits unread, so that silence has to be counted
// without that time. After a long sleep nobody is given up before there was time for an answer.
void Neighbors::Impl::forgive_lateness(Instant now) {
    const Duration late = now - deadline;
    if (late < kTimerLateMin) {
        return;
    }
    const bool has_slept = late >= kSleepMin;
    for (const Entry& entry : entries) {
        const bool is_missed = entry.link->is_up() && entry.link->is_quiet(now);
        entry.link->forgive(late, has_slept ? Link::Grace::Yes : Link::Grace::No, now);
        if (has_slept && is_missed) {
            say_hello(*entry.link, HelloKind::Probe, now);
        }
    }
}

// If most fall silent at the same time it is rather this node that does not hear, or is slow
// (Lifeguard, section IV).
bool Neighbors::Impl::doubts_itself(Instant now) const {
    if (states.size() < kSelfDoubtNeighborsMin) {
        return false;
    }
    const auto quiet = std::ranges::count_if(
        adjacencies, [now](const auto& a) { return a->is_up && a->is_quiet(now); });
    return static_cast<std::size_t>(quiet) * 2 > states.size();
}

void Neighbors::Impl::serve(Adjacency& adjacency, const Turn& turn) {
    watch(adjacency, turn);
    bool has_changed = false;
    for (std::size_t i = 0; i < adjacency.link_count(); ++i) {
        Link& link = adjacency.link(i);
        if (link.silent_at(times) <= turn.now) {
            has_changed = true;
            link.fall_silent();
            link.is_fast = false;
            link.closes_at = std::min(link.closes_at, turn.now + linger);
            // Says that it hears nothing, in case that it is heard.
            say_hello(link, HelloKind::Regular, turn.now);
        } else {
            serve_link(link, turn);
        }
    }
    if (has_changed) {
        update(adjacency, turn.now);
    }
    for (std::size_t i = adjacency.link_count(); i-- > 0;) {
        const Link& link = adjacency.link(i);
        if (link.closes_at <= turn.now) {
            const bool is_last = adjacency.link_count() == 1;
            close_silent(link, turn.now);
            if (is_last) {
                return;  // the adjacency is gone with it
            }
        }
    }
}

void Neighbors::Impl::serve_link(Link& link, const Turn& turn) {
    if (link.is_fast && turn.is_active_tick) {
        link.is_fast = link.is_up() && link.is_active(turn.now);
        say_hello(link, HelloKind::Regular, turn.now);
    } else if (!link.is_fast && turn.is_idle_tick) {
        say_hello(link, HelloKind::Regular, turn.now);
    }
    if (link.receipt_due() <= turn.now + kReceiptsTogether) {
        send_receipt(link);
    }
}

void Neighbors::Impl::watch(Adjacency& adjacency, const Turn& turn) {
    Suspicion& suspicion = adjacency.suspicion;
    const SelfDoubt doubt = times > 1 ? SelfDoubt::Yes : SelfDoubt::No;
    Suspicion::Step step = suspicion.take_step(adjacency.answer_patience(), doubt, turn.now);
    if (step == Suspicion::Step::Judge) {
        adjacency.judge();
        update(adjacency, turn.now);
    }
    if (!suspicion.is_probing() && adjacency.is_receipt_overdue(times, turn.now)) {
        suspicion.begin(turn.now);
        step = suspicion.take_step(adjacency.answer_patience(), doubt, turn.now);
    }
    if (step != Suspicion::Step::Probe) {
        return;
    }
    for (std::size_t i = 0; i < adjacency.link_count(); ++i) {
        Link& link = adjacency.link(i);
        if (link.is_up() && link.quiet_since() < suspicion.since()) {
            say_hello(link, HelloKind::Probe, turn.now);
        }
    }
}

void Neighbors::Impl::plan() {
    deadline = ticks.next();
    for (const auto& adjacency : adjacencies) {
        wake_by(adjacency->deadline(times));
    }
}

Instant Neighbors::deadline() const {
    return impl_->deadline;
}

// What is known.

Neighbors::Impl::Entry* Neighbors::Impl::find_link(LinkId link) {
    const auto at = std::ranges::lower_bound(entries, link, {}, &Entry::id);
    return at != entries.end() && at->id == link ? &*at : nullptr;
}

Adjacency* Neighbors::Impl::find_adjacency(NodeId node) {
    const auto at =
        std::ranges::lower_bound(adjacencies, node, {}, [](const auto& a) { return a->node(); });
    return at != adjacencies.end() && (*at)->node() == node ? at->get() : nullptr;
}

std::vector<Neighbors::State>::iterator Neighbors::Impl::state_at(NodeId node) {
    return std::ranges::lower_bound(states, node, {}, &State::node);
}

std::span<const Neighbors::State> Neighbors::up() const {
    return impl_->states;
}

const Neighbors::State* Neighbors::find(NodeId neighbor) const {
    const auto at = impl_->state_at(neighbor);
    return at != impl_->states.end() && at->node == neighbor ? &*at : nullptr;
}

NodeId Neighbors::neighbor_of(LinkId link) const {
    const Impl::Entry* entry = impl_->find_link(link);
    return entry != nullptr && entry->link->is_up() ? entry->adjacency->node() : NodeId();
}

std::vector<NeighborView> Neighbors::views() const {
    std::vector<NeighborView> views;
    for (const auto& adjacency : impl_->adjacencies) {
        if (!adjacency->is_up) {
            continue;
        }
        const Link& best = *adjacency->best();
        views.push_back({.node = adjacency->node(),
                         .is_suspect = adjacency->is_suspect,
                         .cost = adjacency->told_cost.value(),
                         .round_trip = best.round_trip().smoothed(),
                         .loss = 1.0 - best.heard_of_16() / double{kHeardBits},
                         .link_count = static_cast<std::uint32_t>(adjacency->link_count())});
    }
    return views;
}

}  // namespace kith::mesh
