// The least that a broker can be: what any publisher sends goes to every subscriber, unread.
//
// The generator against the relay is the generator's own ceiling (`--target self`), and what a
// broker on this machine could reach at best. It knows one topic, QoS 0 and no limits; a publisher
// is not read while a subscriber is behind. Threads: shard-local.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/network.h"
#include "runtime/shard.h"

namespace kith::bench {

struct RelayOptions {
    runtime::SocketAddress address;
    /// Every so many PUBLISH packets one is dropped, for tests of the generator; 0 drops none.
    std::size_t drop_every = 0;
};

class Relay final : private runtime::AcceptHandler {
  public:
    /// Errors: Io when the address cannot be listened on.
    [[nodiscard]] static Result<std::unique_ptr<Relay>> open(runtime::Shard& shard,
                                                             const RelayOptions& options);
    ~Relay();

    [[nodiscard]] runtime::SocketAddress local() const { return listener_->local(); }

  private:
    class Client;

    explicit Relay(const RelayOptions& options);
    void on_accept(std::unique_ptr<runtime::Stream> stream) override;

    void forward(Client& from, Bytes packets);
    void resume_publishers();
    [[nodiscard]] bool has_congestion() const;

    RelayOptions options_;
    std::size_t publish_count_ = 0;
    std::unique_ptr<runtime::Listener> listener_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::vector<Client*> subscribers_;
    std::vector<Client*> paused_;
};

}  // namespace kith::bench
