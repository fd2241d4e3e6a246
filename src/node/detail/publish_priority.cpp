#include "node/detail/publish_priority.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "wire/mqtt/properties.h"

namespace kith::node {
namespace {

using mesh::Priority;

constexpr std::string_view kName = "priority";

struct Word {
    std::string_view text;
    Priority priority;
};

/// Control and Drain are the mesh's own.
constexpr std::array<Word, 6> kWords{{{"alarm", Priority::Alarm},
                                      {"command", Priority::Command},
                                      {"event", Priority::Event},
                                      {"default", Priority::Default},
                                      {"low", Priority::Low},
                                      {"bulk", Priority::Bulk}}};

}  // namespace

Priority publish_priority(Bytes properties) {
    std::optional<Priority> said;
    mqtt::MessageProperties{properties}.for_each_user_property(
        [&said](const mqtt::UserProperty& each) {
            const auto word = std::ranges::find(kWords, each.value, &Word::text);
            if (!said && each.name == kName && word != kWords.end()) {
                said = word->priority;
            }
        });
    return said.value_or(Priority::Default);
}

}  // namespace kith::node
