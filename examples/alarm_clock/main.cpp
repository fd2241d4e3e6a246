// alarm_clock [NODE] [--at HH:MM | --every SECONDS]: an alarm clock at the node HOST:PORT.
#include "examples/alarm_clock/alarm_clock.h"

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string_view>

int main(int argc, char** argv) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, nullptr);  // before the machine starts its thread

    kith::examples::AlarmClockOptions options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--every" && i + 1 < argc) {
            options.every = std::chrono::seconds(std::atoi(argv[++i]));
        } else if (const auto at = kith::examples::time_of_day(i + 1 < argc ? argv[i + 1] : "");
                   argument == "--at" && at) {
            options.at = *at;
            ++i;
        } else if (argument.starts_with('-')) {
            std::cerr << "usage: alarm_clock [HOST:PORT] [--at HH:MM | --every SECONDS]\n";
            return 2;
        } else {
            options.machine.node = argument;
        }
    }
    options.machine.on_link = [node = options.machine.node](const kith::LinkChange& change) {
        std::cout << "alarm-clock: "
                  << (change.is_connected ? "connected to " + node : change.reason.text) << '\n';
    };
    const kith::examples::AlarmClock clock(options);
    int signal = 0;
    sigwait(&signals, &signal);
}
