// The part of /metrics about what the broker stands on: loops, TLS, proxies.
#include "api/detail/metrics_page.h"
#include "runtime/tls.h"

namespace kith::api {

void MetricsPage::histogram(std::string_view name, std::string_view help,
                            const broker::DelayHistogram& delays) {
    head(name, help, "histogram");
    std::uint64_t below = 0;
    double sum_s = 0;
    double bound_s = 1e-6;
    for (const std::uint64_t count : delays.counts) {
        below += count;
        sum_s += static_cast<double>(count) * bound_s * 0.75;  // middle of the bucket
        fmt::format_to(out(), "kith_{}_bucket{{le=\"{:g}\"}} {}\n", name, bound_s, below);
        bound_s *= 2;
    }
    fmt::format_to(out(),
                   "kith_{0}_bucket{{le=\"+Inf\"}} {1}\nkith_{0}_sum {2}\nkith_{0}_count {1}\n",
                   name, below, sum_s);
}

void add_runtime(MetricsPage& page, const Totals& totals) {
    const runtime::ShardCounters& loops = totals.runtime;
    page.histogram("loop_lag_seconds", "How late the loops of the shards are, seen once a second.",
                   totals.loop_lag);
    page.counter("loop_turns_total", "Turns of the loops of all shards.", loops.turns);
    page.counter("loop_turns_lent_total", "Turns that a shard ran for another that slept.",
                 loops.turns_lent);
    page.counter("wakeups_total", "Times a shard woke another.", loops.wakeups_sent);
    page.counter("mail_overflows_total", "Mail between shards that found its mailbox full.",
                 loops.mail_overflows);
    page.counter("streams_accepted_total", "TCP connections accepted.", loops.streams_accepted);
    page.counter("accept_pauses_total",
                 "Times that no connection could be accepted for want of descriptors or memory.",
                 loops.accept_pauses);
    page.gauge("tls_handshakes_open", "TLS handshakes under way.",
               static_cast<double>(loops.tls_handshakes_open));
    page.counter("tls_handshakes_total", "TLS handshakes completed.", loops.tls_handshakes_done);
    page.counter("tls_handshakes_refused_total", "Refused because as many were under way as can.",
                 loops.tls_handshakes_refused);
    page.head("tls_handshakes_failed_total", "TLS handshakes that failed, by reason.", "counter");
    for (std::size_t i = 0; i < loops.tls_handshakes_failed.size(); ++i) {
        page.labelled("tls_handshakes_failed_total", "reason",
                      to_string(static_cast<runtime::TlsFailure>(i)),
                      loops.tls_handshakes_failed[i]);
    }
    page.counter("proxy_headers_total", "Connections that a trusted proxy announced.",
                 loops.proxy_headers);
    page.head("proxy_refused_total", "Connections refused by a listener behind a proxy, by reason.",
              "counter");
    page.labelled("proxy_refused_total", "reason", "untrusted", loops.proxy_refused_untrusted);
    page.labelled("proxy_refused_total", "reason", "header", loops.proxy_refused_header);
    page.labelled("proxy_refused_total", "reason", "timeout", loops.proxy_refused_timeout);
    page.labelled("proxy_refused_total", "reason", "limit", loops.proxy_refused_limit);
}

}  // namespace kith::api
