// Which topics are nobody's business but the node's or one client's (docs/reference/topics.md).
//
// The rules that hold for everybody, above any topic role: `$SYS`, `$events` and `$mesh` are
// written by the node alone, but for `$mesh/dir/<machine>`, which that machine writes;
// `$to/<client>/` is read by that client alone, `$to/node/<node>/` by clients of that node (which
// its broker sees to), `$to/any/<service>/` by who provides it; `$m/<machine>/` is written by that
// machine, but for its commands, which anybody may send. A machine is who came in with its
// credential; a client without one counts as the machine of its client id. Viewers do not publish.
// Pure functions.
#pragma once

#include <string_view>

#include "bus/authenticator.h"
#include "bus/topic.h"

namespace kith::bus {

[[nodiscard]] bool may_publish(const Principal& principal, std::string_view client_id,
                               TopicName topic);
[[nodiscard]] bool may_subscribe(std::string_view client_id, TopicFilter filter);
/// True if a client of this id can have an inbox: "+" is a valid client id, but `$to/+/` would be
/// everybody's.
[[nodiscard]] bool is_topic_level(std::string_view client_id);
/// True if a topic or filter has more levels.
[[nodiscard]] bool is_deeper_than(std::string_view text, std::size_t levels);

}  // namespace kith::bus
