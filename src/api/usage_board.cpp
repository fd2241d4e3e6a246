#include "api/usage_board.h"

#include <algorithm>

namespace kith::api {
namespace {

constexpr Duration kDelaysInterval = 10s;
constexpr std::size_t kDelaysKept = 6;

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

double per_second(std::uint64_t now, std::uint64_t before, double span_s) {
    return now < before || span_s <= 0 ? 0 : static_cast<double>(now - before) / span_s;
}

UsagePoint means(const Totals& now, const Totals& before, double span_s) {
    return {
        .messages_in_per_s = per_second(now.broker.messages_in, before.broker.messages_in, span_s),
        .messages_out_per_s =
            per_second(now.broker.messages_out, before.broker.messages_out, span_s),
        .bytes_in_per_s = per_second(now.broker.bytes_in, before.broker.bytes_in, span_s),
        .bytes_out_per_s = per_second(now.broker.bytes_out, before.broker.bytes_out, span_s),
        .connections = static_cast<double>(now.broker.connections),
        .queued_messages = static_cast<double>(now.broker.queued_messages),
        .resident_bytes = static_cast<double>(now.resident_bytes)};
}

void add(UsagePoint& sum, const UsagePoint& point) {
    sum.messages_in_per_s += point.messages_in_per_s;
    sum.messages_out_per_s += point.messages_out_per_s;
    sum.bytes_in_per_s += point.bytes_in_per_s;
    sum.bytes_out_per_s += point.bytes_out_per_s;
    sum.connections += point.connections;
    sum.queued_messages += point.queued_messages;
    sum.resident_bytes += point.resident_bytes;
}

void divide(UsagePoint& sum, double count) {
    sum.messages_in_per_s /= count;
    sum.messages_out_per_s /= count;
    sum.bytes_in_per_s /= count;
    sum.bytes_out_per_s /= count;
    sum.connections /= count;
    sum.queued_messages /= count;
    sum.resident_bytes /= count;
}

}  // namespace

void UsageBoard::add(const Totals& totals, Instant now, WallTime wall_now) {
    UsageSample sample{.at = wall_now, .totals = totals};
    if (last_) {
        const UsagePoint rates = means(totals, last_->totals, seconds(now - last_->at));
        sample.messages_in_per_s = rates.messages_in_per_s;
        sample.messages_out_per_s = rates.messages_out_per_s;
        sample.bytes_in_per_s = rates.bytes_in_per_s;
        sample.bytes_out_per_s = rates.bytes_out_per_s;
    }
    sample.delivery_p99_ms = delivery_p99_ms(totals, now);
    close_step(totals, now, wall_now);
    last_ = Counted{.at = now, .totals = totals};
    latest_ = std::move(sample);
}

void UsageBoard::close_step(const Totals& totals, Instant now, WallTime wall_now) {
    if (!step_start_) {
        origin_ = now;
        end_ = wall_now;
        step_start_ = Counted{.at = now, .totals = totals};
        return;
    }
    // An eighth of a step early is in time: samples come when the loop has time.
    const auto reached = static_cast<std::uint64_t>((now - origin_ + kUsageStep / 8) / kUsageStep);
    if (reached <= closed_steps_) {
        return;
    }
    steps_.push_back({.number = reached - 1,
                      .point = means(totals, step_start_->totals, seconds(now - step_start_->at))});
    closed_steps_ = reached;
    end_ = wall_now;
    step_start_ = Counted{.at = now, .totals = totals};
    while (steps_.front().number + kUsageStepsMax < closed_steps_) {
        steps_.pop_front();
    }
}

std::optional<double> UsageBoard::delivery_p99_ms(const Totals& totals, Instant now) {
    const broker::DelayHistogram& all = totals.broker.delivery;
    broker::DelayHistogram recent = all;
    if (!delays_.empty()) {
        for (std::size_t i = 0; i < recent.counts.size(); ++i) {
            recent.counts[i] -= std::min(recent.counts[i], delays_.front().histogram.counts[i]);
        }
    }
    if (delays_.empty() || now - delays_.back().at >= kDelaysInterval) {
        delays_.push_back({.at = now, .histogram = all});
        if (delays_.size() > kDelaysKept) {
            delays_.pop_front();
        }
    }
    if (recent.total() == 0) {
        return std::nullopt;
    }
    return static_cast<double>(recent.quantile_us(0.99)) / 1000.0;
}

Result<UsageSeries> UsageBoard::series(const UsageQuery& query) const {
    constexpr std::int64_t kBaseS = kUsageStep / 1s;
    constexpr std::int64_t kWindowMaxS = kBaseS * static_cast<std::int64_t>(kUsageStepsMax);
    if (query.step_s < kBaseS || query.step_s % kBaseS != 0 || query.window_s < query.step_s ||
        query.window_s > kWindowMaxS || query.window_s % query.step_s != 0) {
        return fail(ErrorKind::Invalid,
                    "step_s is a multiple of 2, window_s a multiple of step_s up to 3600");
    }
    const auto per_point = static_cast<std::uint64_t>(query.step_s / kBaseS);
    const auto count = static_cast<std::size_t>(query.window_s / query.step_s);
    UsageSeries series{.step = std::chrono::seconds(query.step_s), .end = end_, .points = {}};
    series.points.resize(count);
    std::vector<std::uint64_t> measured(count);
    for (const Step& step : steps_) {
        const std::uint64_t age = closed_steps_ - 1 - step.number;  // 0 is the newest
        const std::uint64_t from_end = age / per_point;
        if (from_end >= count) {
            continue;
        }
        const std::size_t at = count - 1 - from_end;
        if (!series.points[at]) {
            series.points[at].emplace();
        }
        api::add(*series.points[at], step.point);
        ++measured[at];
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (series.points[i]) {
            divide(*series.points[i], static_cast<double>(measured[i]));
        }
    }
    return series;
}

}  // namespace kith::api
