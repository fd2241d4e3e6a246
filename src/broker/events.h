// What happened that somebody may want to know: clients coming and going, refusals, limits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace kith::broker {

enum class EventKind : std::uint8_t {
    ClientConnected,
    ClientDisconnected,
    ClientRefused,
    SessionTakenOver,
    SessionEnded,
    LimitReached,
    StoreDegraded,
    StoreHealthy,
    ClientSlow,
    ClientRecovered,
    AclDenied,
};

/// "client_connected" ...: stable words, as in $events and the API.
[[nodiscard]] std::string_view to_string(EventKind kind);

/// Borrowed for the call.
struct Event {
    EventKind kind = EventKind::ClientConnected;
    WallTime at;
    std::string_view client_id;  // may be empty
    std::string_view address;    // remote address, may be empty
    std::string_view reason;     // words for people: "keep alive timeout"
    std::string_view transport;  // "tcp" ..., may be empty
    std::uint8_t protocol_version = 0;
    bool is_sign_in = false;  // refused for the credentials that it showed, or did not
};

/// Threads: called on the shard where it happened; implementations forward by mail.
class EventSink {
  public:
    virtual void on_event(const Event& event) = 0;

  protected:
    ~EventSink() = default;
};

}  // namespace kith::broker
