// Whether a text that a program gave can be a topic or a filter.
#pragma once

#include <string_view>

#include "base/utf8.h"
#include "bus/topic.h"
#include "sdk/kith/outcome.h"

namespace kith::sdk {

/// What is wrong with a topic or filter; it is checked here because a node may answer a wrong one
/// by closing the connection, again and again.
template <typename Topic>
Done check_text(std::string_view text) {
    if (!is_mqtt_utf8(as_bytes(text))) {
        return Failure{FailureKind::Invalid, "a topic is UTF-8 without U+0000"};
    }
    const auto created = Topic::create(text);
    return created ? Done() : Failure{FailureKind::Invalid, created.error().text};
}

}  // namespace kith::sdk
