// The seeds of the fuzz target websocket_codec_fuzz.
//
// KITH_WRITE_CORPUS=1 writes them anew into fuzz/websocket_codec, where files that fuzzing found
// stand beside them. Without it, the test sees that the seeds are still these.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

namespace kith::websocket {
namespace {

const std::filesystem::path kFolder = "fuzz/websocket_codec";

/// A frame of a client with a mask of zeros.
std::string masked(int first_byte, const std::string& payload) {
    std::string frame{static_cast<char>(first_byte)};
    if (payload.size() < 126) {
        frame.push_back(static_cast<char>(0x80 | payload.size()));
    } else {
        frame.push_back(static_cast<char>(0xFE));
        frame.push_back(static_cast<char>(payload.size() >> 8));
        frame.push_back(static_cast<char>(payload.size() & 0xFF));
    }
    return frame + std::string(4, '\0') + payload;
}

std::map<std::string, std::string> all_seeds() {
    // What tells the fuzz target the role, and how to cut the rest.
    const std::string server("\0\x03", 2);
    const std::string client("\x01\x03", 2);
    return {
        {"client_text", client + "\x81\x05Hello"},
        {"client_fragments", client + "\x01\x03Hel\x80\x02lo"},
        {"client_ping", client + "\x89\x05Hello"},
        {"client_close", client + std::string("\x88\x02\x03\xE8", 4)},
        {"server_text", server + "\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58"},
        {"server_binary", server + masked(0x82, std::string(200, 'x'))},
        {"server_fragments",
         server + masked(0x01, "\xC3") + masked(0x89, "?") + masked(0x80, "\xA4")},
        {"server_pong", server + masked(0x8A, "late")},
        {"server_close", server +
                             masked(0x88,
                                    "\x03\xE9"
                                    "bye") +
                             masked(0x81, "late")},
        {"server_close_empty", server + masked(0x88, "")},
        {"server_bad_utf8", server + masked(0x81, "\xED\xA0\x80")},
        {"server_bad_opcode", server + masked(0x83, "x")},
        {"server_too_large", server + masked(0x82, std::string(10'001, 'x')).substr(0, 20)},
        {"server_unmasked", server + "\x81\x05Hello"},
    };
}

TEST(Corpus, HoldsEveryKindOfFrame) {
    const bool writes = std::getenv("KITH_WRITE_CORPUS") != nullptr;
    for (const auto& [name, bytes] : all_seeds()) {
        const std::filesystem::path path = kFolder / name;
        if (writes) {
            std::filesystem::create_directories(kFolder);
            std::ofstream(path, std::ios::binary) << bytes;
        }
        std::ifstream file(path, std::ios::binary);
        const std::string content(std::istreambuf_iterator<char>(file), {});
        EXPECT_EQ(content, bytes) << path << " (KITH_WRITE_CORPUS=1 writes it)";
    }
}

}  // namespace
}  // namespace kith::websocket
