// The directory in which a node keeps everything.
//
//     messages.db    sessions, messages, retained          control.db   users, tokens, settings
//     ca.pem ca.key node.pem node.key                      TLS made by the node itself
//     clients.pem clients.key                              the authority for machines' certificates
//     lock                                                 held while a node runs here; its process
//     backup.sock                                          where a running node is asked for a copy
//     messages.db.copy control.db.copy                     while a backup is made
//     backups/                                             those that were asked for over HTTP
//     mesh/                                                which mesh it belongs to: mesh/trust
//
// Made with mode 0700, files with 0600. Threads: one.
#pragma once

#include "node/detail/descriptor.h"
#include "node/problem.h"

#include <string>
#include <string_view>

namespace kith::node {

class NodeDirectory {
  public:
    /// Makes the directory if need be. Does not lock: tools use it beside a running node.
    [[nodiscard]] static OrProblem<NodeDirectory> open(const std::string& path);
    NodeDirectory(NodeDirectory&&) = default;
    NodeDirectory& operator=(NodeDirectory&&) = delete;

    /// Held until this object goes. A problem if another node runs here.
    [[nodiscard]] OrProblem<void> lock();
    /// The process that has locked it, or the last one that had, as text.
    [[nodiscard]] std::string holder() const;

    [[nodiscard]] std::string file(std::string_view name) const;
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    explicit NodeDirectory(std::string path) : path_(std::move(path)) {}

    std::string path_;
    Descriptor lock_{-1};
};

/// Whole small files, for certificates. Problems name file and reason.
[[nodiscard]] OrProblem<std::string> read_file(const std::string& path);
/// Written beside and renamed, so that a crash leaves the old file or the new one.
[[nodiscard]] OrProblem<void> write_private_file(const std::string& path, std::string_view content);

}  // namespace kith::node
