#include "base/rfc3339.h"

#include <algorithm>
#include <chrono>

namespace kith {
namespace {

/// Takes digits and separators from the front of a text; fails once and for all.
class DigitReader {
  public:
    explicit DigitReader(std::string_view text) : rest_(text) {}

    int number(std::size_t digit_count) {
        int number = 0;
        for (std::size_t i = 0; i < digit_count; ++i) {
            const bool is_digit = !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
            has_failed_ |= !is_digit;
            number = is_digit ? number * 10 + (rest_.front() - '0') : 0;
            rest_.remove_prefix(is_digit ? 1 : 0);
        }
        return number;
    }
    void expect(char c) {
        const bool is_there = !rest_.empty() && rest_.front() == c;
        has_failed_ |= !is_there;
        rest_.remove_prefix(is_there ? 1 : 0);
    }
    [[nodiscard]] bool is_next(char c) const { return rest_.starts_with(c); }
    [[nodiscard]] std::size_t digits_ahead() const {
        return std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    }
    [[nodiscard]] bool is_done() const { return !has_failed_ && rest_.empty(); }

  private:
    std::string_view rest_;
    bool has_failed_ = false;
};

/// The digits behind the point: one to three.
int milliseconds_of(DigitReader& reader) {
    reader.expect('.');
    const std::size_t digit_count = std::clamp<std::size_t>(reader.digits_ahead(), 1, 3);
    int number = reader.number(digit_count);
    for (std::size_t i = digit_count; i < 3; ++i) {
        number *= 10;
    }
    return number;
}

}  // namespace

std::optional<WallTime> parse_rfc3339(std::string_view text) {
    DigitReader reader(text);
    const int year = reader.number(4);
    reader.expect('-');
    const int month = reader.number(2);
    reader.expect('-');
    const int day = reader.number(2);
    reader.expect('T');
    const int hour = reader.number(2);
    reader.expect(':');
    const int minute = reader.number(2);
    reader.expect(':');
    const int second = reader.number(2);
    const int ms = reader.is_next('.') ? milliseconds_of(reader) : 0;
    reader.expect('Z');
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!reader.is_done() || !date.ok() || hour > 23 || minute > 59 || second > 59) {
        return std::nullopt;
    }
    const std::chrono::milliseconds since_midnight =
        std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second) +
        std::chrono::milliseconds(ms);
    const std::chrono::milliseconds midnight = std::chrono::sys_days(date).time_since_epoch();
    return WallTime::from_ms((midnight + since_midnight).count());
}

}  // namespace kith
