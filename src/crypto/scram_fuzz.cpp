// Any two messages of a client: no crash, no proof without the password, and the same answer twice.
#include "crypto/scram.h"

#include <cstddef>
#include <cstdint>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using kith::crypto::ScramServer;
    const kith::Bytes input(bytes, size);
    const std::size_t cut = kith::as_text(input).find('\n') == std::string_view::npos
                                ? size
                                : kith::as_text(input).find('\n');
    static const kith::crypto::ScramVerifier kVerifier =
        kith::crypto::fake_scram_verifier(kith::as_bytes("secret"), "user");
    ScramServer server;
    if (server.take_first(input.first(cut))) {
        CHECK(!server.name().empty());
        const std::string answer = server.answer_first(kVerifier, "nonce");
        CHECK(answer.starts_with("r="));
        CHECK(!server.finish(input.subspan(cut == size ? size : cut + 1)).has_value());
    }
    static_cast<void>(kith::crypto::parse_scram_verifier(kith::as_text(input)));
    return 0;
}
