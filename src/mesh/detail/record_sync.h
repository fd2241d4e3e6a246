// How two neighbours that have different records find out which: anti-entropy.
//
// A hello brings one digest a kind. Where it is different, and stays so, one of the two sends the
// digests of the buckets, the other answers with the versions in those that differ, and each sends
// and asks for what is missing. What is on its way while hellos are compared makes a difference
// that does not last: it must be the same in two hellos. Right after they met it is compared at
// once. What stays different though the neighbour answers (a leaf does not hand on what others
// told) is compared more and more seldom. Limits: kRecordSyncInterval, kRecordSyncIntervalMax,
// kListEntriesMax.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "mesh/detail/record_store.h"
#include "mesh/limits.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {

/// Of two neighbours the one with the smaller id begins; the other only if that does not help.
enum class BeginsSync : std::uint8_t { First, Second };

class RecordSync {
  public:
    explicit RecordSync(BeginsSync begins) : begins_(begins) {}

    /// A hello has come. The kinds whose buckets are to be sent.
    [[nodiscard]] std::vector<RecordKind> on_digests(const Digests& own, const Digests& theirs,
                                                     Instant now);

    /// The neighbour has sent a record or a list: what was lost was not the question.
    void on_answer() { has_answer_ = true; }
    [[nodiscard]] bool is_first_hello() const { return is_first_hello_; }

  private:
    [[nodiscard]] bool is_time_to_compare(std::size_t kind, Instant now) const;

    BeginsSync begins_;
    bool is_first_hello_ = true;
    bool is_different_ = false;  // as of the hello before
    bool has_answer_ = false;    // since it was asked last
    Digests own_;                // as of the hello before
    Digests theirs_;
    /// Hellos in a row that were different, and were different in the same way.
    std::array<int, kRecordKindCount> different_{};
    std::array<int, kRecordKindCount> unchanged_{};
    Instant next_at_;
    Duration interval_ = kRecordSyncInterval;
};

/// Bit i stands for bucket i.
struct BucketDifference {
    std::uint64_t to_send = 0;  // the neighbour has nothing there
    std::uint64_t to_list = 0;  // it has something else
};
[[nodiscard]] BucketDifference compare_buckets(const RecordBuckets& own,
                                               const RecordBuckets& theirs);

/// Of `records`, which are of one kind and in order of key, those in the buckets of `mask`.
[[nodiscard]] std::vector<const StoredRecord*> in_buckets(
    std::span<const StoredRecord* const> records, std::uint64_t mask);
/// What is there, in as many frames as it takes; one at least, so that the other side sends its
/// own.
[[nodiscard]] std::vector<DigestList> make_lists(RecordKind kind, std::uint64_t mask,
                                                 std::span<const StoredRecord* const> records);

struct ListDifference {
    std::vector<const StoredRecord*> to_send;  // of `own`
    RecordVersions to_request;
};
/// `own`: all of the list's kind, in order of key. Requires: the list is in order, as decoded.
[[nodiscard]] ListDifference compare_list(const DigestList& list,
                                          std::span<const StoredRecord* const> own);

}  // namespace kith::mesh
