#include "node/log_sink.h"

#include "json/writer.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace kith::node {
namespace {

std::string value_text(const LogField::Value& value) {
    return std::visit([](const auto& content) -> std::string { return fmt::format("{}", content); },
                      value);
}

/// As it is if it is one plain word, else quoted with escapes.
void append_word(std::string& out, std::string_view text) {
    const bool is_plain = std::ranges::all_of(
        text, [](char c) { return c > ' ' && c != '"' && c != '=' && c != '\x7f'; });
    if (is_plain) {
        out += text;
        return;
    }
    json::Writer(out).value(text);
}

std::string text_line(const LogEntry& entry) {
    std::string line =
        fmt::format("{} {:<5} {}", to_rfc3339(entry.at), to_string(entry.level), entry.event);
    for (const LogField& field : entry.fields) {
        const std::string value = value_text(field.value);
        if (value.empty()) {
            continue;  // nothing to say, nothing to read past
        }
        line += ' ';
        line += field.key;
        line += '=';
        append_word(line, value);
    }
    return line;
}

std::string json_line(const LogEntry& entry) {
    std::string line;
    json::Writer writer(line);
    writer.begin_object();
    writer.field("ts", entry.at);
    writer.field("level", to_string(entry.level));
    writer.field("event", entry.event);
    for (const LogField& field : entry.fields) {
        writer.key(field.key);
        std::visit([&](const auto& content) { writer.value(content); }, field.value);
    }
    writer.end_object();
    return line;
}

class StderrLog final : public LogSink {
  public:
    explicit StderrLog(LogFormat format)
        : format_(format), logger_("kith", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
        logger_.set_pattern("%v");
        logger_.set_level(spdlog::level::trace);
        logger_.flush_on(spdlog::level::trace);
    }

    void write(LogLevel level, std::string_view event, std::span<const LogField> fields) override {
        const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::system_clock::now().time_since_epoch());
        logger_.info(format_line(format_, {.at = WallTime::from_ms(now.count()),
                                           .level = level,
                                           .event = event,
                                           .fields = fields}));
    }

  private:
    LogFormat format_;
    spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<LogSink> make_stderr_log(LogFormat format) {
    return std::make_unique<StderrLog>(format);
}

std::string format_line(LogFormat format, const LogEntry& entry) {
    return format == LogFormat::Json ? json_line(entry) : text_line(entry);
}

}  // namespace kith::node
