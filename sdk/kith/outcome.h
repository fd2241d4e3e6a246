// What an operation of the SDK gives: a value, or a failure with its reason. Standard library only.
//
//     kith::Outcome<std::string> brewed = clock.call("coffee-maker", "brew", "lungo");
//     if (!brewed) { std::cerr << brewed.failure().text << '\n'; }
//
// Nothing in the SDK throws. Threads: values, as safe as their content.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace kith {

/// What a caller can decide by.
enum class FailureKind : std::uint8_t {
    Invalid,  // an argument is wrong: the same call fails again
    Refused,  // the node or the other machine said no; `code` says why
    Limit,    // a limit of this process or of the node is reached: later perhaps
    Timeout,  // no answer in time; what was asked may have happened
    Absent,   // nobody is there to receive it; nothing has happened
    Offline,  // the node cannot be reached, or the connection to it broke
    Stopped,  // this machine was closed, or the request was replaced, before it was done
};

/// "invalid", "refused" ...: stable words for logs and JSON.
[[nodiscard]] const char* to_string(FailureKind kind);

struct Failure {
    FailureKind kind = FailureKind::Invalid;
    std::string text;       // for people: a lower-case phrase without a full stop
    std::uint8_t code = 0;  // the MQTT reason code, if the node gave one; 0 otherwise
};

template <typename T>
class [[nodiscard]] Outcome {
  public:
    Outcome(T value) : value_(std::move(value)) {}
    Outcome(Failure failure) : failure_(std::move(failure)) {}

    [[nodiscard]] bool has_value() const { return value_.has_value(); }
    [[nodiscard]] explicit operator bool() const { return has_value(); }

    /// Requires: has_value().
    [[nodiscard]] T& operator*() { return *value_; }
    [[nodiscard]] const T& operator*() const { return *value_; }
    [[nodiscard]] T* operator->() { return &*value_; }
    [[nodiscard]] const T* operator->() const { return &*value_; }
    [[nodiscard]] T value_or(T otherwise) const { return value_.value_or(std::move(otherwise)); }

    /// Why there is no value; empty if there is one.
    [[nodiscard]] const Failure& failure() const { return failure_; }

  private:
    std::optional<T> value_;
    Failure failure_;
};

/// An operation without a value: done, or not and why.
template <>
class [[nodiscard]] Outcome<void> {
  public:
    Outcome() = default;
    Outcome(Failure failure) : failure_(std::move(failure)) {}

    [[nodiscard]] bool has_value() const { return !failure_.has_value(); }
    [[nodiscard]] explicit operator bool() const { return has_value(); }

    /// Why it was not done. Requires: !has_value().
    [[nodiscard]] const Failure& failure() const { return *failure_; }

  private:
    std::optional<Failure> failure_;
};

using Done = Outcome<void>;

}  // namespace kith
