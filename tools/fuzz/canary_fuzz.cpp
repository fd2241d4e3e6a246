// A parser with a mistake in it, which the fuzzer must find: ./dev fuzz fails if it does not.
//
// It proves in every run that targets are instrumented and that a crash is noticed. The mistake is
// a length that is believed: three bytes of magic, then a count that may exceed what follows.
#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size < 4 || bytes[0] != 'K' || bytes[1] != 'i' || bytes[2] != 't') {
        return 0;
    }
    const std::size_t claimed = bytes[3];
    volatile std::uint8_t sum = 0;
    for (std::size_t i = 0; i < claimed; ++i) {
        sum = static_cast<std::uint8_t>(sum + bytes[4 + i]);
    }
    return 0;
}
