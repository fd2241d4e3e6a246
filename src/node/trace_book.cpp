#include "node/trace_book.h"

#include "broker/limits.h"
#include "bus/topic.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace kith::node {

/// Takes home what one shard notes for one trace.
class TraceBook::Relay final : public broker::TraceSink {
  public:
    Relay(TraceBook& book, ShardId home, std::string id)
        : book_(book), home_(home), id_(std::move(id)) {}

    void start(runtime::Shard& shard, broker::BrokerShard& broker, const broker::TraceSpec& spec) {
        shard_ = &shard;
        broker.start_trace(spec, *this);
    }
    void on_trace_events(std::uint8_t, std::vector<broker::TraceEvent> events,
                         bool is_full) override {
        shard_->post(home_,
                     [book = &book_, id = id_, is_full, noted = std::move(events)](
                         runtime::Shard&) mutable { book->add(id, std::move(noted), is_full); });
    }

  private:
    TraceBook& book_;
    ShardId home_;
    std::string id_;
    runtime::Shard* shard_ = nullptr;
};

Result<api::TraceFacts> TraceBook::start(const api::TraceOrder& order) {
    if (!order.topic.empty()) {
        TRY(bus::TopicFilter::create(order.topic));
    }
    const std::optional<std::uint8_t> slot = free_slot();
    if (!slot) {
        return fail(ErrorKind::Limit, "as many traces run as can at a time");
    }
    auto trace = std::make_unique<Trace>();
    trace->slot = *slot;
    trace->facts = {.id = fmt::format("t{}", ++last_number_),
                    .order = order,
                    .started_at = home_.wall_now(),
                    .ends_at = home_.wall_now() + std::chrono::seconds(order.seconds),
                    .end_reason = {}};
    trace->timer = std::make_unique<runtime::CallbackTimer>(
        [this, made = trace.get()](Instant) { finish(*made, "its time is over"); });
    home_.arm_after(*trace->timer, std::chrono::seconds(order.seconds));
    start_on_shards(*trace);
    const api::TraceFacts facts = trace->facts;
    traces_.push_front(std::move(trace));
    forget_oldest();
    return facts;
}

void TraceBook::start_on_shards(Trace& trace) {
    const broker::TraceSpec spec{
        .slot = trace.slot,
        .filter = trace.facts.order.topic,
        .client_id = trace.facts.order.client,
        .started_at = trace.facts.started_at,
        .event_count_max = static_cast<std::uint32_t>(trace.facts.order.events_max),
        .with_payload = trace.facts.order.with_payload};
    for (std::uint16_t i = 0; i < home_.shard_count(); ++i) {
        trace.relays.push_back(std::make_shared<Relay>(*this, home_.id(), trace.facts.id));
        home_.post(ShardId(i),
                   [relay = trace.relays.back(), broker = &broker_, spec](runtime::Shard& shard) {
                       relay->start(shard, broker->shard(shard.id()), spec);
                   });
    }
}

std::optional<std::uint8_t> TraceBook::free_slot() const {
    for (std::uint8_t slot = 0; slot < broker::kTracesMax; ++slot) {
        const bool is_taken = std::ranges::any_of(traces_, [slot](const auto& trace) {
            return trace->facts.is_running && trace->slot == slot;
        });
        if (!is_taken) {
            return slot;
        }
    }
    return std::nullopt;
}

std::vector<api::TraceFacts> TraceBook::list() const {
    std::vector<api::TraceFacts> all;
    for (const auto& trace : traces_) {
        all.push_back(trace->facts);
    }
    return all;
}

std::optional<api::TracePage> TraceBook::page(const std::string& id, std::size_t from,
                                              std::size_t count_max) const {
    const auto found =
        std::ranges::find(traces_, id, [](const auto& trace) { return trace->facts.id; });
    if (found == traces_.end()) {
        return std::nullopt;
    }
    const std::vector<broker::TraceEvent>& events = (*found)->events;
    const std::size_t begin = std::min(from, events.size());
    const std::size_t end = std::min(begin + count_max, events.size());
    api::TracePage page{.facts = (*found)->facts, .events = {}, .next = end};
    page.events.assign(events.begin() + static_cast<std::ptrdiff_t>(begin),
                       events.begin() + static_cast<std::ptrdiff_t>(end));
    std::ranges::stable_sort(page.events, {}, &broker::TraceEvent::sequence);
    return page;
}

Status TraceBook::remove(const std::string& id) {
    Trace* trace = find(id);
    if (trace == nullptr) {
        return fail(ErrorKind::NotFound, "no trace of that name, or one that was forgotten");
    }
    finish(*trace, "removed");
    std::erase_if(traces_, [trace](const auto& each) { return each.get() == trace; });
    return {};
}

TraceBook::Trace* TraceBook::find(const std::string& id) {
    const auto found =
        std::ranges::find(traces_, id, [](const auto& trace) { return trace->facts.id; });
    return found == traces_.end() ? nullptr : found->get();
}

/// What comes late, from a shard that did not know yet that the trace has ended, belongs to it.
void TraceBook::add(const std::string& id, std::vector<broker::TraceEvent> events, bool is_full) {
    Trace* trace = find(id);
    if (trace == nullptr) {
        return;
    }
    const auto room =
        static_cast<std::size_t>(trace->facts.order.events_max) - trace->events.size();
    events.resize(std::min(events.size(), room));
    std::ranges::move(events, std::back_inserter(trace->events));
    trace->facts.event_count = trace->events.size();
    if (is_full || events.size() == room) {
        finish(*trace, "it has as many events as it may");
    }
}

void TraceBook::finish(Trace& trace, const char* reason) {
    if (!trace.facts.is_running) {
        return;
    }
    trace.facts.is_running = false;
    trace.facts.end_reason = reason;
    trace.facts.ends_at = home_.wall_now();
    trace.timer->cancel();
    for (std::uint16_t i = 0; i < trace.relays.size(); ++i) {
        home_.post(ShardId(i),
                   [relay = std::move(trace.relays[i]), broker = &broker_, slot = trace.slot](
                       runtime::Shard& shard) { broker->shard(shard.id()).stop_trace(slot); });
    }
    trace.relays.clear();
}

void TraceBook::forget_oldest() {
    while (traces_.size() > api::kTracesKeptMax) {
        const auto oldest = std::find_if(traces_.rbegin(), traces_.rend(), [](const auto& trace) {
            return !trace->facts.is_running;
        });
        traces_.erase(std::next(oldest).base());
    }
}

}  // namespace kith::node
