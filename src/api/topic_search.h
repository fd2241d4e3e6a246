// What people type to find topics: words of the name, and comparisons with the last value.
//
//     temp > 60            name contains "temp" and the value is a number above 60,
//                          or the value is JSON whose member `temp` is a number above 60
//     oven v>=10 v<20      name contains "oven"; member `v` from 10 to 20
//
// Words are found without regard to case, anywhere in the topic; all must be there. Operators are
// > < = != >= <=. What looks like a comparison but has no number is a word. Immutable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kith::api {

class TopicSearch {
  public:
    /// Errors: Limit beyond kSearchBytesMax or kSearchTermsMax; Invalid if there is nothing to
    /// find.
    [[nodiscard]] static Result<TopicSearch> parse(std::string_view text);

    /// `payload` is the last value, perhaps cut off; `is_whole` says whether it is all of it.
    [[nodiscard]] bool matches(std::string_view topic, std::string_view payload,
                               bool is_whole) const;

  private:
    enum class Operator : std::uint8_t { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual };
    struct Comparison {
        std::string name;  // as typed; empty: the value itself is meant
        std::string name_lower;
        Operator op = Operator::Equal;
        double number = 0;
    };

    [[nodiscard]] static bool holds(double value, const Comparison& comparison);
    [[nodiscard]] static bool matches_value(const Comparison& comparison, std::string_view topic,
                                            std::string_view payload, bool is_whole);
    [[nodiscard]] static bool take_operator(std::string_view& text, Operator& op);
    [[nodiscard]] bool take_comparison(std::string_view& text, std::string_view name);

    std::vector<std::string> words_;  // lower case
    std::vector<Comparison> comparisons_;
};

}  // namespace kith::api
