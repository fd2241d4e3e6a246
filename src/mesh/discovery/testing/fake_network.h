// A node's surroundings, as a test says they are; keys and signatures cost nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "mesh/discovery/discovery_port.h"
#include "mesh/trust/node_key.h"
#include "wire/mesh/beacon.h"

namespace kith::mesh::testing {

inline PublicKey key_of(std::uint64_t number) {
    PublicKey key{};
    std::memcpy(key.data(), &number, sizeof number);
    return key;
}
inline NodeId id_of(std::uint64_t number) {
    return node_id_of(key_of(number));
}
inline runtime::SocketAddress address_of(std::uint64_t number, std::uint16_t port = 7883) {
    return runtime::SocketAddress::v4(
        {10, 0, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)}, port);
}

/// Whoever knows the key can sign: good against mistakes.
inline std::array<std::uint8_t, 64> fake_signature(const PublicKey& key, Bytes message) {
    const std::uint64_t hash = hash_bytes(message) ^ hash_bytes(key);
    std::array<std::uint8_t, 64> signature{};
    std::memcpy(signature.data(), &hash, sizeof hash);
    return signature;
}

inline std::vector<std::uint8_t> signed_beacon(const Beacon& beacon) {
    std::vector<std::uint8_t> datagram(kBeaconBytes);
    encode_signed(beacon, datagram);
    const auto signature = fake_signature(beacon.public_key, signed_part(datagram));
    std::ranges::copy(signature, datagram.begin() + kBeaconSignedBytes);
    return datagram;
}

class FakeSurroundings final : public DiscoveryPort {
  public:
    PublicKey own_key = key_of(0);
    std::set<NodeId> members;
    std::set<NodeId> revoked;
    std::set<NodeId> reachable;
    std::set<NodeId> leaves;
    std::map<NodeId, std::size_t> neighbor_counts;
    std::uint64_t digest = 0;
    std::vector<ActiveNeighbor> active;  // in order of id

    std::vector<std::vector<std::uint8_t>> sent;
    std::vector<std::pair<NodeId, runtime::SocketAddress>> dialled;
    std::vector<NodeId> given_up;
    mutable std::size_t verified_count = 0;

    void link(NodeId node, LinkOrigin origin, Instant since = {}, std::uint32_t cost = 10) {
        active.push_back({.node = node,
                          .origin = origin,
                          .cost = cost,
                          .since = since,
                          .is_leaf = leaves.contains(node)});
        std::ranges::sort(active, {}, &ActiveNeighbor::node);
        reachable.insert(node);
        members.insert(node);
    }

    void sign(Bytes message, MutableBytes signature) override {
        std::ranges::copy(fake_signature(own_key, message), signature.begin());
    }
    [[nodiscard]] bool verify(const PublicKey& key, Bytes message, Bytes signature) const override {
        ++verified_count;
        return std::ranges::equal(fake_signature(key, message), signature);
    }
    [[nodiscard]] bool is_member(NodeId node) const override { return members.contains(node); }
    [[nodiscard]] bool is_revoked(NodeId node) const override { return revoked.contains(node); }
    [[nodiscard]] bool is_reachable(NodeId node) const override { return reachable.contains(node); }
    [[nodiscard]] std::size_t reachable_count() const override { return reachable.size(); }
    [[nodiscard]] bool is_leaf(NodeId node) const override { return leaves.contains(node); }
    [[nodiscard]] std::size_t neighbor_count(NodeId node) const override {
        const auto found = neighbor_counts.find(node);
        return found == neighbor_counts.end() ? 0 : found->second;
    }
    [[nodiscard]] std::uint64_t link_state_digest() const override { return digest; }
    [[nodiscard]] std::vector<ActiveNeighbor> neighbors() const override { return active; }
    void send_beacon(Bytes datagram) override {
        sent.emplace_back(datagram.begin(), datagram.end());
    }
    void dial(NodeId node, const runtime::SocketAddress& address) override {
        dialled.emplace_back(node, address);
    }
    void give_up(NodeId node) override { given_up.push_back(node); }
};

}  // namespace kith::mesh::testing
