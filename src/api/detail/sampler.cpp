#include "api/detail/sampler.h"

#include <utility>

#include "api/limits.h"

namespace kith::api {
namespace {

/// Reading all retained messages is work: not more often than this.
constexpr Duration kRetainedIntervalMin = 30s;

}  // namespace

Sampler::Sampler(runtime::Shard& shard, Backend& backend, TopicBoard& topics, UsageBoard& usage)
    : shard_(&shard), backend_(&backend), topics_(&topics), usage_(&usage), timer_([this](Instant) {
          tick();
      }) {}

void Sampler::start(std::function<void()> on_totals) {
    on_totals_ = std::move(on_totals);
    read_retained();
    tick();
}

void Sampler::tick() {
    shard_->arm_after(timer_, kSampleInterval);
    sample_totals();
    if (topics_waiting_.empty() && (topics_sampled_at_ == Instant() ||
                                    shard_->now() - topics_sampled_at_ >= kSampleInterval / 2)) {
        sample_topics([] {});
    }
}

void Sampler::sample_totals() {
    if (std::exchange(is_asking_totals_, true)) {
        return;
    }
    backend_->totals([this](const Totals& totals) {
        is_asking_totals_ = false;
        usage_->add(totals, shard_->now(), shard_->wall_now());
        check_retained();
        for (const auto& waiting : std::exchange(totals_waiting_, {})) {
            waiting();
        }
        if (on_totals_) {
            on_totals_();
        }
    });
}

void Sampler::need_totals(std::function<void()> done) {
    if (usage_->latest()) {
        done();
        return;
    }
    totals_waiting_.push_back(std::move(done));
    sample_totals();
}

void Sampler::sample_topics(std::function<void()> done) {
    topics_waiting_.push_back(std::move(done));
    if (topics_waiting_.size() > 1) {
        return;  // already asked
    }
    backend_->changed_topics([this](const std::vector<TopicSample>& samples) {
        for (const TopicSample& sample : samples) {
            topics_->apply(sample);
        }
        topics_sampled_at_ = shard_->now();
        topics_->close_interval(topics_sampled_at_);
        for (const auto& waiting : std::exchange(topics_waiting_, {})) {
            waiting();
        }
    });
}

/// Two retained messages on one topic within one sample, or one that expired, leave the board with
/// a wrong mark; their number tells.
void Sampler::check_retained() {
    const std::uint64_t known = topics_->totals().retained_count;
    const std::uint64_t actual = usage_->latest()->totals.broker.retained;
    if (known != actual && known < kTopicsMax && !is_reading_retained_ &&
        shard_->now() - retained_read_at_ >= kRetainedIntervalMin) {
        read_retained();
    }
}

void Sampler::read_retained() {
    is_reading_retained_ = true;
    retained_read_at_ = shard_->now();
    backend_->retained([this](const std::vector<RetainedSample>& all) {
        is_reading_retained_ = false;
        topics_->set_retained(all);
    });
}

}  // namespace kith::api
