// How a node that belongs to no mesh, and shows a code, is handed a join token over its network.
//
//     PairingOffer  "kithpar" | version u8 (1) | salt 16 | nonce 12 | ciphertext | tag 16
//
// A datagram to the group that beacons go to (docs/formats/beacon.md). The content is the text of a
// join token, sealed with the code (crypto/passphrase_box.h): whoever knows the code, as it stands
// on the machine, can make an offer, and the machine alone can read it. A code has 50 bits, and
// trying one takes some 30 ms, so that the token has ended long before somebody who has recorded
// the offer finds out. Threads: pure functions. Limits: kPairingOfferBytesMax.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/passphrase_box.h"
#include "crypto/secrets.h"
#include "mesh/trust/join_token.h"

namespace kith::mesh {

inline constexpr std::size_t kPairingOfferBytesMax =
    8 + crypto::kPassphraseBoxExtraBytes + kJoinTokenBytesMax;

/// "KX7M2-P9QRT": 10 characters of Crockford's base 32, which has no I, L, O and U.
[[nodiscard]] std::string make_pairing_code(crypto::SecretSource& secrets);
/// As make_pairing_code() writes it, whatever the case and without the dash, with O for 0 and I or
/// L for 1. Nothing for what is no code.
[[nodiscard]] std::optional<std::string> read_pairing_code(std::string_view text);

/// Requires: kJoinTokenBytesMax at most.
[[nodiscard]] std::vector<std::uint8_t> make_pairing_offer(std::string_view code,
                                                           std::string_view token_text,
                                                           crypto::SecretSource& secrets);
/// Whether it is one, by its first bytes.
[[nodiscard]] bool is_pairing_offer(Bytes datagram);
/// The token's text. Errors: Unsupported for another version; Malformed; Denied if it is for
/// another code.
[[nodiscard]] Result<std::string> read_pairing_offer(std::string_view code, Bytes datagram);

}  // namespace kith::mesh
