// The answer to a request that nobody is there to answer: at once, instead of a wait for nothing.
//
// A request is a PUBLISH with a Response Topic (MQTT 5.0, section 4.10). If it is for one receiver
// (`$to/...`) or a command (`$m/<machine>/command/...`), or asks for it by the user property
// `no-responder=tell`, and no subscription of the mesh matches it, then its publisher, and nobody
// else, gets an empty message on the Response Topic, with the Correlation Data of the request and
// the user property `error=no-responder`: as far as it subscribes to that topic.
// Threads: shard-local.
#pragma once

#include "broker/detail/shard_context.h"
#include "bus/message.h"

namespace kith::broker {

class Session;

/// `request` reached nobody. Answers it if it is a request, and wants to know.
void answer_for_nobody(ShardContext& context, Session& session, const bus::Message& request);

}  // namespace kith::broker
