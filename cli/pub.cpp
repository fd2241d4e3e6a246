// kith pub: publish a message, a file, or standard input line by line.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <mutex>

#include "base/utf8.h"
#include "cli/client_run.h"
#include "cli/commands.h"
#include "cli/connection_options.h"
#include "json/writer.h"
#include "wire/mqtt/encoder.h"

namespace kith::cli {
namespace {

/// Messages under way: enough to fill any connection, little enough to hold in memory.
constexpr std::size_t kUnderWayMax = 1000;
constexpr std::size_t kUnderWayBytesMax = 8 * 1024 * 1024;

struct Options {
    ConnectionOptions connection;
    std::string topic;
    std::optional<std::string> message;
    std::string file;
    int qos = 0;
    bool retain = false;
    std::uint64_t count = 1;
    std::optional<std::uint32_t> expiry_s;
    std::string content_type;
    std::string response_topic;
    std::vector<std::string> user_properties;  // NAME=VALUE
    bool as_json = false;
};

/// Who publishes waits here while enough is under way. Threads: thread-safe (a lock).
class Window {
  public:
    /// False if publishing has failed for good.
    [[nodiscard]] bool acquire(std::size_t bytes) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] {
            return failure_ || count_ == 0 ||
                   (count_ < kUnderWayMax && bytes_ + bytes <= kUnderWayBytesMax);
        });
        ++count_;
        bytes_ += bytes;
        return !failure_.has_value();
    }
    void release(std::size_t bytes, const Done& outcome) {
        const std::lock_guard lock(mutex_);
        --count_;
        bytes_ -= bytes;
        if (!outcome) {
            failure_ = failure_.value_or(outcome.failure());
        } else {
            ++done_count_;
        }
        changed_.notify_all();
    }
    void fail(const Failure& failure) {
        const std::lock_guard lock(mutex_);
        failure_ = failure_.value_or(failure);
        changed_.notify_all();
    }
    /// Until everything is acknowledged or something failed.
    [[nodiscard]] std::optional<Failure> wait_done() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return failure_ || count_ == 0; });
        return failure_;
    }
    [[nodiscard]] std::uint64_t done_count() {
        const std::lock_guard lock(mutex_);
        return done_count_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
    std::uint64_t done_count_ = 0;
    std::optional<Failure> failure_;
};

class PublisherEvents final : public sdk::LinkEvents {
  public:
    PublisherEvents(const Options& options, Window& window) : options_(options), window_(window) {}
    void on_link_up(const mqtt::Connack&) override { was_up_ = true; }
    void on_link_down(const Failure& reason) override {
        if (was_up_) {
            report_failure(options_.connection.node.host + " (trying again)", reason);
        } else {
            window_.fail(reason);
        }
    }
    void on_message(const mqtt::Publish&) override {}

  private:
    const Options& options_;
    Window& window_;
    bool was_up_ = false;
};

class Publisher {
  public:
    Publisher(const Options& options, std::vector<std::uint8_t> properties)
        : options_(options), properties_(std::move(properties)), events_(options, window_) {}

    [[nodiscard]] Done start(sdk::LinkSettings settings) {
        auto run = ClientRun::create(std::move(settings), events_);
        if (!run) {
            return run.failure();
        }
        run_ = std::move(*run);
        run_->start();
        return {};
    }

    /// False if it is of no use to go on.
    [[nodiscard]] bool publish(std::string payload) {
        const std::size_t bytes = payload.size();
        if (!window_.acquire(bytes)) {
            return false;
        }
        run_->post([this, bytes, payload = std::move(payload)](sdk::NodeLink& link) {
            const Instant expires_at = options_.expiry_s
                                           ? link.now() + std::chrono::seconds(*options_.expiry_s)
                                           : Instant::never();
            const Done added = link.client().publish(
                {.topic = options_.topic,
                 .payload = payload,
                 .qos = static_cast<Qos>(options_.qos),
                 .retain = options_.retain,
                 .expires_at = expires_at,
                 .properties = properties_},
                [this, bytes](const Done& outcome) { window_.release(bytes, outcome); });
            if (!added) {
                window_.release(bytes, added);
            }
        });
        return true;
    }

    [[nodiscard]] std::optional<Failure> finish() {
        const std::optional<Failure> failure = window_.wait_done();
        run_->finish(failure ? Duration::zero() : 5s);
        return failure;
    }
    [[nodiscard]] std::uint64_t done_count() { return window_.done_count(); }

  private:
    const Options& options_;
    std::vector<std::uint8_t> properties_;
    Window window_;
    PublisherEvents events_;
    std::unique_ptr<ClientRun> run_;
};

Outcome<std::vector<std::uint8_t>> properties_of(const Options& options) {
    mqtt::MessageProperties::Fields fields;
    std::vector<mqtt::UserProperty> user_properties;
    for (const std::string& text : options.user_properties) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos) {
            return Failure{FailureKind::Invalid, "a property is NAME=VALUE"};
        }
        user_properties.push_back({.name = std::string_view(text).substr(0, equals),
                                   .value = std::string_view(text).substr(equals + 1)});
    }
    for (const std::string_view text :
         {std::string_view(options.content_type), std::string_view(options.response_topic)}) {
        if (!is_mqtt_utf8(as_bytes(text)) || text.size() > 65'535) {
            return Failure{FailureKind::Invalid, "a property is UTF-8 of at most 65,535 bytes"};
        }
    }
    for (const std::string& text : options.user_properties) {
        if (!is_mqtt_utf8(as_bytes(text)) || text.size() > 65'535) {
            return Failure{FailureKind::Invalid, "a property is UTF-8 of at most 65,535 bytes"};
        }
    }
    if (!options.content_type.empty()) {
        fields.content_type = options.content_type;
    }
    if (!options.response_topic.empty()) {
        fields.response_topic = options.response_topic;
    }
    return mqtt::encode_message_properties(fields, user_properties);
}

/// One message of -m or --file, `count` times; or a message for each line of standard input.
Done publish_all(const Options& options, Publisher& publisher) {
    if (!options.message && options.file.empty()) {
        std::ios::sync_with_stdio(false);
        for (std::string line; std::getline(std::cin, line);) {
            if (!publisher.publish(std::move(line))) {
                return {};
            }
        }
        return {};
    }
    std::string payload = options.message.value_or("");
    if (!options.file.empty()) {
        std::ifstream file(options.file, std::ios::binary);
        payload.assign(std::istreambuf_iterator<char>(file), {});
        if (!file) {
            return Failure{FailureKind::Invalid, "cannot read " + options.file};
        }
    }
    for (std::uint64_t i = 0; i < options.count && publisher.publish(payload); ++i) {
    }
    return {};
}

int run(const Options& options) {
    auto settings = link_settings(options.connection);
    auto properties = properties_of(options);
    if (!settings || !properties) {
        return report_failure(options.topic, settings ? properties.failure() : settings.failure());
    }
    Publisher publisher(options, std::move(*properties));
    if (const Done started = publisher.start(std::move(*settings)); !started) {
        return report_failure("cannot start", started.failure());
    }
    const Done read = publish_all(options, publisher);
    const std::optional<Failure> failure = publisher.finish();
    if (!read || failure) {
        return report_failure("cannot publish to " + options.topic,
                              read ? *failure : read.failure());
    }
    if (options.as_json) {
        std::string out;
        json::Writer json(out);
        json.begin_object();
        json.field("topic", std::string_view(options.topic));
        json.field("published", publisher.done_count());
        json.field("qos", options.qos);
        json.field("retain", options.retain);
        json.end_object();
        fmt::print("{}\n", out);
    }
    return 0;
}

}  // namespace

void add_pub(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("pub", "Publish messages");
    auto options = std::make_shared<Options>();
    add_connection_options(*command, options->connection);
    command->add_option("-t,--topic", options->topic, "Topic")->required();
    CLI::Option* message =
        command->add_option("-m,--message", options->message, "Payload [lines of standard input]");
    command->add_option("-f,--file", options->file, "A file is the payload")
        ->check(CLI::ExistingFile)
        ->excludes(message);
    command->add_option("-q,--qos", options->qos, "Quality of service")
        ->check(CLI::Range(0, 2))
        ->capture_default_str();
    command->add_flag("-r,--retain", options->retain, "The node keeps it as the topic's last");
    command->add_option("--count", options->count, "Publish it so many times")
        ->capture_default_str();
    command->add_option("--expiry", options->expiry_s, "Seconds until nobody wants it any more");
    command->add_option("--content-type", options->content_type, "Content type");
    command->add_option("--response-topic", options->response_topic, "Where to answer");
    command->add_option("-D,--property", options->user_properties, "NAME=VALUE; may be repeated")
        ->take_all()
        ->allow_extra_args(false);
    command->add_flag("--json", options->as_json, "Print what was published as a JSON object");
    command->footer(
        "With QoS 1 and 2 it ends when everything is acknowledged. Properties need MQTT 5.\n"
        "Example: kith pub -t coffee-maker/state -m ready -q 1 -r\n"
        "Example: sensor | kith pub -t plant/oven-3/temp_c");
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace kith::cli
