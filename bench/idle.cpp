#include "bench/idle.h"

namespace kith::bench {

void Idle::set_up() {
    for (std::size_t i = 0; i < connection_count_; ++i) {
        add_connection(std::to_string(i));
    }
    started_ = moment();
}

void Idle::on_set_up() {
    connected_ = moment();
    measure();
}

void Idle::describe(Report& report) {
    report.rate_per_s.reset();  // there are no messages
    report.more.emplace_back("connections", static_cast<double>(connection_count_));
    const Step connecting{.from = started_, .to = connected_, .count = connection_count_};
    report_rate(report, "connects_per_s", connecting);
    report_cpu_us_each(report, "cpu_us_per_connect", connecting);
    report_rss_bytes_each(report, "rss_bytes_per_connection",
                          {.from = started_, .to = ended_, .count = connection_count_});
    report_cpu_share(report, "idle_cpu_share", {.from = settled_, .to = ended_});
}

}  // namespace kith::bench
