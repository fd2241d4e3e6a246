// What the node shows to those who look closely: traces, slow clients, the packets of one client.
//
// Threads: shard-local (the API's shard).
#pragma once

#include "api/observation.h"
#include "node/client_logs.h"
#include "node/trace_book.h"

namespace kith::node {

class Observatory final : public api::Observation {
  public:
    /// Both outlive it, and `home` has stopped before it goes.
    Observatory(runtime::Shard& home, broker::Broker& broker)
        : home_(home), broker_(broker), traces_(home, broker), logs_(home, broker) {}

    [[nodiscard]] Result<api::TraceFacts> start_trace(const api::TraceOrder& order) override {
        return traces_.start(order);
    }
    [[nodiscard]] std::vector<api::TraceFacts> traces() const override { return traces_.list(); }
    [[nodiscard]] std::optional<api::TracePage> trace(const std::string& id, std::size_t from,
                                                      std::size_t count_max) const override {
        return traces_.page(id, from, count_max);
    }
    [[nodiscard]] Status remove_trace(const std::string& id) override { return traces_.remove(id); }

    void slow_clients(std::function<void(std::vector<broker::SlowClientView>)> done) override;

    [[nodiscard]] Status log_client(const LogOrder& order) override { return logs_.start(order); }
    [[nodiscard]] std::vector<const api::LoggedClient*> logged_clients() const override {
        return logs_.list();
    }
    [[nodiscard]] const api::LoggedClient* logged_client(const std::string& client) const override {
        return logs_.find(client);
    }
    [[nodiscard]] Status end_log(const std::string& client) override { return logs_.stop(client); }

  private:
    runtime::Shard& home_;
    broker::Broker& broker_;
    TraceBook traces_;
    ClientLogs logs_;
};

}  // namespace kith::node
