// kith machine certificate: client certificates of machines, with the node running or stopped.
#pragma once

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace kith::storage {
class ControlStore;
}

namespace kith::cli {

struct MachineCertificateOptions {
    std::string data = "data";
    std::string machine;
    std::string request_file;  // PKCS #10 in PEM, or empty: make a key
    std::string map_file;      // a certificate of another authority, to be mapped
    std::string out;           // a directory for NAME.pem and NAME.key; empty: print
    std::string fingerprint;   // to revoke
    std::int64_t days = 365;
    bool as_json = false;
};

/// Issues or maps one; what `kith machine add --certificate` does, too. The exit status.
int add_certificate(storage::ControlStore& store, const MachineCertificateOptions& options);

/// The command `certificate` below `machine`, which is made if it is not there yet.
void add_machine_certificate(CLI::App& app, int& exit_code);

}  // namespace kith::cli
