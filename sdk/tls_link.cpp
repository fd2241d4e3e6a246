#include "sdk/tls_link.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "runtime/tls.h"

namespace kith::sdk {

Outcome<Secure> make_tls(const std::string& node, const std::string& ca_file) {
    runtime::TlsClientOptions options{.server_name = node.substr(0, node.rfind(':'))};
    if (!ca_file.empty()) {
        std::ifstream file(ca_file);
        options.ca_pem.assign(std::istreambuf_iterator<char>(file), {});
        if (!file || options.ca_pem.empty()) {
            return Failure{FailureKind::Invalid, "cannot read " + ca_file};
        }
    }
    auto context = runtime::TlsContext::client(options);
    if (!context) {
        return Failure{FailureKind::Invalid, context.error().text};
    }
    return Secure([context = std::move(*context)](std::unique_ptr<runtime::Stream> stream,
                                                  runtime::Shard& shard) {
        return runtime::TlsContext::wrap(context, std::move(stream), shard);
    });
}

}  // namespace kith::sdk
