// The port through which the broker asks what a client may do with topics. Answered by access/,
// faked in tests.
//
// Rights are asked for once, at CONNECT, and held as an immutable object that many sessions share.
// When roles change, the authorizer tells, and rights are asked for again. The hard rules of the
// broker (docs/reference/topics.md) stand above whatever is answered here.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/ids.h"
#include "bus/authenticator.h"
#include "bus/topic.h"

namespace kith::bus {

enum class TopicAction : std::uint8_t { Publish, Subscribe };

/// Whom `${client}`, `${machine}` and `${tenant}` of a rule stand for. Borrowed for the call.
struct TopicSubject {
    std::string_view client_id;
    std::string_view machine;  // empty: matches nothing
    TenantId tenant = kDefaultTenant;
};

/// What everybody with the same roles may do. Threads: immutable, any shard.
class TopicRights {
  public:
    virtual ~TopicRights() = default;
    [[nodiscard]] virtual bool may_publish(const TopicSubject& subject, TopicName topic) const = 0;
    /// True if every topic that `filter` matches may be read. Without `$share/group/`.
    [[nodiscard]] virtual bool may_subscribe(const TopicSubject& subject,
                                             TopicFilter filter) const = 0;
    /// True if all topics outside `$` may be published to: nothing to be asked for those.
    [[nodiscard]] virtual bool publishes_everything() const = 0;
};

/// Threads: shard-local.
class Authorizer {
  public:
    virtual ~Authorizer() = default;
    /// Never null. shared_ptr: sessions of this shard hold it, and so does whoever made it.
    [[nodiscard]] virtual std::shared_ptr<const TopicRights> rights_of(
        const Principal& principal) = 0;
    /// `on_change` is called when rights_of() may say something else than before.
    virtual void set_listener(std::function<void()> on_change) = 0;
};

}  // namespace kith::bus
