#include "access/role_book.h"

#include <algorithm>

#include "access/limits.h"
#include "access/names.h"
#include "base/check.h"
#include "base/narrow.h"
#include "storage/limits.h"

namespace kith::access {
namespace {

struct BuiltIn {
    const char* name;
    const char* note;
    const char* rules;
};

constexpr BuiltIn kBuiltIns[] = {
    {"free", "All ordinary topics, and what belongs to the machine. For trusted clients.",
     "allow both      #\n"
     "allow both      $m/${machine}/#\n"
     "allow both      $m/${client}/#\n"
     "allow publish   $m/+/command/#\n"
     "allow publish   $m/+/reply/#\n"
     "allow publish   $to/#\n"
     "allow subscribe $to/${client}/#\n"
     "allow subscribe $to/node/#\n"
     "allow subscribe $to/any/#\n"
     "allow publish   $mesh/dir/${machine}\n"
     "allow publish   $mesh/dir/${client}\n"
     "allow subscribe $m/#\n"
     "allow subscribe $SYS/#\n"
     "allow subscribe $events/#\n"
     "allow subscribe $mesh/#\n"},
    {"own", "What belongs to the machine itself, and letters to others.",
     "allow both      $m/${machine}/#\n"
     "allow both      tel/${machine}/#\n"
     "allow publish   $to/#\n"
     "allow subscribe $to/${client}/#\n"
     "allow publish   $mesh/dir/${machine}\n"},
    {"read", "Everything may be read but letters to clients; nothing is published.",
     "allow subscribe #\n"
     "allow subscribe $m/#\n"
     "allow subscribe $SYS/#\n"
     "allow subscribe $events/#\n"
     "allow subscribe $mesh/#\n"},
    {"all", "Everything that the broker itself does not forbid.",
     "allow both #\n"
     "allow both $m/#\n"
     "allow both $to/#\n"
     "allow both $SYS/#\n"
     "allow both $events/#\n"
     "allow both $mesh/#\n"},
};

bool is_built_in(std::string_view name) {
    return std::ranges::any_of(kBuiltIns,
                               [name](const BuiltIn& each) { return name == each.name; });
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

std::string_view trimmed(std::string_view text) {
    static constexpr std::string_view kBlanks = " \t\r";
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool is_same(const TopicRole& a, const TopicRole& b) {
    return a.text == b.text && a.note == b.note && a.source == b.source &&
           a.updated_at == b.updated_at;
}

bool is_heading(std::string_view line) {
    return line == "role" || line.starts_with("role ") || line.starts_with("role\t");
}

RuleProblem heading_problem(std::uint32_t line, const char* expected) {
    return {.line = line, .column = 1, .expected = expected};
}

/// Takes "role NAME".
tl::expected<std::string, RuleProblem> parse_heading(std::string_view line, std::uint32_t number,
                                                     const std::vector<RoleText>& known) {
    const std::string_view name = trimmed(line.substr(std::string_view("role").size()));
    if (!check_role_name(name)) {
        return tl::unexpected(
            heading_problem(number, "role NAME: 1 to 64 of a-z, 0-9, - _ and .; no built-in role"));
    }
    if (std::ranges::find(known, name, &RoleText::name) != known.end()) {
        return tl::unexpected(heading_problem(number, "each role once"));
    }
    if (known.size() == storage::kRolesMax) {
        return tl::unexpected(heading_problem(number, "at most 1000 roles"));
    }
    return std::string(name);
}

}  // namespace

std::string_view to_string(RoleSource source) {
    switch (source) {
        case RoleSource::BuiltIn:
            return "built-in";
        case RoleSource::File:
            return "file";
        case RoleSource::Store:
            return "store";
    }
    return "unknown";
}

tl::expected<std::vector<RoleText>, RuleProblem> parse_role_file(std::string_view text) {
    if (text.size() > kRoleFileBytesMax) {
        return tl::unexpected(heading_problem(1, "at most 1 MiB of roles"));
    }
    std::vector<RoleText> roles;
    std::vector<std::uint32_t> first_lines;
    std::uint32_t number = 0;
    std::size_t begin = 0;
    while (begin < text.size()) {
        ++number;
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const std::string_view whole = text.substr(begin, end - begin);
        const std::string_view line = trimmed(whole);
        begin = end + 1;
        if (is_heading(line)) {
            auto name = parse_heading(line, number, roles);
            if (!name) {
                return tl::unexpected(name.error());
            }
            roles.push_back({.name = std::move(*name), .text = {}});
            first_lines.push_back(number + 1);
        } else if (!roles.empty()) {
            roles.back().text.append(whole).append("\n");
        } else if (!line.empty() && !line.starts_with('#')) {
            return tl::unexpected(heading_problem(number, "role NAME before the first rule"));
        }
    }
    for (std::size_t i = 0; i < roles.size(); ++i) {
        if (const auto rules = parse_topic_rules(roles[i].text); !rules) {
            RuleProblem problem = rules.error();
            problem.line += first_lines[i] - 1;
            return tl::unexpected(problem);
        }
    }
    return roles;
}

Status check_role_name(std::string_view name) {
    if (name.empty() || name.size() > kNameBytesMax ||
        !std::ranges::all_of(name, is_name_character)) {
        return fail(ErrorKind::Invalid, "a role's name is 1 to 64 of a-z, 0-9, - _ and .");
    }
    if (is_built_in(name)) {
        return fail(ErrorKind::Denied, "a built-in role cannot be changed");
    }
    return {};
}

RoleBook::RoleBook() {
    for (const BuiltIn& each : kBuiltIns) {
        add({.name = each.name, .text = each.rules, .note = each.note}, nullptr);
    }
}

RoleBook::RoleBook(const std::vector<storage::RoleRecord>& stored,
                   const std::vector<RoleText>& of_file, const RoleBook& previous) {
    for (const RoleRef& role : previous.roles_) {
        if (role->source == RoleSource::BuiltIn) {
            roles_.push_back(role);
        }
    }
    const auto built_in_count = static_cast<std::ptrdiff_t>(roles_.size());
    for (const RoleText& role : of_file) {
        if (is_built_in(role.name)) {
            continue;  // parse_role_file() lets none through
        }
        add({.name = role.name, .text = role.text, .source = RoleSource::File}, &previous);
    }
    for (const storage::RoleRecord& role : stored) {
        if (find(role.name) == nullptr) {
            add({.name = role.name,
                 .text = role.rules,
                 .note = role.note,
                 .source = RoleSource::Store,
                 .updated_at = role.updated_at},
                &previous);
        }
    }
    std::ranges::sort(roles_.begin() + built_in_count, roles_.end(), {},
                      [](const RoleRef& role) -> const std::string& { return role->name; });
}

void RoleBook::add(TopicRole role, const RoleBook* previous) {
    const RoleRef older = previous == nullptr ? nullptr : previous->find(role.name);
    if (older != nullptr && is_same(*older, role)) {
        roles_.push_back(older);
        return;
    }
    auto rules = parse_topic_rules(role.text);
    if (rules) {
        role.rules = std::move(*rules);
    } else {
        role.problem = rules.error();
        role.rules = older == nullptr ? std::vector<TopicRule>() : older->rules;
    }
    roles_.push_back(std::make_shared<const TopicRole>(std::move(role)));
}

RoleBook::RoleRef RoleBook::find(std::string_view name) const {
    const auto found = std::ranges::find(
        roles_, name, [](const RoleRef& role) -> std::string_view { return role->name; });
    return found == roles_.end() ? nullptr : *found;
}

std::vector<std::string> roles_of(const bus::Principal& principal) {
    switch (principal.role) {
        case bus::Role::Admin:
        case bus::Role::Operator:
            return {"all"};
        case bus::Role::Viewer:
            return {"read"};
        case bus::Role::Machine:
            break;
    }
    if (principal.topic_roles.empty() && principal.name != kAnonymousName) {
        return {"own"};
    }
    std::vector<std::string> names = principal.topic_roles;
    names.resize(std::min(names.size(), kTopicRolesMax));
    return names;
}

}  // namespace kith::access
