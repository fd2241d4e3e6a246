// Structured log lines: a level, an event in words, and fields that one can grep.
//
//     LOG(log, Info, "client connected", {"client", id}, {"version", 5});
//
// A Log is handed to whoever needs it; several nodes in one process have several. The sink formats
// and writes; fields are borrowed for the call. Log once, where a thing is handled. Threads: a Log
// is immutable but for its level and may be used from any thread; so must its sink.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <type_traits>
#include <variant>

namespace kith {

enum class LogLevel : std::uint8_t { Trace, Debug, Info, Warn, Error, Off };

/// "trace", "debug", "info", "warn", "error", "off".
[[nodiscard]] std::string_view to_string(LogLevel level);

struct LogField {
    using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

    LogField(std::string_view key_in, std::string_view text) : key(key_in), value(text) {}
    LogField(std::string_view key_in, const char* text)
        : key(key_in), value(std::string_view(text)) {}
    template <typename T>
    requires std::is_arithmetic_v<T> LogField(std::string_view key_in, T number)
        : key(key_in), value(widen(number)) {}

    std::string_view key;
    Value value;

  private:
    template <typename T>
    static Value widen(T number) {
        if constexpr (std::is_same_v<T, bool>) {
            return Value(std::in_place_type<bool>, number);
        } else if constexpr (std::is_floating_point_v<T>) {
            return Value(std::in_place_type<double>, static_cast<double>(number));
        } else if constexpr (std::is_signed_v<T>) {
            return Value(std::in_place_type<std::int64_t>, number);
        } else {
            return Value(std::in_place_type<std::uint64_t>, number);
        }
    }
};

class LogSink {
  public:
    virtual ~LogSink() = default;
    /// `event` and `fields` are valid for the call only.
    virtual void write(LogLevel level, std::string_view event,
                       std::span<const LogField> fields) = 0;
};

class Log {
  public:
    /// A log without a sink drops everything; tests use it.
    Log() : level_(LogLevel::Off) {}
    Log(LogSink& sink, LogLevel level) : sink_(&sink), level_(level) {}

    [[nodiscard]] bool enabled(LogLevel level) const {
        return level >= level_.load(std::memory_order_relaxed) && sink_ != nullptr;
    }
    void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
    void write(LogLevel level, std::string_view event,
               std::initializer_list<LogField> fields) const {
        sink_->write(level, event, {fields.begin(), fields.size()});
    }

  private:
    LogSink* sink_ = nullptr;
    std::atomic<LogLevel> level_;
};

}  // namespace kith

#define LOG(log, level, event, ...)                                       \
    do {                                                                  \
        if ((log).enabled(::kith::LogLevel::level)) {                     \
            (log).write(::kith::LogLevel::level, (event), {__VA_ARGS__}); \
        }                                                                 \
    } while (false)
