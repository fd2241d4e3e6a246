// alarm_clock: an alarm clock, at a node or in a mesh without any.
#include "examples/alarm_clock/alarm_clock.h"
#include "examples/arguments.h"

#include <cstdlib>
#include <iostream>
#include <string_view>

int main(int argc, char** argv) {
    kith::examples::hold_signals();  // before the machine starts its thread
    kith::examples::AlarmClockOptions options;
    const std::span<char* const> arguments(argv, static_cast<std::size_t>(argc));
    for (std::size_t i = 1; i < arguments.size();) {
        const std::string_view name = arguments[i];
        const char* value = i + 1 < arguments.size() ? arguments[i + 1] : "";
        const auto at = kith::examples::time_of_day(value);
        std::size_t taken = 2;
        if (name == "--every" && std::atoi(value) > 0) {
            options.every = std::chrono::seconds(std::atoi(value));
        } else if (name == "--at" && at) {
            options.at = *at;
        } else {
            taken = kith::examples::take_argument(arguments.subspan(i), options.machine);
        }
        if (taken == 0) {
            std::cerr << "usage: alarm_clock " << kith::examples::kMachineUsage
                      << " [--at HH:MM | --every SECONDS]\n";
            return 2;
        }
        i += taken;
    }
    kith::examples::print_links("alarm-clock", options.machine);
    options.told = [](const std::string& what) {
        std::cout << "alarm-clock: " << what << std::endl;
    };
    const kith::examples::AlarmClock clock(options);
    kith::examples::wait_for_signal();
}
