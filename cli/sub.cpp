// kith sub: subscribe and print what comes, one message a line.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>

#include "base/utf8.h"
#include "cli/client_run.h"
#include "cli/commands.h"
#include "cli/connection_options.h"
#include "crypto/base64.h"
#include "json/writer.h"

namespace kith::cli {
namespace {

struct Options {
    ConnectionOptions connection;
    std::vector<std::string> filters;
    int qos = 0;
    std::uint64_t count = 0;  // 0: no end
    double timeout_s = 0;     // 0: no end
    bool as_json = false;
    bool with_topics = false;
};

/// The line of one message. `ts` is in milliseconds, as `kith rule test --input` reads it.
std::string to_json(const mqtt::Publish& message) {
    std::string out;
    json::Writer json(out);
    json.begin_object();
    json.field("ts", std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count());
    json.field("topic", message.topic);
    if (is_utf8(message.payload)) {
        json.field("payload", as_text(message.payload));
    } else {
        json.field("payload_base64", crypto::to_base64(message.payload, crypto::Base64::Padded));
    }
    json.field("qos", static_cast<int>(message.qos));
    json.field("retain", message.retain);
    const mqtt::MessageProperties::Fields fields = message.properties.fields();
    if (fields.content_type) {
        json.field("content_type", *fields.content_type);
    }
    if (fields.response_topic) {
        json.field("response_topic", *fields.response_topic);
    }
    if (fields.correlation_data) {
        json.field("correlation_data_base64",
                   crypto::to_base64(*fields.correlation_data, crypto::Base64::Padded));
    }
    if (message.message_expiry_interval) {
        json.field("message_expiry_interval_s", *message.message_expiry_interval);
    }
    bool has_user_properties = false;
    message.properties.for_each_user_property([&](const mqtt::UserProperty& property) {
        if (!std::exchange(has_user_properties, true)) {
            json.key("user_properties");
            json.begin_array();
        }
        json.begin_array();
        json.value(property.name);
        json.value(property.value);
        json.end_array();
    });
    if (has_user_properties) {
        json.end_array();
    }
    json.end_object();
    return out;
}

/// Threads: its callbacks run on the shard.
class Printer final : public sdk::LinkEvents {
  public:
    Printer(const Options& options, EndOfRun& end) : options_(options), end_(end) {}

    void on_link_up(const mqtt::Connack&) override {
        if (std::exchange(was_up_, true)) {
            fmt::print(stderr, "kith: connected again\n");
        }
    }
    void on_link_down(const Failure& reason) override {
        report_failure(options_.connection.node.host, reason);
        if (!was_up_) {
            end_.end(1);
        }
    }
    void on_message(const mqtt::Publish& message) override {
        if (options_.count != 0 && printed_count_ == options_.count) {
            return;
        }
        line_.clear();
        if (options_.as_json) {
            line_ = to_json(message);
        } else {
            if (options_.with_topics) {
                line_ += message.topic;
                line_ += ' ';
            }
            line_ += as_text(message.payload);
        }
        line_ += '\n';
        // A reader that has gone ends the command, as it does other tools'.
        if (std::fwrite(line_.data(), 1, line_.size(), stdout) != line_.size() ||
            std::fflush(stdout) != 0) {
            end_.end(1);
        } else if (++printed_count_ == options_.count) {
            end_.end(0);
        }
    }
    void on_subscribed(const std::string& filter, const Done& outcome) {
        if (!outcome && outcome.failure().kind != FailureKind::Stopped) {
            report_failure("cannot subscribe to " + filter, outcome.failure());
            end_.end(1);
        }
    }

  private:
    const Options& options_;
    EndOfRun& end_;
    std::string line_;
    std::uint64_t printed_count_ = 0;
    bool was_up_ = false;
};

int run(const Options& options) {
    auto settings = link_settings(options.connection);
    if (!settings) {
        return report_failure(options.connection.node.host, settings.failure());
    }
    EndOfRun end;
    Printer printer(options, end);
    auto run = ClientRun::create(std::move(*settings), printer);
    if (!run) {
        return report_failure("cannot start", run.failure());
    }
    (*run)->post([&](sdk::NodeLink& link) {
        for (const std::string& filter : options.filters) {
            const Done added = link.client().subscribe(
                filter, {.maximum_qos = static_cast<Qos>(options.qos), .retain_as_published = true},
                [&printer, filter](const Done& outcome) {
                    printer.on_subscribed(filter, outcome);
                });
            if (!added) {
                printer.on_subscribed(filter, added);
            }
        }
    });
    (*run)->start();
    const auto timeout =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.timeout_s));
    const std::optional<int> code = end.wait(timeout);
    (*run)->finish(1s);
    // Ctrl-C and the end of the time are orderly ends, unless more messages were wanted.
    return code.value_or(options.count == 0 ? 0 : 1);
}

}  // namespace

void add_sub(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("sub", "Subscribe, and print messages as they come");
    auto options = std::make_shared<Options>();
    add_connection_options(*command, options->connection);
    command->add_option("-t,--topic", options->filters, "Topic filter; may be repeated")
        ->required()
        ->take_all()
        ->allow_extra_args(false);
    command->add_option("-q,--qos", options->qos, "Highest quality of service")
        ->check(CLI::Range(0, 2))
        ->capture_default_str();
    command->add_option("-C,--count", options->count, "End after so many messages");
    command->add_option("-W,--timeout", options->timeout_s, "End after so many seconds")
        ->check(CLI::NonNegativeNumber);
    command->add_flag("-v,--verbose", options->with_topics, "Print the topic before the payload");
    command->add_flag("--json", options->as_json, "One JSON object a line");
    command->footer(
        "Exit 1 if the node cannot be reached or refuses, or if -C was not reached in time.\n"
        "Example: kith sub -t 'coffee-maker/#' -v\n"
        "Example: kith sub -h gw-1:1883 -t '$SYS/#' --json -C 10");
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace kith::cli
