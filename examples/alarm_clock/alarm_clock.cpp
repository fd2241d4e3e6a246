#include "examples/alarm_clock/alarm_clock.h"

#include <cstdio>
#include <ctime>
#include <utility>

namespace kith::examples {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

std::tm local(system_clock::time_point time) {
    const std::time_t t = system_clock::to_time_t(time);
    std::tm parts{};
    localtime_r(&t, &parts);
    return parts;
}

std::string to_text(system_clock::time_point time) {
    char text[9];
    const std::tm parts = local(time);
    return {text, std::strftime(text, sizeof(text), "%H:%M:%S", &parts)};
}

/// The next moment with this time of day.
system_clock::time_point next(seconds at, system_clock::time_point now) {
    std::tm parts = local(now);
    parts.tm_hour = parts.tm_min = 0;
    parts.tm_sec = static_cast<int>(at.count());
    parts.tm_isdst = -1;
    const auto today = system_clock::from_time_t(std::mktime(&parts));
    return today > now ? today : today + std::chrono::hours(24);
}

}  // namespace

std::optional<seconds> time_of_day(const std::string& text) {
    int hour = 0;
    int minute = 0;
    int length = 0;
    const int fields = std::sscanf(text.c_str(), "%2d:%2d%n", &hour, &minute, &length);
    if (fields != 2 || static_cast<std::size_t>(length) != text.size() || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59) {
        return std::nullopt;
    }
    return seconds(hour * 3600 + minute * 60);
}

AlarmClock::AlarmClock(AlarmClockOptions options)
    : options_(std::move(options)), machine_("alarm-clock", options_.machine) {
    machine_.post([this] {
        const auto now = system_clock::now();
        alarm_at_ = options_.every.count() != 0 ? now + options_.first : next(options_.at, now);
        rest();
    });
    // Behind its first state: from here on others are heard.
    machine_.serve("set_alarm", [this](const Request& request) { return set_alarm(request); });
    machine_.subscribe("coffee-maker/state", [this](const Message& message) {
        if (message.payload == "ready" && !message.retained && is_ringing_) {
            rest();
        }
    });
    machine_.every(seconds(1), [this] {
        if (machine_.is_connected()) {  // nobody wants the old ones later
            publish("time", to_text(system_clock::now()));
        }
    });
    machine_.every(std::chrono::milliseconds(100), [this] { tick(); });
}

void AlarmClock::tick() {
    const auto now = system_clock::now();
    if (now >= alarm_at_) {
        alarm_at_ = options_.every.count() != 0 ? now + options_.every : next(options_.at, now);
        ring();
    }
}

void AlarmClock::ring() {
    is_ringing_ = true;
    publish("state", "ringing");
    tell("ringing");
    publish("alarm_at", to_text(alarm_at_));
    machine_.call({.machine = "coffee-maker", .method = "brew", .payload = "lungo"},
                  [this](const Outcome<std::string>& answer) {
                      if (!answer) {
                          publish("complaint", answer.failure().text);
                          tell("no coffee: " + answer.failure().text);
                          rest();  // nothing to wait for
                      } else {
                          tell("coffee in " + *answer + " s");
                      }
                  });
}

void AlarmClock::rest() {
    is_ringing_ = false;
    publish("state", "idle");
    publish("alarm_at", to_text(alarm_at_));
    tell("rings at " + to_text(alarm_at_));
}

void AlarmClock::tell(const std::string& what) const {
    if (options_.told) {
        options_.told(what);
    }
}

Outcome<std::string> AlarmClock::set_alarm(const Request& request) {
    const std::optional<seconds> at = time_of_day(request.payload);
    if (!at) {
        return Failure{FailureKind::Refused, "a time is HH:MM"};
    }
    options_.at = *at;
    options_.every = std::chrono::milliseconds(0);
    alarm_at_ = next(*at, system_clock::now());
    publish("alarm_at", to_text(alarm_at_));
    return to_text(alarm_at_);
}

void AlarmClock::publish(const std::string& name, const std::string& value) {
    machine_.publish("alarm-clock/" + name, value,
                     {.delivery = Delivery::AtMostOnce, .retain = true});
}

}  // namespace kith::examples
