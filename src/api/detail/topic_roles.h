// Names of topic roles in bodies of requests and answers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "access/limits.h"
#include "access/names.h"
#include "api/detail/body.h"
#include "json/writer.h"

namespace kith::api {

/// `topic_roles`, if it is there: names.
[[nodiscard]] inline std::optional<std::vector<std::string>> topic_roles_of(Body& body) {
    const json::View list = body.member("topic_roles");
    if (!list.exists()) {
        return std::nullopt;
    }
    std::vector<std::string> roles;
    for (std::size_t i = 0; i < list.size() && i <= access::kTopicRolesMax; ++i) {
        if (const auto role = list.at(i).text()) {
            roles.emplace_back(*role);
        }
    }
    if (!list.is_array() || roles.size() != list.size()) {
        body.refuse("`topic_roles` is a list of names");
    }
    return roles;
}

inline void write_topic_roles(json::Writer& json, const std::vector<std::string>& roles) {
    json.key("topic_roles");
    json.begin_array();
    for (const std::string& role : roles) {
        json.value(role);
    }
    json.end_array();
}

}  // namespace kith::api
