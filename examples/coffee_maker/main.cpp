// coffee_maker: a coffee maker, at a node or in a mesh without any, until Ctrl-C.
#include "examples/arguments.h"
#include "examples/coffee_maker/coffee_maker.h"

#include <cstdlib>
#include <iostream>
#include <string_view>

int main(int argc, char** argv) {
    kith::examples::hold_signals();  // before the machine starts its thread
    kith::MachineOptions options;
    double speed = 1;
    const std::span<char* const> arguments(argv, static_cast<std::size_t>(argc));
    for (std::size_t i = 1; i < arguments.size();) {
        std::size_t taken = 2;
        if (std::string_view(arguments[i]) == "--speed" && i + 1 < arguments.size() &&
            std::atof(arguments[i + 1]) > 0) {
            speed = std::atof(arguments[i + 1]);
        } else {
            taken = kith::examples::take_argument(arguments.subspan(i), options);
        }
        if (taken == 0) {
            std::cerr << "usage: coffee_maker " << kith::examples::kMachineUsage
                      << " [--speed TIMES]\n";
            return 2;
        }
        i += taken;
    }
    kith::examples::print_links("coffee-maker", options);
    const kith::examples::CoffeeMaker maker(options, speed, [](const std::string& state) {
        std::cout << "coffee-maker: " << state << std::endl;
    });
    kith::examples::wait_for_signal();
}
