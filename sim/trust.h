// Keys and signatures that cost next to nothing: a keyed hash in the place of Ed25519.
//
// What a node may conclude is the same: a signature holds only for the key that made it and for
// these bytes, a certificate names a node and its key, and of two keys with the same id
// the one that was certified first counts.
// A run is a closed world, so a key may stand in its certificate. Never used outside of it.
#pragma once

#include <array>
#include <cstdint>

#include <boost/unordered/unordered_flat_map.hpp>

#include "mesh/ports.h"

namespace kith::sim {

inline constexpr std::size_t kSignatureBytes = 64;

class FakeTrust final : public mesh::TrustPort {
  public:
    /// `mesh` names the mesh: certificates of another one are refused.
    /// `since`: when the key was certified, which decides between two with the same id.
    FakeTrust(mesh::NodeId self, std::uint64_t key, std::uint64_t mesh, std::uint64_t since = 0);

    void sign(Bytes message, MutableBytes signature) override;
    [[nodiscard]] bool verify(mesh::NodeId origin, Bytes message, Bytes signature) override;
    [[nodiscard]] Status admit(mesh::NodeId origin, Bytes certificate) override;
    [[nodiscard]] bool is_rival(mesh::NodeId origin, Bytes certificate) const override;
    [[nodiscard]] Bytes certificate() const override { return certificate_; }
    /// Whether this node itself has signed it.
    [[nodiscard]] bool has_signed(Bytes message, Bytes signature) const;

    /// What admit() would say, as at a handshake.
    [[nodiscard]] Status check(mesh::NodeId origin, Bytes certificate) const;

  private:
    static constexpr std::size_t kCertificateBytes = 32;  // node, key, mesh, since

    std::uint64_t key_;
    std::uint64_t mesh_;
    std::array<std::uint8_t, kCertificateBytes> certificate_;
    struct Known {
        std::uint64_t since = 0;
        std::uint64_t key = 0;
        friend auto operator<=>(const Known&, const Known&) = default;
    };
    [[nodiscard]] static Known known_by(Bytes certificate);
    boost::unordered_flat_map<mesh::NodeId, Known> keys_;  // looked up only
};

}  // namespace kith::sim
