#include "base/result.h"

namespace kith {

const char* to_string(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::Malformed:
            return "malformed";
        case ErrorKind::Protocol:
            return "protocol";
        case ErrorKind::Invalid:
            return "invalid";
        case ErrorKind::Limit:
            return "limit";
        case ErrorKind::Denied:
            return "denied";
        case ErrorKind::NotFound:
            return "not-found";
        case ErrorKind::Conflict:
            return "conflict";
        case ErrorKind::Unavailable:
            return "unavailable";
        case ErrorKind::Timeout:
            return "timeout";
        case ErrorKind::Closed:
            return "closed";
        case ErrorKind::Io:
            return "io";
        case ErrorKind::Corrupt:
            return "corrupt";
        case ErrorKind::Unsupported:
            return "unsupported";
    }
    return "unknown";
}

}  // namespace kith
