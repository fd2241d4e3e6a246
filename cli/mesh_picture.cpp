#include "cli/mesh_picture.h"

#include "cli/ask_node.h"
#include "cli/control_tool.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace kith::cli {

std::optional<std::string> ask_mesh_text(const MeshQuestion& question, const std::string& path) {
    return ask_node({.http = question.http, .token = question.token},
                    {.path = path, .role = "operator"});
}

std::optional<json::Document> ask_mesh(const MeshQuestion& question, const std::string& path) {
    const std::optional<std::string> answer = ask_mesh_text(question, path);
    if (!answer) {
        return std::nullopt;
    }
    auto document = json::Document::parse(*answer);
    if (!document) {
        fail_with("the answer cannot be read", "is this a Kith node?");
        return std::nullopt;
    }
    return std::move(*document);
}

std::string text_of(json::View view, std::string_view name) {
    return std::string(view[name].text().value_or("-"));
}

Names names_of(json::View nodes) {
    Names names;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        names[text_of(nodes.at(i), "id")] = text_of(nodes.at(i), "name");
    }
    return names;
}

std::string called(const Names& names, const std::string& id) {
    const auto found = names.find(id);
    return found == names.end() ? id : fmt::format("{} ({})", found->second, id);
}

std::optional<MeshPicture> MeshPicture::ask_for(const MeshQuestion& question,
                                                const char* list_path) {
    auto mesh = ask_mesh(question, "/api/v1/mesh");
    auto nodes = mesh ? ask_mesh(question, "/api/v1/mesh/nodes") : std::nullopt;
    auto list = nodes ? ask_mesh(question, list_path) : std::nullopt;
    if (!list) {
        return std::nullopt;
    }
    return MeshPicture{std::move(*mesh), std::move(*nodes), std::move(*list)};
}

bool MeshPicture::is_on() const {
    if (text_of(mesh.root(), "state") == "on") {
        return true;
    }
    fmt::print("the mesh is off: {}\n", text_of(mesh.root(), "reason"));
    return false;
}

}  // namespace kith::cli
