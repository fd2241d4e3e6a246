#include "mesh/ports.h"

namespace kith::mesh {

std::string_view to_string(DropReason reason) {
    switch (reason) {
        case DropReason::NoRoute:
            return "no_route";
        case DropReason::HopLimit:
            return "hop_limit";
        case DropReason::Expired:
            return "expired";
        case DropReason::Overtaken:
            return "overtaken";
        case DropReason::Congestion:
            return "congestion";
        case DropReason::NotInterested:
            return "not_interested";
        case DropReason::SpoolFull:
            return "spool_full";
        case DropReason::Malformed:
            return "malformed";
        case DropReason::Forged:
            return "forged";
        case DropReason::NotAuthorized:
            return "not_authorized";
        case DropReason::Duplicate:
            return "duplicate";
        case DropReason::RecordTooLarge:
            return "record_too_large";
        case DropReason::TooLarge:
            return "too_large";
        case DropReason::StoreLost:
            return "store_lost";
        case DropReason::TooOld:
            return "too_old";
    }
    return "unknown";
}

}  // namespace kith::mesh
