// Runs a fuzz target over files, without a fuzzer: what its corpus found once is tested in every
// run.
//
// replay FILE|FOLDER...: calls the target with no bytes, and with the bytes of each file. It has no
// report of its own: the target aborts on what it finds, and the test fails with it.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace {

namespace fs = std::filesystem;

/// The files that the arguments name, a folder standing for the files directly in it.
std::vector<fs::path> files_of(int argument_count, char** arguments) {
    std::vector<fs::path> files;
    for (int i = 1; i < argument_count; ++i) {
        if (!fs::is_directory(arguments[i])) {
            files.emplace_back(arguments[i]);
            continue;
        }
        for (const fs::directory_entry& entry : fs::directory_iterator(arguments[i])) {
            files.push_back(entry.path());
        }
    }
    return files;
}

bool replay(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    // The exact size, so that a sanitizer sees a read past the end.
    const std::vector<char> content(std::istreambuf_iterator<char>(stream), {});
    const std::vector<std::uint8_t> bytes(content.begin(), content.end());
    if (!stream.is_open()) {
        std::fprintf(stderr, "replay: cannot read %s\n", file.c_str());
        return false;
    }
    std::printf("replay: %s, %zu bytes\n", file.c_str(), bytes.size());
    std::fflush(stdout);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    return true;
}

}  // namespace

int main(int argument_count, char** arguments) {
    LLVMFuzzerTestOneInput(nullptr, 0);
    const std::vector<fs::path> files = files_of(argument_count, arguments);
    for (const fs::path& file : files) {
        if (!replay(file)) {
            return 1;
        }
    }
    std::printf("replay: %zu files\n", files.size());
    return files.empty() ? 1 : 0;
}
