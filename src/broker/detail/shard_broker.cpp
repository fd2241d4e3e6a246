#include "broker/detail/shard_broker.h"

namespace kith::broker {
namespace {

class TapSubscription final : public bus::Subscription {
  public:
    TapSubscription(Subscriber& subscriber, TenantId tenant, std::string filter,
                    bus::Subscriber& tap)
        : subscriber_(subscriber), tenant_(tenant), filter_(std::move(filter)), tap_(tap) {
        subscriber_.add_tap(tenant_, filter_, tap_);
    }
    ~TapSubscription() override { subscriber_.remove_tap(tenant_, filter_, tap_); }
    TapSubscription(const TapSubscription&) = delete;
    TapSubscription& operator=(const TapSubscription&) = delete;

  private:
    Subscriber& subscriber_;
    TenantId tenant_;
    std::string filter_;
    bus::Subscriber& tap_;
};

void visit_retained(const std::vector<RetainedRef>& all,
                    const std::function<void(const RetainedView&)>& visit) {
    for (const RetainedRef& kept : all) {
        const bus::Message message = kept->view();
        visit({.topic = message.topic.text(),
               .payload = message.payload,
               .qos = message.qos,
               .published_at = message.published_at});
    }
}

}  // namespace

ShardBroker::ShardBroker(runtime::Shard& shard, NodeShared& node, const ShardPorts& ports)
    : context_(shard, node, ports),
      holds_(context_),
      slow_clients_(context_),
      router_(context_),
      delivery_(context_),
      committer_(context_),
      mesh_interest_(context_),
      returns_(context_),
      rights_(context_),
      loader_(context_),
      moves_(context_),
      sessions_(context_),
      subscriber_(context_),
      snapshots_(context_),
      session_mail_(context_),
      connections_(context_) {
    context_.router = &router_;
    context_.delivery = &delivery_;
    context_.committer = &committer_;
    context_.returns = &returns_;
    context_.rights = &rights_;
    context_.moves = &moves_;
    context_.sessions = &sessions_;
    context_.subscriber = &subscriber_;
    context_.snapshots = &snapshots_;
    context_.holds = &holds_;
    context_.slow_clients = &slow_clients_;
    context_.loader = &loader_;
    context_.connections = &connections_;
    context_.mesh_interest = &mesh_interest_;
    if (shard.id() == ShardId(0)) {
        context_.far_side = &far_side_.emplace(context_);
    }
}

ShardBroker::~ShardBroker() = default;

void ShardBroker::start() {
    sessions_.start();
    loader_.start();
}

void ShardBroker::on_committed(storage::CommitTicket through) {
    const bool was_congested = context_.store.is_congested();
    context_.store.on_committed(through);
    if (was_congested && !context_.store.is_congested()) {
        holds_.release();
    }
}

void ShardBroker::accept(std::unique_ptr<runtime::Stream> stream, AcceptOptions options) {
    if (context_.is_closing) {
        stream->abort();
        return;
    }
    NodeShared& node = context_.node;
    // One that would be refused for its address costs nobody a handshake.
    const auto known = context_.rates.look(stream->info().remote, context_.shard.now());
    if (known != ShardRates::Connecting::Allowed) {
        turn_away(*stream, ShardRates::limit_of(known));
        return;
    }
    if (!node.connections.take()) {
        turn_away(*stream, Limit::Connections);
        return;
    }
    if (!node.pending_connections.take()) {
        node.connections.give_back();
        turn_away(*stream, Limit::PendingConnections);
        return;
    }
    connections_.add(std::move(stream), std::move(options));
}

/// Without a word: nobody has been asked for a CONNECT yet.
void ShardBroker::turn_away(runtime::Stream& stream, Limit limit) {
    ++context_.counters.connects_refused;
    const std::string address = stream.info().remote.host_to_string();
    context_.limit_log.reached(limit, {.client_id = {}, .address = address});
    stream.abort();
}

void ShardBroker::adopt(Handover handover) {
    connections_.add(std::move(handover));
}

void ShardBroker::disconnect_all() {
    context_.is_closing = true;
    std::vector<ConnectionId> all;
    connections_.for_each([&](const Connection& connection) { all.push_back(connection.id()); });
    for (const ConnectionId id : all) {
        if (Connection* connection = connections_.find(id); connection != nullptr) {
            connection->end(mqtt::ReasonCode::ServerShuttingDown, "node shuts down",
                            Connection::WillFate::Publish);
        }
    }
}

void ShardBroker::publish(const bus::Message& message,
                          std::function<void(const bus::PublishOutcome&)> done) {
    router_.publish(message, std::move(done));
}

std::unique_ptr<bus::Subscription> ShardBroker::subscribe(TenantId tenant, bus::TopicFilter filter,
                                                          bus::Subscriber& subscriber) {
    return std::make_unique<TapSubscription>(subscriber_, tenant, std::string(filter.text()),
                                             subscriber);
}

void ShardBroker::open_mesh(bus::MeshPort& mesh, std::function<void()> done) {
    CHECK(far_side_.has_value());
    far_side_->open(mesh, std::move(done));
}

void ShardBroker::on_queue_read(const storage::QueuePart& part) {
    if (part.read.reader != 0) {
        moves_.on_queue_read(part);
    } else if (far_side_ && far_side_->owns(part.read.session)) {
        far_side_->on_queue_read(part);
    } else {
        loader_.on_read(part);
    }
}

void ShardBroker::set_options(const BrokerOptions& options) {
    context_.set_options(options);
}

Counters ShardBroker::counters() {
    Counters now = context_.counters;
    const TopicSpace& space = context_.default_space;
    now.slow_clients = slow_clients_.slow_count();
    now.held_bytes = context_.memory.held_bytes();
    now.topics = space.topics.size();
    now.topics_evicted = space.topics.evicted_count();
    now.retained = space.retained.message_count();
    now.retained_bytes = space.retained.size_bytes();
    return now;
}

ClientView ShardBroker::view_of(const Session& session) const {
    ClientView view{.client_id = std::string(session.client_id()),
                    .principal = session.principal().name,
                    .disconnect_reason = session.absence == nullptr ? "" : session.absence->reason,
                    .is_online = session.is_connected(),
                    .protocol_version = session.protocol_version,
                    .session_expiry_interval_s = session.expiry_interval_s,
                    .connected_at = session.connected_at,
                    .disconnected_at = session.disconnected_at(),
                    .subscription_count = session.subscriptions.size(),
                    .queued_messages = session.outbound.message_count(),
                    .inflight_messages = session.outbound.in_window_count(),
                    .messages_in = session.traffic.messages_in,
                    .messages_out = session.traffic.messages_out,
                    .bytes_in = session.traffic.bytes_in,
                    .bytes_out = session.traffic.bytes_out,
                    .dropped = session.traffic.dropped};
    if (const Connection* connection = session.connection; connection != nullptr) {
        const runtime::StreamInfo info = connection->stream_info();
        view.remote_address = info.remote.to_string();
        view.transport = info.transport;
        view.is_clean_start = connection->is_clean_start();
        view.keep_alive_s = connection->keep_alive_s();
        view.receive_maximum = connection->receive_maximum();
        view.last_received_at =
            context_.shard.wall_now() -
            std::chrono::milliseconds(to_ms(context_.shard.now() - connection->last_received()));
    }
    return view;
}

void ShardBroker::for_each_client(const std::function<void(const ClientView&)>& visit) {
    sessions_.for_each([&](const Session& session) {
        if (!session.is_gone) {
            visit(view_of(session));
        }
    });
}

std::optional<ClientDetail> ShardBroker::client(std::string_view client_id) {
    const Session* session = sessions_.find(kDefaultTenant, client_id);
    if (session == nullptr) {
        return std::nullopt;
    }
    ClientDetail detail{.client = view_of(*session), .subscriptions = {}, .will = std::nullopt};
    SubscriptionIndex& index = context_.default_space.index;
    for (const auto& [place, id] : session->subscriptions) {
        const Subscription& subscription = index.at(id);
        detail.subscriptions.push_back(
            {.filter = index.text(subscription),
             .maximum_qos = subscription.options.maximum_qos(),
             .no_local = subscription.options.no_local(),
             .retain_as_published = subscription.options.retain_as_published(),
             .identifier = subscription.identifier});
    }
    if (session->will != nullptr) {
        const bus::Message message = session->will->message->view();
        detail.will = WillView{.topic = std::string(message.topic.text()),
                               .qos = message.qos,
                               .retain = message.retain,
                               .delay_s = session->will->delay_s};
    }
    return detail;
}

bool ShardBroker::disconnect(std::string_view client_id, const char* reason) {
    Session* session = sessions_.find(kDefaultTenant, client_id);
    if (session == nullptr || session->connection == nullptr) {
        return false;
    }
    session->connection->end(mqtt::ReasonCode::AdministrativeAction, reason,
                             Connection::WillFate::Publish);
    return true;
}

void ShardBroker::disconnect_principals(
    const std::function<bool(const bus::Principal& principal)>& is_ended, const char* reason) {
    std::vector<Connection*> connections;  // first all, because sessions may end with them
    sessions_.for_each([&](const Session& session) {
        if (session.connection != nullptr && is_ended(session.principal())) {
            connections.push_back(session.connection);
        }
    });
    for (Connection* connection : connections) {
        connection->end(mqtt::ReasonCode::NotAuthorized, reason, Connection::WillFate::Publish);
    }
}

bool ShardBroker::forget(std::string_view client_id) {
    Session* session = sessions_.find(kDefaultTenant, client_id);
    if (session == nullptr) {
        return false;
    }
    context_.events.on_event({.kind = EventKind::SessionEnded,
                              .at = context_.shard.wall_now(),
                              .client_id = client_id,
                              .reason = "session removed"});
    sessions_.remove(
        *session, {.reason = mqtt::ReasonCode::AdministrativeAction, .words = "session removed"});
    return true;
}

TopicView ShardBroker::view_of(const TopicEntry& entry) {
    const Session* publisher = sessions_.find(entry.last_publisher);
    return {.topic = entry.topic,
            .message_count = entry.message_count,
            .byte_count = entry.byte_count,
            .last_payload = entry.last_payload,
            .last_payload_bytes = entry.last_payload_bytes,
            .last_at = entry.last_at,
            .last_publisher = publisher == nullptr ? std::string_view() : publisher->client_id(),
            .last_qos = entry.last_qos,
            .last_retain = entry.last_retain};
}

void ShardBroker::drain_changed_topics(const std::function<void(const TopicView&)>& visit) {
    context_.default_space.topics.drain_changed(
        kTopicsDrainedMax, [&](const TopicEntry& entry) { visit(view_of(entry)); });
}

void ShardBroker::for_each_topic(const std::function<void(const TopicView&)>& visit) {
    context_.default_space.topics.for_each([&](const TopicEntry& entry) {
        if (entry.message_count > 0) {
            visit(view_of(entry));
        }
    });
}

void ShardBroker::for_each_retained(const std::function<void(const RetainedView&)>& visit) {
    visit_retained(context_.default_space.retained.all(context_.message_now()), visit);
    snapshots_.forget_expired();
}

void ShardBroker::for_each_machine_entry(const std::function<void(const RetainedView&)>& visit) {
    visit_retained(context_.default_space.retained.match(bus::TopicFilter::trusted("$mesh/dir/+"),
                                                         context_.message_now()),
                   visit);
    snapshots_.forget_expired();
}

std::vector<std::string> ShardBroker::subscribers_of(std::string_view topic,
                                                     std::size_t count_max) {
    Route route;
    context_.default_space.index.resolve(bus::TopicName::trusted(topic), route);
    std::vector<std::string> ids;
    for (const Target& target : route.targets) {
        if (ids.size() == count_max) {
            break;
        }
        ids.emplace_back(target.session->client_id());
    }
    return ids;
}

std::uint32_t ShardBroker::subscriber_count(std::string_view topic) {
    Route route;
    context_.default_space.index.resolve(bus::TopicName::trusted(topic), route);
    return static_cast<std::uint32_t>(route.targets.size() + route.groups.size());
}

void ShardBroker::watch_client(std::string_view client_id, ClientWatcher& watcher) {
    sessions_.watches().add(client_id, watcher);
    context_.tracer.add_onlooker();
    if (Session* session = sessions_.find(kDefaultTenant, client_id); session != nullptr) {
        session->watchers = sessions_.watches().find(client_id);
    }
}

void ShardBroker::unwatch_client(std::string_view client_id, ClientWatcher& watcher) {
    sessions_.watches().remove(client_id, watcher);
    context_.tracer.remove_onlooker();
    if (Session* session = sessions_.find(kDefaultTenant, client_id); session != nullptr) {
        session->watchers = sessions_.watches().find(client_id);
    }
}

void ShardBroker::start_trace(const TraceSpec& spec, TraceSink& sink) {
    context_.tracer.start(spec, sink);
}

void ShardBroker::stop_trace(std::uint8_t slot) {
    context_.tracer.stop(slot);
}

void ShardBroker::log_packets(std::string_view client_id, PacketLogSink& sink) {
    if (context_.packet_log.add(client_id, sink)) {
        context_.tracer.add_onlooker();
    }
}

void ShardBroker::end_packet_log(std::string_view client_id) {
    if (context_.packet_log.remove(client_id)) {
        context_.tracer.remove_onlooker();
    }
}

ShardId ShardBroker::home_of(std::string_view client_id) const {
    return sessions_.home_of(kDefaultTenant, client_id);
}

}  // namespace kith::broker
