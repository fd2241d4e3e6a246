// Listening in on one client from another shard.
//
// The client's messages pass on the shard where it lives; there a watcher notes them and sends them
// to the API's shard once a turn. Limits: kTapMessagesPerTurn a turn, the rest of a burst is not
// shown. Threads: the tap lives on the API's shard, its watcher on the client's.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "api/backend.h"
#include "broker/broker.h"
#include "runtime/shard.h"

namespace kith::node {

/// Messages of one client that are shown of one turn.
inline constexpr std::size_t kTapMessagesPerTurn = 256;

/// Begins to listen. `sink` is called on `shard` until the tap is destroyed there.
[[nodiscard]] std::unique_ptr<api::Tap> tap_client(
    runtime::Shard& shard, broker::Broker& broker, const std::string& client_id,
    std::function<void(const api::TappedMessage&)> sink);

}  // namespace kith::node
