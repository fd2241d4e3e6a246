#include "sdk/kith/machine_c.h"

#include <chrono>
#include <cstring>
#include <future>
#include <string>
#include <utility>

#include "sdk/kith/machine.h"

struct kith_machine {
    kith::Machine machine;
};

struct kith_answer {
    std::string payload;
};

struct kith_reply {
    kith::Machine::Reply reply;
};

namespace {

using std::chrono::milliseconds;

thread_local std::string last_error;

constexpr const char* kMustNotWait = "a handler must not wait";

kith_failure kind_of(kith::FailureKind kind) {
    switch (kind) {
        case kith::FailureKind::Invalid:
            return KITH_INVALID;
        case kith::FailureKind::Refused:
            return KITH_REFUSED;
        case kith::FailureKind::Limit:
            return KITH_LIMIT;
        case kith::FailureKind::Timeout:
            return KITH_TIMEOUT;
        case kith::FailureKind::Absent:
            return KITH_ABSENT;
        case kith::FailureKind::Offline:
            return KITH_OFFLINE;
        case kith::FailureKind::Stopped:
            return KITH_STOPPED;
    }
    return KITH_INVALID;
}

template <typename T>
kith_failure told(const kith::Outcome<T>& outcome) {
    if (outcome) {
        return KITH_OK;
    }
    last_error = outcome.failure().text;
    return kind_of(outcome.failure().kind);
}

kith_failure invalid(const char* text) {
    last_error = text;
    return KITH_INVALID;
}

std::string text_of(const char* text) {
    return text == nullptr ? std::string() : std::string(text);
}

std::string bytes_of(const kith_bytes& bytes) {
    return bytes.data == nullptr ? std::string()
                                 : std::string(static_cast<const char*>(bytes.data), bytes.size);
}

kith_bytes bytes_of(const std::string& text) {
    return {.data = text.data(), .size = text.size()};
}

kith::Delivery delivery_of(kith_delivery delivery) {
    switch (delivery) {
        case KITH_AT_LEAST_ONCE:
            return kith::Delivery::AtLeastOnce;
        case KITH_AT_MOST_ONCE:
            return kith::Delivery::AtMostOnce;
        case KITH_EXACTLY_ONCE:
            return kith::Delivery::ExactlyOnce;
    }
    return kith::Delivery::AtLeastOnce;
}

kith_delivery delivery_of(kith::Delivery delivery) {
    switch (delivery) {
        case kith::Delivery::AtMostOnce:
            return KITH_AT_MOST_ONCE;
        case kith::Delivery::AtLeastOnce:
            return KITH_AT_LEAST_ONCE;
        case kith::Delivery::ExactlyOnce:
            return KITH_EXACTLY_ONCE;
    }
    return KITH_AT_LEAST_ONCE;
}

kith::MachineOptions options_of(const kith_options* given) {
    kith::MachineOptions options;
    if (given == nullptr) {
        return options;
    }
    options.mesh = text_of(given->mesh);
    options.mesh_directory = text_of(given->mesh_directory);
    options.mesh_listen = text_of(given->mesh_listen);
    for (const char* const* peer = given->mesh_peers; peer != nullptr && *peer != nullptr; ++peer) {
        options.mesh_peers.emplace_back(*peer);
    }
    if (given->node != nullptr) {
        options.node = given->node;
    }
    options.token = text_of(given->token);
    options.tls = given->tls != 0;
    options.ca_file = text_of(given->ca_file);
    if (given->queue_messages_max != 0) {
        options.queue_messages_max = given->queue_messages_max;
    }
    if (given->queue_bytes_max != 0) {
        options.queue_bytes_max = given->queue_bytes_max;
    }
    if (given->on_link != nullptr) {
        options.on_link = [on_link = given->on_link,
                           context = given->context](const kith::LinkChange& change) {
            on_link(context, change.is_connected ? 1 : 0, change.reason.text.c_str());
        };
    }
    if (given->on_pairing_code != nullptr) {
        options.on_pairing_code = [on_code = given->on_pairing_code, context = given->context](
                                      const std::string& code) { on_code(context, code.c_str()); };
    }
    return options;
}

kith::PublishOptions options_of(const kith_publication& publication) {
    return {.delivery = delivery_of(publication.delivery),
            .retain = publication.retain != 0,
            .expiry = std::chrono::seconds(publication.expiry_s),
            .content_type = text_of(publication.content_type),
            .user_properties = {}};
}

}  // namespace

const char* kith_failure_name(kith_failure failure) {
    switch (failure) {
        case KITH_OK:
            return "ok";
        case KITH_INVALID:
            return "invalid";
        case KITH_REFUSED:
            return "refused";
        case KITH_LIMIT:
            return "limit";
        case KITH_TIMEOUT:
            return "timeout";
        case KITH_ABSENT:
            return "absent";
        case KITH_OFFLINE:
            return "offline";
        case KITH_STOPPED:
            return "stopped";
    }
    return "unknown";
}

const char* kith_last_error(void) {
    return last_error.c_str();
}

void kith_options_init(kith_options* options) {
    *options = kith_options{};
}

kith_machine* kith_machine_create(const char* id, const kith_options* options) {
    return new kith_machine{kith::Machine(text_of(id), options_of(options))};
}

void kith_machine_close(kith_machine* machine, int grace_ms) {
    machine->machine.close(milliseconds(grace_ms));
}

void kith_machine_destroy(kith_machine* machine) {
    delete machine;
}

int kith_machine_is_connected(const kith_machine* machine) {
    return machine->machine.is_connected() ? 1 : 0;
}

kith_failure kith_machine_wait_connected(kith_machine* machine, int timeout_ms) {
    return told(machine->machine.wait_connected(milliseconds(timeout_ms)));
}

kith_bytes kith_text(const char* text) {
    return {.data = text, .size = text == nullptr ? 0 : std::strlen(text)};
}

kith_failure kith_machine_publish(kith_machine* machine, const kith_publication* publication) {
    if (machine->machine.is_own_thread()) {
        return invalid(kMustNotWait);
    }
    return told(machine->machine
                    .publish(text_of(publication->topic), bytes_of(publication->payload),
                             options_of(*publication))
                    .get());
}

void kith_machine_publish_then(kith_machine* machine, const kith_publication* publication,
                               void (*done)(void* context, kith_failure failure, const char* text),
                               void* context) {
    machine->machine.publish(text_of(publication->topic), bytes_of(publication->payload),
                             options_of(*publication), [done, context](const kith::Done& outcome) {
                                 if (done != nullptr) {
                                     done(context,
                                          outcome ? KITH_OK : kind_of(outcome.failure().kind),
                                          outcome ? "" : outcome.failure().text.c_str());
                                 }
                             });
}

kith_failure kith_machine_subscribe(kith_machine* machine, const kith_subscription* subscription) {
    if (machine->machine.is_own_thread()) {
        return invalid(kMustNotWait);
    }
    return told(machine->machine
                    .subscribe(
                        text_of(subscription->filter),
                        [handler = subscription->handler,
                         context = subscription->context](const kith::Message& message) {
                            const kith_message given{.topic = message.topic.c_str(),
                                                     .payload = bytes_of(message.payload),
                                                     .delivery = delivery_of(message.delivery),
                                                     .retained = message.retained ? 1 : 0,
                                                     .content_type = message.content_type.c_str()};
                            handler(context, &given);
                        },
                        delivery_of(subscription->delivery))
                    .get());
}

kith_failure kith_machine_unsubscribe(kith_machine* machine, const char* filter) {
    if (machine->machine.is_own_thread()) {
        return invalid(kMustNotWait);
    }
    return told(machine->machine.unsubscribe(text_of(filter)).get());
}

kith_bytes kith_answer_payload(const kith_answer* answer) {
    return bytes_of(answer->payload);
}

void kith_answer_free(kith_answer* answer) {
    delete answer;
}

kith_failure kith_machine_call(kith_machine* machine, const kith_call* call, kith_answer** answer) {
    const milliseconds timeout =
        call->timeout_ms == 0 ? kith::CallOptions().timeout : milliseconds(call->timeout_ms);
    kith::Outcome<std::string> answered = machine->machine.call(
        text_of(call->machine), text_of(call->method), bytes_of(call->payload), timeout);
    if (answered) {
        *answer = new kith_answer{std::move(*answered)};
    }
    return told(answered);
}

void kith_reply_answer(kith_reply* reply, kith_bytes payload) {
    reply->reply(bytes_of(payload));
    delete reply;
}

void kith_reply_fail(kith_reply* reply, const char* text) {
    reply->reply(kith::Failure{kith::FailureKind::Refused, text_of(text)});
    delete reply;
}

kith_failure kith_machine_serve(kith_machine* machine, const char* method,
                                void (*handler)(void* context, const kith_request* request,
                                                kith_reply* reply),
                                void* context) {
    if (machine->machine.is_own_thread()) {
        return invalid(kMustNotWait);
    }
    return told(machine->machine
                    .serve(text_of(method),
                           [handler, context](const kith::Request& request,
                                              const kith::Machine::Reply& reply) {
                               const kith_request given{.method = request.method.c_str(),
                                                        .payload = bytes_of(request.payload)};
                               handler(context, &given, new kith_reply{reply});
                           })
                    .get());
}
