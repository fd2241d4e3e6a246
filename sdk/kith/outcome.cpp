#include "sdk/kith/outcome.h"

namespace kith {

const char* to_string(FailureKind kind) {
    switch (kind) {
        case FailureKind::Invalid:
            return "invalid";
        case FailureKind::Refused:
            return "refused";
        case FailureKind::Limit:
            return "limit";
        case FailureKind::Timeout:
            return "timeout";
        case FailureKind::Absent:
            return "absent";
        case FailureKind::Offline:
            return "offline";
        case FailureKind::Stopped:
            return "stopped";
    }
    return "unknown";
}

}  // namespace kith
