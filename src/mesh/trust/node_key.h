// Who a node is: its key, and the id that follows from it.
//
// The id is the first 8 bytes of SHA-256 over the public key as certificates have it. Whoever has
// the file of the key is the node: it is for the node's user alone (mode 0600), and the node's
// directory sees to that. Threads: immutable, any shard.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secrets.h"
#include "crypto/signing_key.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

[[nodiscard]] NodeId node_id_of(const crypto::Ed25519PublicKey& key);

/// "0102030405060708", as people and certificates name a node.
[[nodiscard]] std::string node_name_of(NodeId node);

class NodeKey {
  public:
    [[nodiscard]] static NodeKey generate(crypto::SecretSource& secrets);
    /// Errors: Malformed; Invalid for a key of another kind than Ed25519.
    [[nodiscard]] static Result<NodeKey> parse(std::string_view pem);

    [[nodiscard]] NodeId id() const { return id_; }
    [[nodiscard]] crypto::Ed25519PublicKey public_key() const { return key_.public_key(); }
    /// Secret.
    [[nodiscard]] std::string to_pem() const { return key_.to_pem(); }
    void sign(Bytes message, MutableBytes signature) const { key_.sign(message, signature); }

  private:
    explicit NodeKey(crypto::SigningKey key);

    crypto::SigningKey key_;
    NodeId id_;
};

}  // namespace kith::mesh
