#include "mesh/trust/pairing.h"

#include <array>

#include "base/check.h"

namespace kith::mesh {
namespace {

constexpr std::string_view kMagic = "kithpar";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeadBytes = kMagic.size() + 1;
constexpr std::string_view kLabel = "kith-pairing/1";
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kCharacters = 10;

char normal(char c) {
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return upper == 'O' ? '0' : upper == 'I' || upper == 'L' ? '1' : upper;
}

}  // namespace

std::string make_pairing_code(crypto::SecretSource& secrets) {
    std::array<std::uint8_t, kCharacters> random{};
    secrets.fill(random);
    std::string code;
    for (std::size_t i = 0; i < kCharacters; ++i) {
        code += i == kCharacters / 2 ? "-" : "";
        code += kAlphabet[random[i] % kAlphabet.size()];
    }
    return code;
}

std::optional<std::string> read_pairing_code(std::string_view text) {
    std::string code;
    for (const char c : text) {
        if (c == '-' || c == ' ') {
            continue;
        }
        if (code.size() == kCharacters / 2) {
            code += '-';
        }
        if (code.size() > kCharacters || kAlphabet.find(normal(c)) == std::string_view::npos) {
            return std::nullopt;
        }
        code += normal(c);
    }
    return code.size() == kCharacters + 1 ? std::optional(code) : std::nullopt;
}

std::vector<std::uint8_t> make_pairing_offer(std::string_view code, std::string_view token_text,
                                             crypto::SecretSource& secrets) {
    CHECK(token_text.size() <= kJoinTokenBytesMax);
    const auto box = seal_with_passphrase(code, kLabel, as_bytes(token_text), secrets);
    const Bytes magic = as_bytes(kMagic);
    std::vector<std::uint8_t> datagram(magic.begin(), magic.end());
    datagram.push_back(kVersion);
    datagram.insert(datagram.end(), box.begin(), box.end());
    return datagram;
}

bool is_pairing_offer(Bytes datagram) {
    return as_text(datagram).starts_with(kMagic);
}

Result<std::string> read_pairing_offer(std::string_view code, Bytes datagram) {
    if (!is_pairing_offer(datagram) || datagram.size() < kHeadBytes ||
        datagram.size() > kPairingOfferBytesMax) {
        return fail(ErrorKind::Malformed, "not a pairing offer");
    }
    if (datagram[kMagic.size()] != kVersion) {
        return fail(ErrorKind::Unsupported, "a pairing offer of another version");
    }
    TRY_ASSIGN(const auto content,
               crypto::open_with_passphrase(code, kLabel, datagram.subspan(kHeadBytes)));
    return std::string(as_text(content));
}

}  // namespace kith::mesh
