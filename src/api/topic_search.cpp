#include "api/topic_search.h"

#include <algorithm>
#include <utility>

#include "api/limits.h"
#include "json/scan.h"

namespace kith::api {
namespace {

constexpr std::string_view kOperatorCharacters = "<>=!";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string to_lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), lower);
    return result;
}

/// `word` is lower case.
bool contains(std::string_view topic, std::string_view word) {
    const auto found = std::search(topic.begin(), topic.end(), word.begin(), word.end(),
                                   [](char a, char b) { return lower(a) == b; });
    return word.empty() || found != topic.end();
}

void skip_space(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

}  // namespace

Result<TopicSearch> TopicSearch::parse(std::string_view text) {
    if (text.size() > kSearchBytesMax) {
        return fail(ErrorKind::Limit, "a search has at most 256 bytes");
    }
    TopicSearch search;
    skip_space(text);
    while (!text.empty()) {
        if (search.words_.size() + search.comparisons_.size() == kSearchTermsMax) {
            return fail(ErrorKind::Limit, "a search has at most 8 terms");
        }
        const std::size_t name_end =
            std::min(text.find_first_of(std::string(kOperatorCharacters) + ' '), text.size());
        std::string_view rest = text.substr(name_end);
        if (search.take_comparison(rest, text.substr(0, name_end))) {
            text = rest;
        } else {
            const std::size_t word_end = std::min(text.find(' '), text.size());
            search.words_.push_back(to_lower(text.substr(0, word_end)));
            text.remove_prefix(word_end);
        }
        skip_space(text);
    }
    if (search.words_.empty() && search.comparisons_.empty()) {
        return fail(ErrorKind::Invalid, "nothing to search for");
    }
    return search;
}

/// Takes "> 60" or " >= -1.5" from the front of `text`; false, and nothing taken, if it is not
/// there.
bool TopicSearch::take_comparison(std::string_view& text, std::string_view name) {
    std::string_view rest = text;
    skip_space(rest);
    Comparison comparison{.name = std::string(name), .name_lower = to_lower(name)};
    if (!take_operator(rest, comparison.op)) {
        return false;
    }
    skip_space(rest);
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const auto number = json::bare_number(rest.substr(0, end));
    if (!number) {
        return false;
    }
    comparison.number = *number;
    comparisons_.push_back(std::move(comparison));
    text = rest.substr(end);
    return true;
}

bool TopicSearch::take_operator(std::string_view& text, Operator& op) {
    // Longest first.
    static constexpr std::pair<std::string_view, Operator> kOperators[] = {
        {">=", Operator::GreaterEqual}, {"<=", Operator::LessEqual}, {"!=", Operator::NotEqual},
        {"==", Operator::Equal},        {">", Operator::Greater},    {"<", Operator::Less},
        {"=", Operator::Equal},
    };
    for (const auto& [sign, meaning] : kOperators) {
        if (text.starts_with(sign)) {
            text.remove_prefix(sign.size());
            op = meaning;
            return true;
        }
    }
    return false;
}

bool TopicSearch::matches(std::string_view topic, std::string_view payload, bool is_whole) const {
    for (const std::string& word : words_) {
        if (!contains(topic, word)) {
            return false;
        }
    }
    return std::ranges::all_of(comparisons_, [&](const Comparison& comparison) {
        return matches_value(comparison, topic, payload, is_whole);
    });
}

bool TopicSearch::matches_value(const Comparison& comparison, std::string_view topic,
                                std::string_view payload, bool is_whole) {
    if (is_whole && contains(topic, comparison.name_lower)) {
        const auto number = json::bare_number(payload);
        if (number && holds(*number, comparison)) {
            return true;
        }
    }
    if (comparison.name.empty()) {
        return false;
    }
    const auto member = json::member_number(payload, comparison.name);
    return member && holds(*member, comparison);
}

bool TopicSearch::holds(double value, const Comparison& comparison) {
    switch (comparison.op) {
        case Operator::Equal:
            return !(value < comparison.number) && !(value > comparison.number);
        case Operator::NotEqual:
            return value < comparison.number || value > comparison.number;
        case Operator::Less:
            return value < comparison.number;
        case Operator::LessEqual:
            return value <= comparison.number;
        case Operator::Greater:
            return value > comparison.number;
        case Operator::GreaterEqual:
            return value >= comparison.number;
    }
    return false;
}

}  // namespace kith::api
