#include "mesh/detail/streams.h"

#include <boost/container/flat_map.hpp>

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "mesh/detail/stream_progress.h"
#include "mesh/limits.h"

namespace kith::mesh {
namespace {

using Ready = Streams::Ready;

/// A message that waits for those before it.
struct Held {
    Ready message;
    Instant taken_at;
};

struct Stream {
    std::uint32_t epoch = 0;
    StreamProgress progress;
    std::map<std::uint64_t, Held> held;  // by place; the first is behind a gap
    std::size_t held_bytes = 0;
    std::uint32_t epoch_before = 0;
    StreamProgress progress_before;
};

struct Origin {
    Instant unreachable_since;  // unless it is reachable
    boost::container::flat_map<Priority, Stream> streams;

    [[nodiscard]] bool is_waiting() const {
        return std::ranges::any_of(streams,
                                   [](const auto& stream) { return !stream.second.held.empty(); });
    }
};

/// The last start that an origin has told of.
struct Start {
    std::uint32_t epoch = 0;
    Instant known_since;
};

std::size_t bytes_of(const Data& data) {
    return sizeof(Held) + data.topic.size() + data.properties.size() + data.payload.size();
}

Ready copy_of(const Data& data, const Destination& here) {
    Ready copy;
    copy.here = here;
    copy.bytes.reserve(data.topic.size() + data.properties.size() + data.payload.size());
    const auto append = [&copy](Bytes part) {
        const std::size_t begin = copy.bytes.size();
        copy.bytes.insert(copy.bytes.end(), part.begin(), part.end());
        return Bytes(copy.bytes).subspan(begin);
    };
    copy.data = data;
    copy.data.topic = as_text(append(as_bytes(data.topic)));
    copy.data.properties = append(data.properties);
    copy.data.payload = append(data.payload);
    copy.data.destinations.assign(1, here);
    return copy;
}

}  // namespace

struct Streams::Impl {
    [[nodiscard]] Stream* find_or_make(NodeId origin, Priority priority, Instant now);
    [[nodiscard]] bool make_room_for_origin();
    [[nodiscard]] bool is_reachable(NodeId origin) const {
        return std::ranges::binary_search(reachable, origin);
    }
    Verdict take(Stream& stream, const Data& data, const Destination& here, Instant now);
    Verdict take_of_epoch_before(Stream& stream, const Data& data, const Destination& here);
    Verdict take_late(StreamProgress& progress, const Data& data, const Destination& here);
    void hand_out(Ready message, const StreamProgress& progress) {
        message.progress = progress;
        ready.push_back(std::move(message));
    }
    void begin_epoch(Stream& stream, std::uint32_t epoch);
    /// All before `place` is done with; what waits there is handed out.
    void advance(Stream& stream, std::uint64_t place);
    void give_up_gap(Stream& stream);
    void release_first(Stream& stream);
    void release_in_turn(Stream& stream);
    [[nodiscard]] bool may_have_begun(NodeId origin, std::uint32_t epoch) const {
        const auto start = starts.find(origin);
        return start != starts.end() && epoch <= start->second.epoch;
    }
    [[nodiscard]] Instant gap_deadline(NodeId id, const Stream& stream) const;
    void expect_gaps(NodeId id);

    std::map<NodeId, Origin> origins;
    std::map<NodeId, Start> starts;  // as many as there are records
    std::vector<NodeId> reachable;   // in order
    std::vector<Ready> ready;
    Instant deadline = Instant::never();  // of the first gap, or earlier
    Counters counters;
};

/// Null if there are too many origins.
Stream* Streams::Impl::find_or_make(NodeId id, Priority priority, Instant now) {
    auto origin = origins.find(id);
    if (origin == origins.end()) {
        if (origins.size() >= kStreamOriginsMax && !make_room_for_origin()) {
            return nullptr;
        }
        origin = origins.emplace(id, Origin{.unreachable_since = now, .streams = {}}).first;
        counters.origins = origins.size();
    }
    return &origin->second.streams[priority];
}

/// Forgets who is gone for longest. Should it come back, its messages say where they go on.
bool Streams::Impl::make_room_for_origin() {
    auto longest = origins.end();
    for (auto at = origins.begin(); at != origins.end(); ++at) {
        const bool is_longer = longest == origins.end() ||
                               at->second.unreachable_since < longest->second.unreachable_since;
        if (is_longer && !is_reachable(at->first) && !at->second.is_waiting()) {
            longest = at;
        }
    }
    if (longest == origins.end()) {
        return false;
    }
    origins.erase(longest);
    return true;
}

Streams::Verdict Streams::Impl::take(Stream& stream, const Data& data, const Destination& here,
                                     Instant now) {
    const std::uint64_t place = here.stream_sequence;
    if (data.id.epoch < stream.epoch) {
        return take_of_epoch_before(stream, data, here);
    }
    if (data.id.epoch > stream.epoch) {
        begin_epoch(stream, data.id.epoch);
    }
    advance(stream, std::min(here.stream_first, place));
    if (place <= stream.progress.delivered) {
        return take_late(stream.progress, data, here);
    }
    if (stream.held.contains(place)) {
        return Verdict::Duplicate;
    }
    if (place == stream.progress.delivered + 1) {
        stream.progress.delivered = place;
        hand_out(copy_of(data, here), stream.progress);
        release_in_turn(stream);
        return Verdict::Taken;
    }
    const std::size_t bytes = bytes_of(data);
    const bool is_beyond = place - stream.progress.delivered > kStreamWindow ||
                           stream.held_bytes + bytes > kStreamBytesMax ||
                           counters.held_bytes + bytes > kStreamsBytesMax;
    if (is_beyond) {
        return Verdict::TooEarly;
    }
    stream.held.emplace(place, Held{.message = copy_of(data, here), .taken_at = now});
    stream.held_bytes += bytes;
    counters.held_bytes += bytes;
    ++counters.held_messages;
    deadline = std::min(deadline, gap_deadline(data.id.origin, stream));
    return Verdict::Taken;
}

/// Nobody waits for what is missing of an epoch that is over.
Streams::Verdict Streams::Impl::take_of_epoch_before(Stream& stream, const Data& data,
                                                     const Destination& here) {
    if (data.id.epoch != stream.epoch_before) {
        return Verdict::Duplicate;
    }
    const std::uint64_t place = here.stream_sequence;
    const std::uint64_t first = std::min(here.stream_first, place);
    StreamProgress& progress = stream.progress_before;
    forget_before(progress, first);
    progress.delivered = std::max(progress.delivered, std::max<std::uint64_t>(first, 1) - 1);
    if (place <= progress.delivered) {
        return take_late(progress, data, here);
    }
    if (place > progress.delivered + 1) {
        counters.given_up += place - progress.delivered - 1;
        give_up_to(progress, place - 1);
    }
    progress.delivered = place;
    hand_out(copy_of(data, here), progress);
    return Verdict::Taken;
}

/// Its origin had it after all: late is better than lost.
Streams::Verdict Streams::Impl::take_late(StreamProgress& progress, const Data& data,
                                          const Destination& here) {
    switch (mesh::take_late(progress, here.stream_sequence)) {
        case Lateness::NotAwaited:
            return Verdict::Duplicate;
        case Lateness::NoRoom:
            return Verdict::TooEarly;
        case Lateness::Late:
            break;
    }
    counters.given_up -= counters.given_up > 0 ? 1 : 0;  // 0 of what was given up in a life before
    hand_out(copy_of(data, here), progress);
    return Verdict::Taken;
}

void Streams::Impl::begin_epoch(Stream& stream, std::uint32_t epoch) {
    while (!stream.held.empty()) {
        give_up_gap(stream);
    }
    stream.epoch_before = std::exchange(stream.epoch, epoch);
    stream.progress_before = std::exchange(stream.progress, {});
}

void Streams::Impl::advance(Stream& stream, std::uint64_t place) {
    while (!stream.held.empty() && stream.held.begin()->first < place) {
        release_first(stream);
    }
    if (place > 0) {
        stream.progress.delivered = std::max(stream.progress.delivered, place - 1);
    }
    forget_before(stream.progress, place);
    release_in_turn(stream);
}

/// Goes on behind the first gap. Requires: something waits there.
void Streams::Impl::give_up_gap(Stream& stream) {
    const std::uint64_t next = stream.held.begin()->first;
    counters.given_up += next - stream.progress.delivered - 1;
    give_up_to(stream.progress, next - 1);
    release_first(stream);
    release_in_turn(stream);
}

void Streams::Impl::release_first(Stream& stream) {
    const auto first = stream.held.begin();
    const std::size_t bytes = bytes_of(first->second.message.data);
    stream.held_bytes -= bytes;
    counters.held_bytes -= bytes;
    --counters.held_messages;
    stream.progress.delivered = first->first;
    hand_out(std::move(first->second.message), stream.progress);
    stream.held.erase(first);
}

void Streams::Impl::release_in_turn(Stream& stream) {
    while (!stream.held.empty() && stream.held.begin()->first == stream.progress.delivered + 1) {
        release_first(stream);
    }
}

/// When the first gap is given up, if nothing changes until then. Requires: something waits.
Instant Streams::Impl::gap_deadline(NodeId id, const Stream& stream) const {
    Instant hopeless_since = Instant::never();
    if (!is_reachable(id)) {
        hopeless_since = origins.at(id).unreachable_since;
    }
    const auto start = starts.find(id);
    if (start != starts.end() && start->second.epoch > stream.epoch) {
        hopeless_since = std::min(hopeless_since, start->second.known_since);
    }
    if (hopeless_since == Instant::never()) {
        return Instant::never();
    }
    return std::max(hopeless_since, stream.held.begin()->second.taken_at) + kStreamGapPatience;
}

/// What is known of an origin has changed.
void Streams::Impl::expect_gaps(NodeId id) {
    const auto origin = origins.find(id);
    if (origin == origins.end()) {
        return;
    }
    for (const auto& [priority, stream] : origin->second.streams) {
        if (!stream.held.empty()) {
            deadline = std::min(deadline, gap_deadline(id, stream));
        }
    }
}

Streams::Streams() : impl_(std::make_unique<Impl>()) {}
Streams::~Streams() = default;
Streams::Streams(Streams&&) noexcept = default;
Streams& Streams::operator=(Streams&&) noexcept = default;

Streams::Verdict Streams::take(const Data& data, const Destination& here, Instant now) {
    Verdict verdict = Verdict::Duplicate;  // as the place 0 is, which no message has
    if (here.stream_sequence > 0 && !impl_->may_have_begun(data.id.origin, data.id.epoch)) {
        verdict = Verdict::TooEarly;
    } else if (here.stream_sequence > 0) {
        Stream* stream = impl_->find_or_make(data.id.origin, data.priority, now);
        verdict = stream == nullptr ? Verdict::TooEarly : impl_->take(*stream, data, here, now);
    }
    impl_->counters.duplicates += verdict == Verdict::Duplicate ? 1U : 0U;
    impl_->counters.too_early += verdict == Verdict::TooEarly ? 1U : 0U;
    return verdict;
}

std::vector<Streams::Ready> Streams::ready(Instant now) {
    on_timer(now);
    return std::exchange(impl_->ready, {});
}

void Streams::restore(const StreamPosition& position, const StreamProgress& stored) {
    Stream* stream = impl_->find_or_make(position.origin, position.priority, Instant());
    if (stream == nullptr) {
        return;  // its messages will say where they go on
    }
    CHECK(stream->held.empty());
    const StreamProgress progress =
        is_sound(stored) ? stored : StreamProgress{.delivered = stored.delivered, .given_up = {}};
    if (position.epoch > stream->epoch) {
        impl_->begin_epoch(*stream, position.epoch);
    }
    if (position.epoch == stream->epoch) {
        stream->progress = progress;
    } else if (position.epoch > stream->epoch_before) {
        stream->epoch_before = position.epoch;
        stream->progress_before = progress;
    }
}

void Streams::set_reachable(std::span<const NodeId> origins, Instant now) {
    for (auto& [id, origin] : impl_->origins) {
        if (!impl_->is_reachable(id) || std::ranges::binary_search(origins, id)) {
            continue;
        }
        origin.unreachable_since = now;
        if (origin.is_waiting()) {
            impl_->deadline = std::min(impl_->deadline, now + kStreamGapPatience);
        }
    }
    impl_->reachable.assign(origins.begin(), origins.end());
}

void Streams::set_epoch(NodeId origin, std::uint32_t epoch, Instant now) {
    Start& start = impl_->starts[origin];
    if (epoch != start.epoch) {
        start = {.epoch = epoch, .known_since = now};
        impl_->expect_gaps(origin);
    }
}

void Streams::forget_epoch(NodeId origin) {
    impl_->starts.erase(origin);
}

void Streams::on_timer(Instant now) {
    if (now < impl_->deadline) {
        return;
    }
    impl_->deadline = Instant::never();
    for (auto& [id, origin] : impl_->origins) {
        for (auto& [priority, stream] : origin.streams) {
            while (!stream.held.empty() && impl_->gap_deadline(id, stream) <= now) {
                impl_->give_up_gap(stream);
            }
        }
        impl_->expect_gaps(id);
    }
}

Instant Streams::deadline() const {
    return impl_->deadline;
}

std::uint64_t Streams::delivered(const StreamPosition& position) const {
    const auto origin = impl_->origins.find(position.origin);
    if (origin == impl_->origins.end()) {
        return 0;
    }
    const auto found = origin->second.streams.find(position.priority);
    if (found == origin->second.streams.end()) {
        return 0;
    }
    const Stream& stream = found->second;
    if (position.epoch == stream.epoch) {
        return stream.progress.delivered;
    }
    return position.epoch == stream.epoch_before ? stream.progress_before.delivered : 0;
}

const Streams::Counters& Streams::counters() const {
    return impl_->counters;
}

}  // namespace kith::mesh
