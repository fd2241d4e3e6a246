#include "mesh/live/pairing_port.h"

#include <utility>

#include "mesh/live/beacon_groups.h"
#include "mesh/live/limits.h"
#include "mesh/trust/pairing.h"

namespace kith::mesh {

PairingPort::PairingPort(runtime::Shard& shard, std::string code,
                         std::function<void(const std::string&)> on_token)
    : shard_(shard),
      code_(std::move(code)),
      on_token_(std::move(on_token)),
      reads_(kPairingReadsBurst, kPairingReadsPerSecond),
      v4_(shard, beacon_group_v4(), kBeaconHops, *this),
      v6_(shard, beacon_group_v6(), kBeaconHops, *this) {}

void PairingPort::refresh() {
    v4_.refresh();
    v6_.refresh();
}

bool PairingPort::send(Bytes offer) {
    const bool left_v4 = v4_.send(offer);
    const bool left_v6 = v6_.send(offer);
    return left_v4 || left_v6;
}

/// Each costs as much as reading one with the right code: so many a second, whoever sends them.
void PairingPort::on_datagram(const runtime::SocketAddress&, Bytes bytes) {
    if (code_.empty() || !is_pairing_offer(bytes) || !reads_.take(shard_.now())) {
        return;
    }
    if (const Result<std::string> token = read_pairing_offer(code_, bytes)) {
        on_token_(*token);
    }
}

}  // namespace kith::mesh
