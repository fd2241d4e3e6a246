#include "mesh/trust/node_key.h"

#include <array>
#include <utility>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "crypto/digest.h"

namespace kith::mesh {

NodeId node_id_of(const crypto::Ed25519PublicKey& key) {
    const crypto::Digest digest = crypto::sha256(crypto::subject_public_key_info(key));
    return NodeId(ByteReader(digest).u64());
}

std::string node_name_of(NodeId node) {
    std::array<std::uint8_t, 8> bytes{};
    ByteWriter(bytes).u64(node.value());
    return to_hex(bytes);
}

NodeKey::NodeKey(crypto::SigningKey key)
    : key_(std::move(key)), id_(node_id_of(key_.public_key())) {}

NodeKey NodeKey::generate(crypto::SecretSource& secrets) {
    return NodeKey(crypto::SigningKey::generate(secrets));
}

Result<NodeKey> NodeKey::parse(std::string_view pem) {
    TRY_ASSIGN(crypto::SigningKey key, crypto::SigningKey::parse(pem));
    return NodeKey(std::move(key));
}

}  // namespace kith::mesh
