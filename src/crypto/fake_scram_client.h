// A client of SCRAM-SHA-256 for tests: written from RFC 5802 with HMAC alone, and not from scram.h.
#pragma once

#include <string>
#include <string_view>

#include "crypto/base64.h"
#include "crypto/digest.h"
#include "crypto/mac.h"

namespace kith::crypto {

class FakeScramClient {
  public:
    FakeScramClient(std::string name, std::string password)
        : password_(std::move(password)), first_bare_("n=" + name + ",r=clientnonce") {}

    [[nodiscard]] std::string first() const { return "n,," + first_bare_; }

    /// The final message, for the server's first one.
    std::string final(std::string_view server_first) {
        const auto value = [&](std::string_view name) {
            const std::size_t at = server_first.find(name) + name.size();
            return std::string(server_first.substr(at, server_first.find(',', at) - at));
        };
        const std::string nonce = value("r=");
        const auto salt = from_base64(value(",s="), Base64::Padded).value();
        const Digest salted = hi(salt, std::stoi(value(",i=")));
        const std::string without_proof = "c=biws,r=" + nonce;
        const std::string message =
            first_bare_ + "," + std::string(server_first) + "," + without_proof;
        Digest proof = hmac_sha256(salted, as_bytes("Client Key"));
        const Digest signature = hmac_sha256(sha256(proof), as_bytes(message));
        for (std::size_t i = 0; i < proof.size(); ++i) {
            proof[i] ^= signature[i];
        }
        expected_ = "v=" + to_base64(hmac_sha256(hmac_sha256(salted, as_bytes("Server Key")),
                                                 as_bytes(message)),
                                     Base64::Padded);
        return without_proof + ",p=" + to_base64(proof, Base64::Padded);
    }

    /// What the server has to say at last.
    [[nodiscard]] const std::string& expected() const { return expected_; }

  private:
    [[nodiscard]] Digest hi(std::vector<std::uint8_t> salt, int iterations) const {
        salt.insert(salt.end(), {0, 0, 0, 1});
        Digest last = hmac_sha256(as_bytes(password_), salt);
        Digest sum = last;
        for (int i = 1; i < iterations; ++i) {
            last = hmac_sha256(as_bytes(password_), last);
            for (std::size_t byte = 0; byte < sum.size(); ++byte) {
                sum[byte] ^= last[byte];
            }
        }
        return sum;
    }

    std::string password_;
    std::string first_bare_;
    std::string expected_;
};

}  // namespace kith::crypto
