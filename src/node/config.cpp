#include "node/config.h"

#include "node/config_keys.h"
#include "node/listen_rules.h"

#include <fmt/format.h>
#include <toml++/impl/preprocessor.h>

#include <algorithm>
#include <map>

// toml++ asserts, or has the optimizer assume, what a file may break ("[`a"); and then has an error
// for it all the same.
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT_ASSUME(expr) static_assert(true)
#include <toml++/toml.h>

namespace kith::node {
namespace {

/// Where each key was set last: "kith.toml:7" or "--mqtt".
using Places = std::map<std::string, std::string, std::less<>>;

struct Loading {
    NodeConfig config;
    Places places;
};

struct Found {
    std::string key;
    ConfigValue value;
    std::uint32_t line = 0;
};

ConfigValue value_of(const toml::node& node) {
    ConfigValue value;
    if (const auto text = node.value<std::string>(); node.is_string() && text) {
        value.text = *text;
    } else if (const auto integer = node.value<std::int64_t>(); node.is_integer() && integer) {
        value.type = KeyType::Integer;
        value.integer = *integer;
    } else if (const auto boolean = node.value<bool>(); node.is_boolean() && boolean) {
        value.type = KeyType::Boolean;
        value.boolean = *boolean;
    } else if (const toml::array* array = node.as_array(); array != nullptr) {
        value.type = KeyType::TextList;
        for (const toml::node& element : *array) {
            const auto text_element = element.value<std::string>();
            if (!element.is_string() || !text_element) {
                return {.type = KeyType::Other};
            }
            value.list.push_back(*text_element);
        }
    } else {
        value.type = KeyType::Other;  // no key takes it: refused with the key's expectation
    }
    return value;
}

/// The table's leaves as dotted keys, in order of their lines. Depth is bounded by the parser's
/// limit; an explicit stack instead of recursion.
std::vector<Found> flatten(const toml::table& root) {
    std::vector<Found> found;
    std::vector<std::pair<std::string, const toml::table*>> open{{"", &root}};
    while (!open.empty()) {
        const auto [prefix, table] = open.back();
        open.pop_back();
        for (const auto& [name, node] : *table) {
            std::string key = prefix + std::string(name.str());
            if (const toml::table* inner = node.as_table(); inner != nullptr) {
                open.emplace_back(key + ".", inner);
                continue;
            }
            Found each{.key = std::move(key), .line = node.source().begin.line};
            each.value = value_of(node);
            found.push_back(std::move(each));
        }
    }
    std::ranges::sort(found, std::ranges::less{}, &Found::line);
    return found;
}

const ConfigKey* find_key(std::string_view name) {
    const auto keys = config_keys();
    const auto found = std::ranges::find(keys, name, &ConfigKey::name);
    return found == keys.end() ? nullptr : &*found;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] =
                std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

std::string unknown_key(std::string_view name) {
    const ConfigKey* nearest = nullptr;
    std::size_t nearest_distance = 6;  // farther away it is no help
    for (const ConfigKey& key : config_keys()) {
        const std::size_t distance = edit_distance(name, key.name);
        if (distance < nearest_distance) {
            nearest_distance = distance;
            nearest = &key;
        }
    }
    return nearest == nullptr
               ? fmt::format("unknown key {}; `kith config reference` lists them all", name)
               : fmt::format("unknown key {}; did you mean {}?", name, nearest->name);
}

std::string shown(const ConfigValue& value) {
    switch (value.type) {
        case KeyType::Text:
            return fmt::format("\"{}\"", value.text);
        case KeyType::Integer:
            return std::to_string(value.integer);
        case KeyType::Boolean:
            return value.boolean ? "true" : "false";
        case KeyType::TextList:
            return "a list";
        case KeyType::Other:
            return "something else";
    }
    return {};
}

OrProblem<void> apply(Loading& loading, std::string_view place, std::string_view name,
                      const ConfigValue& value) {
    const ConfigKey* key = find_key(name);
    if (key == nullptr) {
        return problem(fmt::format("{}: {}", place, unknown_key(name)));
    }
    if (!key->set(loading.config, value)) {
        return problem(
            fmt::format("{}: {}: expected {}, got {}", place, name, key->expected, shown(value)));
    }
    loading.places.insert_or_assign(std::string(name), std::string(place));
    return {};
}

OrProblem<void> apply_file(Loading& loading, const std::string& file) {
    toml::table table;
    // toml++ throws: caught here, in the one file that wraps it.
    try {
        table = toml::parse_file(file);
    } catch (const toml::parse_error& error) {
        return problem(fmt::format("{}:{}: {}", file, error.source().begin.line,
                                   std::string(error.description())));
    }
    for (const Found& found : flatten(table)) {
        auto applied =
            apply(loading, fmt::format("{}:{}", file, found.line), found.key, found.value);
        if (!applied) {
            return applied;
        }
    }
    return {};
}

/// A key that needs others: `name` is set and `why` says what it lacks.
OrProblem<void> lacks(const Loading& loading, const char* name, const char* why) {
    const auto place = loading.places.find(name);
    const std::string where = place == loading.places.end() ? "" : place->second + ": ";
    return problem(fmt::format("{}{}: {}", where, name, why));
}

OrProblem<void> check_trust(const Loading& loading) {
    const NodeConfig& config = loading.config;
    if (!config.jwks_file.empty() && (config.jwt_issuer.empty() || config.jwt_audience.empty())) {
        return lacks(loading, "access.jwks_file",
                     "set access.jwt_issuer and access.jwt_audience, too: a token for somebody "
                     "else must not open this node");
    }
    if (!config.jwks_file.empty() && config.jwt_machine_claim.empty()) {
        return lacks(loading, "access.jwt_machine_claim",
                     "expected the name of a claim, as \"sub\"");
    }
    if (!config.tls_client_crl_file.empty() && config.tls_client_ca_file.empty()) {
        return lacks(loading, "tls.client_crl", "set tls.client_ca, too: the list is about it");
    }
    const std::pair<const char*, bool> proxied[] = {
        {"mqtt.proxy_protocol", config.mqtt.proxy_protocol},
        {"mqtts.proxy_protocol", config.mqtts.proxy_protocol},
        {"http.proxy_protocol", config.http.proxy_protocol}};
    for (const auto& [name, is_required] : proxied) {
        if (is_required && config.proxy_trusted.empty()) {
            return lacks(loading, name,
                         "set proxy.trusted to the addresses of the proxies: nobody else is "
                         "believed");
        }
    }
    return {};
}

/// What no key can say alone.
OrProblem<void> check_together(const Loading& loading) {
    const NodeConfig& config = loading.config;
    if (config.tls_certificate_file.empty() != config.tls_key_file.empty()) {
        const char* set = config.tls_key_file.empty() ? "tls.certificate" : "tls.key";
        return problem(
            fmt::format("{}: {}: tls.certificate and tls.key belong together: set both or neither",
                        loading.places.find(set)->second, set));
    }
    if (auto checked = check_trust(loading); !checked) {
        return checked;
    }
    if (const auto plan = plan_listeners(config); !plan) {
        const auto place = loading.places.find("mqtt.address");
        return place == loading.places.end()
                   ? problem(plan.error().text)
                   : problem(fmt::format("{}: {}", place->second, plan.error().text));
    }
    return {};
}

/// A value of the command line: TOML if it is, else text as it stands.
ConfigValue command_line_value(const std::string& text) {
    try {
        const toml::table table = toml::parse("value = " + text);
        if (const toml::node* node = table.get("value"); node != nullptr && table.size() == 1) {
            return value_of(*node);
        }
    } catch (const toml::parse_error&) {
        // Not TOML: plain text.
    }
    return {.type = KeyType::Text, .text = text};
}

/// "mqtt" of "mqtt.address"; empty for a key without a section.
std::string_view section_of(const ConfigKey& key) {
    const std::size_t dot = key.name.find('.');
    return dot == std::string_view::npos ? std::string_view() : key.name.substr(0, dot);
}

void append_section(std::string& out, std::string_view section, const NodeConfig& config) {
    for (const ConfigKey& key : config_keys()) {
        if (section_of(key) == section) {
            const std::size_t name_at = section.empty() ? 0 : section.size() + 1;
            out += fmt::format("# {} Expected: {}.\n{} = {}\n", key.summary, key.expected,
                               key.name.substr(name_at), key.show(config));
        }
    }
}

}  // namespace

OrProblem<NodeConfig> load_config(const ConfigSources& sources) {
    Loading loading;
    if (!sources.file.empty()) {
        if (auto applied = apply_file(loading, sources.file); !applied) {
            return tl::unexpected(applied.error());
        }
    }
    for (const ConfigOverride& each : sources.overrides) {
        // "--name 42" is a name, although 42 is a number: what a key refuses is tried as text.
        auto applied = apply(loading, each.source, each.key, command_line_value(each.value));
        if (!applied) {
            applied =
                apply(loading, each.source, each.key, {.type = KeyType::Text, .text = each.value});
        }
        if (!applied) {
            return tl::unexpected(applied.error());
        }
    }
    if (auto checked = check_together(loading); !checked) {
        return tl::unexpected(checked.error());
    }
    return std::move(loading.config);
}

std::string to_toml(const NodeConfig& config) {
    std::string out =
        "# Configuration of a Kith node. Every key is optional; what stands here is its value.\n";
    // Keys without a section come first: in TOML they cannot follow one.
    append_section(out, "", config);
    std::vector<std::string_view> sections;
    for (const ConfigKey& key : config_keys()) {
        const std::string_view section = section_of(key);
        if (!section.empty() && std::ranges::find(sections, section) == sections.end()) {
            sections.push_back(section);
            out += fmt::format("\n[{}]\n", section);
            append_section(out, section, config);
        }
    }
    return out;
}

std::string reference_markdown() {
    const NodeConfig defaults;
    std::string out =
        "# Configuration\n\n"
        "Made by `tools/make_reference.py` from the table in `src/node/config_keys.cpp`; a test\n"
        "keeps it so.\n\n"
        "A key is set in the TOML file (`kith run --config FILE`) or on the command line\n"
        "(`--set KEY=VALUE`), which wins. `kith config check FILE` says what is wrong with a "
        "file.\n\n"
        "| key | default | expected | meaning |\n| --- | --- | --- | --- |\n";
    for (const ConfigKey& key : config_keys()) {
        out += fmt::format("| `{}` | `{}` | {} | {} |\n", key.name, key.show(defaults),
                           key.expected, key.summary);
    }
    return out;
}

}  // namespace kith::node
