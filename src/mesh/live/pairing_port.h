// Pairing offers over multicast, out and in: the groups and the port of beacons.
//
// Threads: shard-local. Limits: kPairingReads*.
#pragma once

#include <functional>
#include <string>

#include "mesh/discovery/token_bucket.h"
#include "mesh/live/group_port.h"
#include "runtime/datagram.h"
#include "runtime/shard.h"

namespace kith::mesh {

class PairingPort final : private runtime::DatagramHandler {
  public:
    /// Of one that only sends, `code` is empty.
    PairingPort(runtime::Shard& shard, std::string code,
                std::function<void(const std::string& token_text)> on_token);

    /// Opens it where there are networks; again, where there are others by now.
    void refresh();
    /// False if no network has taken it.
    bool send(Bytes offer);

    [[nodiscard]] const std::string& code() const { return code_; }

  private:
    void on_datagram(const runtime::SocketAddress& from, Bytes bytes) override;

    runtime::Shard& shard_;
    const std::string code_;
    std::function<void(const std::string&)> on_token_;
    TokenBucket reads_;
    GroupPort v4_;
    GroupPort v6_;
};

}  // namespace kith::mesh
