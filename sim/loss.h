// Whether a frame gets lost: each by itself, or in bursts as on a radio link (Gilbert 1960, Elliott
// 1963): the link is in a good or a bad state, changes between them with every frame, and loses
// with another probability in each.
#pragma once

#include "base/random.h"

namespace kith::sim {

struct LossOptions {
    double good = 0;    // probability of loss in the good state
    double bad = 0;     // and in the bad one
    double to_bad = 0;  // probability that a frame finds the state changed
    double to_good = 1;

    [[nodiscard]] static LossOptions bernoulli(double probability) {
        return {.good = probability, .bad = probability};
    }
    /// Bursts of `frames` on average, in which nearly all is lost; `share` of all time is one.
    [[nodiscard]] static LossOptions bursts(double share, double frames) {
        return {
            .good = 0, .bad = 0.9, .to_bad = share / (1 - share) / frames, .to_good = 1 / frames};
    }
    [[nodiscard]] bool is_none() const { return good <= 0 && (bad <= 0 || to_bad <= 0); }
};

class Loss {
  public:
    void set(const LossOptions& options) {
        options_ = options;
        is_none_ = options.is_none();
    }
    [[nodiscard]] bool is_none() const { return is_none_; }

    /// Draws for one frame. Takes nothing from `random` if nothing can be lost.
    [[nodiscard]] bool loses(Random& random) {
        if (is_none_) {
            return false;
        }
        if (random.chance(is_bad_ ? options_.to_good : options_.to_bad)) {
            is_bad_ = !is_bad_;
        }
        return random.chance(is_bad_ ? options_.bad : options_.good);
    }

  private:
    bool is_none_ = true;
    bool is_bad_ = false;
    LossOptions options_;
};

}  // namespace kith::sim
