#include "broker/events.h"

namespace kith::broker {

std::string_view to_string(EventKind kind) {
    switch (kind) {
        case EventKind::ClientConnected:
            return "client_connected";
        case EventKind::ClientDisconnected:
            return "client_disconnected";
        case EventKind::ClientRefused:
            return "client_refused";
        case EventKind::SessionTakenOver:
            return "takeover";
        case EventKind::SessionEnded:
            return "session_ended";
        case EventKind::LimitReached:
            return "limit";
        case EventKind::StoreDegraded:
            return "store_degraded";
        case EventKind::StoreHealthy:
            return "store_healthy";
        case EventKind::ClientSlow:
            return "client_slow";
        case EventKind::ClientRecovered:
            return "client_recovered";
        case EventKind::AclDenied:
            return "acl_denied";
    }
    return "unknown";
}

}  // namespace kith::broker
