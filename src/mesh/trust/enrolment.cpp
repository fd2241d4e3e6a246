#include "mesh/trust/enrolment.h"

#include <algorithm>
#include <array>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/check.h"
#include "base/narrow.h"
#include "crypto/mac.h"
#include "crypto/member_certificate.h"
#include "crypto/signature.h"
#include "mesh/trust/mesh_trust.h"

namespace kith::mesh {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kRenewalVersion = 2;
constexpr std::string_view kLabel = "kith-mesh-join/1";
constexpr std::string_view kRenewalLabel = "kith-mesh-renewal/1";
constexpr std::size_t kProofBytes = 32;
constexpr std::size_t kTailBytes = kProofBytes + crypto::kEd25519SignatureBytes;

using Buffer = std::vector<std::uint8_t>;

/// What is signed, and by which words it can be taken for nothing else.
struct Proven {
    std::string_view label;
    Bytes request;  // what of it stands before the proof, or the signature
};

/// What proof and signature are over.
Buffer transcript_of(const crypto::Digest& root_fingerprint, Bytes binding, const Proven& proven) {
    Buffer transcript(proven.label.size() + root_fingerprint.size() + 1 + binding.size() +
                      proven.request.size());
    ByteWriter writer(transcript);
    writer.bytes(as_bytes(proven.label));
    writer.bytes(root_fingerprint);
    writer.u8(narrow<std::uint8_t>(binding.size()));
    writer.bytes(binding);
    writer.bytes(proven.request);
    return transcript;
}

Status check_binding(Bytes binding) {
    if (binding.size() < kChannelBindingBytesMin || binding.size() > kChannelBindingBytesMax) {
        return fail(ErrorKind::Invalid, "a channel binding has 16 to 64 bytes");
    }
    return {};
}

Buffer refusal(JoinVerdict verdict) {
    return {kVersion, static_cast<std::uint8_t>(verdict)};
}

Buffer acceptance(Bytes root, Bytes chain) {
    Buffer answer(2 + 2 + root.size() + 2 + chain.size());
    CHECK(answer.size() <= kJoinAnswerBytesMax);
    ByteWriter writer(answer);
    writer.u8(kVersion);
    writer.u8(static_cast<std::uint8_t>(JoinVerdict::Accepted));
    writer.u16(narrow<std::uint16_t>(root.size()));
    writer.bytes(root);
    writer.u16(narrow<std::uint16_t>(chain.size()));
    writer.bytes(chain);
    return answer;
}

JoinVerdict verdict_of(const Status& invite) {
    if (invite) {
        return JoinVerdict::Accepted;
    }
    if (invite.error().kind == ErrorKind::Denied) {
        return JoinVerdict::Expired;
    }
    return invite.error().kind == ErrorKind::Limit ? JoinVerdict::UsedUp : JoinVerdict::NotInvited;
}

/// Whether the request was made by somebody who has the secret and the key, for this channel.
bool is_proven(const JoinRequest& request, const JoinOffice& office, Bytes binding) {
    const Invite* invite = office.invites.find(request.invite);
    // Without an invite, the work is the same.
    const crypto::Digest secret_digest =
        invite == nullptr ? crypto::Digest{} : invite->secret_digest;
    const Buffer transcript =
        transcript_of(office.authority.fingerprint(), binding, {kLabel, request.proven});
    const crypto::Digest proof = crypto::hmac_sha256(secret_digest, transcript);
    if (!crypto::equal_in_constant_time(proof, request.proof) || invite == nullptr) {
        return false;
    }
    const auto key = crypto::VerificationKey::ed25519(request.public_key);
    return key && key->verify(crypto::SignatureAlgorithm::EdDsa, transcript, request.signature);
}

/// Who asks is known and invited; certifies it. The invite is used only if that is possible.
Result<Buffer> certify(const JoinOffice& office, const JoinRequest& request) {
    const Invite* invite = office.invites.find(request.invite);
    CHECK(invite != nullptr);
    TRY_ASSIGN(Buffer chain, office.authority.certify({.public_key = request.public_key,
                                                       .role = invite->role,
                                                       .name = request.name,
                                                       .now = office.wall_now}));
    TRY(office.invites.use(request.invite, {.node = node_id_of(request.public_key),
                                            .at = office.wall_now,
                                            .name = std::string(request.name)}));
    return chain;
}

JoinVerdict judge(const JoinOffice& office, const JoinRequest& request, Bytes binding) {
    if (!is_proven(request, office, binding)) {
        return JoinVerdict::NotInvited;
    }
    const NodeId node = node_id_of(request.public_key);
    return office.revocations.has(node)
               ? JoinVerdict::Revoked
               : verdict_of(office.invites.check(request.invite, node, office.wall_now));
}

/// A RenewalRequest; borrowed.
struct RenewalRequest {
    std::string_view name;
    Bytes chain;
    Bytes signature;
    Bytes proven;  // all before the signature
};

std::optional<RenewalRequest> read_renewal_request(Bytes bytes) {
    if (bytes.size() < crypto::kEd25519SignatureBytes || bytes.size() > kRenewalRequestBytesMax) {
        return std::nullopt;
    }
    RenewalRequest request;
    request.proven = bytes.first(bytes.size() - crypto::kEd25519SignatureBytes);
    ByteReader reader(bytes);
    const std::uint8_t version = reader.u8();
    request.name = as_text(reader.bytes(reader.u8()));
    request.chain = reader.bytes(reader.u16());
    request.signature = reader.bytes(crypto::kEd25519SignatureBytes);
    const bool is_whole = !reader.failed() && reader.at_end() && version == kRenewalVersion &&
                          check_node_name(request.name);
    return is_whole ? std::optional(request) : std::nullopt;
}

/// The next certificate of a member that shows the one it has.
JoinOutcome answer_renewal_request(const JoinOffice& office, Bytes bytes, Bytes binding) {
    const std::optional<RenewalRequest> request = read_renewal_request(bytes);
    if (!request) {
        return refuse_join_request(JoinVerdict::Malformed);
    }
    const auto verifier = crypto::MemberVerifier::create(office.authority.root_pem());
    const auto member = verifier ? verifier->verify(request->chain, std::nullopt)
                                 : tl::unexpected(verifier.error());
    const Buffer transcript =
        transcript_of(office.authority.fingerprint(), binding, {kRenewalLabel, request->proven});
    const auto role = member ? role_of_uri(member->uri) : std::nullopt;
    if (!role ||
        !member->key.verify(crypto::SignatureAlgorithm::EdDsa, transcript, request->signature)) {
        return refuse_join_request(JoinVerdict::NotInvited);
    }
    JoinOutcome outcome;
    outcome.node = node_id_of(member->public_key);
    outcome.name = std::string(request->name);
    outcome.verdict = office.revocations.has(outcome.node)   ? JoinVerdict::Revoked
                      : office.wall_now >= member->not_after ? JoinVerdict::Expired
                                                             : JoinVerdict::Accepted;
    if (outcome.verdict == JoinVerdict::Accepted) {
        const auto chain = office.authority.certify({.public_key = member->public_key,
                                                     .role = *role,
                                                     .name = request->name,
                                                     .now = office.wall_now,
                                                     .since = member->not_before});
        if (chain) {
            outcome.answer = acceptance(office.authority.root_der(), *chain);
            return outcome;
        }
        outcome.verdict = JoinVerdict::NotPossible;
    }
    outcome.answer = refusal(outcome.verdict);
    return outcome;
}

/// What an answer has to fit.
struct Expected {
    const crypto::Digest& root_fingerprint;
    NodeRole role;
};

Result<Admission> read_answer(Bytes answer, const Expected& expected, const NodeKey& key,
                              std::optional<WallTime> now) {
    ByteReader reader(answer);
    const std::uint8_t version = reader.u8();
    const std::uint8_t verdict = reader.u8();
    if (reader.failed() || answer.size() > kJoinAnswerBytesMax || version != kVersion ||
        verdict >= kJoinVerdictCount) {
        return fail(ErrorKind::Malformed, "not an answer to a request to join");
    }
    const auto said = static_cast<JoinVerdict>(verdict);
    if (said != JoinVerdict::Accepted) {
        const bool may_change = said == JoinVerdict::Busy || said == JoinVerdict::NotPossible;
        return fail(may_change ? ErrorKind::Unavailable : ErrorKind::Denied, to_string(said));
    }
    const Bytes root = reader.bytes(reader.u16());
    const Bytes chain = reader.bytes(reader.u16());
    if (reader.failed() || !reader.at_end()) {
        return fail(ErrorKind::Malformed, "not an answer to a request to join");
    }
    if (!crypto::equal_in_constant_time(crypto::sha256(root), expected.root_fingerprint)) {
        return fail(ErrorKind::Denied, "the answer is of another mesh than the token");
    }
    TRY_ASSIGN(std::string root_pem, crypto::chain_to_pem(root));
    TRY_ASSIGN(const MeshTrust trust,
               MeshTrust::create(key, {.root_pem = root_pem, .certificate = chain, .now = now}));
    TRY_ASSIGN(const Member member, trust.identify(chain));
    if (member.role != expected.role) {
        return fail(ErrorKind::Denied, "the certificate has another role than the token");
    }
    return Admission{.root_pem = std::move(root_pem),
                     .chain = Buffer(chain.begin(), chain.end()),
                     .role = member.role,
                     .not_after = member.not_after};
}

std::string joined(const std::vector<Bytes>& parts) {
    std::string all;
    for (const Bytes part : parts) {
        all += as_text(part);
    }
    return all;
}

}  // namespace

const char* to_string(JoinVerdict verdict) {
    switch (verdict) {
        case JoinVerdict::Accepted:
            return "accepted";
        case JoinVerdict::NotInvited:
            return "the mesh does not know this invite";
        case JoinVerdict::Expired:
            return "the invite has expired; ask for a new one";
        case JoinVerdict::UsedUp:
            return "the invite is used up; ask for a new one";
        case JoinVerdict::Revoked:
            return "this node's key was revoked; join with a new one";
        case JoinVerdict::Busy:
            return "too many nodes want to join at once; try again";
        case JoinVerdict::NotPossible:
            return "the issuer cannot make a certificate now";
        case JoinVerdict::Malformed:
            return "the issuer could not read the request";
    }
    return "unknown";
}

Result<JoinRequest> decode_join_request(Bytes bytes) {
    const auto malformed = fail(ErrorKind::Malformed, "not a request to join a mesh");
    if (bytes.size() < kTailBytes || bytes.size() > kJoinRequestBytesMax) {
        return malformed;
    }
    JoinRequest request;
    request.proven = bytes.first(bytes.size() - kTailBytes);
    ByteReader reader(bytes);
    const std::uint8_t version = reader.u8();
    request.invite = InviteId(reader.u64());
    std::ranges::copy(reader.bytes(request.public_key.size()), request.public_key.begin());
    request.name = as_text(reader.bytes(reader.u8()));
    request.proof = reader.bytes(kProofBytes);
    request.signature = reader.bytes(crypto::kEd25519SignatureBytes);
    if (reader.failed() || !reader.at_end() || version != kVersion ||
        !check_node_name(request.name)) {
        return malformed;
    }
    return request;
}

Result<Buffer> make_join_request(const JoinToken& token, const NodeKey& key, std::string_view name,
                                 Bytes channel_binding) {
    TRY(check_binding(channel_binding));
    CHECK(check_node_name(name).has_value());
    const crypto::Ed25519PublicKey public_key = key.public_key();
    Buffer request(1 + 8 + public_key.size() + 1 + name.size() + kTailBytes);
    ByteWriter writer(request);
    writer.u8(kVersion);
    writer.u64(token.invite.value());
    writer.bytes(public_key);
    writer.u8(narrow<std::uint8_t>(name.size()));
    writer.bytes(as_bytes(name));
    const Buffer transcript = transcript_of(token.root_fingerprint, channel_binding,
                                            {kLabel, Bytes(request).first(writer.written())});
    writer.bytes(crypto::hmac_sha256(crypto::sha256(token.secret), transcript));
    std::array<std::uint8_t, crypto::kEd25519SignatureBytes> signature{};
    key.sign(transcript, signature);
    writer.bytes(signature);
    return request;
}

bool JoinAttempts::has_left(Instant now) {
    if (left_ == kJoinAttemptsAtOnce) {
        filled_at_ = now;
    }
    const std::int64_t more = (now - filled_at_) / kJoinAttemptInterval;
    if (more > 0) {
        filled_at_ = filled_at_ + more * kJoinAttemptInterval;
        left_ = static_cast<int>(std::min<std::int64_t>(left_ + more, kJoinAttemptsAtOnce));
    }
    return left_ > 0;
}

bool JoinAttempts::take(Instant now) {
    if (!has_left(now)) {
        return false;
    }
    --left_;
    return true;
}

JoinOutcome refuse_join_request(JoinVerdict verdict) {
    return {.verdict = verdict, .node = {}, .name = {}, .answer = refusal(verdict)};
}

JoinOutcome answer_join_request(const JoinOffice& office, Bytes request, Bytes channel_binding) {
    if (!office.attempts.take(office.now)) {
        return refuse_join_request(JoinVerdict::Busy);
    }
    if (!check_binding(channel_binding)) {
        return refuse_join_request(JoinVerdict::Malformed);
    }
    if (!request.empty() && request[0] == kRenewalVersion) {
        return answer_renewal_request(office, request, channel_binding);
    }
    const Result<JoinRequest> read = decode_join_request(request);
    if (!read) {
        return refuse_join_request(JoinVerdict::Malformed);
    }
    JoinOutcome outcome;
    outcome.node = node_id_of(read->public_key);
    outcome.name = std::string(read->name);
    outcome.verdict = judge(office, *read, channel_binding);
    if (outcome.verdict != JoinVerdict::Accepted) {
        outcome.answer = refusal(outcome.verdict);
        return outcome;
    }
    const Result<Buffer> chain = certify(office, *read);
    outcome.verdict = chain ? JoinVerdict::Accepted : JoinVerdict::NotPossible;
    outcome.answer =
        chain ? acceptance(office.authority.root_der(), *chain) : refusal(outcome.verdict);
    return outcome;
}

Result<Buffer> make_renewal_request(const MemberProof& member, Bytes channel_binding) {
    TRY(check_binding(channel_binding));
    CHECK(check_node_name(member.name).has_value());
    if (member.chain.size() > kRecordBodyBytesMax) {
        return fail(ErrorKind::Limit, "the node's certificates are too long");
    }
    Buffer request(1 + 1 + member.name.size() + 2 + member.chain.size() +
                   crypto::kEd25519SignatureBytes);
    ByteWriter writer(request);
    writer.u8(kRenewalVersion);
    writer.u8(narrow<std::uint8_t>(member.name.size()));
    writer.bytes(as_bytes(member.name));
    writer.u16(narrow<std::uint16_t>(member.chain.size()));
    writer.bytes(member.chain);
    const Buffer transcript =
        transcript_of(member.root_fingerprint, channel_binding,
                      {kRenewalLabel, Bytes(request).first(writer.written())});
    std::array<std::uint8_t, crypto::kEd25519SignatureBytes> signature{};
    member.key.sign(transcript, signature);
    writer.bytes(signature);
    return request;
}

Result<Admission> read_join_answer(Bytes answer, const JoinToken& token, const NodeKey& key,
                                   std::optional<WallTime> now) {
    return read_answer(answer, {token.root_fingerprint, token.role}, key, now);
}

Result<Admission> read_renewal_answer(Bytes answer, const MemberProof& member, NodeRole role,
                                      std::optional<WallTime> now) {
    return read_answer(answer, {member.root_fingerprint, role}, member.key, now);
}

Status check_issuer(const crypto::Digest& root_fingerprint, const std::vector<Bytes>& shown,
                    std::optional<WallTime> now) {
    if (shown.size() < 2 || shown.size() > crypto::kMemberChainMax + 1) {
        return fail(ErrorKind::Denied, "the issuer does not show the root of its mesh");
    }
    const Bytes root = shown.back();
    if (!crypto::equal_in_constant_time(crypto::sha256(root), root_fingerprint)) {
        return fail(ErrorKind::Denied, "the issuer is of another mesh than the token");
    }
    TRY_ASSIGN(const std::string root_pem, crypto::chain_to_pem(root));
    TRY_ASSIGN(const auto verifier, crypto::MemberVerifier::create(root_pem));
    const std::string chain = joined({shown.begin(), shown.end() - 1});
    TRY(verifier.verify(as_bytes(chain), now));
    return {};
}

}  // namespace kith::mesh
