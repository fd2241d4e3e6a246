// The packets of single clients, for whoever asks: types, ids and reasons, in both directions.
//
// Never payloads, user names or passwords. Nothing is looked at for clients that nobody asked for.
// Threads: PacketLogSink is called on the shard where the packet passed.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"

namespace kith::broker {

struct PacketNote {
    WallTime at;
    bool is_from_client = true;
    std::string_view type;  // "PUBLISH"; static
    PacketId packet_id;     // 0: none
    std::string text;       // what else there is to say: "qos 1, 4 bytes to plant/temp"
};

class PacketLogSink {
  public:
    virtual void on_packet(const std::string& client_id, const PacketNote& note) = 0;

  protected:
    ~PacketLogSink() = default;
};

}  // namespace kith::broker
