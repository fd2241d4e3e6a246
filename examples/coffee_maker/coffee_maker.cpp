#include "examples/coffee_maker/coffee_maker.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace kith::examples {
namespace {

constexpr double kStepSeconds = 0.5;
constexpr double kRoomC = 21;
constexpr double kBrewC = 93;
constexpr double kHeatingCPerS = 2.4;  // 1.4 kW on a small boiler
constexpr double kCoolingPerS = 1.0 / 600;
constexpr double kPumpMlPerS = 4.2;
constexpr double kMainsMlPerS = 60;
constexpr double kTankMl = 1200;
constexpr double kTankLowMl = 200;
constexpr double kReadySeconds = 20;

const std::map<std::string, double> kCupsMl{{"espresso", 40}, {"lungo", 110}};

std::string with_one_digit(double value) {
    std::string text = std::to_string(std::round(value * 10) / 10);
    return text.substr(0, text.find('.') + 2);
}

}  // namespace

CoffeeMaker::CoffeeMaker(MachineOptions options, double speed,
                         std::function<void(const std::string& state)> told)
    : told_(std::move(told)), machine_("coffee-maker", std::move(options)) {
    machine_.post([this] {
        enter(State::Idle);
        publish("water_ml", with_one_digit(water_ml_));
        publish("cups_total", std::to_string(cups_total_));
    });
    // Behind its first state: from here on calls come.
    machine_.serve("brew", [this](const Request& request) { return brew(request); });
    machine_.every(std::chrono::milliseconds(std::lround(kStepSeconds * 1000 / speed)),
                   [this] { step(); });
}

Outcome<std::string> CoffeeMaker::brew(const Request& request) {
    const auto cup = kCupsMl.find(request.payload.empty() ? "lungo" : request.payload);
    if (cup == kCupsMl.end()) {
        return Failure{FailureKind::Refused, "it makes espresso or lungo"};
    }
    if (state_ == State::Heating || state_ == State::Brewing) {
        return Failure{FailureKind::Refused, "it is busy"};
    }
    cup_ml_ = cup_left_ml_ = cup->second;
    enter(State::Heating);
    const double heating_s = std::max(0.0, kBrewC - temperature_c_) / kHeatingCPerS;
    return std::to_string(std::lround(heating_s + cup_ml_ / kPumpMlPerS));
}

void CoffeeMaker::step() {
    if (state_ == State::Heating) {
        temperature_c_ = std::min(kBrewC, temperature_c_ + kHeatingCPerS * kStepSeconds);
        if (temperature_c_ >= kBrewC) {
            enter(State::Brewing);
        }
    } else if (state_ == State::Brewing) {
        const double flow_ml = std::min(cup_left_ml_, kPumpMlPerS * kStepSeconds);
        cup_left_ml_ -= flow_ml;
        water_ml_ -= flow_ml;
        temperature_c_ = kBrewC + 0.4 * std::sin(cup_left_ml_ / 6);
        publish("water_ml", with_one_digit(water_ml_));
        if (cup_left_ml_ <= 0) {
            publish("cups_total", std::to_string(++cups_total_));
            enter(State::Ready);
        }
    } else {
        temperature_c_ += (kRoomC - temperature_c_) * kCoolingPerS * kStepSeconds;
        if (water_ml_ < kTankLowMl || (water_ml_ < kTankMl && state_ == State::Ready)) {
            water_ml_ = std::min(kTankMl, water_ml_ + kMainsMlPerS * kStepSeconds);
            publish("water_ml", with_one_digit(water_ml_));
        }
        rest_s_ += kStepSeconds;
        if (state_ == State::Ready && rest_s_ >= kReadySeconds) {
            enter(State::Idle);
        }
    }
    if (machine_.is_connected()) {  // nobody wants the old ones later
        publish("temperature_c", with_one_digit(temperature_c_));
    }
}

void CoffeeMaker::enter(State state) {
    static constexpr const char* kNames[] = {"idle", "heating", "brewing", "ready"};
    state_ = state;
    rest_s_ = 0;
    const std::string name = kNames[static_cast<std::size_t>(state)];
    publish("state", name);
    if (told_) {
        told_(name);
    }
}

void CoffeeMaker::publish(const std::string& name, const std::string& value) {
    machine_.publish("coffee-maker/" + name, value,
                     {.delivery = Delivery::AtMostOnce, .retain = true});
}

}  // namespace kith::examples
