// Prometheus' text format, line by line; and the parts of the page that have a file of their own.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "api/backend.h"
#include "broker/counters.h"

namespace kith::api {

class MetricsPage {
  public:
    void counter(std::string_view name, std::string_view help, std::uint64_t value) {
        head(name, help, "counter");
        fmt::format_to(out(), "kith_{} {}\n", name, value);
    }
    void gauge(std::string_view name, std::string_view help, double value) {
        head(name, help, "gauge");
        fmt::format_to(out(), "kith_{} {}\n", name, value);
    }
    void head(std::string_view name, std::string_view help, std::string_view type) {
        fmt::format_to(out(), "# HELP kith_{} {}\n# TYPE kith_{} {}\n", name, help, name, type);
    }
    template <typename T>
    requires std::is_arithmetic_v<T>
    void labelled(std::string_view name, std::string_view label, std::string_view label_value,
                  T value) {
        fmt::format_to(out(), "kith_{}{{{}=\"{}\"}} {}\n", name, label, label_value, value);
    }
    /// Delays in seconds; buckets are powers of two of a microsecond.
    void histogram(std::string_view name, std::string_view help,
                   const broker::DelayHistogram& delays);
    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    [[nodiscard]] std::back_insert_iterator<std::string> out() { return std::back_inserter(text_); }

    std::string text_;
};

/// metrics_runtime.cpp: the loops of the shards, TLS, proxies.
void add_runtime(MetricsPage& page, const Totals& totals);
/// metrics_mesh.cpp: links to neighbours, and what was dropped.
void add_mesh(MetricsPage& page, const MeshFacts& mesh);

}  // namespace kith::api
