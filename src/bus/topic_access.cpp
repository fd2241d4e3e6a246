#include "bus/topic_access.h"

#include <algorithm>

#include "base/limits.h"

namespace kith::bus {
namespace {

/// If `text` starts with the level `first`, the second level; otherwise empty.
std::string_view second_level(std::string_view text, std::string_view first) {
    LevelReader levels(text);
    if (levels.next() != first || levels.at_end()) {
        return {};
    }
    return levels.next();
}

std::string_view third_level(std::string_view text) {
    LevelReader levels(text);
    std::string_view level;
    for (int i = 0; i < 3; ++i) {
        if (levels.at_end()) {
            return {};
        }
        level = levels.next();
    }
    return level;
}

}  // namespace

bool may_publish(const Principal& principal, std::string_view client_id, TopicName topic) {
    if (principal.role == Role::Viewer) {
        return false;
    }
    const std::string_view text = topic.text();
    if (!topic.is_reserved()) {
        return true;
    }
    if (text.starts_with("$to/")) {
        return true;
    }
    const std::string_view machine =
        principal.machine.empty() ? client_id : std::string_view(principal.machine);
    if (text.starts_with(kDirectoryPrefix)) {
        return is_topic_level(machine) && text.substr(kDirectoryPrefix.size()) == machine;
    }
    if (text.starts_with("$m/")) {
        return principal.role == Role::Admin || second_level(text, "$m") == machine ||
               third_level(text) == "command" || third_level(text) == "reply";
    }
    return false;
}

bool may_subscribe(std::string_view client_id, TopicFilter filter) {
    const std::string_view text = filter.text();
    if (text.starts_with(kAnycastPrefix)) {
        return true;
    }
    if (const std::string_view name = node_inbox_name(text); !name.empty()) {
        return is_topic_level(name);
    }
    if (text == "$to" || text.starts_with("$to/")) {
        return is_topic_level(client_id) && second_level(text, "$to") == client_id;
    }
    return true;
}

bool is_topic_level(std::string_view client_id) {
    return !client_id.empty() && client_id.find_first_of("/+#") == std::string_view::npos;
}

bool is_deeper_than(std::string_view text, std::size_t levels) {
    return levels < limits::kTopicLevelsMax &&
           static_cast<std::size_t>(std::ranges::count(text, '/')) >= levels;
}

}  // namespace kith::bus
