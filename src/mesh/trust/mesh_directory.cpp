#include "mesh/trust/mesh_directory.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "crypto/member_certificate.h"
#include "mesh/trust/mesh_trust.h"
#include "mesh/trust/text_lines.h"

// As TRY of base/result.h, for problems that name files.
#define TRY_FILE(expression)                           \
    do {                                               \
        if (auto try_file = (expression); !try_file) { \
            return tl::unexpected(try_file.error());   \
        }                                              \
    } while (false)

namespace kith::mesh {
namespace {

tl::unexpected<FileProblem> damaged(const std::string& file, const Error& error) {
    return file_problem(
        fmt::format("{}: {}; bring it back from a backup, or remove the directory and join again",
                    file, error.text));
}

/// What a file holds, or what is wrong with it by name.
template <typename T>
OrFileProblem<T> named(Result<T> read, const std::string& file) {
    if (!read) {
        return damaged(file, read.error());
    }
    return std::move(*read);
}

}  // namespace

std::string_view to_string(MembershipState state) {
    switch (state) {
        case MembershipState::None:
            return "none";
        case MembershipState::Joining:
            return "joining";
        case MembershipState::Member:
            return "member";
    }
    return "unknown";
}

OrFileProblem<Membership> MeshDirectory::load() const {
    Membership membership;
    struct stat facts {};
    if (::stat(path_.c_str(), &facts) != 0 && errno == ENOENT) {
        return membership;
    }
    TRY_FILE(make_private_directory(path_));  // it is there: checks whom it is open to
    TRY_FILE(load_name(membership));
    const auto chain_pem = find_private_file(file("certificate.pem"));
    if (!chain_pem) {
        return tl::unexpected(chain_pem.error());
    }
    if (!*chain_pem && !membership.token) {
        return Membership{};  // founding or joining was cut short, before anybody was let in
    }
    const auto key_pem = read_private_file(file("node.key"));
    if (!key_pem) {
        return tl::unexpected(key_pem.error());
    }
    auto key = named(NodeKey::parse(*key_pem), file("node.key"));
    if (!key) {
        return tl::unexpected(key.error());
    }
    membership.key = std::move(*key);
    if (*chain_pem) {
        TRY_FILE(load_member(membership, **chain_pem));
        return membership;
    }
    membership.state = MembershipState::Joining;
    membership.root_fingerprint = membership.token->root_fingerprint;
    membership.role = membership.token->role;
    return membership;
}

OrFileProblem<void> MeshDirectory::load_member(Membership& membership,
                                               std::string_view chain_pem) const {
    auto root_pem = read_private_file(file("root.pem"));
    if (!root_pem) {
        return tl::unexpected(root_pem.error());
    }
    const auto root = named(crypto::certificate_der(*root_pem), file("root.pem"));
    auto chain = named(crypto::chain_from_pem(chain_pem), file("certificate.pem"));
    if (!root || !chain) {
        return tl::unexpected(root ? chain.error() : root.error());
    }
    // Dates are looked at where they count: a member whose certificate has ended wants a new one.
    const auto trust = named(
        MeshTrust::create(*membership.key,
                          {.root_pem = *root_pem, .certificate = *chain, .now = std::nullopt}),
        file("certificate.pem"));
    if (!trust) {
        return tl::unexpected(trust.error());
    }
    const auto self = named(trust->identify(*chain), file("certificate.pem"));
    const auto authority_key = find_private_file(file("authority.key"));
    if (!self || !authority_key) {
        return tl::unexpected(self ? authority_key.error() : self.error());
    }
    membership.state = MembershipState::Member;
    if (membership.token) {  // it was admitted, and crashed before the token was forgotten
        membership.peers = membership.token->locators;
        membership.token.reset();
    }
    membership.root_pem = std::move(*root_pem);
    membership.root_fingerprint = crypto::sha256(*root);
    membership.chain = std::move(*chain);
    membership.role = self->role;
    membership.since = self->since;
    membership.not_after = self->not_after;
    membership.is_issuer = authority_key->has_value();
    return {};
}

OrFileProblem<void> MeshDirectory::load_name(Membership& membership) const {
    const std::string name = file("membership");
    const auto content = find_private_file(name);
    if (!content) {
        return tl::unexpected(content.error());
    }
    if (!*content) {
        return {};
    }
    std::string_view text = **content;
    if (const Status heading = take_heading(text, "membership"); !heading) {
        return damaged(name, heading.error());
    }
    std::string_view first = take_until(text, '\n');
    if (take_until(first, ' ') != "name" || !check_node_name(first)) {
        return damaged(name, {ErrorKind::Malformed, 0, "its second line is not the node's name"});
    }
    membership.name = std::string(first);
    while (!text.empty()) {
        TRY_FILE(load_name_line(membership, take_until(text, '\n')));
    }
    return {};
}

/// "token TOKEN" or "peer HOST:PORT".
OrFileProblem<void> MeshDirectory::load_name_line(Membership& membership,
                                                  std::string_view line) const {
    const std::string_view word = take_until(line, ' ');
    if (word == "token" && !membership.token && membership.peers.empty()) {
        auto token = named(parse_join_token(line), file("membership"));
        if (!token) {
            return tl::unexpected(token.error());
        }
        membership.token = std::move(*token);
        return {};
    }
    if (word == "peer" && membership.peers.size() < kLocatorsMax && !membership.token) {
        if (const Status good = check_locator(line); !good) {
            return damaged(file("membership"), good.error());
        }
        membership.peers.emplace_back(line);
        return {};
    }
    return damaged(file("membership"),
                   {ErrorKind::Malformed, 0, "a line is neither a token nor a peer"});
}

OrFileProblem<Membership> MeshDirectory::found(std::string_view name, crypto::SecretSource& secrets,
                                               WallTime now) {
    if (const Status good = check_node_name(name); !good) {
        return file_problem(good.error().text);
    }
    const auto held = lock();
    const auto before = held ? load() : tl::unexpected(held.error());
    if (!before) {
        return tl::unexpected(before.error());
    }
    if (before->state != MembershipState::None) {
        return file_problem(
            fmt::format("{}: this node {} mesh {} already", path_,
                        before->state == MembershipState::Member ? "belongs to" : "joins",
                        mesh_name_of(before->mesh())));
    }
    const auto key = key_or_new(secrets);
    if (!key) {
        return tl::unexpected(key.error());
    }
    const auto authority = authority_or_new(name, now);
    if (!authority) {
        return tl::unexpected(authority.error());
    }
    const auto chain = authority->certify(
        {.public_key = key->public_key(), .role = NodeRole::Router, .name = name, .now = now});
    const auto chain_pem = chain ? crypto::chain_to_pem(*chain) : tl::unexpected(chain.error());
    if (!chain_pem) {
        return file_problem(fmt::format("cannot found a mesh: {}", chain_pem.error().text));
    }
    TRY_FILE(write_name(name, {}));
    // With it, this node is a member.
    TRY_FILE(write_all({{"certificate.pem", *chain_pem}}));
    return load();
}

OrFileProblem<Membership> MeshDirectory::begin_join(std::string_view token_text,
                                                    std::string_view name,
                                                    crypto::SecretSource& secrets) {
    for (const Status& good :
         {parse_join_token(token_text).map([](const JoinToken&) {}), check_node_name(name)}) {
        if (!good) {
            return file_problem(good.error().text);
        }
    }
    const auto held = lock();
    const auto before = held ? load() : tl::unexpected(held.error());
    if (!before) {
        return tl::unexpected(before.error());
    }
    if (before->state == MembershipState::Member) {
        return file_problem(
            fmt::format("this node belongs to mesh {} already; to leave it, stop the node and "
                        "remove {}",
                        mesh_name_of(before->mesh()), path_));
    }
    if (const auto key = key_or_new(secrets); !key) {
        return tl::unexpected(key.error());
    }
    TRY_FILE(write_name(name, fmt::format("token {}\n", token_text)));
    return load();
}

OrFileProblem<void> MeshDirectory::admit(const Admission& admission) {
    const auto held = lock();
    const auto before = held ? load() : tl::unexpected(held.error());
    if (!before) {
        return tl::unexpected(before.error());
    }
    const auto root = named(crypto::certificate_der(admission.root_pem), path_);
    const auto chain_pem = named(crypto::chain_to_pem(admission.chain), path_);
    if (!root || !chain_pem) {
        return tl::unexpected(root ? chain_pem.error() : root.error());
    }
    if (before->state == MembershipState::None ||
        before->root_fingerprint != crypto::sha256(*root)) {
        return file_problem(fmt::format("{}: the certificate that came is of another mesh", path_));
    }
    TRY_FILE(write_all({{"root.pem", admission.root_pem}, {"certificate.pem", *chain_pem}}));
    if (!before->token) {
        return {};
    }
    std::string peers;
    for (const std::string& locator : before->token->locators) {
        peers += fmt::format("peer {}\n", locator);
    }
    return write_name(before->name, peers);
}

OrFileProblem<MeshAuthority> MeshDirectory::authority() const {
    auto certificate = read_private_file(file("authority.pem"));
    auto key = read_private_file(file("authority.key"));
    auto root = read_private_file(file("root.pem"));
    for (const auto* read : {&certificate, &key, &root}) {
        if (!*read) {
            return tl::unexpected(read->error());
        }
    }
    return named(MeshAuthority::create({.certificate_pem = std::move(*certificate),
                                        .private_key_pem = std::move(*key)},
                                       std::move(*root)),
                 file("authority.key"));
}

OrFileProblem<InviteBook> MeshDirectory::invites() const {
    const auto text = read_private_file(file("invites"));
    return text ? named(InviteBook::parse(*text), file("invites"))
                : OrFileProblem<InviteBook>(tl::unexpected(text.error()));
}

OrFileProblem<NewInvite> MeshDirectory::invite(const InviteTerms& terms,
                                               crypto::SecretSource& secrets, WallTime now) {
    const auto held = lock();
    if (!held) {
        return tl::unexpected(held.error());
    }
    TRY_FILE(require_issuer());
    auto book = invites();
    if (!book) {
        return tl::unexpected(book.error());
    }
    const auto made = book->add(terms, secrets, now);
    if (!made) {
        return file_problem(made.error().text);
    }
    TRY_FILE(write_all({{"invites", book->to_text()}}));
    return *made;
}

OrFileProblem<JoinOutcome> MeshDirectory::answer(Bytes request, Bytes channel_binding,
                                                 const JoinMoment& moment) {
    // Before the disk is asked, too: whoever floods is not worth its time.
    if (!moment.attempts.has_left(moment.now)) {
        return refuse_join_request(JoinVerdict::Busy);
    }
    const auto held = lock();
    const auto signer = held ? authority() : tl::unexpected(held.error());
    if (!signer) {
        return tl::unexpected(signer.error());
    }
    auto book = invites();
    const auto revoked = revocations();
    if (!book || !revoked) {
        return tl::unexpected(book ? revoked.error() : book.error());
    }
    JoinOutcome outcome = answer_join_request({.authority = *signer,
                                               .invites = *book,
                                               .revocations = *revoked,
                                               .attempts = moment.attempts,
                                               .wall_now = moment.wall_now,
                                               .now = moment.now},
                                              request, channel_binding);
    if (outcome.verdict == JoinVerdict::Accepted) {
        TRY_FILE(write_all({{"invites", book->to_text()}}));
    }
    return outcome;
}

OrFileProblem<std::string> MeshDirectory::delegate(std::string_view holder_name,
                                                   WallTime now) const {
    TRY_FILE(require_issuer());
    const auto signer = authority();
    if (!signer) {
        return tl::unexpected(signer.error());
    }
    const auto holder = signer->delegate(holder_name, now);
    if (!holder) {
        return file_problem(fmt::format("cannot delegate: {}", holder.error().text));
    }
    return holder->signer().certificate_pem + holder->signer().private_key_pem;
}

OrFileProblem<void> MeshDirectory::take_delegation(std::string_view text, WallTime now) {
    const auto held = lock();
    const auto self = held ? load() : tl::unexpected(held.error());
    if (!self) {
        return tl::unexpected(self.error());
    }
    if (self->state != MembershipState::Member || self->is_issuer) {
        return file_problem(fmt::format("{}: {}", path_,
                                        self->is_issuer ? "this node is an issuer already"
                                                        : "this node belongs to no mesh yet"));
    }
    const std::size_t key_at = text.find("-----BEGIN PRIVATE KEY-----");
    if (key_at == std::string_view::npos) {
        return file_problem("this is nothing that kith mesh delegate made");
    }
    const crypto::Identity signer{.certificate_pem = std::string(text.substr(0, key_at)),
                                  .private_key_pem = std::string(text.substr(key_at))};
    // What it certifies has to be good to all members: tried with this node itself.
    const auto holder = MeshAuthority::create(signer, self->root_pem);
    const auto chain = holder ? holder->certify({.public_key = self->key->public_key(),
                                                 .role = self->role,
                                                 .name = self->name,
                                                 .now = now,
                                                 .since = self->since})
                              : tl::unexpected(holder.error());
    const auto trust =
        chain ? MeshTrust::create(*self->key, {.root_pem = self->root_pem, .certificate = *chain})
              : tl::unexpected(chain.error());
    if (!trust) {
        return file_problem(fmt::format("this is no authority of mesh {} (any more): {}",
                                        mesh_name_of(self->mesh()), trust.error().text));
    }
    // The key last: with it, this node is an issuer.
    return write_all({{"invites", InviteBook().to_text()},
                      {"authority.pem", signer.certificate_pem},
                      {"authority.key", signer.private_key_pem}});
}

OrFileProblem<void> MeshDirectory::renew_self(WallTime now) {
    const auto held = lock();
    if (!held) {
        return tl::unexpected(held.error());
    }
    TRY_FILE(require_issuer());
    const auto self = load();
    const auto signer = authority();
    if (!self || !signer) {
        return tl::unexpected(self ? signer.error() : self.error());
    }
    const auto chain = signer->certify({.public_key = self->key->public_key(),
                                        .role = self->role,
                                        .name = self->name,
                                        .now = now,
                                        .since = self->since});
    const auto pem = chain ? crypto::chain_to_pem(*chain) : tl::unexpected(chain.error());
    if (!pem) {
        return file_problem(fmt::format("cannot renew the certificate: {}", pem.error().text));
    }
    return write_all({{"certificate.pem", *pem}});
}

OrFileProblem<void> MeshDirectory::note_address(std::string_view address) const {
    return write_all({{"address", fmt::format("kith-mesh address 1\naddress {}\n", address)}});
}

OrFileProblem<std::optional<std::string>> MeshDirectory::noted_address() const {
    const auto content = find_private_file(file("address"));
    if (!content) {
        return tl::unexpected(content.error());
    }
    if (!*content) {
        return std::nullopt;
    }
    std::string_view text = **content;
    const Status heading = take_heading(text, "address");
    std::string_view line = take_until(text, '\n');
    if (!heading || take_until(line, ' ') != "address" || !check_locator(line) || !text.empty()) {
        return damaged(file("address"), {ErrorKind::Malformed, 0, "it is not an address"});
    }
    return std::string(line);
}

OrFileProblem<RevocationList> MeshDirectory::revocations() const {
    const auto text = find_private_file(file("revoked"));
    if (!text) {
        return tl::unexpected(text.error());
    }
    return *text ? named(RevocationList::parse(**text), file("revoked")) : RevocationList();
}

OrFileProblem<void> MeshDirectory::revoke(NodeId node, WallTime now) {
    const auto held = lock();
    if (!held) {
        return tl::unexpected(held.error());
    }
    TRY_FILE(require_issuer());
    const auto self = load();
    auto revoked = revocations();
    if (!self || !revoked) {
        return tl::unexpected(self ? revoked.error() : self.error());
    }
    if (self->key->id() == node) {
        return file_problem("this is the node that lets others in; it cannot revoke itself");
    }
    const auto signer = authority();
    if (!signer) {
        return tl::unexpected(signer.error());
    }
    auto revocation = signer->revoke(node, now);
    if (!revocation) {
        return file_problem(fmt::format("cannot revoke: {}", revocation.error().text));
    }
    if (const Status added = revoked->add(std::move(*revocation)); !added) {
        return file_problem(added.error().text);
    }
    return write_all({{"revoked", revoked->to_text()}});
}

OrFileProblem<void> MeshDirectory::keep(const std::vector<Revocation>& heard) {
    const auto held = lock();
    auto revoked = held ? revocations() : tl::unexpected(held.error());
    if (!revoked) {
        return tl::unexpected(revoked.error());
    }
    const std::size_t before = revoked->nodes().size();
    for (const Revocation& each : heard) {
        if (const Status added = revoked->add(each); !added) {
            return file_problem(added.error().text);
        }
    }
    return revoked->nodes().size() == before ? OrFileProblem<void>()
                                             : write_all({{"revoked", revoked->to_text()}});
}

std::string MeshDirectory::file(std::string_view name) const {
    return fmt::format("{}/{}", path_, name);
}

OrFileProblem<FileLock> MeshDirectory::lock() const {
    TRY_FILE(make_private_directory(path_));
    return FileLock::acquire(file("lock"));
}

OrFileProblem<NodeKey> MeshDirectory::key_or_new(crypto::SecretSource& secrets) const {
    const auto kept = find_private_file(file("node.key"));
    if (!kept) {
        return tl::unexpected(kept.error());
    }
    if (*kept) {
        return named(NodeKey::parse(**kept), file("node.key"));
    }
    NodeKey key = NodeKey::generate(secrets);
    TRY_FILE(write_all({{"node.key", key.to_pem()}}));
    return key;
}

// The root's certificate last: with it, all that an issuer needs is there, and is never made anew.
OrFileProblem<MeshAuthority> MeshDirectory::authority_or_new(std::string_view name,
                                                             WallTime now) const {
    const auto root = find_private_file(file("root.pem"));
    if (!root || *root) {
        return root ? authority() : tl::unexpected(root.error());
    }
    auto made = MeshAuthority::found(name, now);
    if (!made) {
        return file_problem(fmt::format("cannot found a mesh: {}", made.error().text));
    }
    TRY_FILE(write_all({{"authority.key", made->signer().private_key_pem},
                        {"authority.pem", made->signer().certificate_pem},
                        {"invites", InviteBook().to_text()},
                        {"revoked", RevocationList().to_text()},
                        {"root.pem", made->root_pem()}}));
    return std::move(*made);
}

OrFileProblem<void> MeshDirectory::write_name(std::string_view name, std::string_view lines) const {
    return write_all(
        {{"membership", fmt::format("kith-mesh membership 1\nname {}\n{}", name, lines)}});
}

OrFileProblem<void> MeshDirectory::write_all(
    const std::vector<std::pair<std::string_view, std::string_view>>& files) const {
    for (const auto& [name, content] : files) {
        TRY_FILE(write_private_file(file(name), content));
    }
    return {};
}

OrFileProblem<void> MeshDirectory::require_issuer() const {
    const auto membership = load();
    if (!membership) {
        return tl::unexpected(membership.error());
    }
    if (!membership->is_issuer) {
        return file_problem(fmt::format(
            "{}: this node holds no key of a mesh; do that where the mesh was founded", path_));
    }
    return {};
}

}  // namespace kith::mesh
