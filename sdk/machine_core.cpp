#include "sdk/machine_core.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/utf8.h"
#include "bus/topic.h"
#include "wire/mqtt/encoder.h"

namespace kith::sdk {
namespace {

constexpr std::string_view kErrorProperty = "error";
constexpr std::size_t kPropertyBytesMax = 65'535;  // MQTT 5.0, section 1.5.4

bool is_property_text(std::string_view text) {
    return text.size() <= kPropertyBytesMax && is_mqtt_utf8(as_bytes(text));
}

/// The fields of a message that is to be published, as they go over the wire.
struct Properties {
    std::string content_type;
    std::string response_topic;
    std::string correlation_data;
    std::vector<std::pair<std::string, std::string>> user_properties;
};

Outcome<std::vector<std::uint8_t>> encode(const Properties& properties) {
    bool is_fine =
        is_property_text(properties.content_type) && is_property_text(properties.response_topic);
    std::vector<mqtt::UserProperty> user_properties;
    for (const auto& [name, value] : properties.user_properties) {
        is_fine = is_fine && is_property_text(name) && is_property_text(value);
        user_properties.push_back({.name = name, .value = value});
    }
    if (!is_fine) {
        return Failure{FailureKind::Invalid, "a property is UTF-8 of at most 65,535 bytes"};
    }
    mqtt::MessageProperties::Fields fields;
    if (!properties.content_type.empty()) {
        fields.content_type = properties.content_type;
    }
    if (!properties.response_topic.empty()) {
        fields.response_topic = properties.response_topic;
    }
    if (!properties.correlation_data.empty()) {
        fields.correlation_data = as_bytes(properties.correlation_data);
    }
    return mqtt::encode_message_properties(fields, user_properties);
}

Message to_message(const mqtt::Publish& packet) {
    Message message{.topic = std::string(packet.topic),
                    .payload = std::string(as_text(packet.payload)),
                    .delivery = static_cast<Delivery>(packet.qos),
                    .retained = packet.retain};
    const mqtt::MessageProperties::Fields fields = packet.properties.fields();
    message.content_type = fields.content_type.value_or("");
    message.response_topic = fields.response_topic.value_or("");
    message.correlation_data = as_text(fields.correlation_data.value_or(Bytes{}));
    packet.properties.for_each_user_property([&](const mqtt::UserProperty& property) {
        message.user_properties.emplace_back(property.name, property.value);
    });
    return message;
}

std::string inbox_of(const std::string& id) {
    return "$to/" + id + "/reply/call";
}

std::string commands_of(const std::string& id) {
    return "$m/" + id + "/command/";
}

void call_done(const DoneHandler& done, Done outcome) {
    if (done) {
        done(std::move(outcome));
    }
}

}  // namespace

MachineCore::MachineCore(runtime::Shard& shard, std::string id, const MakeCarrier& make_carrier,
                         LinkHandler on_link)
    : shard_(shard),
      id_(std::move(id)),
      on_link_(std::move(on_link)),
      carrier_(make_carrier(shard, *this)),
      run_(std::to_string(shard.random().next())),
      self_(std::make_shared<MachineCore*>(this)) {}

MachineCore::~MachineCore() {
    *self_ = nullptr;
}

void MachineCore::on_carrier_up() {
    if (on_link_) {
        on_link_({.is_connected = true, .reason = {}});
    }
}

void MachineCore::on_carrier_down(const Failure& reason) {
    last_reason_ = reason;
    if (on_link_) {
        on_link_({.is_connected = false, .reason = reason});
    }
}

// --- Messages ----------------------------------------------------------------------------------

void MachineCore::publish(std::string topic, std::string payload, const PublishOptions& options,
                          DoneHandler done) {
    auto properties =
        encode({.content_type = options.content_type, .user_properties = options.user_properties});
    if (!properties) {
        call_done(done, properties.failure());
        return;
    }
    const Done added = carrier_->publish(
        {.topic = std::move(topic),
         .payload = std::move(payload),
         .qos = static_cast<Qos>(options.delivery),
         .retain = options.retain,
         .expires_at = options.expiry > options.expiry.zero() ? shard_.now() + options.expiry
                                                              : Instant::never(),
         .properties = std::move(*properties)},
        done);
    if (!added) {
        call_done(done, added);
    }
}

void MachineCore::subscribe(std::string filter, Machine::MessageHandler handler, Delivery delivery,
                            DoneHandler done) {
    const auto known = subscriptions_.find(filter);
    const std::uint32_t identifier =
        known != subscriptions_.end() ? known->second->identifier : last_identifier_ + 1;
    const Done added = carrier_->subscribe(
        filter, {.maximum_qos = static_cast<Qos>(delivery), .identifier = identifier},
        [this, filter, identifier, done](Done outcome) {
            if (!outcome && outcome.failure().kind == FailureKind::Refused) {
                by_identifier_.erase(identifier);
                subscriptions_.erase(filter);
            }
            call_done(done, std::move(outcome));
        });
    if (!added) {
        call_done(done, added);
        return;
    }
    // Known before the first message can come.
    last_identifier_ = std::max(last_identifier_, identifier);
    const auto subscription = std::make_shared<Subscription>(
        Subscription{.filter = filter, .identifier = identifier, .handler = std::move(handler)});
    by_identifier_[identifier] = subscription;
    subscriptions_[std::move(filter)] = subscription;
}

void MachineCore::unsubscribe(const std::string& filter, DoneHandler done) {
    const Done removed = carrier_->unsubscribe(filter, done);
    if (!removed) {
        call_done(done, removed);
        return;
    }
    if (const auto known = subscriptions_.find(filter); known != subscriptions_.end()) {
        by_identifier_.erase(known->second->identifier);
        subscriptions_.erase(known);
    }
}

void MachineCore::on_message(const mqtt::Publish& packet) {
    // Found first, called then: handlers subscribe and unsubscribe.
    std::vector<std::shared_ptr<Subscription>> targets;
    for (const std::uint32_t identifier : packet.subscription_identifiers) {
        if (const auto found = by_identifier_.find(identifier); found != by_identifier_.end()) {
            targets.push_back(found->second);
        }
    }
    if (packet.subscription_identifiers.empty()) {
        // A node without subscription identifiers.
        const bus::TopicName topic = bus::TopicName::trusted(packet.topic);
        for (const auto& [filter, subscription] : subscriptions_) {
            const auto parsed = bus::SubscriptionFilter::create(filter);
            if (parsed && parsed->filter.matches(topic)) {
                targets.push_back(subscription);
            }
        }
    }
    const Message message = to_message(packet);
    for (const std::shared_ptr<Subscription>& target : targets) {
        target->handler(message);
    }
}

// --- Calls -------------------------------------------------------------------------------------

void MachineCore::open_inbox(Inbox& inbox, const std::string& filter,
                             Machine::MessageHandler handler, DoneHandler done) {
    if (inbox.state == Inbox::State::Open) {
        call_done(done, {});
        return;
    }
    inbox.waiting.push_back(std::move(done));
    if (inbox.state == Inbox::State::Opening) {
        return;
    }
    inbox.state = Inbox::State::Opening;
    subscribe(filter, std::move(handler), Delivery::ExactlyOnce, [&inbox](const Done& outcome) {
        inbox.state = outcome ? Inbox::State::Open : Inbox::State::Closed;
        for (const DoneHandler& each : std::exchange(inbox.waiting, {})) {
            call_done(each, outcome);
        }
    });
}

void MachineCore::call(CallOptions call, AnswerHandler answered) {
    if (!is_level(call.machine) || !is_level(call.method)) {
        answered(Failure{FailureKind::Invalid, "a machine and a method are one topic level each"});
        return;
    }
    if (calls_.size() >= kCallsMax) {
        answered(Failure{FailureKind::Limit, "too many calls wait for an answer"});
        return;
    }
    const std::uint64_t number = ++last_call_;
    auto timer = std::make_unique<runtime::CallbackTimer>(
        [this, number](Instant) { on_call_timeout(number); });
    shard_.arm_after(*timer, call.timeout);
    calls_.emplace(number, Call{.options = std::move(call),
                                .answered = std::move(answered),
                                .timer = std::move(timer)});
    open_inbox(
        answers_, inbox_of(id_), [this](const Message& message) { on_answer(message); },
        [this, number](const Done& outcome) {
            if (outcome) {
                send_call(number);
            } else {
                end_call(number, outcome.failure());
            }
        });
}

void MachineCore::send_call(std::uint64_t number) {
    const auto found = calls_.find(number);
    if (found == calls_.end()) {
        return;
    }
    Call& call = found->second;
    const auto properties = encode(
        {.response_topic = inbox_of(id_), .correlation_data = run_ + ':' + std::to_string(number)});
    const Done added =
        carrier_->publish({.topic = commands_of(call.options.machine) + call.options.method,
                           .payload = std::move(call.options.payload),
                           .qos = Qos::ExactlyOnce,
                           .needs_receiver = true,
                           .expires_at = call.timer->deadline(),
                           .properties = *properties},
                          [this, number](const Done& outcome) {
                              if (!outcome) {
                                  end_call(number, call_failure(number, outcome.failure()));
                              }
                          });
    if (!added) {
        end_call(number, added.failure());
    }
}

/// In the words of who called, instead of those of the topic.
Failure MachineCore::call_failure(std::uint64_t number, const Failure& failure) const {
    const auto call = calls_.find(number);
    if (failure.kind != FailureKind::Absent || call == calls_.end()) {
        return failure;
    }
    return {FailureKind::Absent, call->second.options.machine + " serves no calls now"};
}

void MachineCore::on_call_timeout(std::uint64_t number) {
    if (!is_connected()) {
        end_call(number, Failure{FailureKind::Offline, "no connection: " + last_reason_.text});
        return;
    }
    const CallOptions& call = calls_.at(number).options;
    end_call(number, Failure{FailureKind::Timeout,
                             call.machine + " did not answer " + call.method + " in time"});
}

void MachineCore::on_answer(const Message& message) {
    const std::string_view text = message.correlation_data;
    if (text.size() <= run_.size() + 1 || !text.starts_with(run_) || text[run_.size()] != ':') {
        return;
    }
    std::uint64_t number = 0;
    const auto [end, error] =
        std::from_chars(text.data() + run_.size() + 1, text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
        return;
    }
    for (const auto& [name, value] : message.user_properties) {
        if (name == kErrorProperty) {
            end_call(number, Failure{FailureKind::Refused, value});
            return;
        }
    }
    end_call(number, message.payload);
}

/// Taken out first: who is told may call again. The timer may be what calls this, so it goes last.
void MachineCore::end_call(std::uint64_t number, Outcome<std::string> answer) {
    const auto call = calls_.extract(number);
    if (!call.empty()) {
        call.mapped().answered(std::move(answer));
    }
}

// --- Methods -----------------------------------------------------------------------------------

void MachineCore::serve(std::string method, ServeHandler handler, DoneHandler done) {
    if (!is_level(method)) {
        call_done(done, Failure{FailureKind::Invalid, "a method is one topic level"});
        return;
    }
    if (methods_.size() >= kSubscriptionsMax && !methods_.contains(method)) {
        call_done(done, Failure{FailureKind::Limit, "too many methods"});
        return;
    }
    methods_[std::move(method)] = std::make_shared<ServeHandler>(std::move(handler));
    open_inbox(
        commands_, commands_of(id_) + '#', [this](const Message& message) { on_command(message); },
        std::move(done));
}

/// "brew" or "brew/17" of `$m/<id>/command/brew/17`.
std::string_view MachineCore::called_part(const Message& command) const {
    const std::string_view topic = command.topic;
    return topic.substr(std::min(commands_of(id_).size(), topic.size()));
}

void MachineCore::on_command(const Message& command) {
    // What is retained was not meant for now, and would be done again after each connection.
    if (command.retained) {
        return;
    }
    const std::string_view called = called_part(command);
    const std::string_view method = called.substr(0, called.find('/'));
    const auto found = methods_.find(method);
    if (found == methods_.end()) {
        answer(command,
               Failure{FailureKind::Refused, id_ + " has no method '" + std::string(method) + "'"});
        return;
    }
    const Request request{.method = std::string(method),
                          .payload = command.payload,
                          .user_properties = command.user_properties};
    // Kept while it runs, though it may replace itself.
    const std::shared_ptr<ServeHandler> handler = found->second;
    // shared_ptr: a reply may be copied, and counts once.
    const auto is_answered = std::make_shared<bool>(false);
    (*handler)(request, [self = self_, command, is_answered](const Outcome<std::string>& outcome) {
        if (*self != nullptr && !std::exchange(*is_answered, true)) {
            (*self)->answer(command, outcome);
        }
    });
}

void MachineCore::answer(const Message& command, const Outcome<std::string>& outcome) {
    Properties properties{.correlation_data = command.correlation_data};
    std::string payload = outcome ? *outcome : outcome.failure().text;
    if (!outcome) {
        properties.user_properties.emplace_back(
            kErrorProperty, is_property_text(payload) ? payload : std::string("failed"));
    }
    std::string topic = command.response_topic;
    if (topic.empty()) {
        const std::string_view called = called_part(command);
        const std::size_t slash = called.find('/');
        topic = "$m/" + id_ + "/reply/";
        topic += slash == std::string_view::npos ? called : called.substr(slash + 1);
    }
    const auto encoded = encode(properties);
    // Who asked for an answer at an impossible place gets none.
    const Done ignored = carrier_->publish({.topic = std::move(topic),
                                            .payload = std::move(payload),
                                            .qos = Qos::AtLeastOnce,
                                            .properties = *encoded},
                                           nullptr);
    static_cast<void>(ignored);
}

// --- Timers ------------------------------------------------------------------------------------

void MachineCore::after(Duration delay, std::function<void()> action) {
    add_timer(delay, Duration::zero(), std::move(action));
}

void MachineCore::every(Duration interval, std::function<void()> action) {
    add_timer(interval, std::max<Duration>(interval, 1ms), std::move(action));
}

void MachineCore::add_timer(Duration delay, Duration interval, std::function<void()> action) {
    if (timers_.size() >= kTimersMax) {
        return;
    }
    const auto added =
        timers_.insert(timers_.end(), {.action = std::move(action), .interval = interval});
    added->timer = std::make_unique<runtime::CallbackTimer>(
        [this, added](Instant now) { on_timer(added, now); });
    shard_.arm_after(*added->timer, delay);
}

void MachineCore::on_timer(std::list<ActionTimer>::iterator timer, Instant now) {
    if (timer->interval == Duration::zero()) {
        const std::function<void()> action = std::move(timer->action);
        timers_.erase(timer);
        action();
        return;
    }
    // From the deadline, so that it does not drift; but never twice for one moment.
    shard_.arm(*timer->timer, std::max(timer->timer->deadline() + timer->interval, now));
    timer->action();
}

void MachineCore::finish(Duration grace, std::function<void()> finished) {
    timers_.clear();
    while (!calls_.empty()) {
        end_call(calls_.begin()->first, Failure{FailureKind::Stopped, "the machine was closed"});
    }
    carrier_->finish(grace, std::move(finished));
}

bool is_level(std::string_view text) {
    return bus::TopicName::create(text).has_value() && is_mqtt_utf8(as_bytes(text)) &&
           text.find('/') == std::string_view::npos;
}

}  // namespace kith::sdk
