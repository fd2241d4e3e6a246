// An alarm clock that has coffee made when it rings.
//
//     alarm-clock/time      "06:59:58", each second; retained like the rest
//     alarm-clock/alarm_at  "07:00:00", when it rings next
//     alarm-clock/state     idle, ringing; it rings until the coffee is ready
//     $m/alarm-clock/command/set_alarm  "07:00": rings every day at that time
#pragma once

#include <kith/machine.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace kith::examples {

/// Seconds since midnight of "07:00" or "23:59"; nothing if it is no such time.
[[nodiscard]] std::optional<std::chrono::seconds> time_of_day(const std::string& text);

struct AlarmClockOptions {
    MachineOptions machine;
    std::chrono::seconds at{7 * 3600};      // since midnight, local time
    std::chrono::milliseconds every{0};     // not zero: rings again and again, for demos
    std::chrono::milliseconds first{5000};  // after the start, with `every`
    /// Told its state whenever that is another, and what it complains about. On its own thread.
    std::function<void(const std::string& what)> told;
};

class AlarmClock {
  public:
    explicit AlarmClock(AlarmClockOptions options);

  private:
    void tick();
    void ring();
    void rest();
    Outcome<std::string> set_alarm(const Request& request);
    void publish(const std::string& name, const std::string& value);
    void tell(const std::string& what) const;

    // Everything here belongs to the machine's thread.
    AlarmClockOptions options_;
    std::chrono::system_clock::time_point alarm_at_;
    bool is_ringing_ = false;
    Machine machine_;  // last: its thread uses the rest
};

}  // namespace kith::examples
