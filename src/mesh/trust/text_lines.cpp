#include "mesh/trust/text_lines.h"

#include "base/byte_reader.h"
#include "base/hex.h"

namespace kith::mesh {

Status take_heading(std::string_view& text, std::string_view what) {
    std::string_view line = take_until(text, '\n');
    const std::string_view program = take_until(line, ' ');
    const std::string_view kind = take_until(line, ' ');
    if (program != "kith-mesh" || kind != what) {
        return fail(ErrorKind::Malformed, "its first line is not the one of such a file");
    }
    if (line != "1") {
        return fail(ErrorKind::Unsupported, "it was written by a later version of kith");
    }
    return {};
}

std::optional<std::uint64_t> read_id(std::string_view word) {
    const std::vector<std::uint8_t> bytes = from_hex(word);
    return bytes.size() == 8 ? std::optional(ByteReader(bytes).u64()) : std::nullopt;
}

std::optional<std::string_view> read_value(std::string_view word, std::string_view name) {
    const bool is_it =
        word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=';
    return is_it ? std::optional(word.substr(name.size() + 1)) : std::nullopt;
}

std::string_view role_name(NodeRole role) {
    return role == NodeRole::Leaf ? "leaf" : "router";
}

std::optional<NodeRole> read_role(std::string_view word) {
    for (const NodeRole role : {NodeRole::Router, NodeRole::Leaf}) {
        if (word == role_name(role)) {
            return role;
        }
    }
    return std::nullopt;
}

}  // namespace kith::mesh
