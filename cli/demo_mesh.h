// kith demo mesh: a factory floor of twelve nodes, of which one after the other dies.
#pragma once

#include <string>

namespace kith::cli {

struct MeshDemoOptions {
    std::string data;  // empty: a directory that goes with the demo
    std::string http;  // the console of the first node; empty: the usual port or any
    int every_s = 8;   // from death to death
    bool keeps = false;
    bool as_json = false;
};

/// Until Ctrl-C. Returns the exit status: 1 with the reason on stderr.
int run_mesh_demo(const MeshDemoOptions& options);

}  // namespace kith::cli
