// Stands before a listener behind a proxy: reads the PROXY header, then lets the client through.
//
// Only proxies in `trusted` are heard; whoever else connects is refused, header or not, so that
// nobody can say who they are themselves. What comes through has the client's address everywhere:
// in logs, throttles and the audit; and it is never local, whatever that address is.
// Threads: shard-local. Limits: kProxyPendingMax, kProxyHeaderTimeout; counted in ShardCounters.
#pragma once

#include "base/bytes.h"
#include "base/time.h"
#include "runtime/address_range.h"
#include "runtime/shard.h"
#include "runtime/stream.h"

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace kith::node {

/// Connections of one listener and shard whose header has not come; more are closed at once.
inline constexpr std::size_t kProxyPendingMax = 1024;
/// Proxies send the header at once.
inline constexpr Duration kProxyHeaderTimeout = 5s;

class ProxyGate final : private runtime::Task {
  public:
    using OnClient = std::function<void(std::unique_ptr<runtime::Stream>)>;

    ProxyGate(runtime::Shard& shard, std::vector<runtime::AddressRange> trusted,
              OnClient on_client);
    ~ProxyGate() override;

    /// `on_client` follows in a later turn, or the connection is closed.
    void accept(std::unique_ptr<runtime::Stream> stream);

    [[nodiscard]] std::size_t pending_count() const { return pending_.size(); }

  private:
    class Pending;

    void pass(Pending& pending, Bytes bytes);
    void refuse(Pending& pending, std::uint64_t runtime::ShardCounters::*counter);
    void retire(Pending& pending);
    void run_task() override;

    runtime::Shard& shard_;
    std::vector<runtime::AddressRange> trusted_;
    OnClient on_client_;
    std::unordered_map<Pending*, std::unique_ptr<Pending>> pending_;
    std::vector<std::unique_ptr<Pending>> retired_;  // may be on the stack
};

/// Requires: the configuration has checked the texts.
[[nodiscard]] std::vector<runtime::AddressRange> address_ranges(
    const std::vector<std::string>& texts);

}  // namespace kith::node
