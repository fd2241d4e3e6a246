#include "node/broker_backend.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include "api/limits.h"
#include "node/client_tap.h"
#include "node/process_facts.h"
#include "node/security_facts.h"
#include "runtime/gather.h"
#include "wire/mqtt/encoder.h"

namespace kith::node {
namespace {

/// Topics that the node alone writes, whoever asks.
bool is_nodes_own(std::string_view topic) {
    return topic.starts_with("$SYS") || topic.starts_with("$events") || topic.starts_with("$mesh");
}

api::TopicSample to_sample(ShardId shard, const broker::TopicView& view) {
    return {.shard = shard,
            .topic = std::string(view.topic),
            .message_count = view.message_count,
            .byte_count = view.byte_count,
            .payload = std::string(as_text(view.last_payload)),
            .payload_bytes = view.last_payload_bytes,
            .at = view.last_at,
            .publisher = std::string(view.last_publisher),
            .qos = view.last_qos,
            .is_retain = view.last_retain};
}

api::RetainedSample to_sample(const broker::RetainedView& view) {
    const std::size_t kept = std::min(view.payload.size(), api::kPayloadPrefixBytes);
    return {.topic = std::string(view.topic),
            .payload = std::string(as_text(view.payload.first(kept))),
            .payload_bytes = static_cast<std::uint32_t>(view.payload.size()),
            .at = view.published_at,
            .qos = view.qos};
}

/// What one shard counts.
struct ShardTotals {
    broker::Counters broker;
    runtime::ShardCounters runtime;
    broker::DelayHistogram loop_lag;
    api::CredentialCounters credentials;
};

/// All elements of all lists, in order.
template <typename T>
std::vector<T> joined(std::vector<std::vector<T>> lists) {
    std::vector<T> all = std::move(lists.front());
    for (auto list = lists.begin() + 1; list != lists.end(); ++list) {
        std::ranges::move(*list, std::back_inserter(all));
    }
    return all;
}

std::vector<std::uint8_t> properties_of(const api::PublishOrder& order) {
    mqtt::MessageProperties::Fields fields;
    if (!order.content_type.empty()) {
        fields.content_type = order.content_type;
    }
    if (!order.response_topic.empty()) {
        fields.response_topic = order.response_topic;
    }
    std::vector<mqtt::UserProperty> user_properties;
    for (const auto& [name, value] : order.user_properties) {
        user_properties.push_back({.name = name, .value = value});
    }
    return mqtt::encode_message_properties(fields, user_properties);
}

/// Shows a tap what the bus shows it.
class FilterTap final : public api::Tap, public bus::Subscriber {
  public:
    explicit FilterTap(std::function<void(const api::TappedMessage&)> sink)
        : sink_(std::move(sink)) {}

    void start(broker::BrokerShard& broker, bus::TopicFilter filter) {
        subscription_ = broker.subscribe(kDefaultTenant, filter, *this);
    }
    void on_message(const bus::Message& message) override {
        sink_({.at = message.published_at,
               .direction = api::Direction::In,
               .client = {},
               .topic = message.topic.text(),
               .payload = message.payload,
               .qos = message.qos,
               .retain = message.retain});
    }

  private:
    std::function<void(const api::TappedMessage&)> sink_;
    std::unique_ptr<bus::Subscription> subscription_;
};

void add_to(runtime::ShardCounters& sum, const runtime::ShardCounters& each) {
    using Member = std::uint64_t runtime::ShardCounters::*;
    static constexpr Member kMembers[] = {&runtime::ShardCounters::turns,
                                          &runtime::ShardCounters::streams_accepted,
                                          &runtime::ShardCounters::accept_pauses,
                                          &runtime::ShardCounters::mail_overflows,
                                          &runtime::ShardCounters::wakeups_sent,
                                          &runtime::ShardCounters::turns_lent,
                                          &runtime::ShardCounters::datagrams_dropped,
                                          &runtime::ShardCounters::tls_handshakes_open,
                                          &runtime::ShardCounters::tls_handshakes_done,
                                          &runtime::ShardCounters::tls_handshakes_refused,
                                          &runtime::ShardCounters::proxy_headers,
                                          &runtime::ShardCounters::proxy_refused_untrusted,
                                          &runtime::ShardCounters::proxy_refused_header,
                                          &runtime::ShardCounters::proxy_refused_timeout,
                                          &runtime::ShardCounters::proxy_refused_limit};
    for (const Member member : kMembers) {
        sum.*member += each.*member;
    }
    std::ranges::transform(sum.tls_handshakes_failed, each.tls_handshakes_failed,
                           sum.tls_handshakes_failed.begin(), std::plus{});
}

}  // namespace

api::NodeEvent to_api_event(const NodeEvent& event) {
    return {.at = event.at,
            .kind = event.kind,
            .machine = event.client_id,
            .text = event.text,
            .address = event.address,
            .reason = event.reason,
            .transport = event.transport};
}

void BrokerBackend::set_store_state(bool is_healthy, const std::string& reason) {
    facts_.is_store_healthy = is_healthy;
    facts_.store_reason = is_healthy ? std::string() : reason;
}

std::string BrokerBackend::not_ready_reason() {
    if (!is_ready_) {
        return "the node is starting";
    }
    return facts_.is_store_healthy ? std::string()
                                   : "the store does not work: " + facts_.store_reason;
}

template <typename T>
void BrokerBackend::ask_all(std::function<T(broker::BrokerShard&)> question,
                            std::function<void(std::vector<T>)> done) {
    runtime::gather<T>(
        parts_.shard,
        [broker = &parts_.broker, question = std::move(question)](runtime::Shard& shard) {
            return question(broker->shard(shard.id()));
        },
        std::move(done));
}

template <typename T>
void BrokerBackend::ask_home(const std::string& client_id,
                             std::function<T(broker::BrokerShard&)> question,
                             std::function<void(T)> done) {
    const ShardId home = here().home_of(client_id);
    parts_.shard.post(
        home, [broker = &parts_.broker, back = parts_.shard.id(), question = std::move(question),
               done = std::move(done)](runtime::Shard& shard) {
            shard.post(back, [done, answer = question(broker->shard(shard.id()))](
                                 runtime::Shard&) mutable { done(std::move(answer)); });
        });
}

void BrokerBackend::totals(std::function<void(api::Totals)> done) {
    runtime::gather<ShardTotals>(
        parts_.shard,
        [broker = &parts_.broker, probes = parts_.probes,
         credentials = parts_.credentials](runtime::Shard& shard) {
            ShardTotals totals{
                .broker = broker->shard(shard.id()).counters(),
                .runtime = shard.counters(),
                .loop_lag = {},
                .credentials = credentials ? credentials(shard) : api::CredentialCounters()};
            if (!probes.empty()) {
                totals.loop_lag = probes.at(shard.id().value())->lag();
            }
            return totals;
        },
        [this, done = std::move(done)](const std::vector<ShardTotals>& each) {
            const storage::JournalCounters journal = parts_.journal.counters();
            api::Totals totals{.resident_bytes = resident_bytes(),
                               .stored_bytes = file_bytes(parts_.store_files),
                               .runtime = {},
                               .loop_lag = {},
                               .credentials = {},
                               .store_commits = journal.commits,
                               .store_changes = journal.changes,
                               .store_bytes = journal.bytes,
                               .store_pending_batches = journal.pending_batches,
                               .store_pending_bytes = journal.pending_bytes,
                               .store_failures = journal.failures,
                               .commit_us_max = journal.commit_us_max,
                               .limits = {},
                               .commit_us_p99 = journal.commit_us_p99,
                               .store_messages = journal.messages,
                               .store_reads = journal.reads,
                               .store_read_failures = journal.read_failures,
                               .store_files = {},
                               .mesh = parts_.mesh({}).health};
            for (const std::string& path : parts_.store_files) {
                totals.store_files.push_back(
                    {.name = path.substr(path.rfind('/') + 1), .bytes = file_bytes({path})});
            }
            for (const ShardTotals& shard : each) {
                totals.broker.add(shard.broker);
                add_to(totals.runtime, shard.runtime);
                totals.loop_lag.add(shard.loop_lag);
                totals.credentials.add(shard.credentials);
            }
            totals.limits = parts_.broker.limits(totals.broker);
            done(totals);
        });
}

void BrokerBackend::machines(std::function<void(std::vector<broker::ClientView>)> done) {
    using Views = std::vector<broker::ClientView>;
    ask_all<Views>(
        [](broker::BrokerShard& broker) {
            Views views;
            broker.for_each_client([&](const broker::ClientView& view) { views.push_back(view); });
            return views;
        },
        [done = std::move(done)](std::vector<Views> lists) { done(joined(std::move(lists))); });
}

void BrokerBackend::machine(const std::string& id,
                            std::function<void(std::optional<broker::ClientDetail>)> done) {
    ask_home<std::optional<broker::ClientDetail>>(
        id, [id](broker::BrokerShard& broker) { return broker.client(id); }, std::move(done));
}

void BrokerBackend::disconnect(const std::string& id, std::function<void(Status)> done) {
    ask_home<bool>(
        id,
        [id](broker::BrokerShard& broker) {
            return broker.disconnect(id, "disconnected by an operator");
        },
        [done = std::move(done)](bool was_connected) {
            done(was_connected ? Status() : fail(ErrorKind::NotFound, "not connected"));
        });
}

void BrokerBackend::forget(const std::string& id, std::function<void(Status)> done) {
    ask_home<bool>(
        id, [id](broker::BrokerShard& broker) { return broker.forget(id); },
        [done = std::move(done)](bool was_known) {
            done(was_known ? Status() : fail(ErrorKind::NotFound, "no such machine"));
        });
}

void BrokerBackend::changed_topics(std::function<void(std::vector<api::TopicSample>)> done) {
    using Samples = std::vector<api::TopicSample>;
    runtime::gather<Samples>(
        parts_.shard,
        [broker = &parts_.broker](runtime::Shard& shard) {
            Samples samples;
            broker->shard(shard.id()).drain_changed_topics([&](const broker::TopicView& view) {
                samples.push_back(to_sample(shard.id(), view));
            });
            return samples;
        },
        [done = std::move(done)](std::vector<Samples> lists) { done(joined(std::move(lists))); });
}

void BrokerBackend::retained(std::function<void(std::vector<api::RetainedSample>)> done) {
    using Samples = std::vector<api::RetainedSample>;
    ask_all<Samples>(
        [](broker::BrokerShard& broker) {
            Samples samples;
            broker.for_each_retained(
                [&](const broker::RetainedView& view) { samples.push_back(to_sample(view)); });
            return samples;
        },
        [done = std::move(done)](std::vector<Samples> lists) { done(joined(std::move(lists))); });
}

void BrokerBackend::subscriber_counts(const std::vector<std::string>& topics,
                                      std::function<void(std::vector<std::uint32_t>)> done) {
    using Counts = std::vector<std::uint32_t>;
    ask_all<Counts>(
        [topics](broker::BrokerShard& broker) {
            Counts counts;
            for (const std::string& topic : topics) {
                counts.push_back(broker.subscriber_count(topic));
            }
            return counts;
        },
        [done = std::move(done)](std::vector<Counts> lists) {
            Counts sums = std::move(lists.front());
            for (std::size_t shard = 1; shard < lists.size(); ++shard) {
                std::ranges::transform(sums, lists[shard], sums.begin(), std::plus{});
            }
            done(std::move(sums));
        });
}

void BrokerBackend::directory(std::function<void(std::vector<api::DirectoryEntry>)> done) {
    using Entries = std::vector<api::DirectoryEntry>;
    ask_all<Entries>(
        [](broker::BrokerShard& broker) {
            Entries entries;
            broker.for_each_machine_entry([&](const broker::RetainedView& view) {
                entries.push_back(
                    {.machine = std::string(view.topic.substr(bus::kDirectoryPrefix.size())),
                     .payload = std::string(as_text(view.payload))});
            });
            return entries;
        },
        [done = std::move(done)](std::vector<Entries> lists) { done(joined(std::move(lists))); });
}

void BrokerBackend::subscribers(const std::string& topic, std::size_t count_max,
                                std::function<void(std::vector<std::string>)> done) {
    using Ids = std::vector<std::string>;
    ask_all<Ids>(
        [topic, count_max](broker::BrokerShard& broker) {
            return broker.subscribers_of(topic, count_max);
        },
        [count_max, done = std::move(done)](std::vector<Ids> lists) {
            Ids all = joined(std::move(lists));
            all.resize(std::min(all.size(), count_max));
            done(std::move(all));
        });
}

void BrokerBackend::publish(const api::PublishOrder& order,
                            std::function<void(Result<api::PublishReceipt>)> done) {
    const Result<bus::TopicName> topic = bus::TopicName::create(order.topic);
    if (!topic) {
        done(tl::unexpected(topic.error()));
        return;
    }
    if (is_nodes_own(order.topic)) {
        done(fail(ErrorKind::Invalid, "the node alone publishes to this topic"));
        return;
    }
    const std::vector<std::uint8_t> properties = properties_of(order);
    here().publish({.topic = *topic,
                    .payload = as_bytes(order.payload),
                    .properties = properties,
                    .qos = order.qos,
                    .retain = order.retain,
                    .publisher = {},
                    .published_at = parts_.shard.wall_now(),
                    .expires_at = {}},
                   [done = std::move(done)](const bus::PublishOutcome& outcome) {
                       if (outcome.is_refused) {
                           done(fail(ErrorKind::Limit, "as many retained messages as allowed"));
                           return;
                       }
                       done(api::PublishReceipt{.is_durable = outcome.is_durable,
                                                .receiver_count = outcome.receiver_count});
                   });
}

std::vector<api::NodeEvent> BrokerBackend::events(std::size_t count_max) {
    std::vector<api::NodeEvent> newest;
    const auto& kept = parts_.events.events();
    for (auto event = kept.rbegin(); event != kept.rend() && newest.size() < count_max; ++event) {
        newest.push_back(to_api_event(*event));
    }
    return newest;
}

Result<std::unique_ptr<api::Tap>> BrokerBackend::tap(
    const api::TapRequest& request, std::function<void(const api::TappedMessage&)> sink) {
    if (!request.client.empty()) {
        return tap_client(parts_.shard, parts_.broker, request.client, std::move(sink));
    }
    TRY_ASSIGN(const bus::TopicFilter filter, bus::TopicFilter::create(request.filter));
    auto made = std::make_unique<FilterTap>(std::move(sink));
    made->start(here(), filter);
    return std::unique_ptr<api::Tap>(std::move(made));
}

api::SecurityFacts BrokerBackend::security() {
    api::SecurityFacts facts = security_;
    facts.exposed_files = exposed_files(parts_.data_directory);
    const DiskSpace disk = disk_space(parts_.data_directory);
    facts.disk_bytes = disk.bytes;
    facts.disk_free_bytes = disk.free_bytes;
    return facts;
}

}  // namespace kith::node
