// From silence to suspicion: kProbes questions, and the wait for an answer.
//
// Whoever was judged for silence while this node itself was late, or doubts itself, is judged once
// more, later. Threads: shard-local. Limits: kProbes a time.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace kith::mesh {

enum class SelfDoubt : std::uint8_t { No, Yes };

class Suspicion {
  public:
    [[nodiscard]] bool is_probing() const { return next_at_ != Instant::never(); }
    /// Who was heard since then is not suspect.
    [[nodiscard]] Instant since() const { return since_; }
    /// never() while nobody is probed.
    [[nodiscard]] Instant next_at() const { return next_at_; }

    void begin(Instant now);
    void end() { next_at_ = Instant::never(); }

    enum class Step : std::uint8_t {
        None,
        Probe,
        Judge,  // all probes went out and had their time; probing has ended
    };
    /// What to do now. `answer_patience` is what an answer may take.
    [[nodiscard]] Step take_step(Duration answer_patience, SelfDoubt doubt, Instant now);

  private:
    Instant since_;
    Instant next_at_ = Instant::never();
    int probes_ = 0;
    bool is_put_off_ = false;
};

}  // namespace kith::mesh
