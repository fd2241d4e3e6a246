// A stranger with a valid certificate and bad intentions: it answers each neighbour with its own
// hellos, so as to be let in, and sends nonsense, damaged frames and records that it heard before.
//
// It keeps no contract but that of not lying about messages: a DATA is not signed, so a router that
// forges one succeeds; what it may not do is make others fail. Limits: kHeardMax frames.
#pragma once

#include <deque>
#include <map>

#include "base/random.h"
#include "sim/participant.h"

namespace kith::sim {

class Rogue final : public Participant {
  public:
    explicit Rogue(const Birth& birth);

    void restore(mesh::CustodyTicket, const mesh::Data&, Instant) override {}
    void restore_stream(const mesh::StreamPosition&, const mesh::StreamProgress&) override {}
    void on_link_up(mesh::LinkId link, const mesh::LinkPeer& peer, Instant now) override;
    void on_link_down(mesh::LinkId link, Instant now) override;
    [[nodiscard]] Result<std::size_t> on_bytes(mesh::LinkId link, Bytes bytes,
                                               Instant now) override;
    void on_timer(Instant now) override;
    [[nodiscard]] Instant deadline() const override { return next_; }
    void on_stored(mesh::CustodyTicket, Instant) override {}
    void on_fetched(mesh::CustodyTicket, const mesh::Data*, Instant) override {}
    void on_delivered(std::uint64_t, Instant) override {}
    void subscribe(const mesh::Interest&, Instant) override {}
    void unsubscribe(const mesh::Interest&, Instant) override {}
    void barrier(std::uint64_t, Instant) override {}
    void publish(const mesh::Publication&, std::uint64_t, Instant) override {}
    [[nodiscard]] std::vector<mesh::NeighborView> neighbors() const override { return {}; }
    [[nodiscard]] std::vector<mesh::RouteView> routes() const override { return {}; }
    [[nodiscard]] mesh::Digests digests() const override { return {}; }
    [[nodiscard]] const mesh::MeshCounters& counters() const override { return counters_; }

    static constexpr std::size_t kHeardMax = 200;

  private:
    using Frame = std::vector<std::uint8_t>;

    [[nodiscard]] Frame nonsense();
    [[nodiscard]] Frame damaged();
    [[nodiscard]] Frame replayed();

    mesh::LinkPort& links_;
    Random random_;
    Instant next_;
    std::map<mesh::LinkId, Frame> last_hello_;  // of each open link
    std::deque<Frame> heard_;                   // all but hellos and messages
    mesh::MeshCounters counters_;
};

}  // namespace kith::sim
