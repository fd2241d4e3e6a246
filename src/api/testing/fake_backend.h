// A node that is made of what a test says: answers at once, or holds its answers back.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/backend.h"
#include "api/testing/fake_observation.h"

namespace kith::api {

class FakeBackend final : public Backend {
  public:
    // --- What the node is ---------------------------------------------------------------------
    NodeFacts facts;
    std::string reason_not_ready;
    Totals sums;
    std::vector<broker::ClientView> machine_list;
    std::map<std::string, broker::ClientDetail> details;
    std::vector<TopicSample> samples;  // given once
    std::vector<RetainedSample> retained_list;
    std::map<std::string, std::vector<std::string>> subscriber_list;
    std::vector<NodeEvent> event_list;  // newest first
    Result<PublishReceipt> publish_answer = PublishReceipt{};
    Status tap_answer;
    SecurityFacts security_facts;
    MeshFacts mesh_facts;
    std::vector<DirectoryEntry> directory_entries;

    FakeObservation observed;

    // --- What was asked of it -----------------------------------------------------------------
    int machine_calls = 0;
    int changed_topics_calls = 0;
    std::vector<std::string> disconnected;
    std::vector<std::string> forgotten;
    std::vector<PublishOrder> published;

    /// Answers wait for release_answers().
    bool holds_answers = false;
    void release_answers() {
        for (const auto& answer : std::exchange(held_, {})) {
            answer();
        }
    }

    /// A message passes by: every tap that it concerns sees it.
    void pass(const TappedMessage& message) {
        for (const auto& [id, tap] : *taps_) {
            const bool is_client = !tap.request.client.empty();
            if (is_client ? tap.request.client == message.client
                          : tap.request.filter == "#" || tap.request.filter == message.topic) {
                tap.sink(message);
            }
        }
    }
    [[nodiscard]] std::size_t tap_count() const { return taps_->size(); }

    NodeFacts node() override { return facts; }
    MeshFacts mesh(const MeshWanted&) override { return mesh_facts; }
    void directory(std::function<void(std::vector<DirectoryEntry>)> done) override {
        answer([done, value = directory_entries] { done(value); });
    }
    Observation& observation() override { return observed; }
    std::string not_ready_reason() override { return reason_not_ready; }
    void totals(std::function<void(Totals)> done) override {
        answer([done, value = sums] { done(value); });
    }
    void machines(std::function<void(std::vector<broker::ClientView>)> done) override {
        ++machine_calls;
        answer([done, value = machine_list] { done(value); });
    }
    void machine(const std::string& id,
                 std::function<void(std::optional<broker::ClientDetail>)> done) override {
        const auto found = details.find(id);
        auto value = found == details.end() ? std::nullopt : std::optional(found->second);
        answer([done, value] { done(value); });
    }
    void disconnect(const std::string& id, std::function<void(Status)> done) override {
        answer([this, done, id] { done(note(disconnected, id)); });
    }
    void forget(const std::string& id, std::function<void(Status)> done) override {
        answer([this, done, id] { done(note(forgotten, id)); });
    }
    void changed_topics(std::function<void(std::vector<TopicSample>)> done) override {
        ++changed_topics_calls;
        answer([done, value = std::exchange(samples, {})] { done(value); });
    }
    void retained(std::function<void(std::vector<RetainedSample>)> done) override {
        answer([done, value = retained_list] { done(value); });
    }
    void subscriber_counts(const std::vector<std::string>& topics,
                           std::function<void(std::vector<std::uint32_t>)> done) override {
        std::vector<std::uint32_t> counts;
        for (const std::string& topic : topics) {
            counts.push_back(static_cast<std::uint32_t>(subscriber_list[topic].size()));
        }
        answer([done, counts] { done(counts); });
    }
    void subscribers(const std::string& topic, std::size_t count_max,
                     std::function<void(std::vector<std::string>)> done) override {
        std::vector<std::string> ids = subscriber_list[topic];
        ids.resize(std::min(ids.size(), count_max));
        answer([done, ids] { done(ids); });
    }
    void publish(const PublishOrder& order,
                 std::function<void(Result<PublishReceipt>)> done) override {
        published.push_back(order);
        answer([done, value = publish_answer] { done(value); });
    }
    std::vector<NodeEvent> events(std::size_t count_max) override {
        std::vector<NodeEvent> newest = event_list;
        newest.resize(std::min(newest.size(), count_max));
        return newest;
    }
    Result<std::unique_ptr<Tap>> tap(const TapRequest& request,
                                     std::function<void(const TappedMessage&)> sink) override {
        if (!tap_answer) {
            return tl::unexpected(tap_answer.error());
        }
        const int id = ++last_tap_;
        taps_->emplace(id, Tapped{.request = request, .sink = std::move(sink)});
        return std::make_unique<FakeTap>(taps_, id);
    }
    SecurityFacts security() override { return security_facts; }

  private:
    struct Tapped {
        TapRequest request;
        std::function<void(const TappedMessage&)> sink;
    };
    using Taps = std::map<int, Tapped>;

    class FakeTap final : public Tap {
      public:
        FakeTap(std::shared_ptr<Taps> taps, int id) : taps_(std::move(taps)), id_(id) {}
        ~FakeTap() override { taps_->erase(id_); }

      private:
        std::shared_ptr<Taps> taps_;  // shared_ptr: a tap may outlive the fake in a test
        int id_;
    };

    void answer(std::function<void()> action) {
        if (holds_answers) {
            held_.push_back(std::move(action));
        } else {
            action();
        }
    }

    Status note(std::vector<std::string>& list, const std::string& id) {
        if (!details.contains(id)) {
            return fail(ErrorKind::NotFound, "there is no such machine");
        }
        list.push_back(id);
        return {};
    }

    std::vector<std::function<void()>> held_;
    std::shared_ptr<Taps> taps_ = std::make_shared<Taps>();
    int last_tap_ = 0;
};

}  // namespace kith::api
