#include "access/try_guard.h"

#include <algorithm>

namespace kith::access {
namespace {

std::string pair_key(const Tryer& who) {
    std::string key(who.address_key);
    key += ' ';
    key += who.name;
    return key;
}

}  // namespace

TryGuard::TryGuard()
    : pairs_(kTriesMax),
      addresses_(kAddressTriesMax),
      names_(kNameTriesMax),
      known_(kKnownMax, kKnownMemory) {}

Throttle::Answer TryGuard::begin(const Tryer& who, Instant now) {
    const std::string key = pair_key(who);
    if (!known_.has(key, now)) {
        Throttle::Answer wider = addresses_.peek(who.address_key, now);
        if (!who.name.empty()) {
            const Throttle::Answer by_name = names_.peek(who.name, now);
            wider.is_allowed = wider.is_allowed && by_name.is_allowed;
            wider.retry_after = std::max(wider.retry_after, by_name.retry_after);
        }
        if (!wider.is_allowed) {
            wider.tries_left = 0;
            return wider;
        }
    }
    return pairs_.begin(key, now);
}

void TryGuard::succeeded(const Tryer& who, Instant now) {
    const std::string key = pair_key(who);
    pairs_.forgive(key);
    known_.add(key, now);
}

void TryGuard::failed(const Tryer& who, Instant now) {
    // A pause that has begun meanwhile is not made longer by what was under way.
    static_cast<void>(addresses_.begin(who.address_key, now));
    if (!who.name.empty()) {
        static_cast<void>(names_.begin(who.name, now));
    }
}

bool TryGuard::is_known(const Tryer& who, Instant now) const {
    return known_.has(pair_key(who), now);
}

}  // namespace kith::access
