#include "broker/testing/broker_rig.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/hash.h"

namespace kith::broker::testing {
namespace {

constexpr std::uint16_t kPort = 1883;

}  // namespace

SimJournal::SimJournal(storage::MessageStore& store, runtime::sim::Host& host,
                       Duration commit_delay, storage::CommitListener& listener)
    : store_(store),
      shard_(host.shard(ShardId(0))),
      commit_delay_(commit_delay),
      listener_(listener),
      timer_([this](Instant) { commit(); }),
      last_tickets_(host.shard_count()) {}

storage::CommitTicket SimJournal::submit(ShardId shard, storage::WriteBatch& batch) {
    storage::CommitTicket& last = last_tickets_[shard.value()];
    last = last.next();
    waiting_.push_back({.shard = shard, .ticket = last, .batch = std::move(batch)});
    batch = storage::WriteBatch();
    schedule();
    return last;
}

void SimJournal::read_queue(ShardId shard, const storage::QueueRead& read) {
    reads_.emplace_back(shard, read);
    schedule();
}

storage::JournalCounters SimJournal::counters() const {
    storage::JournalCounters counters = counters_;
    counters.pending_batches = waiting_.size();
    counters.pending_reads = reads_.size();
    return counters;
}

void SimJournal::resume() {
    is_stalled_ = false;
    schedule();
}

/// As mail, which wakes the shard: the caller is another one, or the test.
void SimJournal::schedule() {
    shard_.post_completion(runtime::make_mail([this](runtime::Shard& shard) {
        if (!timer_.is_armed()) {
            shard.arm_after(timer_, commit_delay_);
        }
    }));
}

void SimJournal::commit() {
    if (is_stalled_) {
        return;
    }
    if (waiting_.empty()) {
        read();
        return;
    }
    std::vector<const storage::WriteBatch*> batches;
    for (const Submitted& submitted : waiting_) {
        batches.push_back(&submitted.batch);
    }
    ASSERT_TRUE(store_.commit(batches));
    ++counters_.commits;
    const std::vector<Submitted> done = std::move(waiting_);
    waiting_.clear();
    for (const Submitted& submitted : done) {
        listener_.on_committed(submitted.shard, submitted.ticket);
    }
    read();
}

void SimJournal::read() {
    struct Filler final : storage::QueueVisitor {
        explicit Filler(storage::QueuePart& part_in) : part(part_in) {}
        void on_message(const storage::DeliveryRecord& delivery,
                        const storage::MessageRecord& message) override {
            part.found.put_message(message);
            part.found.put_delivery(delivery);
        }
        void on_dropped(const storage::DeliveryRecord& delivery,
                        storage::QueueDrop reason) override {
            part.dropped.push_back({delivery.key(), delivery.size_bytes, reason});
        }
        storage::QueuePart& part;
    };
    for (const auto& [shard, read] : std::exchange(reads_, {})) {
        storage::QueuePart part{.read = read};
        Filler filler(part);
        const auto next = store_.read_queue(read, filler);
        ASSERT_TRUE(next);
        part.next = *next;
        ++counters_.reads;
        listener_.on_queue_read(shard, std::move(part));
    }
}

void FakeAuthenticator::authenticate(const bus::AuthRequest& request,
                                     std::function<void(Result<bus::Principal>)> done) {
    const std::string password(request.password ? as_text(*request.password) : std::string_view());
    if (password == "wrong") {
        done(fail(ErrorKind::Denied, "wrong password"));
        return;
    }
    if (password == "unavailable") {
        done(fail(ErrorKind::Unavailable, "cannot tell now"));
        return;
    }
    if (password == "limit") {
        done(fail(ErrorKind::Limit, "too many tries"));
        return;
    }
    if (password == "never") {
        return;
    }
    bus::Principal principal{.name = std::string(request.user_name.value_or("anonymous")),
                             .role = bus::Role::Machine};
    if (principal.name == "viewer") {
        principal.role = bus::Role::Viewer;
    } else if (principal.name == "admin") {
        principal.role = bus::Role::Admin;
    }
    if (password == "for ten seconds") {
        principal.expires_at = shard_.wall_now() + 10s;
    }
    if (password == "later") {
        shard_.post(shard_.id(), [done, principal](runtime::Shard&) { done(principal); });
        return;
    }
    done(std::move(principal));
}

namespace {

class FakeRights final : public bus::TopicRights {
  public:
    explicit FakeRights(FakeAuthorizer::Rules rules) : rules_(std::move(rules)) {}
    bool may_publish(const bus::TopicSubject& subject, bus::TopicName topic) const override {
        return std::ranges::any_of(rules_.publish, [&](const std::string& rule) {
            const std::string filter = for_client(rule, subject);
            return bus::TopicFilter::trusted(filter).matches(topic);
        });
    }
    /// A filter is allowed if it is a rule, letter by letter, or a topic that one matches.
    bool may_subscribe(const bus::TopicSubject& subject, bus::TopicFilter filter) const override {
        return std::ranges::any_of(rules_.subscribe, [&](const std::string& rule) {
            const std::string allowed = for_client(rule, subject);
            return allowed == filter.text() ||
                   (!filter.has_wildcards() && bus::TopicFilter::trusted(allowed).matches(
                                                   bus::TopicName::trusted(filter.text())));
        });
    }
    bool publishes_everything() const override { return rules_.publishes_everything; }

  private:
    static std::string for_client(std::string rule, const bus::TopicSubject& subject) {
        static constexpr std::string_view kClient = "${client}";
        if (const std::size_t at = rule.find(kClient); at != std::string::npos) {
            rule.replace(at, kClient.size(), subject.client_id);
        }
        return rule;
    }

    FakeAuthorizer::Rules rules_;
};

class AllRights final : public bus::TopicRights {
  public:
    bool may_publish(const bus::TopicSubject&, bus::TopicName) const override { return true; }
    bool may_subscribe(const bus::TopicSubject&, bus::TopicFilter) const override { return true; }
    bool publishes_everything() const override { return true; }
};

class FakeExchange final : public bus::AuthExchange {
  public:
    explicit FakeExchange(runtime::Shard& shard) : shard_(shard) {}

    void step(Bytes bytes, std::function<void(Result<bus::AuthStep>)> done) override {
        const std::string text(as_text(bytes));
        const std::string name = text.substr(std::min(text.find(' ') + 1, text.size()));
        const Bytes welcome = as_bytes("welcome");
        const bus::AuthStep let_in{.bytes = {welcome.begin(), welcome.end()},
                                   .principal = bus::Principal{.name = name}};
        if (text == "ask") {
            const Bytes who = as_bytes("who?");
            done(bus::AuthStep{.bytes = {who.begin(), who.end()}, .principal = {}});
        } else if (text.starts_with("right ")) {
            done(let_in);
        } else if (text.starts_with("later ")) {
            shard_.post(shard_.id(), [done, let_in](runtime::Shard&) { done(let_in); });
        } else if (text == "limit") {
            done(fail(ErrorKind::Limit, "too many tries"));
        } else if (text == "unavailable") {
            done(fail(ErrorKind::Unavailable, "cannot tell now"));
        } else if (text != "never") {
            done(fail(ErrorKind::Denied, "wrong proof"));
        }
    }

  private:
    runtime::Shard& shard_;
};

}  // namespace

std::shared_ptr<const bus::TopicRights> FakeAuthorizer::rights_of(const bus::Principal& principal) {
    if (const auto known = rights_.find(principal.name); known != rights_.end()) {
        return known->second;
    }
    std::shared_ptr<const bus::TopicRights>& all = rights_[""];
    if (all == nullptr) {
        all = std::make_shared<AllRights>();
    }
    return all;
}

void FakeAuthorizer::set(const std::string& name, Rules rules) {
    rights_[name] = std::make_shared<FakeRights>(std::move(rules));
    if (on_change_) {
        on_change_();
    }
}

std::unique_ptr<bus::AuthExchange> FakeAuthenticator::begin_exchange(std::string_view method,
                                                                     const bus::AuthRequest&) {
    return method == "TEST" ? std::make_unique<FakeExchange>(shard_) : nullptr;
}

void RecordingEvents::on_event(const Event& event) {
    events.push_back({event.kind, std::string(event.client_id), std::string(event.reason)});
}

std::size_t RecordingEvents::count(EventKind kind) const {
    return static_cast<std::size_t>(std::ranges::count(events, kind, &Recorded::kind));
}

RecordingEvents::Recorded RecordingEvents::last(EventKind kind) const {
    const auto found = std::find_if(events.rbegin(), events.rend(),
                                    [kind](const Recorded& each) { return each.kind == kind; });
    EXPECT_NE(found, events.rend()) << "no " << to_string(kind);
    return found == events.rend() ? Recorded{} : *found;
}

class BrokerRig::Acceptor final : public runtime::AcceptHandler {
  public:
    Acceptor(BrokerShard& broker, runtime::Shard& shard, const runtime::SocketAddress& address)
        : broker_(broker) {
        auto listener =
            shard.network().listen({.address = address, .shared = true, .backlog = 128}, *this);
        EXPECT_TRUE(listener.has_value());
        listener_ = std::move(*listener);
    }
    void on_accept(std::unique_ptr<runtime::Stream> stream) override {
        broker_.accept(std::move(stream), {.allow_anonymous = true});
    }

  private:
    BrokerShard& broker_;
    std::unique_ptr<runtime::Listener> listener_;
};

BrokerRig::BrokerRig(const RigOptions& options)
    : options_(options),
      world_({.seed = options.seed,
              .piece_bytes_max = options.piece_bytes_max,
              .window_bytes = options.window_bytes}),
      store_(storage::make_memory_message_store()) {
    clients_ = &world_.add_host("clients", 1, log_);
    start(options.shard_count);
}

BrokerRig::~BrokerRig() {
    test_clients_.clear();
    acceptors_.clear();
    journal_.reset();
    broker_.reset();
}

void BrokerRig::start(std::uint16_t shard_count) {
    node_ = &world_.add_host("node-" + std::to_string(++generation_), shard_count, log_);
    BrokerParts parts;
    for (std::uint16_t i = 0; i < shard_count; ++i) {
        runtime::Shard& shard = node_->shard(ShardId(i));
        authenticators_.push_back(std::make_unique<FakeAuthenticator>(shard));
        parts.shards.push_back(&shard);
        parts.authenticators.push_back(authenticators_.back().get());
        authorizers_.push_back(std::make_unique<FakeAuthorizer>());
        for (const auto& [name, rules] : rules_) {
            authorizers_.back()->set(name, rules);
        }
        parts.authorizers.push_back(authorizers_.back().get());
        parts.events.push_back(&events_);
    }
    broker_ = std::make_unique<Broker>(options_.broker, parts);
    ASSERT_TRUE(broker_->recover(*store_));
    journal_ = std::make_unique<SimJournal>(*store_, *node_, options_.commit_delay, *broker_);
    broker_->start(*journal_);
    world_.run_for(10ms);  // interest travels between the shards before anybody connects
    listen();
}

void BrokerRig::listen() {
    for (std::uint16_t i = 0; i < node_->shard_count(); ++i) {
        runtime::Shard& shard = node_->shard(ShardId(i));
        shard.post_completion(runtime::make_mail([this, i](runtime::Shard& here) {
            acceptors_.push_back(std::make_unique<Acceptor>(broker_->shard(ShardId(i)), here,
                                                            node_->address(kPort)));
        }));
    }
    world_.run_for(10ms);
}

void BrokerRig::restart(std::uint16_t shard_count) {
    node_->crash();
    acceptors_.clear();
    journal_.reset();
    broker_.reset();
    authenticators_.clear();
    authorizers_.clear();
    start(shard_count);
}

void BrokerRig::set_rules(const std::string& name, const FakeAuthorizer::Rules& rules) {
    rules_[name] = rules;
    for (std::uint16_t i = 0; i < node_->shard_count(); ++i) {
        node_->shard(ShardId(i))
            .post_completion(runtime::make_mail(
                [this, i, name, rules](runtime::Shard&) { authorizers_[i]->set(name, rules); }));
    }
    settle();
}

std::string BrokerRig::id_on(std::uint16_t shard_id, const std::string& prefix) {
    std::string id;
    for (int i = 0; id.empty() || shard(0).home_of(id) != ShardId(shard_id); ++i) {
        id = prefix + "-" + std::to_string(i);
    }
    return id;
}

std::string BrokerRig::topic_on(std::uint16_t shard_id, const std::string& prefix) const {
    std::string topic;
    for (int i = 0; topic.empty() || hash_text(topic) % node_->shard_count() != shard_id; ++i) {
        topic = prefix + "/" + std::to_string(i);
    }
    return topic;
}

void BrokerRig::set_options(const BrokerOptions& options) {
    broker_->set_options(options);
    for (std::uint16_t i = 0; i < options_.shard_count; ++i) {
        shard(i).set_options(options);
    }
}

Counters BrokerRig::counters() {
    Counters sum;
    for (std::uint16_t i = 0; i < node_->shard_count(); ++i) {
        sum.add(shard(i).counters());
    }
    return sum;
}

TestClient& BrokerRig::client(std::string client_id) {
    test_clients_.push_back(std::make_unique<TestClient>(*this, std::move(client_id)));
    return *test_clients_.back();
}

TestClient::TestClient(BrokerRig& rig, std::string id) : client_id(std::move(id)), rig_(rig) {}

TestClient::~TestClient() {
    drop();
}

Answered TestClient::connect() {
    const std::size_t before = count(mqtt::PacketType::Connack);
    open_stream();
    settings.client_id = client_id;
    begin();
    const bool is_answered = rig_.world().run_until(
        [&] { return count(mqtt::PacketType::Connack) > before || stream_ == nullptr; }, 30s);
    EXPECT_TRUE(is_answered);
    return count(mqtt::PacketType::Connack) > before ? last(mqtt::PacketType::Connack) : Answered{};
}

Answered TestClient::connect_durable() {
    settings.clean_start = false;
    settings.session_expiry_interval = 0xFFFF'FFFF;
    return connect();
}

void TestClient::open_stream() {
    drop();
    framer_ = mqtt::Framer(256 * 1024 * 1024);
    is_connected_ = false;
    auto stream =
        rig_.clients().shard(ShardId(0)).network().connect(rig_.node().address(kPort), *this);
    ASSERT_TRUE(stream.has_value());
    stream_ = std::move(*stream);
    ASSERT_TRUE(rig_.world().run_until([&] { return is_connected_ || stream_ == nullptr; }, 10s));
}

void TestClient::begin() {
    decoder_.set_version(settings.version);
    send(settings);
}

void TestClient::send_raw(Bytes bytes) {
    if (stream_ != nullptr) {
        stream_->send(bytes);
    }
}

Answered TestClient::subscribe(std::string_view filter, Qos qos, mqtt::Subscription options,
                               std::uint32_t identifier) {
    options.filter = filter;
    options.maximum_qos = qos;
    mqtt::Subscribe packet{.packet_id = PacketId(++last_packet_id_)};
    packet.subscriptions = std::span(&options, 1);
    if (identifier != 0) {
        packet.subscription_identifier = identifier;
    }
    send(packet);
    return wait_for(mqtt::PacketType::Suback);
}

Answered TestClient::unsubscribe(std::string_view filter) {
    mqtt::Unsubscribe packet{.packet_id = PacketId(++last_packet_id_)};
    packet.filters = std::span(&filter, 1);
    send(packet);
    return wait_for(mqtt::PacketType::Unsuback);
}

PacketId TestClient::publish(std::string_view topic, std::string_view payload, Qos qos,
                             bool retain) {
    mqtt::Publish packet{
        .qos = qos, .retain = retain, .topic = topic, .payload = as_bytes(payload)};
    if (qos != Qos::AtMostOnce) {
        packet.packet_id = PacketId(++last_packet_id_);
    }
    send(packet);
    return packet.packet_id;
}

void TestClient::acknowledge(mqtt::PacketType type, PacketId packet_id, mqtt::ReasonCode reason) {
    send(mqtt::Acknowledgement{.type = type, .packet_id = packet_id, .reason_code = reason});
}

bool TestClient::wait_closed() {
    return rig_.world().run_until([this] { return stream_ == nullptr; }, 60s);
}

void TestClient::disconnect(mqtt::ReasonCode reason) {
    send(mqtt::Disconnect{.reason_code = reason});
    if (stream_ != nullptr) {
        stream_->close();
    }
    static_cast<void>(rig_.world().run_until([&] { return stream_ == nullptr; }, 10s));
}

void TestClient::drop() {
    if (stream_ != nullptr) {
        stream_->abort();
        stream_.reset();
    }
}

std::vector<std::string> TestClient::payloads() const {
    std::vector<std::string> all;
    for (const Received& message : received) {
        all.push_back(message.payload);
    }
    return all;
}

std::size_t TestClient::count(mqtt::PacketType type) const {
    return counts_[static_cast<std::size_t>(type)];
}

Answered TestClient::last(mqtt::PacketType type) const {
    const auto found = std::find_if(answers.rbegin(), answers.rend(),
                                    [type](const Answered& each) { return each.type == type; });
    EXPECT_NE(found, answers.rend()) << "no " << mqtt::to_string(type);
    return found == answers.rend() ? Answered{} : *found;
}

Answered TestClient::wait_for(mqtt::PacketType type) {
    const std::size_t before = count(type);
    const bool came =
        rig_.world().run_until([&] { return count(type) > before || stream_ == nullptr; }, 30s);
    EXPECT_TRUE(came);
    return count(type) > before ? last(type) : Answered{};
}

void TestClient::on_connected() {
    is_connected_ = true;
}

void TestClient::on_data(MutableBytes bytes) {
    const Status fed = framer_.feed(bytes, [this](const mqtt::Frame& frame) {
        const Result<mqtt::Packet> packet = decoder_.decode(frame);
        EXPECT_TRUE(packet.has_value()) << (packet ? "" : packet.error().text);
        if (packet) {
            on_packet(*packet);
        }
        return true;
    });
    EXPECT_TRUE(fed.has_value());
}

void TestClient::on_closed(const Error&) {
    stream_.reset();
}

void TestClient::on_publish(const mqtt::Publish& packet) {
    Received message{.topic = std::string(packet.topic),
                     .payload = std::string(as_text(packet.payload)),
                     .qos = packet.qos,
                     .retain = packet.retain,
                     .dup = packet.dup,
                     .packet_id = packet.packet_id,
                     .expiry_s = packet.message_expiry_interval,
                     .topic_alias = packet.topic_alias,
                     .identifiers = {packet.subscription_identifiers.begin(),
                                     packet.subscription_identifiers.end()}};
    const mqtt::MessageProperties::Fields fields = packet.properties.fields();
    message.response_topic = fields.response_topic.value_or("");
    message.correlation = as_text(fields.correlation_data.value_or(Bytes{}));
    message.content_type = fields.content_type.value_or("");
    message.payload_format = fields.payload_format_indicator;
    packet.properties.for_each_user_property([&](const mqtt::UserProperty& property) {
        message.user_properties.emplace_back(property.name, property.value);
    });
    received.push_back(std::move(message));
    if (acknowledges && packet.qos == Qos::AtLeastOnce) {
        acknowledge(mqtt::PacketType::Puback, packet.packet_id);
    } else if (acknowledges && packet.qos == Qos::ExactlyOnce) {
        acknowledge(mqtt::PacketType::Pubrec, packet.packet_id);
    }
}

void TestClient::on_packet(const mqtt::Packet& packet) {
    Answered answer;
    if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) {
        on_publish(*publish);
        return;
    }
    if (const auto* connack = std::get_if<mqtt::Connack>(&packet)) {
        answer = {.type = mqtt::PacketType::Connack,
                  .reason = connack->reason_code,
                  .session_present = connack->session_present,
                  .text = std::string(connack->assigned_client_identifier.value_or("")),
                  .session_expiry_s = connack->session_expiry_interval,
                  .receive_maximum = connack->receive_maximum,
                  .topic_alias_maximum = connack->topic_alias_maximum,
                  .maximum_packet_size = connack->maximum_packet_size,
                  .response_information = std::string(connack->response_information.value_or("")),
                  .authentication_method = std::string(connack->authentication_method.value_or("")),
                  .authentication_data =
                      std::string(as_text(connack->authentication_data.value_or(Bytes())))};
    } else if (const auto* auth = std::get_if<mqtt::Auth>(&packet)) {
        answer = {.type = mqtt::PacketType::Auth,
                  .reason = auth->reason_code,
                  .authentication_method = std::string(auth->authentication_method.value_or("")),
                  .authentication_data =
                      std::string(as_text(auth->authentication_data.value_or(Bytes())))};
    } else if (const auto* suback = std::get_if<mqtt::Suback>(&packet)) {
        answer = {.type = mqtt::PacketType::Suback,
                  .packet_id = suback->packet_id,
                  .reasons = {suback->reason_codes.begin(), suback->reason_codes.end()}};
    } else if (const auto* unsuback = std::get_if<mqtt::Unsuback>(&packet)) {
        answer = {.type = mqtt::PacketType::Unsuback,
                  .packet_id = unsuback->packet_id,
                  .reasons = {unsuback->reason_codes.begin(), unsuback->reason_codes.end()}};
    } else if (const auto* disconnect = std::get_if<mqtt::Disconnect>(&packet)) {
        answer = {.type = mqtt::PacketType::Disconnect,
                  .reason = disconnect->reason_code,
                  .text = std::string(disconnect->reason_string.value_or(""))};
    } else if (const auto* acknowledgement = std::get_if<mqtt::Acknowledgement>(&packet)) {
        answer = {.type = acknowledgement->type,
                  .packet_id = acknowledgement->packet_id,
                  .reason = acknowledgement->reason_code};
    }
    ++counts_[static_cast<std::size_t>(answer.type)];
    if (keeps_answers) {
        answers.push_back(answer);
    }
    if (acknowledges && answer.type == mqtt::PacketType::Pubrec && !is_failure(answer.reason)) {
        acknowledge(mqtt::PacketType::Pubrel, answer.packet_id);
    } else if (acknowledges && answer.type == mqtt::PacketType::Pubrel) {
        acknowledge(mqtt::PacketType::Pubcomp, answer.packet_id);
    }
}

}  // namespace kith::broker::testing
