// Everything that a stranger can hand to a node about joining, and the files that a person may have
// edited: join tokens, requests, answers, invites, revocations.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/byte_reader.h"
#include "base/check.h"
#include "crypto/base64.h"
#include "crypto/fake_secrets.h"
#include "mesh/trust/enrolment.h"
#include "mesh/trust/invites.h"
#include "mesh/trust/join_token.h"
#include "mesh/trust/node_key.h"
#include "mesh/trust/pairing.h"
#include "mesh/trust/revocations.h"

namespace kith::mesh {
namespace {

/// A token that is read is written in the same letters: there are no two texts for one.
void check_token(const std::string& text) {
    const Result<JoinToken> token = parse_join_token(text);
    CHECK(!token || to_text(*token) == text);
}

/// As if somebody had found a content with this check.
void check_token_of(Bytes content) {
    std::vector<std::uint8_t> whole(content.begin(), content.end());
    const crypto::Digest check = crypto::sha256(content);
    whole.insert(whole.end(), check.begin(), check.begin() + 4);
    check_token("kith1." + crypto::to_base64(whole, crypto::Base64::Url));
}

void check_request(Bytes bytes) {
    const Result<JoinRequest> request = decode_join_request(bytes);
    if (request) {
        CHECK(check_node_name(request->name).has_value());
        CHECK(request->proven.size() + request->proof.size() + request->signature.size() ==
              bytes.size());
    }
}

/// With a token that pins whatever root the answer has, so that its certificates are read.
void check_answer(Bytes bytes) {
    crypto::FakeSecrets secrets(1);
    static const NodeKey key = NodeKey::generate(secrets);
    ByteReader reader(bytes.subspan(std::min<std::size_t>(2, bytes.size())));
    JoinToken token;
    token.root_fingerprint = crypto::sha256(reader.bytes(reader.u16()));
    const Result<Admission> admission = read_join_answer(bytes, token, key, std::nullopt);
    // Nobody has signed a certificate for this key.
    CHECK(!admission);
}

void check_files(std::string_view text) {
    if (const Result<InviteBook> book = InviteBook::parse(text)) {
        CHECK(InviteBook::parse(book->to_text()).value().invites() == book->invites());
    }
    if (const Result<RevocationList> list = RevocationList::parse(text)) {
        CHECK(RevocationList::parse(list->to_text()).value().nodes() == list->nodes());
    }
}

void check_pairing(Bytes bytes) {
    if (const auto code = read_pairing_code(as_text(bytes))) {
        CHECK(read_pairing_code(*code) == code);
    }
    // Nobody has sealed it with this code.
    CHECK(!read_pairing_offer("KX7M2-P9QRT", bytes));
}

}  // namespace
}  // namespace kith::mesh

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace kith::mesh;
    const kith::Bytes input(bytes, size);
    check_token(std::string(kith::as_text(input)));
    check_token_of(input);
    check_request(input);
    check_answer(input);
    check_files(kith::as_text(input));
    check_pairing(input);
    return 0;
}
