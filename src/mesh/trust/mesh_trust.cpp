#include "mesh/trust/mesh_trust.h"

#include <string>
#include <utility>

namespace kith::mesh {
namespace {

constexpr auto kAlgorithm = crypto::SignatureAlgorithm::EdDsa;
constexpr std::string_view kRouterUri = "urn:kith:mesh:router";
constexpr std::string_view kLeafUri = "urn:kith:mesh:leaf";

}  // namespace

std::optional<NodeRole> role_of_uri(std::string_view uri) {
    for (const NodeRole role : {NodeRole::Router, NodeRole::Leaf}) {
        if (uri == role_uri(role)) {
            return role;
        }
    }
    return std::nullopt;
}

std::string_view role_uri(NodeRole role) {
    return role == NodeRole::Leaf ? kLeafUri : kRouterUri;
}

Result<std::vector<std::uint8_t>> issue_node_certificate(const crypto::Identity& authority,
                                                         const NodeCertificateOptions& options) {
    const std::string name = node_name_of(node_id_of(options.public_key));
    return crypto::issue_member_certificate(authority, {.public_key = options.public_key,
                                                        .name = name,
                                                        .uri = role_uri(options.role),
                                                        .lifetime = options.lifetime,
                                                        .now = options.now});
}

MeshTrust::MeshTrust(crypto::MemberVerifier verifier, NodeKey key, const Settings& settings)
    : verifier_(std::move(verifier)),
      key_(std::move(key)),
      own_key_(crypto::VerificationKey::ed25519(key_.public_key()).value()),
      now_(settings.now) {}

Result<MeshTrust> MeshTrust::create(NodeKey key, const Settings& settings) {
    TRY_ASSIGN(crypto::MemberVerifier verifier, crypto::MemberVerifier::create(settings.root_pem));
    MeshTrust trust(std::move(verifier), std::move(key), settings);
    TRY_ASSIGN(const std::vector<std::uint8_t> root, crypto::certificate_der(settings.root_pem));
    trust.root_fingerprint_ = crypto::sha256(root);
    TRY(trust.set_certificate(settings.certificate));
    return trust;
}

Status MeshTrust::set_certificate(Bytes certificate) {
    TRY_ASSIGN(const Member own, identify(certificate));
    if (own.public_key != key_.public_key()) {
        return fail(ErrorKind::Denied, "the node's certificate is not for its key");
    }
    certificate_.assign(certificate.begin(), certificate.end());
    return {};
}

Result<Member> MeshTrust::identify(Bytes certificate) const {
    TRY_ASSIGN(crypto::Member certified, verifier_.verify(certificate, now_));
    const std::optional<NodeRole> role = role_of_uri(certified.uri);
    if (!role) {
        return fail(ErrorKind::Denied, "certificate names no role in a mesh");
    }
    const NodeId node = node_id_of(certified.public_key);
    if (members_.is_revoked(node)) {
        return fail(ErrorKind::Denied, "node is revoked");
    }
    return Member{.node = node,
                  .role = *role,
                  .since = certified.not_before,
                  .not_after = certified.not_after,
                  .public_key = certified.public_key,
                  .key = std::move(certified.key)};
}

Status MeshTrust::revoke(NodeId node) {
    if (node == key_.id()) {
        return fail(ErrorKind::Invalid, "a node does not revoke itself");
    }
    return members_.revoke(node);
}

Status MeshTrust::take(const Revocation& revocation) {
    TRY(verifier_.verify_statement(
        revocation.signer, revocation_statement(root_fingerprint_, revocation.node, revocation.at),
        revocation.signature));
    return revoke(revocation.node);
}

Status MeshTrust::take_revocations(Bytes body) {
    TRY_ASSIGN(std::vector<Revocation> told, decode_revocations(body));
    std::vector<Revocation> news;
    Status status;
    for (Revocation& each : told) {
        // Of itself a node says nothing; others do not listen to it any more.
        if (each.node == self() || members_.is_revoked(each.node)) {
            continue;
        }
        status = take(each);
        if (!status) {
            break;  // who told it is not to be believed; one signature is work enough
        }
        news.push_back(std::move(each));
    }
    if (!news.empty() && when_revoked_) {
        when_revoked_(std::move(news));
    }
    return status;
}

bool MeshTrust::verify(NodeId origin, Bytes message, Bytes signature) {
    if (origin == key_.id()) {
        return own_key_.verify(kAlgorithm, message, signature);
    }
    const Member* member = members_.find(origin);
    return member != nullptr && member->key.verify(kAlgorithm, message, signature);
}

std::optional<NodeRole> MeshTrust::role_of(NodeId origin) const {
    const Member* member = members_.find(origin);
    return member == nullptr ? std::nullopt : std::optional(member->role);
}

bool MeshTrust::is_rival(NodeId origin, Bytes certificate) const {
    const Member* known = members_.find(origin);
    if (known == nullptr) {
        return false;
    }
    const auto other = identify(certificate);
    return other && other->node == origin && other->public_key != known->public_key;
}

Status MeshTrust::admit(NodeId origin, Bytes certificate) {
    // Before the certificate is looked at, which costs most.
    if (members_.is_revoked(origin)) {
        return fail(ErrorKind::Denied, "node is revoked");
    }
    TRY_ASSIGN(Member member, identify(certificate));
    if (member.node != origin) {
        return fail(ErrorKind::Denied, "certificate is of another node");
    }
    if (origin == key_.id()) {
        const bool is_own_key = member.public_key == key_.public_key();
        return is_own_key ? Status() : fail(ErrorKind::Conflict, "another key has the same id");
    }
    return members_.admit(std::move(member));
}

}  // namespace kith::mesh
