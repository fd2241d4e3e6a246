// Traces, slow clients and logs that are what a test says.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/observation.h"

namespace kith::api {

class FakeObservation final : public Observation {
  public:
    std::vector<TracePage> pages;  // one a trace, the newest first
    std::vector<broker::SlowClientView> slow_list;
    std::map<std::string, LoggedClient> logs;
    Status answer;  // of the next calls that can fail

    Result<TraceFacts> start_trace(const TraceOrder& order) override {
        if (!answer) {
            return tl::unexpected(answer.error());
        }
        pages.insert(pages.begin(),
                     TracePage{.facts = {.id = "t" + std::to_string(pages.size() + 1),
                                         .order = order,
                                         .started_at = WallTime::from_ms(1'800'000'000'000),
                                         .ends_at = WallTime::from_ms(1'800'000'060'000),
                                         .end_reason = {}},
                               .events = {}});
        return pages.front().facts;
    }
    std::vector<TraceFacts> traces() const override {
        std::vector<TraceFacts> all;
        for (const TracePage& page : pages) {
            all.push_back(page.facts);
        }
        return all;
    }
    std::optional<TracePage> trace(const std::string& id, std::size_t from,
                                   std::size_t count_max) const override {
        for (const TracePage& page : pages) {
            if (page.facts.id != id) {
                continue;
            }
            TracePage part{.facts = page.facts, .events = {}};
            part.facts.event_count = page.events.size();
            for (std::size_t i = from; i < page.events.size() && i < from + count_max; ++i) {
                part.events.push_back(page.events[i]);
            }
            part.next = from + part.events.size();
            return part;
        }
        return std::nullopt;
    }
    Status remove_trace(const std::string& id) override {
        const auto is_it = [&](const TracePage& page) { return page.facts.id == id; };
        return std::erase_if(pages, is_it) > 0 ? Status() : fail(ErrorKind::NotFound, "no trace");
    }

    void slow_clients(std::function<void(std::vector<broker::SlowClientView>)> done) override {
        done(slow_list);
    }

    Status log_client(const LogOrder& order) override {
        if (answer) {
            LoggedClient& logged = logs[order.client];
            logged.client = order.client;
            logged.started_by = order.started_by;
            logged.ends_at = WallTime::from_ms(1'800'000'000'000 + order.seconds * 1000);
        }
        return answer;
    }
    std::vector<const LoggedClient*> logged_clients() const override {
        std::vector<const LoggedClient*> all;
        for (const auto& [client, logged] : logs) {
            all.push_back(&logged);
        }
        return all;
    }
    const LoggedClient* logged_client(const std::string& client) const override {
        const auto found = logs.find(client);
        return found == logs.end() ? nullptr : &found->second;
    }
    Status end_log(const std::string& client) override {
        return logs.erase(client) > 0 ? Status() : fail(ErrorKind::NotFound, "not logged");
    }
};

}  // namespace kith::api
