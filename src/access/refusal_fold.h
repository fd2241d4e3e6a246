// Turns refused sign-ins into few lines of the audit: the first of a name from an address at once,
// those that follow as one line with their count.
//
// The audit keeps a bounded number of lines, the newest. Without this, whoever tries passwords for
// an hour would push out who changed what. All together write at most 2 * kRefusalKeysMax + 1 lines
// in kRefusalFoldSpan. Pure state. Threads: shard-local. Limits: kRefusalKeysMax names with an
// address at a time; what is more is counted together.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "storage/control_store.h"

namespace kith::access {

/// A sign-in that was refused.
struct RefusedSignIn {
    std::string who;           // "user:anna", "client:press-07": as it called itself
    std::string from_address;  // without the port
    std::string why;           // for people
};

class RefusalFold {
  public:
    /// The lines to be written now: that this one happened, if it is the first of its kind.
    [[nodiscard]] std::vector<storage::AuditRecord> note(const RefusedSignIn& refused,
                                                         WallTime now);
    /// The lines of spans that have ended by `now`. To be called at least once a span.
    [[nodiscard]] std::vector<storage::AuditRecord> take_ended(WallTime now);
    /// Nothing is waiting for its span to end.
    [[nodiscard]] bool empty() const { return folds_.empty() && others_count_ == 0; }

  private:
    struct Fold {
        RefusedSignIn last;
        WallTime began_at;
        std::uint64_t count = 0;  // after the first
    };

    std::map<std::pair<std::string, std::string>, Fold> folds_;  // by who and address
    std::uint64_t others_count_ = 0;
    WallTime others_began_at_;
};

}  // namespace kith::access
