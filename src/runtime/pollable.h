// Something that the kernel, or the simulated one, reports as ready: a stream, a listener, a port.
//
// Readiness is edge-triggered: the poller reports a change once, and the object remembers in its
// own state what it has not used up. Events wait in an intrusive list of the shard, so that an
// object destroyed between poll and its turn just leaves the list.
// Threads: shard-local.
#pragma once

#include <cstdint>

#include <boost/intrusive/list.hpp>

namespace kith::runtime {

/// A set of bits.
enum class Readiness : std::uint8_t {
    None = 0,
    Readable = 1,
    Writable = 2,
    HungUp = 4,  // the peer has closed its side: read on to the end
    Failed = 8,
};

[[nodiscard]] constexpr Readiness operator|(Readiness a, Readiness b) {
    return static_cast<Readiness>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
[[nodiscard]] constexpr bool has(Readiness set, Readiness bits) {
    return (static_cast<unsigned>(set) & static_cast<unsigned>(bits)) != 0;
}

using PollableHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<struct PollableTag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class Pollable : public PollableHook {
  public:
    virtual ~Pollable() = default;
    /// `readiness`: what was reported since the last call.
    virtual void on_ready(Readiness readiness) = 0;

  protected:
    /// Takes back what mark_ready() announced.
    void forget_ready() {
        unlink();
        readiness_ = Readiness::None;
    }

  private:
    friend class Shard;
    Readiness readiness_ = Readiness::None;
};

}  // namespace kith::runtime
