// Keys without cryptography: a signature is a hash of who signs and what. It is as good as a real
// one against mistakes, and a test can count what was verified.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/result.h"
#include "mesh/ports.h"

namespace kith::mesh::testing {

/// What a node's certificate is here.
[[nodiscard]] inline std::string certificate_of(NodeId node) {
    return "certificate of " + std::to_string(node.value());
}

class FakeTrust final : public TrustPort {
  public:
    explicit FakeTrust(NodeId self)
        : self_(self), certificate_(certificate_of(self)), admitted_{self} {}

    void sign(Bytes message, MutableBytes signature) override {
        const auto made = signature_of(self_, message);
        std::copy(made.begin(), made.end(), signature.begin());
    }
    [[nodiscard]] bool verify(NodeId origin, Bytes message, Bytes signature) override {
        ++verified_count;
        const auto made = signature_of(origin, message);
        return admitted_.contains(origin) && std::ranges::equal(made, signature);
    }
    [[nodiscard]] Status admit(NodeId origin, Bytes certificate) override {
        if (as_text(certificate) != certificate_of(origin)) {
            return fail(ErrorKind::Denied, "not a certificate of this node");
        }
        admitted_.insert(origin);
        return {};
    }
    [[nodiscard]] Bytes certificate() const override { return as_bytes(certificate_); }
    [[nodiscard]] std::optional<NodeRole> role_of(NodeId origin) const override {
        const auto role = roles.find(origin);
        return role == roles.end() ? std::nullopt : std::optional(role->second);
    }
    std::map<NodeId, NodeRole> roles;  // that certificates say

    [[nodiscard]] static std::array<std::uint8_t, 64> signature_of(NodeId node, Bytes message) {
        std::array<std::uint8_t, 64> signature{};
        const std::uint64_t hash = hash_bytes(message) * 0x9E3779B97F4A7C15U + node.value();
        std::memcpy(signature.data(), &hash, sizeof hash);
        return signature;
    }

    [[nodiscard]] Status take_revocations(Bytes body) override {
        if (as_text(body).starts_with("forged")) {
            return fail(ErrorKind::Denied, "no authority says so");
        }
        revocations.emplace_back(as_text(body));
        return {};
    }

    std::uint64_t verified_count = 0;
    std::vector<std::string> revocations;  // bodies, as they came

  private:
    NodeId self_;
    std::string certificate_;
    std::set<NodeId> admitted_;
};

}  // namespace kith::mesh::testing
