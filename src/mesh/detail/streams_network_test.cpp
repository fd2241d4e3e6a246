// Streams over a network that loses, repeats and reorders: each message once, and in order.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/random.h"
#include "mesh/detail/streams.h"
#include "mesh/limits.h"

namespace kith::mesh {
namespace {

using Verdict = Streams::Verdict;

constexpr Instant kStart = Instant::from_ns(1'000'000'000);

/// Origins that keep what was not acknowledged and send it again and again, a network that loses,
/// repeats and reorders, and a destination that crashes with its books or without them.
class Network {
  public:
    enum class Books : std::uint8_t { Kept, Lost };
    using Key = std::pair<NodeId, Priority>;
    using Log = std::vector<std::pair<std::uint32_t, std::uint64_t>>;  // epoch and place

    Network(std::uint64_t seed, Books books) : random_(seed), books_(books) {}

    void run() {
        for (const NodeId origin : kOrigins) {
            for (const Priority priority : {Priority::Alarm, Priority::Default}) {
                sources_[Key{origin, priority}];
            }
        }
        streams_.set_reachable(kOrigins, now_);
        tell_epochs();
        for (int step = 0; step < 4000; ++step) {
            now_ = now_ + 1ms;
            this->step();
        }
        for (int round = 0; round < 1000 && !is_done(); ++round) {
            settle();
        }
    }

    [[nodiscard]] bool is_done() const {
        return std::ranges::all_of(sources_,
                                   [](const auto& source) { return source.second.open.empty(); });
    }
    /// What was handed out and acknowledged.
    [[nodiscard]] const std::map<Key, Log>& log() const { return log_; }
    /// What was sent, in its order.
    [[nodiscard]] const std::map<Key, Log>& sent() const { return sent_; }
    [[nodiscard]] int crash_count() const { return crash_count_; }

  private:
    static constexpr std::array kOrigins = {NodeId(1), NodeId(2)};

    struct Source {
        std::uint32_t epoch = 1;
        std::uint64_t last = 0;
        std::set<std::uint64_t> open;  // of the epoch, not acknowledged
    };
    struct Copy {
        Key key;
        std::uint32_t epoch = 0;
        std::uint64_t place = 0;
        std::uint64_t first = 0;
    };

    void step() {
        auto source = sources_.begin();
        std::advance(source, static_cast<std::ptrdiff_t>(random_.below(sources_.size())));
        const std::uint64_t dice = random_.below(100);
        if (dice < 30) {
            publish(source->first, source->second);
        } else if (dice < 50 && !source->second.open.empty()) {
            send(source->first, source->second);
        } else if (dice < 51) {
            restart(source->second);
        } else if (dice < 52) {
            crash();
        } else {
            arrive();
        }
    }

    void publish(const Key& key, Source& source) {
        source.open.insert(++source.last);
        sent_[key].emplace_back(source.epoch, source.last);
        send(key, source);
    }
    /// One of those that are open.
    void send(const Key& key, const Source& source) {
        auto place = source.open.begin();
        std::advance(place, static_cast<std::ptrdiff_t>(random_.below(source.open.size())));
        under_way_.push_back({key, source.epoch, *place, *source.open.begin()});
    }
    /// A new epoch's messages wait for those before; here the whole restart does.
    static void restart(Source& source) {
        if (source.open.empty()) {
            ++source.epoch;
            source.last = 0;
        }
    }
    void arrive() {
        if (under_way_.empty()) {
            return;
        }
        const std::size_t at = random_.below(under_way_.size());
        const Copy copy = under_way_[at];
        if (random_.chance(0.8)) {
            under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(at));
        }
        if (random_.chance(0.9)) {
            take(copy);
        }
        if (random_.chance(0.7)) {
            hand_out();
        }
    }
    void take(const Copy& copy) {
        Data data;
        data.id = {.origin = copy.key.first, .epoch = copy.epoch, .sequence = copy.place};
        data.priority = copy.key.second;
        const Destination here{
            .stream_sequence = copy.place, .stream_first = copy.first, .groups = {}};
        if (streams_.take(data, here, now_) == Verdict::Duplicate) {
            // Known here: acknowledged again, unless it waits.
            const auto& log = log_[copy.key];
            if (std::ranges::find(log, std::pair{copy.epoch, copy.place}) != log.end()) {
                acknowledge(copy.key, copy.epoch, copy.place);
            }
        }
    }
    void hand_out() {
        for (const Streams::Ready& ready : streams_.ready(now_)) {
            const Key key{ready.data.id.origin, ready.data.priority};
            const std::uint64_t place = ready.here.stream_sequence;
            log_[key].emplace_back(ready.data.id.epoch, place);
            books_of_[key] = ready.progress;
            acknowledge(key, ready.data.id.epoch, place);
        }
    }
    void acknowledge(const Key& key, std::uint32_t epoch, std::uint64_t place) {
        Source& source = sources_[key];
        if (source.epoch == epoch && random_.chance(0.9)) {
            source.open.erase(place);
        }
    }
    void crash() {
        ++crash_count_;
        streams_ = Streams();
        streams_.set_reachable(kOrigins, now_);
        tell_epochs();
        for (auto& [key, source] : sources_) {
            if (books_ == Books::Kept && !log_[key].empty()) {
                streams_.restore({key.first, log_[key].back().first, key.second}, books_of_[key]);
            }
        }
    }
    void tell_epochs() {
        for (const NodeId origin : kOrigins) {
            streams_.set_epoch(origin, UINT32_MAX, now_);
        }
    }
    void settle() {
        for (auto& [key, source] : sources_) {
            for (const std::uint64_t place : std::set(source.open)) {
                take({key, source.epoch, place, *source.open.begin()});
            }
        }
        hand_out();
    }

    Random random_;
    Books books_;
    Instant now_ = kStart;
    Streams streams_;
    std::map<Key, Source> sources_;
    std::vector<Copy> under_way_;
    std::map<Key, Log> log_;
    std::map<Key, StreamProgress> books_of_;
    std::map<Key, Log> sent_;
    int crash_count_ = 0;
};

class StreamsNetwork : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, StreamsNetwork, ::testing::Range<std::uint64_t>(0, 30));

TEST_P(StreamsNetwork, EachMessageIsHandedOutOnceAndInOrder) {
    Network network(GetParam(), Network::Books::Kept);
    network.run();
    EXPECT_TRUE(network.is_done());
    EXPECT_GT(network.crash_count(), 0);
    EXPECT_EQ(network.log(), network.sent());
}

TEST_P(StreamsNetwork, WithoutItsBooksADestinationMissesNothing) {
    Network network(GetParam(), Network::Books::Lost);
    network.run();
    EXPECT_TRUE(network.is_done());
    for (const auto& [key, sent] : network.sent()) {
        const Network::Log& log = network.log().at(key);
        EXPECT_EQ(std::set(sent.begin(), sent.end()), std::set(log.begin(), log.end()));
    }
}

}  // namespace
}  // namespace kith::mesh
