#include "mesh/trust/revocations.h"

#include <fmt/format.h>

#include "mesh/trust/text_lines.h"

namespace kith::mesh {

Result<RevocationList> RevocationList::parse(std::string_view text) {
    TRY(take_heading(text, "revoked"));
    RevocationList list;
    while (!text.empty()) {
        std::string_view line = take_until(text, '\n');
        const std::string_view word = take_until(line, ' ');
        const auto node = read_id(take_until(line, ' '));
        const auto at_ms = read_number<std::int64_t>(line);
        if (word != "node" || !node || !at_ms || list.has(NodeId(*node))) {
            return fail(ErrorKind::Malformed, "a line is not one of a revocation");
        }
        TRY(list.add(NodeId(*node), WallTime::from_ms(*at_ms)));
    }
    return list;
}

std::string RevocationList::to_text() const {
    std::string text = "kith-mesh revoked 1\n";
    for (const auto& [node, at] : nodes_) {
        text += fmt::format("node {:016x} {}\n", node.value(), at.ms());
    }
    return text;
}

Status RevocationList::add(NodeId node, WallTime at) {
    if (!has(node) && nodes_.size() == kRevocationsMax) {
        return fail(ErrorKind::Limit, "2000 nodes are revoked already; found a new mesh");
    }
    nodes_.emplace(node, at);
    return {};
}

}  // namespace kith::mesh
