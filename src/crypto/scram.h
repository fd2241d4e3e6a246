// SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side, without input or output.
//
// A client proves that it knows a password without sending it, and learns that the server knows it
// too. What the server keeps, a ScramVerifier, opens nothing elsewhere: it is made when a password
// is set and says only whether a proof is right. Messages:
//
//     client  n,,n=NAME,r=NONCE                    "y,," is taken as well: the client could bind
//     server  r=NONCE+OURS,s=SALT,i=ITERATIONS     the channel, and thinks that we cannot
//     client  c=biws,r=NONCE+OURS,p=PROOF          c: base64 of "n,," or "y,,"
//     server  v=SIGNATURE
//
// "p=..." asks for channel binding and is refused. Names and passwords are ASCII, which SASLprep
// leaves as it is (RFC 4013): others would need its tables to be compared.
// Threads: any. Limits: kScramMessageBytesMax, kScramNonceBytesMax, iterations within
// kScramIterationsMin and kScramIterationsMax.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/digest.h"
#include "crypto/secrets.h"

namespace kith::crypto {

inline constexpr std::string_view kScramMethod = "SCRAM-SHA-256";

/// Bytes of one message, far more than one needs, and of a client's nonce.
inline constexpr std::size_t kScramMessageBytesMax = 1024;
inline constexpr std::size_t kScramNonceBytesMax = 256;
/// The RFC's least number of iterations, and a bound for damaged records.
inline constexpr std::uint32_t kScramIterationsMin = 4096;
inline constexpr std::uint32_t kScramIterationsMax = 10'000'000;
/// For passwords of random bits, which no number of iterations makes safer and which small machines
/// have to compute; and for those that people choose.
inline constexpr std::uint32_t kScramIterationsRandom = 4096;
inline constexpr std::uint32_t kScramIterationsChosen = 65'536;

struct ScramVerifier {
    std::uint32_t iterations = 0;
    std::vector<std::uint8_t> salt;
    Digest stored_key{};
    Digest server_key{};
};

/// Errors: Invalid if the password is not printable ASCII. Takes `iterations` HMACs: some
/// milliseconds, so not on a loop.
[[nodiscard]] Result<ScramVerifier> make_scram_verifier(std::string_view password, Bytes salt,
                                                        std::uint32_t iterations);
/// The same with a fresh salt.
[[nodiscard]] Result<ScramVerifier> make_scram_verifier(std::string_view password,
                                                        std::uint32_t iterations,
                                                        SecretSource& secrets);

/// "SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY", base64 with padding.
[[nodiscard]] std::string to_text(const ScramVerifier& verifier);
/// Errors: Malformed.
[[nodiscard]] Result<ScramVerifier> parse_scram_verifier(std::string_view text);

/// A verifier that no password satisfies, for a name that does not exist: always the same for the
/// same name and secret, and with either number of iterations, so that nobody learns from the
/// answer which names exist. `secret` has to outlive the process: salts that change with a restart
/// would tell.
[[nodiscard]] ScramVerifier fake_scram_verifier(Bytes secret, std::string_view name);

/// One exchange. Threads: shard-local.
class ScramServer {
  public:
    /// Takes the client's first message. Errors, with words: Malformed, Unsupported (channel
    /// binding, an extension, a name that is not ASCII).
    [[nodiscard]] Status take_first(Bytes message);
    /// Requires: take_first() was right.
    [[nodiscard]] const std::string& name() const { return name_; }

    /// The server's first message. `own_nonce` is printable ASCII without a comma.
    [[nodiscard]] std::string answer_first(const ScramVerifier& verifier,
                                           std::string_view own_nonce);

    /// Takes the client's final message and gives the server's. Requires: answer_first(). Errors:
    /// Malformed; Denied if the proof is wrong.
    [[nodiscard]] Result<std::string> finish(Bytes message);

  private:
    std::string gs2_header_;
    std::string first_bare_;
    std::string name_;
    std::string client_nonce_;
    std::string nonce_;
    std::string server_first_;
    ScramVerifier verifier_;
};

}  // namespace kith::crypto
