#include "sim/mesh_participant.h"

namespace kith::sim {
namespace {

class MeshParticipant final : public Participant {
  public:
    explicit MeshParticipant(const Birth& birth)
        : node_(birth.options, birth.ports, birth.seed, birth.now) {}

    void restore(mesh::CustodyTicket ticket, const mesh::Data& data, Instant now) override {
        node_.restore(ticket, data, now);
    }
    void restore_stream(const mesh::StreamPosition& stream,
                        const mesh::StreamProgress& progress) override {
        node_.restore_stream(stream, progress);
    }
    void restore_state(const mesh::State& state, std::uint8_t told, Instant now) override {
        node_.restore_state(state, told, now);
    }
    void set_wall_time(WallTime wall, Instant now) override { node_.set_wall_time(wall, now); }
    void on_link_up(mesh::LinkId link, const mesh::LinkPeer& peer, Instant now) override {
        node_.on_link_up(link, peer, now);
    }
    void on_link_down(mesh::LinkId link, Instant now) override { node_.on_link_down(link, now); }
    [[nodiscard]] Result<std::size_t> on_bytes(mesh::LinkId link, Bytes bytes,
                                               Instant now) override {
        return node_.on_bytes(link, bytes, now);
    }
    void on_timer(Instant now) override { node_.on_timer(now); }
    [[nodiscard]] Instant deadline() const override { return node_.deadline(); }
    void on_stored(mesh::CustodyTicket ticket, Instant now) override {
        node_.on_stored(ticket, now);
    }
    void on_fetched(mesh::CustodyTicket ticket, const mesh::Data* content, Instant now) override {
        node_.on_fetched(ticket, content, now);
    }
    void on_delivered(std::uint64_t token, Instant now) override { node_.on_delivered(token, now); }
    void subscribe(const mesh::Interest& interest, Instant now) override {
        node_.subscribe(interest, now);
    }
    void unsubscribe(const mesh::Interest& interest, Instant now) override {
        node_.unsubscribe(interest, now);
    }
    void barrier(std::uint64_t token, Instant now) override { node_.barrier(token, now); }
    void publish(const mesh::Publication& publication, std::uint64_t token, Instant now) override {
        node_.publish(publication, token, now);
    }
    [[nodiscard]] std::vector<mesh::NeighborView> neighbors() const override {
        return node_.neighbors();
    }
    [[nodiscard]] std::vector<mesh::RouteView> routes() const override { return node_.routes(); }
    [[nodiscard]] mesh::Digests digests() const override { return node_.digests(); }
    [[nodiscard]] const mesh::MeshCounters& counters() const override { return node_.counters(); }

  private:
    mesh::MeshNode node_;
};

}  // namespace

std::unique_ptr<Participant> make_mesh_participant(const Birth& birth) {
    return std::make_unique<MeshParticipant>(birth);
}

}  // namespace kith::sim
