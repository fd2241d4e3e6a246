// The door of `kith mesh forward`: each connection that comes in is one to a service of another
// node, by the HTTP listener of the node that is asked.
//
// Threads: one shard. Limits: kForwardedMax connections at once; more are closed, and said so.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/network.h"
#include "runtime/shard.h"
#include "runtime/task.h"

namespace kith::cli {

/// As many as a node opens.
inline constexpr std::size_t kForwardedMax = 64;

struct ForwardDoorOptions {
    runtime::SocketAddress listen;
    runtime::SocketAddress node;  // its HTTP listener
    std::string host;             // what it is called: "127.0.0.1:8080"
    std::string token;
    std::string to;  // NODE:HOST:PORT
    /// A line for people.
    std::function<void(const std::string& line)> say;
};

class ForwardDoor final : private runtime::AcceptHandler, private runtime::Task {
  public:
    ForwardDoor(runtime::Shard& shard, ForwardDoorOptions options);
    ~ForwardDoor();

    /// Errors: Io, as of bind(2).
    [[nodiscard]] Status open();
    [[nodiscard]] runtime::SocketAddress local() const { return listener_->local(); }

  private:
    class Visit;

    void on_accept(std::unique_ptr<runtime::Stream> stream) override;
    void run_task() override;
    void end(std::uint64_t id);

    runtime::Shard& shard_;
    const ForwardDoorOptions options_;
    std::unique_ptr<runtime::Listener> listener_;
    std::uint64_t last_visit_ = 0;
    std::map<std::uint64_t, std::unique_ptr<Visit>> visits_;
    std::vector<std::unique_ptr<Visit>> ended_;                  // until the turn is over
    std::vector<std::unique_ptr<runtime::Stream>> turned_away_;  // likewise
};

}  // namespace kith::cli
