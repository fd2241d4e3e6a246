// A machine's messages over a mesh: a leaf of it as a Carrier, without a node or a server.
//
// Threads: shard-local; files and names on the pool. Limits: client_limits.h, mesh/leaf/limits.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "mesh/leaf/leaf.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard.h"
#include "sdk/carrier.h"

namespace kith::sdk {

struct MeshSettings {
    mesh::LeafOptions leaf;
    /// Files and names; outlives the carrier.
    runtime::BlockingPool* pool = nullptr;
    const Log* log = nullptr;                                 // outlives the carrier
    std::function<void(const std::string&)> on_pairing_code;  // null: nobody is told
};

class MeshCarrier final : public Carrier, private mesh::LeafOwner {
  public:
    MeshCarrier(runtime::Shard& shard, MeshSettings settings, CarrierEvents& events);

    void start() override { leaf_.start(); }
    [[nodiscard]] bool is_up() override { return leaf_.is_linked(); }
    [[nodiscard]] Done publish(OutboundMessage message, DoneHandler done) override;
    [[nodiscard]] Done subscribe(std::string filter, const SubscribeOptions& options,
                                 DoneHandler done) override;
    [[nodiscard]] Done unsubscribe(const std::string& filter, DoneHandler done) override;
    void finish(Duration grace, std::function<void()> finished) override;

    [[nodiscard]] const mesh::Leaf& leaf() const { return leaf_; }

  private:
    void on_leaf_state(mesh::LeafState state, const std::string& why) override;
    void on_leaf_message(const mesh::LeafMessage& message) override;
    void on_leaf_pairing_code(const std::string& code) override;

    /// Remembers what is to be called back, and returns its number.
    [[nodiscard]] std::uint64_t remember(DoneHandler done);
    void tell(std::uint64_t number, Done outcome);
    void finish_if_done();
    void end();

    runtime::Shard& shard_;
    CarrierEvents& events_;
    std::function<void(const std::string&)> on_pairing_code_;
    mesh::Leaf leaf_;
    std::map<std::uint64_t, DoneHandler> waiting_;
    std::uint64_t last_number_ = 0;
    std::optional<Failure> stopped_;
    std::function<void()> finished_;
    runtime::CallbackTimer finish_timer_{[this](Instant) { end(); }};
};

}  // namespace kith::sdk
