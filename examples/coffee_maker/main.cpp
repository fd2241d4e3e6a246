// coffee_maker [NODE]: a coffee maker at the node HOST:PORT, until Ctrl-C.
#include "examples/coffee_maker/coffee_maker.h"

#include <csignal>
#include <iostream>

int main(int argc, char** argv) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, nullptr);  // before the machine starts its thread

    kith::MachineOptions options;
    options.node = argc > 1 ? argv[1] : options.node;
    options.on_link = [node = options.node](const kith::LinkChange& change) {
        std::cout << "coffee-maker: "
                  << (change.is_connected ? "connected to " + node : change.reason.text) << '\n';
    };
    const kith::examples::CoffeeMaker maker(options);
    int signal = 0;
    sigwait(&signals, &signal);
}
