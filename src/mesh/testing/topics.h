// Test support: random filters and topics, of few levels and few words, so that many match.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/random.h"
#include "bus/topic.h"

namespace kith::mesh::testing {

/// One of a few words, among them the empty one.
inline std::string_view random_word(Random& random) {
    static constexpr std::array<std::string_view, 6> kWords = {"", "a", "b", "c", "d", "long-word"};
    return kWords[random.below(kWords.size())];
}

/// The first level of some is the server's own.
inline std::string_view random_first_word(Random& random) {
    static constexpr std::array<std::string_view, 3> kReserved = {"$SYS", "$a", "$"};
    return random.chance(0.2) ? kReserved[random.below(kReserved.size())] : random_word(random);
}

inline std::string random_topic(Random& random) {
    std::string topic(random_first_word(random));
    for (std::uint64_t i = random.below(5); i > 0 || topic.empty(); i -= i > 0 ? 1 : 0) {
        topic.append("/").append(random_word(random));
    }
    return topic;
}

inline std::string random_filter(Random& random) {
    std::string filter(random.chance(0.2) ? "+" : random_first_word(random));
    for (std::uint64_t i = random.below(5); i > 0 || filter.empty(); i -= i > 0 ? 1 : 0) {
        filter.append("/").append(random.chance(0.3) ? "+" : random_word(random));
    }
    return random.chance(0.05) ? "#" : random.chance(0.2) ? filter + "/#" : filter;
}

/// A topic that this filter matches.
inline std::string random_topic_of(Random& random, std::string_view filter) {
    std::string topic;
    bus::LevelReader levels(filter);
    bool is_first = true;
    while (!levels.at_end()) {
        const std::string_view level = levels.next();
        if (level == "#") {
            for (std::uint64_t i = random.below(3) + (is_first ? 1 : 0); i > 0; --i) {
                topic.append(is_first ? "" : "/").append(is_first ? "a" : random_word(random));
                is_first = false;
            }
            break;
        }
        const std::string_view word = level != "+" ? level : is_first ? "b" : random_word(random);
        topic.append(is_first ? "" : "/").append(word);
        is_first = false;
    }
    return topic;
}

}  // namespace kith::mesh::testing
