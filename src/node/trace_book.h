// The traces of the node: those that run on all shards, and the last that have ended.
//
// Each shard notes its part and mails it here once a turn; what arrives is kept in the order of its
// arrival, so that who follows a trace finds what is new behind a place. A trace ends by itself,
// after its time or with its last event, and is kept until it is removed or kTracesKeptMax newer
// ones have been started. Threads: shard-local (the API's shard); its relays live on each shard.
#pragma once

#include "api/observation.h"
#include "broker/broker.h"
#include "runtime/shard.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace kith::node {

class TraceBook {
  public:
    TraceBook(runtime::Shard& home, broker::Broker& broker) : home_(home), broker_(broker) {}

    /// Errors: Invalid (the filter), Limit (as many run as can).
    [[nodiscard]] Result<api::TraceFacts> start(const api::TraceOrder& order);
    [[nodiscard]] std::vector<api::TraceFacts> list() const;
    [[nodiscard]] std::optional<api::TracePage> page(const std::string& id, std::size_t from,
                                                     std::size_t count_max) const;
    /// Errors: NotFound.
    [[nodiscard]] Status remove(const std::string& id);

  private:
    class Relay;
    struct Trace {
        api::TraceFacts facts;
        std::uint8_t slot = 0;
        std::vector<broker::TraceEvent> events;
        std::vector<std::shared_ptr<Relay>> relays;  // shared_ptr: with the mail that stops them
        std::unique_ptr<runtime::CallbackTimer> timer;
    };

    [[nodiscard]] std::optional<std::uint8_t> free_slot() const;
    [[nodiscard]] Trace* find(const std::string& id);
    void start_on_shards(Trace& trace);
    void add(const std::string& id, std::vector<broker::TraceEvent> events, bool is_full);
    void finish(Trace& trace, const char* reason);
    void forget_oldest();

    runtime::Shard& home_;
    broker::Broker& broker_;
    std::deque<std::unique_ptr<Trace>> traces_;  // the newest first
    std::uint64_t last_number_ = 0;
};

}  // namespace kith::node
