#include "sdk/mesh_carrier.h"

#include <utility>

#include "base/check.h"
#include "bus/topic.h"
#include "sdk/detail/check_text.h"
#include "wire/mesh/limits.h"

namespace kith::sdk {
namespace {

Failure failure_of(const Error& error) {
    return {error.kind == ErrorKind::Limit ? FailureKind::Limit : FailureKind::Invalid, error.text};
}

Done done_of(mesh::LeafOutcome outcome) {
    switch (outcome) {
        case mesh::LeafOutcome::Done:
            return {};
        case mesh::LeafOutcome::NoReceiver:
            return Failure{FailureKind::Absent, "nobody subscribes to it"};
        case mesh::LeafOutcome::Expired:
            return Failure{FailureKind::Timeout, "it expired before it could be sent"};
    }
    return {};
}

}  // namespace

MeshCarrier::MeshCarrier(runtime::Shard& shard, MeshSettings settings, CarrierEvents& events)
    : shard_(shard),
      events_(events),
      on_pairing_code_(std::move(settings.on_pairing_code)),
      leaf_(shard, std::move(settings.leaf),
            {.log = *settings.log,
             .files = *settings.pool,
             .names = *settings.pool,
             .owner = *this}) {}

std::uint64_t MeshCarrier::remember(DoneHandler done) {
    waiting_.emplace(++last_number_, std::move(done));
    return last_number_;
}

/// Taken out first: who is told may ask again.
void MeshCarrier::tell(std::uint64_t number, Done outcome) {
    const auto found = waiting_.extract(number);
    if (!found.empty() && found.mapped()) {
        found.mapped()(std::move(outcome));
    }
    finish_if_done();
}

Done MeshCarrier::publish(OutboundMessage message, DoneHandler done) {
    if (stopped_) {
        return *stopped_;
    }
    if (Done checked = check_text<bus::TopicName>(message.topic); !checked) {
        return checked;
    }
    if (message.topic.size() + message.payload.size() + message.properties.size() >
        mesh::kMessageBytesMax) {
        return Failure{FailureKind::Limit, "larger than a message of the mesh can be"};
    }
    const std::uint64_t number = remember(std::move(done));
    const Status taken = leaf_.messages().publish(
        {.topic = std::move(message.topic),
         .properties = std::move(message.properties),
         .payload = std::move(message.payload),
         .qos = message.qos,
         .retain = message.retain,
         .needs_receiver = message.needs_receiver,
         .expires_at = message.expires_at},
        [this, number](mesh::LeafOutcome outcome) { tell(number, done_of(outcome)); });
    if (!taken) {
        waiting_.erase(number);
        return failure_of(taken.error());
    }
    return {};
}

Done MeshCarrier::subscribe(std::string filter, const SubscribeOptions& options, DoneHandler done) {
    if (stopped_) {
        return *stopped_;
    }
    if (Done checked = check_text<bus::SubscriptionFilter>(filter); !checked) {
        return checked;
    }
    const std::uint64_t number = remember(std::move(done));
    const Status taken =
        leaf_.messages().subscribe(bus::SubscriptionFilter::create(filter).value(),
                                   options.identifier, [this, number] { tell(number, {}); });
    if (!taken) {
        waiting_.erase(number);
        return failure_of(taken.error());
    }
    return {};
}

Done MeshCarrier::unsubscribe(const std::string& filter, DoneHandler done) {
    if (stopped_) {
        return *stopped_;
    }
    if (Done checked = check_text<bus::SubscriptionFilter>(filter); !checked) {
        return checked;
    }
    const Status removed =
        leaf_.messages().unsubscribe(bus::SubscriptionFilter::create(filter).value());
    if (!removed) {
        return Failure{FailureKind::Invalid, "nobody has subscribed to it"};
    }
    const std::uint64_t number = remember(std::move(done));
    shard_.post(shard_.id(), [this, number](runtime::Shard&) { tell(number, {}); });
    return {};
}

void MeshCarrier::on_leaf_state(mesh::LeafState state, const std::string& why) {
    if (state == mesh::LeafState::Linked) {
        events_.on_carrier_up();
    } else {
        events_.on_carrier_down({FailureKind::Offline, why});
    }
}

void MeshCarrier::on_leaf_pairing_code(const std::string& code) {
    if (on_pairing_code_) {
        on_pairing_code_(code);
    }
}

void MeshCarrier::on_leaf_message(const mesh::LeafMessage& message) {
    // What another member has sent is looked at before it is taken apart.
    const auto properties = mqtt::MessageProperties::from_encoded(message.properties);
    if (properties) {
        events_.on_message({.qos = message.qos,
                            .topic = message.topic,
                            .packet_id = {},
                            .payload = message.payload,
                            .message_expiry_interval = {},
                            .topic_alias = {},
                            .properties = *properties,
                            .subscription_identifiers = message.subscriptions});
    }
}

void MeshCarrier::finish(Duration grace, std::function<void()> finished) {
    CHECK(finished_ == nullptr);
    finished_ = std::move(finished);
    shard_.arm_after(finish_timer_, grace);
    finish_if_done();
}

void MeshCarrier::finish_if_done() {
    if (finished_ != nullptr && !stopped_ && leaf_.messages().pending_count() == 0) {
        shard_.arm_after(finish_timer_, Duration());
    }
}

void MeshCarrier::end() {
    if (stopped_) {
        return;
    }
    stopped_ = Failure{FailureKind::Stopped, "the machine was closed"};
    while (!waiting_.empty()) {
        tell(waiting_.begin()->first, *stopped_);
    }
    leaf_.close([this] { std::exchange(finished_, nullptr)(); });
}

}  // namespace kith::sdk
