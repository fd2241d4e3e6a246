// What commands about the mesh ask of a running node, and how they name its nodes.
#pragma once

#include "cli/mesh_commands.h"
#include "json/document.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace kith::cli {

/// The answer of the node as it came; nothing after saying on stderr why there is none.
[[nodiscard]] std::optional<std::string> ask_mesh_text(const MeshQuestion& question,
                                                       const std::string& path);
/// Read; nothing after saying on stderr why there is none.
[[nodiscard]] std::optional<json::Document> ask_mesh(const MeshQuestion& question,
                                                     const std::string& path);

/// The text of a member; "-" if it is none.
[[nodiscard]] std::string text_of(json::View view, std::string_view name);

using Names = std::map<std::string, std::string>;

/// What the nodes call themselves, by id.
[[nodiscard]] Names names_of(json::View nodes);

/// "gw-1 (3f0c9a1be2d47785)", or the id of one without a name.
[[nodiscard]] std::string called(const Names& names, const std::string& id);

/// The node's mesh, its nodes, and a list of it.
struct MeshPicture {
    json::Document mesh;
    json::Document nodes;
    json::Document list;

    /// Nothing if an answer is missing.
    [[nodiscard]] static std::optional<MeshPicture> ask_for(const MeshQuestion& question,
                                                            const char* list_path);
    [[nodiscard]] json::View items() const { return list.root()["items"]; }
    [[nodiscard]] Names names() const { return names_of(nodes.root()["items"]); }
    /// Says so if there is nothing to show.
    [[nodiscard]] bool is_on() const;
};

}  // namespace kith::cli
