#include "bench/retained.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/publish_block.h"

namespace kith::bench {
namespace {

/// Topics that share all levels but the last.
constexpr std::size_t kTopicsPerBranch = 1'000;

/// When nothing came for this long, what is missing does not come any more. Long: a broker may walk
/// through all topics before it sends the first message.
constexpr Duration kDeliveryPatience = 10s;

/// An empty payload would not store a message but clear it.
Environment with_payload(Environment environment) {
    environment.options.payload_bytes = std::max<std::size_t>(environment.options.payload_bytes, 1);
    return environment;
}

}  // namespace

Retained::Retained(Environment environment, const RetainedShape& shape)
    : BaseScenario(with_payload(std::move(environment))), shape_(shape) {
    shape_.window = std::max<std::size_t>(shape_.window, 1);
}

void Retained::set_up() {
    publisher_ = &add_connection("pub");
    subscriber_ = &add_connection("sub");
}

void Retained::on_set_up() {
    if (stage_ == Stage::Connecting) {  // else it is the subscription that was granted
        connected_ = moment();
        publish_all(Stage::Storing);
    }
}

void Retained::publish_all(Stage stage) {
    stage_ = stage;
    published_count_ = 0;
    acknowledged_count_ = 0;
    fill();
}

void Retained::fill() {
    if (stage_ != Stage::Storing && stage_ != Stage::Clearing) {
        return;
    }
    const std::size_t window = std::min(shape_.window, publisher_->receive_maximum());
    const std::size_t end = std::min(acknowledged_count_ + window, shape_.count);
    const std::vector<std::uint8_t> payload(stage_ == Stage::Storing ? options().payload_bytes : 0,
                                            'x');
    for (; published_count_ < end && publisher_->has_room(); ++published_count_) {
        const std::string topic = fmt::format(
            "{}/{}/{}", run_id(), published_count_ / kTopicsPerBranch, published_count_);
        publisher_->output().append(encode_publish({.qos = Qos::AtLeastOnce,
                                                    .retain = true,
                                                    .topic = topic,
                                                    .packet_id = publisher_->next_packet_id(),
                                                    .payload = payload},
                                                   options().version));
    }
    publisher_->send();
}

void Retained::on_acknowledged(Connection& connection, std::size_t count) {
    BaseScenario::on_acknowledged(connection, count);
    acknowledged_count_ += count;
    if (acknowledged_count_ >= shape_.count) {
        acknowledged();
    } else {
        fill();
    }
}

void Retained::acknowledged() {
    if (stage_ == Stage::Storing) {
        deliver();
    } else {
        cleared_ = moment();
        finish();
    }
}

void Retained::deliver() {
    stored_ = moment();
    stage_ = Stage::Delivering;
    last_delivery_ = clock();
    begin_interval();
    subscribe(*subscriber_, {run_id() + "/#"}, Qos::AtMostOnce);
}

void Retained::on_messages(Connection& connection, std::size_t count) {
    BaseScenario::on_messages(connection, count);
    last_delivery_ = clock();
    if (stage_ == Stage::Delivering && received_count_ >= shape_.count) {
        delivered();
    }
}

void Retained::on_beat() {
    if (stage_ == Stage::Leaving) {
        left_ = moment();
        publish_all(Stage::Clearing);
    } else if (stage_ == Stage::Delivering && clock() - last_delivery_ >= kDeliveryPatience) {
        delivered();
    }
}

void Retained::delivered() {
    end_interval(last_delivery_);
    subscriber_->close();  // it is not to see the clearing, which begins with the next beat
    stage_ = Stage::Leaving;
}

void Retained::describe(Report& report) {
    const Step storing{.from = connected_, .to = stored_, .count = shape_.count};
    report.more.emplace_back("retained", static_cast<double>(shape_.count));
    report_rate(report, "stored_per_s", storing);
    report_cpu_us_each(report, "cpu_us_per_stored", storing);
    report_rss_bytes_each(report, "rss_bytes_per_retained", storing);
    report_rate(report, "cleared_per_s", {.from = left_, .to = cleared_, .count = shape_.count});
    report.more.emplace_back("payload_bytes", static_cast<double>(options().payload_bytes));
    report.more.emplace_back("window", static_cast<double>(shape_.window));
}

}  // namespace kith::bench
