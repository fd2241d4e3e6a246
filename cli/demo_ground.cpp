#include "cli/demo_ground.h"

#include "runtime/address.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace kith::cli {

DemoDirectory::DemoDirectory(const std::string& asked, bool keeps)
    : path_(asked), is_temporary_(asked.empty() && !keeps) {
    if (path_.empty()) {
        path_ = (std::filesystem::temp_directory_path() / "kith-demo-XXXXXX").string();
        if (mkdtemp(path_.data()) == nullptr) {
            path_.clear();
        }
    }
}

DemoDirectory::~DemoDirectory() {
    if (is_temporary_ && !path_.empty()) {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
}

std::string address_or_free(const std::string& asked, std::uint16_t usual_port) {
    if (!asked.empty()) {
        return asked;
    }
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(usual_port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    close(fd);
    return runtime::SocketAddress::loopback(is_free ? usual_port : std::uint16_t{0}).to_string();
}

}  // namespace kith::cli
