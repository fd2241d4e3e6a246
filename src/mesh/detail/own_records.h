// What this node tells of itself: which versions, and how often.
//
// Links that come and go would have everybody compute routes without end, so link state is told at
// once, then after 100 ms, 200 ms ... 5 s for as long as it keeps changing. Interest and machines
// go at once up to kInterestChangesPerSecond, then when there is room again, at the latest after
// kInterestDelayMax. Identity and revocations always go at once. A version is given to what is told
// when it is asked for, not when it leaves, so that a barrier can name it. What stands is told
// again every kRecordRefreshInterval, give or take an eighth. Limits: kOriginRecordBytesMax.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "mesh/limits.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {

/// 0/100 ms/5 s: the longer it goes on, the slower.
class ExponentialThrottle {
  public:
    [[nodiscard]] Instant next_at() const { return next_at_; }
    void on_told(Instant now);

  private:
    Instant next_at_;
    Duration delay_{};
};

/// So many in a second, all of which may come at once.
class RateThrottle {
  public:
    [[nodiscard]] Instant next_at() const;
    void on_told(Instant now);

  private:
    Instant full_at_;  // when all of a second may come at once again
};

class OwnRecords {
  public:
    OwnRecords(std::uint32_t epoch, std::uint64_t seed);

    /// Errors: Limit.
    [[nodiscard]] Status tell(RecordKind kind, std::uint16_t part, Bytes body, Instant now);
    /// A record of an earlier life of this node is about, with a body or withdrawn: what is told
    /// from now on is newer, and so is what is told under its name. False if there is nothing to
    /// say against it: it was withdrawn, and is.
    bool supersede(const RecordVersion& heard, bool is_withdrawn, Instant now);
    /// A withdrawn one was forgotten by everybody.
    void forget(RecordKind kind, std::uint16_t part);

    struct Telling {
        RecordKind kind;
        std::uint16_t part;
        Version version;
        Bytes body;  // valid until the next call
    };
    /// What is to be told now.
    [[nodiscard]] std::vector<Telling> take_due(Instant now);
    [[nodiscard]] Instant deadline() const { return deadline_; }
    /// Of what is told, or will be; 0 if it never was.
    [[nodiscard]] Version version(RecordKind kind, std::uint16_t part) const;

  private:
    using Name = std::pair<RecordKind, std::uint16_t>;
    struct Own {
        std::vector<std::uint8_t> body;
        Version version;
        bool is_waiting = false;
        Instant waits_since;
        Instant refresh_at = Instant::never();
    };
    using Entry = std::pair<const Name, Own>;

    [[nodiscard]] std::size_t told_bytes() const;
    void wait(Own& own, Instant now);
    [[nodiscard]] Entry* next_due(Instant now);
    [[nodiscard]] Instant due_at(RecordKind kind, const Own& own) const;
    void on_told(RecordKind kind, Own& own, Instant now);

    void plan();

    std::map<Name, Own> own_;
    Instant deadline_ = Instant::never();
    std::uint32_t epoch_;
    std::uint32_t counter_ = 0;
    ExponentialThrottle link_state_;
    RateThrottle interest_;
    RateThrottle directory_;
    Random random_;
};

}  // namespace kith::mesh
