#include "mesh/trust/revocations.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/check.h"
#include "base/hex.h"
#include "base/narrow.h"
#include "mesh/trust/text_lines.h"
#include "wire/mesh/limits.h"

namespace kith::mesh {
namespace {

using Buffer = std::vector<std::uint8_t>;

constexpr std::uint8_t kVersion = 1;
constexpr std::string_view kLabel = "kith-mesh-revocation/1";
constexpr std::size_t kEntryHeadBytes = 8 + 8 + 1;

std::size_t entry_bytes(const Revocation& revocation) {
    return kEntryHeadBytes + revocation.signature.size();
}

/// As many of them as fit one record. Requires: all of one signer.
Buffer body_of(std::span<const Revocation* const> revocations) {
    const Buffer& signer = revocations[0]->signer;
    std::size_t size = 1 + 2 + signer.size();
    for (const Revocation* each : revocations) {
        size += entry_bytes(*each);
    }
    Buffer body(size);
    ByteWriter writer(body);
    writer.u8(kVersion);
    writer.u16(narrow<std::uint16_t>(signer.size()));
    writer.bytes(signer);
    for (const Revocation* each : revocations) {
        writer.u64(each->node.value());
        writer.u64(static_cast<std::uint64_t>(each->at.ms()));
        writer.u8(narrow<std::uint8_t>(each->signature.size()));
        writer.bytes(each->signature);
    }
    return body;
}

}  // namespace

Buffer revocation_statement(const crypto::Digest& root_fingerprint, NodeId node, WallTime at) {
    Buffer statement(kLabel.size() + root_fingerprint.size() + 8 + 8);
    ByteWriter writer(statement);
    writer.bytes(as_bytes(kLabel));
    writer.bytes(root_fingerprint);
    writer.u64(node.value());
    writer.u64(static_cast<std::uint64_t>(at.ms()));
    return statement;
}

Result<RevocationList> RevocationList::parse(std::string_view text) {
    const auto malformed = fail(ErrorKind::Malformed, "a line is not one of a revocation");
    TRY(take_heading(text, "revoked"));
    RevocationList list;
    Buffer signer;
    while (!text.empty()) {
        std::string_view line = take_until(text, '\n');
        const std::string_view word = take_until(line, ' ');
        if (word == "signer") {
            signer = from_hex(line);
            if (signer.empty() || signer.size() > kRevocationSignerBytesMax) {
                return malformed;
            }
            continue;
        }
        const auto node = read_id(take_until(line, ' '));
        const auto at_ms = read_number<std::int64_t>(take_until(line, ' '));
        Buffer signature = from_hex(line);
        if (word != "node" || !node || !at_ms || signature.empty() ||
            signature.size() > kRevocationSignatureBytesMax || list.has(NodeId(*node))) {
            return malformed;
        }
        TRY(list.add({.node = NodeId(*node),
                      .at = WallTime::from_ms(*at_ms),
                      .signer = signer,
                      .signature = std::move(signature)}));
    }
    return list;
}

std::string RevocationList::to_text() const {
    std::string text = "kith-mesh revoked 1\n";
    const Buffer* signer = nullptr;
    for (const Revocation* each : by_signer()) {
        if (!each->signer.empty() && (signer == nullptr || *signer != each->signer)) {
            text += fmt::format("signer {}\n", to_hex(each->signer));
        }
        signer = &each->signer;
        text += fmt::format("node {:016x} {} {}\n", each->node.value(), each->at.ms(),
                            to_hex(each->signature));
    }
    return text;
}

Status RevocationList::add(Revocation revocation) {
    CHECK(revocation.signature.size() <= kRevocationSignatureBytesMax);
    CHECK(revocation.signer.size() <= kRevocationSignerBytesMax);
    if (!has(revocation.node) && nodes_.size() == kRevocationsMax) {
        return fail(ErrorKind::Limit, "2000 nodes are revoked already; found a new mesh");
    }
    const NodeId node = revocation.node;
    nodes_.emplace(node, std::move(revocation));
    return {};
}

std::vector<const Revocation*> RevocationList::by_signer() const {
    std::vector<const Revocation*> all;
    all.reserve(nodes_.size());
    for (const auto& [node, revocation] : nodes_) {
        all.push_back(&revocation);
    }
    std::ranges::stable_sort(all, {}, &Revocation::signer);  // the root's first
    return all;
}

std::vector<Buffer> RevocationList::to_bodies() const {
    std::vector<Buffer> bodies;
    const std::vector<const Revocation*> all = by_signer();
    std::span<const Revocation* const> left = all;
    while (!left.empty() && bodies.size() < kRecordPartsMax) {
        std::size_t count = 0;
        std::size_t size = 1 + 2 + left[0]->signer.size();
        while (count < left.size() && left[count]->signer == left[0]->signer &&
               size + entry_bytes(*left[count]) <= kRecordBodyBytesMax) {
            size += entry_bytes(*left[count]);
            ++count;
        }
        bodies.push_back(body_of(left.first(count)));
        left = left.subspan(count);
    }
    return bodies;
}

Result<std::vector<Revocation>> decode_revocations(Bytes body) {
    const auto malformed = fail(ErrorKind::Malformed, "not a list of revocations");
    ByteReader reader(body);
    const std::uint8_t version = reader.u8();
    const Bytes signer = reader.bytes(reader.u16());
    if (reader.failed() || version != kVersion || signer.size() > kRevocationSignerBytesMax) {
        return malformed;
    }
    std::vector<Revocation> revocations;
    while (!reader.at_end()) {
        Revocation each;
        each.node = NodeId(reader.u64());
        const std::uint64_t at_ms = reader.u64();
        const Bytes signature = reader.bytes(reader.u8());
        if (reader.failed() || each.node == NodeId() || at_ms > std::uint64_t{INT64_MAX} ||
            signature.empty() || signature.size() > kRevocationSignatureBytesMax) {
            return malformed;
        }
        each.at = WallTime::from_ms(static_cast<std::int64_t>(at_ms));
        each.signer.assign(signer.begin(), signer.end());
        each.signature.assign(signature.begin(), signature.end());
        revocations.push_back(std::move(each));
    }
    return revocations;
}

}  // namespace kith::mesh
