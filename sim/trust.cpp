#include "sim/trust.h"

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"

namespace kith::sim {
namespace {

using Signature = std::array<std::uint8_t, kSignatureBytes>;

Signature signature_of(std::uint64_t key, Bytes message) {
    std::uint64_t state = key ^ hash_bytes(message);
    Signature signature;
    for (std::uint8_t& byte : signature) {
        // A linear generator (Knuth), enough to make all 64 bytes depend on the state.
        state = state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        byte = static_cast<std::uint8_t>(state >> 56);
    }
    return signature;
}

std::uint64_t word_at(Bytes bytes, std::size_t at) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        word = word << 8 | bytes[at + i];
    }
    return word;
}

}  // namespace

FakeTrust::FakeTrust(mesh::NodeId self, std::uint64_t key, std::uint64_t mesh, std::uint64_t since)
    : key_(key), mesh_(mesh) {
    const std::array<std::uint64_t, 4> words{self.value(), key, mesh, since};
    for (std::size_t i = 0; i < kCertificateBytes; ++i) {
        certificate_[i] = static_cast<std::uint8_t>(words[i / 8] >> (56 - i % 8 * 8));
    }
    keys_.emplace(self, Known{.since = since, .key = key});
}

void FakeTrust::sign(Bytes message, MutableBytes signature) {
    CHECK(signature.size() == kSignatureBytes);
    std::ranges::copy(signature_of(key_, message), signature.begin());
}

bool FakeTrust::verify(mesh::NodeId origin, Bytes message, Bytes signature) {
    const auto key = keys_.find(origin);
    return key != keys_.end() &&
           std::ranges::equal(signature, signature_of(key->second.key, message));
}

bool FakeTrust::has_signed(Bytes message, Bytes signature) const {
    return std::ranges::equal(signature, signature_of(key_, message));
}

Status FakeTrust::admit(mesh::NodeId origin, Bytes certificate) {
    TRY(check(origin, certificate));
    keys_[origin] = known_by(certificate);
    return {};
}

FakeTrust::Known FakeTrust::known_by(Bytes certificate) {
    return {.since = word_at(certificate, 24), .key = word_at(certificate, 8)};
}

bool FakeTrust::is_rival(mesh::NodeId origin, Bytes certificate) const {
    const auto known = keys_.find(origin);
    return known != keys_.end() && certificate.size() == kCertificateBytes &&
           known->second.key != word_at(certificate, 8);
}

Status FakeTrust::check(mesh::NodeId origin, Bytes certificate) const {
    if (certificate.size() != kCertificateBytes) {
        return fail(ErrorKind::Denied, "not a certificate");
    }
    if (word_at(certificate, 0) != origin.value() || word_at(certificate, 16) != mesh_) {
        return fail(ErrorKind::Denied, "a certificate of another node or mesh");
    }
    const auto known = keys_.find(origin);
    if (known != keys_.end() && known->second < known_by(certificate)) {
        return fail(ErrorKind::Conflict, "another key has the same id");
    }
    return {};
}

}  // namespace kith::sim
