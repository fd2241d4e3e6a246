#include "node/proxy_gate.h"

#include "wire/proxy/header.h"

#include <algorithm>
#include <utility>

namespace kith::node {
namespace {

runtime::SocketAddress client_of(const proxy::Header& header) {
    if (header.is_v4) {
        const auto& ip = header.client_ip;
        return runtime::SocketAddress::v4({ip[12], ip[13], ip[14], ip[15]}, header.client_port);
    }
    return runtime::SocketAddress::v6(header.client_ip, header.client_port);
}

}  // namespace

/// One connection until its header has come.
class ProxyGate::Pending final : public runtime::StreamHandler, public runtime::Timer {
  public:
    Pending(ProxyGate& gate, std::unique_ptr<runtime::Stream> stream_in)
        : stream(std::move(stream_in)), gate_(gate) {
        stream->set_handler(this);
    }

    void on_data(MutableBytes bytes) override {
        if (read_.empty()) {
            gate_.pass(*this, bytes);
            return;
        }
        read_.insert(read_.end(), bytes.begin(), bytes.end());
        gate_.pass(*this, std::exchange(read_, {}));
    }
    void on_closed(const Error&) override {
        gate_.refuse(*this, &runtime::ShardCounters::proxy_refused_header);
    }
    void on_timer(Instant) override {
        gate_.refuse(*this, &runtime::ShardCounters::proxy_refused_timeout);
    }
    void keep(Bytes bytes) { read_.assign(bytes.begin(), bytes.end()); }

    std::unique_ptr<runtime::Stream> stream;

  private:
    ProxyGate& gate_;
    std::vector<std::uint8_t> read_;  // less than a header
};

ProxyGate::ProxyGate(runtime::Shard& shard, std::vector<runtime::AddressRange> trusted,
                     OnClient on_client)
    : shard_(shard), trusted_(std::move(trusted)), on_client_(std::move(on_client)) {}

ProxyGate::~ProxyGate() = default;

void ProxyGate::accept(std::unique_ptr<runtime::Stream> stream) {
    const runtime::SocketAddress from = stream->info().remote;
    const bool is_trusted = std::ranges::any_of(
        trusted_, [&](const runtime::AddressRange& range) { return range.contains(from); });
    if (!is_trusted || pending_.size() >= kProxyPendingMax) {
        ++(is_trusted ? shard_.counters().proxy_refused_limit
                      : shard_.counters().proxy_refused_untrusted);
        LOG(shard_.log(), Debug, "proxy refused", {"address", from.to_string()});
        stream->abort();
        return;
    }
    auto made = std::make_unique<Pending>(*this, std::move(stream));
    shard_.arm_after(*made, kProxyHeaderTimeout);
    pending_.emplace(made.get(), std::move(made));
}

void ProxyGate::pass(Pending& pending, Bytes bytes) {
    const auto header = proxy::parse_header(bytes);
    if (!header) {
        LOG(shard_.log(), Debug, "PROXY header refused",
            {"address", pending.stream->info().remote.to_string()},
            {"reason", header.error().text});
        refuse(pending, &runtime::ShardCounters::proxy_refused_header);
        return;
    }
    if (!*header) {
        pending.keep(bytes);
        return;
    }
    ++shard_.counters().proxy_headers;
    const auto client = (*header)->has_client ? client_of(**header) : pending.stream->info().remote;
    std::unique_ptr<runtime::Stream> stream = std::move(pending.stream);
    stream->set_client(client, bytes.subspan((*header)->header_bytes));
    retire(pending);
    on_client_(std::move(stream));
}

void ProxyGate::refuse(Pending& pending, std::uint64_t runtime::ShardCounters::*counter) {
    ++(shard_.counters().*counter);
    pending.stream->abort();
    retire(pending);
}

void ProxyGate::retire(Pending& pending) {
    pending.cancel();
    const auto found = pending_.find(&pending);
    retired_.push_back(std::move(found->second));
    pending_.erase(found);
    shard_.defer(*this);
}

void ProxyGate::run_task() {
    retired_.clear();
}

std::vector<runtime::AddressRange> address_ranges(const std::vector<std::string>& texts) {
    std::vector<runtime::AddressRange> ranges;
    for (const std::string& text : texts) {
        ranges.push_back(runtime::AddressRange::parse(text).value());
    }
    return ranges;
}

}  // namespace kith::node
