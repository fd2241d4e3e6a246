// A node as a child process: started as `kith run`, waited for, stopped.
//
// It is this very program, so that what a demo shows is what a user gets. The child dies with its
// parent, however that ends. Threads: one owner; output is read on a thread of its own.
#pragma once

#include "sdk/kith/outcome.h"

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace kith::cli {

class NodeProcess {
  public:
    /// Starts `kith run` with these arguments and waits for its ready line. `on_exit` is called on
    /// another thread when the process ends, whoever ended it.
    /// Errors: Refused if it ends before it is ready (it said why on stderr), Limit.
    [[nodiscard]] static Outcome<std::unique_ptr<NodeProcess>> start(
        const std::vector<std::string>& arguments, std::function<void()> on_exit);
    /// Ends the process: SIGTERM, and SIGKILL if it does not follow within 10 s.
    ~NodeProcess();
    NodeProcess(const NodeProcess&) = delete;
    NodeProcess& operator=(const NodeProcess&) = delete;

    /// SIGKILL, as if the power had failed.
    void kill_now();

    /// The address behind `name` of the ready line, "mqtt" or "http"; empty if it is off.
    [[nodiscard]] std::string address(const std::string& name) const;
    /// The link by which the node is claimed; empty if it is claimed already.
    [[nodiscard]] const std::string& claim_link() const { return claim_link_; }

  private:
    NodeProcess(pid_t pid, int output_fd) : pid_(pid), output_fd_(output_fd) {}
    [[nodiscard]] bool read_until_ready();
    [[nodiscard]] std::string read_line();
    void reap();

    pid_t pid_;
    int output_fd_;
    std::string ready_line_;
    std::string claim_link_;
    std::thread reader_;
};

}  // namespace kith::cli
