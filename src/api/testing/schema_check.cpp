#include "api/testing/schema_check.h"

#include <nlohmann/json.hpp>

#include <regex>

#include "api/openapi.h"

namespace kith::api {
namespace {

using Json = nlohmann::json;

const Json& description() {
    static const Json kDescription = Json::parse(openapi_json());
    return kDescription;
}

std::string check(const Json& schema, const Json& value, const std::string& where);

bool has_type(const Json& value, const std::string& type) {
    return (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
           (type == "string" && value.is_string()) || (type == "boolean" && value.is_boolean()) ||
           (type == "null" && value.is_null()) ||
           (type == "integer" && value.is_number_integer()) ||
           (type == "number" && value.is_number());
}

std::string check_type(const Json& schema, const Json& value, const std::string& where) {
    if (!schema.contains("type")) {
        return "";
    }
    const Json& type = schema["type"];
    const Json types = type.is_array() ? type : Json::array({type});
    for (const Json& one : types) {
        if (has_type(value, one.get<std::string>())) {
            return "";
        }
    }
    return where + " is " + value.dump() + ", not " + type.dump();
}

std::string check_object(const Json& schema, const Json& value, const std::string& where) {
    const Json none = Json::object();
    const Json& properties = schema.contains("properties") ? schema["properties"] : none;
    for (const Json& name : schema.value("required", Json::array())) {
        if (!value.contains(name.get<std::string>())) {
            return where + " has no " + name.dump();
        }
    }
    for (const auto& [name, member] : value.items()) {
        std::string wrong;
        if (properties.contains(name)) {
            wrong = check(properties[name], member, where + "." + name);
        } else if (schema.contains("additionalProperties")) {
            const Json& additional = schema["additionalProperties"];
            wrong = additional.is_object() ? check(additional, member, where + "." + name)
                                           : where + " has an undocumented " + name;
        }
        if (!wrong.empty()) {
            return wrong;
        }
    }
    return "";
}

std::string check_array(const Json& schema, const Json& value, const std::string& where) {
    if (value.size() < schema.value("minItems", std::size_t{0}) ||
        value.size() > schema.value("maxItems", SIZE_MAX)) {
        return where + " has " + std::to_string(value.size()) + " items";
    }
    for (std::size_t i = 0; i < value.size() && schema.contains("items"); ++i) {
        const std::string wrong =
            check(schema["items"], value[i], where + "[" + std::to_string(i) + "]");
        if (!wrong.empty()) {
            return wrong;
        }
    }
    return "";
}

std::string check_one_of(const Json& schema, const Json& value, const std::string& where) {
    std::string reasons;
    int count = 0;
    for (const Json& choice : schema["oneOf"]) {
        const std::string wrong = check(choice, value, where);
        count += wrong.empty() ? 1 : 0;
        reasons += wrong + "; ";
    }
    return count == 1 ? "" : where + " fits " + std::to_string(count) + " of oneOf: " + reasons;
}

std::string check_scalar(const Json& schema, const Json& value, const std::string& where) {
    if (schema.contains("enum") &&
        std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end()) {
        return where + " is " + value.dump() + ", not of " + schema["enum"].dump();
    }
    if (value.is_number() && ((schema.contains("minimum") && value < schema["minimum"]) ||
                              (schema.contains("maximum") && value > schema["maximum"]))) {
        return where + " is out of its range: " + value.dump();
    }
    if (value.is_string() && schema.contains("pattern") &&
        !std::regex_search(value.get<std::string>(),
                           std::regex(schema["pattern"].get<std::string>()))) {
        return where + " does not look right: " + value.dump();
    }
    return "";
}

std::string check(const Json& schema, const Json& value, const std::string& where) {
    if (schema.contains("$ref")) {
        const std::string name = schema["$ref"].get<std::string>();
        return check(description().at(Json::json_pointer(name.substr(1))), value, where);
    }
    if (schema.contains("oneOf")) {
        return check_one_of(schema, value, where);
    }
    std::string wrong = check_type(schema, value, where);
    if (wrong.empty() && value.is_object()) {
        wrong = check_object(schema, value, where);
    }
    if (wrong.empty() && value.is_array()) {
        wrong = check_array(schema, value, where);
    }
    return wrong.empty() ? check_scalar(schema, value, where) : wrong;
}

/// The path item of openapi.json that a request's path belongs to; null if there is none.
const Json* find_path(std::string_view path) {
    for (const auto& [pattern, item] : description()["paths"].items()) {
        static const std::regex kParameter("\\{[a-z]+\\}");
        const std::regex wanted(std::regex_replace(pattern, kParameter, "[^/]+"));
        if (std::regex_match(path.begin(), path.end(), wanted)) {
            return &item;
        }
    }
    return nullptr;
}

/// Refusals that every path may give are not listed at each one.
bool is_general(int status) {
    constexpr int kGeneral[] = {400, 401, 403, 405, 408, 413, 415, 431};
    return std::find(std::begin(kGeneral), std::end(kGeneral), status) != std::end(kGeneral);
}

std::string check_content(const Json& documented, const CheckedResponse& response) {
    if (!documented.contains("content")) {
        return response.body.empty() ? "" : "has a body where none is documented";
    }
    const std::string type(response.content_type.substr(0, response.content_type.find(';')));
    if (!documented["content"].contains(type)) {
        return "the content type " + type + " is not documented";
    }
    if (response.method == "HEAD" || type.find("json") == std::string::npos) {
        return "";
    }
    const Json value = Json::parse(response.body, nullptr, false);
    return value.is_discarded() ? "is not JSON"
                                : check(documented["content"][type]["schema"], value, "body");
}

}  // namespace

std::string check_response(const CheckedResponse& response) {
    const Json* item = find_path(response.path.substr(0, response.path.find('?')));
    if (item == nullptr) {
        return "";  // a console file, or nothing at all
    }
    std::string verb(response.method == "HEAD" ? "GET" : response.method);
    std::transform(verb.begin(), verb.end(), verb.begin(),
                   [](char c) { return static_cast<char>(std::tolower(c)); });
    const std::string status = std::to_string(response.status);
    if (!item->contains(verb) || !(*item)[verb]["responses"].contains(status)) {
        return is_general(response.status) ? "" : "status " + status + " is not documented";
    }
    return check_content((*item)[verb]["responses"][status], response);
}

std::string check_schema(std::string_view name, std::string_view body) {
    const Json value = Json::parse(body, nullptr, false);
    return value.is_discarded()
               ? "is not JSON"
               : check(Json{{"$ref", "#/components/schemas/" + std::string(name)}}, value, "body");
}

}  // namespace kith::api
