#include "mesh/detail/waves.h"

#include <algorithm>
#include <compare>
#include <deque>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "mesh/limits.h"

namespace kith::mesh {
namespace {

constexpr NodeId kNobody{};

/// A wave in the whole mesh; in order of initiator.
struct WaveName {
    NodeId initiator;
    std::uint32_t epoch = 0;
    std::uint32_t wave = 0;

    friend auto operator<=>(const WaveName&, const WaveName&) = default;
};

struct Asked {
    NodeId neighbor;
    bool has_answered = false;
};

struct Wave {
    NodeId parent;  // whom to answer; nobody: this node began it
    RecordVersions wanted;
    std::vector<NodeId> heard;  // from whom else, before it went on
    std::vector<Asked> asked;   // once it went on
    bool has_gone_on = false;
    bool has_ended = false;
    bool is_complete = true;
    std::vector<std::uint64_t> tokens;  // of the barriers that began it
    Instant ends_at;                    // of barriers: with what there is then
};

/// Barriers that wait for the next wave.
struct Waiting {
    std::vector<std::uint64_t> tokens;
    RecordVersions wanted;
    Instant since;

    /// The newest version of each.
    void add(std::uint64_t token, const RecordVersions& more) {
        tokens.push_back(token);
        for (const RecordVersion& record : more) {
            const auto same = std::ranges::find(wanted, record.key, &RecordVersion::key);
            if (same == wanted.end()) {
                wanted.push_back(record);
            } else {
                same->version = std::max(same->version, record.version);
            }
        }
    }
};

/// Nothing is remembered of a node's waves up to this.
struct Forgotten {
    std::uint32_t epoch = 0;
    std::uint32_t wave = 0;
};

}  // namespace

struct Waves::Impl {
    Impl(const MeshOptions& used_options, WaveListener& used_listener)
        : options(used_options), listener(used_listener) {}

    using Entry = std::pair<const WaveName, Wave>;

    void start(Instant now);
    void join(const WaveName& name, NodeId neighbor, const Echo& echo, Instant now);
    [[nodiscard]] bool is_past(const WaveName& name) const;
    [[nodiscard]] bool make_room();
    Entry& remember(const WaveName& name, Wave wave, Instant now);
    void hear(Entry& entry, NodeId neighbor, const Echo& echo, Instant now);
    void go_on(Entry& entry, Instant now);
    void end_if_all_answered(Entry& entry, Instant now);
    void end(Entry& entry, Instant now);
    void end_overdue(Instant now);
    void forget_oldest();
    [[nodiscard]] std::map<WaveName, Wave>::iterator first_own();
    void ask_again(Instant now);
    void ask(const WaveName& name, const Wave& wave, NodeId neighbor, Instant now);
    [[nodiscard]] bool has_all(const RecordVersions& wanted) const;
    void answer(const WaveName& name, NodeId neighbor, bool is_complete, Instant now);

    const MeshOptions& options;
    WaveListener& listener;
    std::vector<NodeId> neighbors;  // in order of id
    std::map<WaveName, Wave> waves;
    std::deque<std::pair<Instant, WaveName>> forget_at;     // in order of both arrival and time
    std::deque<std::pair<Instant, WaveName>> ask_again_at;  // likewise; some have ended
    std::map<NodeId, Forgotten> forgotten;
    Waiting waiting;
    std::uint32_t last_wave = 0;
    Instant next_start_at;
};

Waves::Waves(const MeshOptions& options, WaveListener& listener)
    : impl_(std::make_unique<Impl>(options, listener)) {}

Waves::~Waves() = default;

void Waves::begin(std::uint64_t token, const RecordVersions& wanted, Instant now) {
    CHECK(wanted.size() <= kListEntriesMax);
    if (wanted.empty()) {
        impl_->listener.on_barrier(token, true);
        return;
    }
    if (impl_->waiting.wanted.size() + wanted.size() > kListEntriesMax) {
        impl_->start(now);
    }
    if (impl_->waiting.tokens.empty()) {
        impl_->waiting.since = now;
    }
    impl_->waiting.add(token, wanted);
    if (now >= impl_->next_start_at) {
        impl_->start(now);
    }
}

void Waves::on_echo(NodeId neighbor, const Echo& echo, Instant now) {
    if (!std::ranges::binary_search(impl_->neighbors, neighbor)) {
        return;
    }
    const WaveName name{.initiator = echo.initiator, .epoch = echo.epoch, .wave = echo.wave};
    const auto found = impl_->waves.find(name);
    if (found != impl_->waves.end()) {
        impl_->hear(*found, neighbor, echo, now);
    } else {
        impl_->join(name, neighbor, echo, now);
    }
}

void Waves::on_record(const RecordKey& key, Instant now) {
    const auto first = impl_->waves.lower_bound(WaveName{.initiator = key.origin});
    for (auto entry = first; entry != impl_->waves.end() && entry->first.initiator == key.origin;
         ++entry) {
        if (!entry->second.has_gone_on && impl_->has_all(entry->second.wanted)) {
            impl_->go_on(*entry, now);
        }
    }
}

void Waves::on_neighbor_up(NodeId neighbor, Instant) {
    const auto place = std::ranges::lower_bound(impl_->neighbors, neighbor);
    if (place == impl_->neighbors.end() || *place != neighbor) {
        impl_->neighbors.insert(place, neighbor);
    }
}

void Waves::on_neighbor_down(NodeId neighbor, Instant now) {
    std::erase(impl_->neighbors, neighbor);
    for (auto& entry : impl_->waves) {
        Wave& wave = entry.second;
        const auto asked = std::ranges::find(wave.asked, neighbor, &Asked::neighbor);
        if (!wave.has_ended && asked != wave.asked.end() && !asked->has_answered) {
            asked->has_answered = true;
            wave.is_complete = false;
            impl_->end_if_all_answered(entry, now);
        }
    }
}

void Waves::on_timer(Instant now) {
    impl_->end_overdue(now);
    impl_->ask_again(now);
    if (!impl_->waiting.tokens.empty() && now >= impl_->next_start_at) {
        impl_->start(now);
    }
    while (!impl_->forget_at.empty() && impl_->forget_at.front().first <= now) {
        impl_->forget_oldest();
    }
}

Instant Waves::deadline() const {
    Instant earliest = impl_->waiting.tokens.empty() ? Instant::never() : impl_->next_start_at;
    if (impl_->forget_at.empty()) {  // there is no wave
        return earliest;
    }
    earliest = std::min(earliest, impl_->forget_at.front().first);
    if (!impl_->ask_again_at.empty()) {
        earliest = std::min(earliest, impl_->ask_again_at.front().first);
    }
    for (auto entry = impl_->first_own();
         entry != impl_->waves.end() && entry->first.initiator == impl_->options.self; ++entry) {
        if (!entry->second.has_ended) {
            earliest = std::min(earliest, entry->second.ends_at);
        }
    }
    return earliest;
}

void Waves::Impl::start(Instant now) {
    const Waiting started = std::exchange(waiting, Waiting{});
    next_start_at = now + kBarrierCoalesce;
    if (!make_room()) {
        for (const std::uint64_t token : started.tokens) {
            listener.on_barrier(token, false);
        }
        return;
    }
    const WaveName name{.initiator = options.self, .epoch = options.epoch, .wave = ++last_wave};
    Wave wave;
    wave.wanted = started.wanted;
    wave.tokens = started.tokens;
    wave.ends_at = started.since + options.barrier_timeout;
    go_on(remember(name, std::move(wave), now), now);
}

/// A wave that is new here.
void Waves::Impl::join(const WaveName& name, NodeId neighbor, const Echo& echo, Instant now) {
    const auto is_of_another = [&echo](const RecordVersion& record) {
        return record.key.origin != echo.initiator;
    };
    if (name.initiator == options.self || echo.wanted.empty() || is_past(name) ||
        std::ranges::any_of(echo.wanted, is_of_another)) {
        return;
    }
    if (!make_room()) {
        answer(name, neighbor, false, now);
        return;
    }
    Wave wave;
    wave.parent = neighbor;
    wave.wanted = echo.wanted;
    Entry& entry = remember(name, std::move(wave), now);
    if (has_all(entry.second.wanted)) {
        go_on(entry, now);
    }
}

/// One that came around before, or that an earlier life of its initiator began.
bool Waves::Impl::is_past(const WaveName& name) const {
    const auto next = waves.upper_bound(
        WaveName{.initiator = name.initiator, .epoch = UINT32_MAX, .wave = UINT32_MAX});
    if (next != waves.begin()) {
        const WaveName& newest = std::prev(next)->first;
        if (newest.initiator == name.initiator && newest.epoch > name.epoch) {
            return true;
        }
    }
    const auto found = forgotten.find(name.initiator);
    if (found == forgotten.end()) {
        return false;
    }
    return std::pair(name.epoch, name.wave) <= std::pair(found->second.epoch, found->second.wave);
}

/// The oldest goes if nobody waits for it any more.
bool Waves::Impl::make_room() {
    if (waves.size() < kWavesMax) {
        return true;
    }
    if (!waves.at(forget_at.front().second).has_ended) {
        return false;
    }
    forget_oldest();
    return true;
}

Waves::Impl::Entry& Waves::Impl::remember(const WaveName& name, Wave wave, Instant now) {
    const auto [entry, is_new] = waves.emplace(name, std::move(wave));
    CHECK(is_new);
    forget_at.emplace_back(now + options.barrier_timeout * 2, name);
    return *entry;
}

/// From a neighbour, of a wave that is known here. Whoever sends it has been reached, and answers
/// for those that it has asked itself.
void Waves::Impl::hear(Entry& entry, NodeId neighbor, const Echo& echo, Instant now) {
    Wave& wave = entry.second;
    const bool asks = !echo.wanted.empty();
    if (neighbor == wave.parent) {
        if (asks && wave.has_ended) {  // the answer was lost
            answer(entry.first, neighbor, wave.is_complete, now);
        }
        return;
    }
    if (!wave.has_gone_on) {
        if (std::ranges::find(wave.heard, neighbor) == wave.heard.end()) {
            wave.heard.push_back(neighbor);
        }
        wave.is_complete = wave.is_complete && echo.is_complete;
        return;
    }
    const auto asked = std::ranges::find(wave.asked, neighbor, &Asked::neighbor);
    if (asked == wave.asked.end()) {  // it came up since: it waits for this node, not the reverse
        wave.asked.push_back({.neighbor = neighbor, .has_answered = true});
        answer(entry.first, neighbor, true, now);
        return;
    }
    if (asked->has_answered) {
        if (asks) {  // what it was sent was lost
            answer(entry.first, neighbor, true, now);
        }
        return;
    }
    asked->has_answered = true;
    if (!wave.has_ended) {
        wave.is_complete = wave.is_complete && echo.is_complete;
        end_if_all_answered(entry, now);
    }
}

/// What is wanted is here. A leaf passes nothing on, and answers everybody.
void Waves::Impl::go_on(Entry& entry, Instant now) {
    const WaveName& name = entry.first;
    Wave& wave = entry.second;
    wave.has_gone_on = true;
    const bool is_last = options.role == NodeRole::Leaf && wave.parent != kNobody;
    for (const NodeId neighbor : neighbors) {
        if (neighbor == wave.parent) {
            continue;
        }
        const bool is_heard = std::ranges::find(wave.heard, neighbor) != wave.heard.end();
        if (is_last && !is_heard) {
            continue;
        }
        wave.asked.push_back({.neighbor = neighbor, .has_answered = is_heard});
        ask(name, wave, neighbor, now);
    }
    wave.heard.clear();
    end_if_all_answered(entry, now);
    if (!wave.has_ended) {
        ask_again_at.emplace_back(now + options.barrier_timeout / 2, name);
    }
}

void Waves::Impl::ask(const WaveName& name, const Wave& wave, NodeId neighbor, Instant now) {
    listener.send_echo(neighbor,
                       Echo{.initiator = name.initiator,
                            .epoch = name.epoch,
                            .wave = name.wave,
                            .wanted = wave.wanted,
                            .is_complete = true},
                       now);
}

/// Once: a link that breaks takes what is on it along, though its neighbour stays by another one.
void Waves::Impl::ask_again(Instant now) {
    while (!ask_again_at.empty() && ask_again_at.front().first <= now) {
        const auto [due, name] = ask_again_at.front();
        const auto entry = waves.find(name);
        ask_again_at.pop_front();
        const bool is_over = now - due >= options.barrier_timeout / 2;  // for who began it
        if (is_over || entry == waves.end() || entry->second.has_ended) {
            continue;
        }
        for (const Asked& each : entry->second.asked) {
            if (!each.has_answered) {
                ask(entry->first, entry->second, each.neighbor, now);
            }
        }
    }
}

void Waves::Impl::end_if_all_answered(Entry& entry, Instant now) {
    if (std::ranges::all_of(entry.second.asked, &Asked::has_answered)) {
        end(entry, now);
    }
}

void Waves::Impl::end(Entry& entry, Instant now) {
    Wave& wave = entry.second;
    wave.has_ended = true;
    wave.wanted.clear();
    if (wave.parent != kNobody) {
        answer(entry.first, wave.parent, wave.is_complete, now);
    }
    for (const std::uint64_t token : wave.tokens) {
        listener.on_barrier(token, wave.is_complete);
    }
    wave.tokens.clear();
}

void Waves::Impl::end_overdue(Instant now) {
    for (auto entry = first_own(); entry != waves.end() && entry->first.initiator == options.self;
         ++entry) {
        Wave& wave = entry->second;
        if (!wave.has_ended && wave.ends_at <= now) {
            wave.is_complete = false;
            end(*entry, now);
        }
    }
}

void Waves::Impl::forget_oldest() {
    const WaveName name = forget_at.front().second;
    forget_at.pop_front();
    const auto entry = waves.find(name);
    const bool is_genuine = entry->second.has_gone_on;  // its initiator has told a record
    waves.erase(entry);
    const auto known = forgotten.find(name.initiator);
    if (known != forgotten.end()) {
        const Forgotten& past = known->second;
        if (std::pair(name.epoch, name.wave) <= std::pair(past.epoch, past.wave)) {
            return;
        }
    } else if (!is_genuine || forgotten.size() >= kNodesMax) {
        return;
    }
    forgotten[name.initiator] = Forgotten{.epoch = name.epoch, .wave = name.wave};
}

bool Waves::Impl::has_all(const RecordVersions& wanted) const {
    return std::ranges::all_of(
        wanted, [this](const RecordVersion& record) { return listener.has_record(record); });
}

void Waves::Impl::answer(const WaveName& name, NodeId neighbor, bool is_complete, Instant now) {
    listener.send_echo(neighbor,
                       Echo{.initiator = name.initiator,
                            .epoch = name.epoch,
                            .wave = name.wave,
                            .wanted = {},
                            .is_complete = is_complete},
                       now);
}

std::map<WaveName, Wave>::iterator Waves::Impl::first_own() {
    return waves.lower_bound(WaveName{.initiator = options.self});
}

}  // namespace kith::mesh
