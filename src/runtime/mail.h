// What one shard hands to another: a move-only action, run once on the receiving shard.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace kith::runtime {

class Shard;

class Mail {
  public:
    virtual ~Mail() = default;
    /// Runs on the receiving shard, in the mailbox phase of its turn.
    virtual void deliver(Shard& shard) = 0;
};

/// Wraps a callable `void(Shard&)` as mail.
template <typename F>
[[nodiscard]] std::unique_ptr<Mail> make_mail(F&& action) {
    class Action final : public Mail {
      public:
        explicit Action(F&& f) : action_(std::forward<F>(f)) {}
        void deliver(Shard& shard) override { action_(shard); }

      private:
        std::decay_t<F> action_;
    };
    return std::make_unique<Action>(std::forward<F>(action));
}

}  // namespace kith::runtime
