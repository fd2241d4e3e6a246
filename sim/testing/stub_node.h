// A node that says hello to its neighbours, counts what it hears, and hands messages to the next
// one: enough to drive wires, disks, clocks and faults without MeshNode.
#pragma once

#include <map>

#include "sim/participant.h"

namespace kith::sim::testing {

/// What all stub nodes of a test saw, in order.
struct StubJournal {
    struct Entry {
        std::uint64_t node;
        std::string what;
        Instant at;  // by the node's own clock
    };
    std::vector<Entry> entries;

    [[nodiscard]] std::size_t count(std::string_view what) const {
        std::size_t count = 0;
        for (const Entry& entry : entries) {
            count += entry.what == what ? 1U : 0U;
        }
        return count;
    }
};

class StubNode final : public Participant {
  public:
    StubNode(const Birth& birth, StubJournal& journal, Duration interval)
        : birth_(birth), journal_(journal), interval_(interval), next_(birth.now + interval) {}

    void restore(mesh::CustodyTicket ticket, const mesh::Data&, Instant now) override {
        note("restored " + std::to_string(ticket.value()), now);
    }
    void restore_stream(const mesh::StreamPosition&, const mesh::StreamProgress&) override {}
    void on_link_up(mesh::LinkId link, const mesh::LinkPeer& peer, Instant now) override {
        links_[link] = peer.node;
        note("up", now);
    }
    void on_link_down(mesh::LinkId link, Instant now) override {
        links_.erase(link);
        note("down", now);
    }
    Result<std::size_t> on_bytes(mesh::LinkId, Bytes bytes, Instant now) override {
        ++counters_.frames_in;
        counters_.bytes_in += bytes.size();
        if (bytes[0] == kBad) {
            return fail(ErrorKind::Malformed, "a bad frame");
        }
        if (bytes[0] == kPartial && bytes.size() < 4) {
            return 0;
        }
        if (notes_frames) {
            note(std::string(as_text(bytes)), now);
        }
        return bytes.size();
    }
    void on_timer(Instant now) override {
        for (const auto& [link, peer] : links_) {
            birth_.ports.links.send(link, mesh::Priority::Control, hello_, {});
        }
        next_ = now + interval_;
    }
    Instant deadline() const override { return next_; }
    void on_stored(mesh::CustodyTicket ticket, Instant now) override {
        note("stored " + std::to_string(ticket.value()), now);
    }
    void on_fetched(mesh::CustodyTicket, const mesh::Data*, Instant) override {}
    void on_delivered(std::uint64_t token, Instant now) override {
        note("delivered " + std::to_string(token), now);
    }
    void subscribe(const mesh::Interest&, Instant) override {}
    void unsubscribe(const mesh::Interest&, Instant) override {}
    void barrier(std::uint64_t, Instant) override {}
    void publish(const mesh::Publication&, std::uint64_t, Instant) override {}
    std::vector<mesh::NeighborView> neighbors() const override { return {}; }
    std::vector<mesh::RouteView> routes() const override { return {}; }
    mesh::Digests digests() const override { return {}; }
    const mesh::MeshCounters& counters() const override { return counters_; }

    static constexpr std::uint8_t kBad = 'B';
    static constexpr std::uint8_t kPartial = 'P';  // is whole with 4 bytes

    void send_all(std::string_view text, mesh::Priority priority = mesh::Priority::Default) {
        for (const auto& [link, peer] : links_) {
            birth_.ports.links.send(link, priority, as_bytes(text), {});
        }
    }
    void store(std::uint64_t ticket) {
        birth_.ports.custody.store(mesh::CustodyTicket(ticket), mesh::Data{});
    }
    void close_all() {
        for (const auto& [link, peer] : links_) {
            birth_.ports.links.close(link, mesh::GoodbyeReason::Leaving);
        }
        links_.clear();
    }
    [[nodiscard]] std::size_t link_count() const { return links_.size(); }

    bool notes_frames = false;

  private:
    void note(std::string what, Instant at) {
        journal_.entries.push_back({birth_.options.self.value(), std::move(what), at});
    }

    Birth birth_;
    StubJournal& journal_;
    Duration interval_;
    Instant next_;
    std::array<std::uint8_t, 75> hello_{74, 8};
    std::map<mesh::LinkId, mesh::NodeId> links_;
    mesh::MeshCounters counters_;
};

}  // namespace kith::sim::testing
