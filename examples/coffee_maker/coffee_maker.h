// A coffee maker: other machines call `brew`, everybody can watch.
//
//     coffee-maker/state          idle, heating, brewing, ready; retained like the rest
//     coffee-maker/temperature_c  of the boiler, twice a second
//     coffee-maker/water_ml       left in the tank; it fills itself from the mains
//     coffee-maker/cups_total     since it was switched on
//     $m/coffee-maker/command/brew  "espresso" or "lungo"; answers how many seconds it takes
#pragma once

#include <kith/machine.h>

#include <functional>
#include <string>

namespace kith::examples {

class CoffeeMaker {
  public:
    /// `speed`: 1 is real time; a demo may have it faster. `told` is told its state whenever that
    /// is another, on its own thread.
    explicit CoffeeMaker(MachineOptions options, double speed = 1,
                         std::function<void(const std::string& state)> told = nullptr);

  private:
    enum class State : std::uint8_t { Idle, Heating, Brewing, Ready };

    Outcome<std::string> brew(const Request& request);
    void step();
    void enter(State state);
    void publish(const std::string& name, const std::string& value);

    // Everything here belongs to the machine's thread.
    std::function<void(const std::string& state)> told_;
    State state_ = State::Idle;
    double temperature_c_ = 21;
    double water_ml_ = 1200;
    double cup_ml_ = 0;
    double cup_left_ml_ = 0;
    double rest_s_ = 0;  // how long the cup has stood there
    int cups_total_ = 0;
    Machine machine_;  // last: its thread uses the rest
};

}  // namespace kith::examples
