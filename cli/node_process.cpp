#include "cli/node_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace kith::cli {
namespace {

constexpr int kStopTimeoutMs = 10'000;

constexpr std::string_view kReadyLine = "kith: ready";
constexpr std::string_view kClaimLine = "kith: claim this node";

/// In the child, between fork() and exec(): only calls that are safe there.
[[noreturn]] void become_node(const std::vector<char*>& arguments, int output_fd) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);  // Ctrl-C is the parent's, which stops the node in its time
    dup2(output_fd, STDOUT_FILENO);
    execv("/proc/self/exe", arguments.data());
    _exit(127);
}

}  // namespace

Outcome<std::unique_ptr<NodeProcess>> NodeProcess::start(const std::vector<std::string>& arguments,
                                                         std::function<void()> on_exit) {
    std::vector<std::string> texts{"kith", "run"};
    texts.insert(texts.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& text : texts) {
        pointers.push_back(text.data());
    }
    pointers.push_back(nullptr);

    std::array<int, 2> output{};
    if (pipe2(output.data(), O_CLOEXEC) != 0) {
        return Failure{FailureKind::Limit, "no pipe for the node"};
    }
    const pid_t pid = fork();
    if (pid < 0) {
        close(output[0]);
        close(output[1]);
        return Failure{FailureKind::Limit, "no process for the node"};
    }
    if (pid == 0) {
        become_node(pointers, output[1]);
    }
    close(output[1]);
    std::unique_ptr<NodeProcess> node(new NodeProcess(pid, output[0]));
    if (!node->read_until_ready()) {
        return Failure{FailureKind::Refused, "the node did not start"};
    }
    NodeProcess* process = node.get();
    node->reader_ = std::thread([process, on_exit = std::move(on_exit)] {
        while (!process->read_line().empty()) {
        }
        on_exit();
    });
    return node;
}

NodeProcess::~NodeProcess() {
    kill(pid_, SIGTERM);
    reap();
    if (reader_.joinable()) {
        reader_.join();
    }
    close(output_fd_);
}

void NodeProcess::kill_now() {
    kill(pid_, SIGKILL);
}

void NodeProcess::reap() {
    const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    if (fd >= 0) {
        pollfd ended{.fd = fd, .events = POLLIN, .revents = 0};
        if (poll(&ended, 1, kStopTimeoutMs) <= 0) {
            kill(pid_, SIGKILL);
        }
        close(fd);
    }
    waitpid(pid_, nullptr, 0);
}

bool NodeProcess::read_until_ready() {
    while (true) {
        const std::string line = read_line();
        if (line.empty()) {
            return false;
        }
        if (line.starts_with(kClaimLine)) {
            const std::size_t link = line.find("http");
            claim_link_ = link == std::string::npos ? "" : line.substr(link);
        } else if (line.starts_with(kReadyLine)) {
            ready_line_ = line;
            return true;
        }
    }
}

/// The next line that is not empty, without its end; empty when the output has ended.
std::string NodeProcess::read_line() {
    std::string line;
    char character = 0;
    while (read(output_fd_, &character, 1) == 1) {
        if (character != '\n') {
            line += character;
        } else if (!line.empty()) {
            break;
        }
    }
    return line;
}

std::string NodeProcess::address(const std::string& name) const {
    const std::string key = " " + name + "=";
    const std::size_t at = ready_line_.find(key);
    if (at == std::string::npos) {
        return {};
    }
    const std::size_t begin = at + key.size();
    return ready_line_.substr(begin, ready_line_.find(' ', begin) - begin);
}

}  // namespace kith::cli
