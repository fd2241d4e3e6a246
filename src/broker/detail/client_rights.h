// What clients may do with topics: the hard rules of topic_access.h, then the roles of whoever it
// is, as access/ has compiled them.
//
// All sessions of one principal share one ClientRights, so that a session costs a pointer. A
// principal that may publish to everything costs one flag test a message; the others remember the
// topics that they were last allowed, and are judged again after their roles have changed: then
// clients that hold subscriptions which are not allowed any more are disconnected, and the
// subscriptions end. Subscriptions are judged when they are made, so delivery needs no check.
// Threads: shard-local. Limits: kAllowedTopicsMax, kDenialsRememberedMax, kJudgedAtOnceMax.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/ids.h"
#include "base/time.h"
#include "broker/limits.h"
#include "bus/authorizer.h"
#include "runtime/shard.h"
#include "runtime/timer.h"

namespace kith::broker {

class RightsTable;
class Session;
struct ShardContext;

/// A principal, and what it may do at this moment.
struct ClientRights {
    bus::Principal principal;
    std::shared_ptr<const bus::TopicRights> topics;  // shared_ptr: as the authorizer hands it out
    RightsTable* table = nullptr;
    std::uint32_t use_count = 0;
    std::uint32_t generation = 0;       // moves whenever `topics` does
    bool publishes_everything = false;  // outside `$`
    /// False for a session from disk: the name is all that is known until its client comes.
    bool is_complete = true;
};

void intrusive_ptr_add_ref(ClientRights* rights);
void intrusive_ptr_release(ClientRights* rights);
using ClientRightsRef = boost::intrusive_ptr<ClientRights>;

/// Topics that one session was last allowed to publish to.
class AllowedTopics {
  public:
    [[nodiscard]] bool has(std::string_view topic, std::uint32_t generation) const;
    void note(std::string_view topic, std::uint32_t generation);

  private:
    std::array<std::string, kAllowedTopicsMax> topics_;  // empty: none
    std::uint32_t generation_ = 0;
    std::uint32_t next_ = 0;
};

class RightsTable {
  public:
    explicit RightsTable(ShardContext& context);
    RightsTable(const RightsTable&) = delete;
    RightsTable& operator=(const RightsTable&) = delete;

    [[nodiscard]] ClientRightsRef of(bus::Principal principal);
    /// Of somebody of whom the disk kept the name.
    [[nodiscard]] ClientRightsRef of_stored(bus::Principal principal);

    [[nodiscard]] bool may_publish(Session& session, bus::TopicName topic);
    /// The same for somebody who has no session yet; nothing is remembered.
    [[nodiscard]] static bool may_publish(const ClientRights& rights, std::string_view client_id,
                                          bus::TopicName topic);
    [[nodiscard]] static bool may_subscribe(const ClientRights& rights, std::string_view client_id,
                                            bus::TopicFilter filter);
    /// Counts a refusal and tells of it, at most once a minute for a client and topic prefix.
    void note_denied(std::string_view client_id, bus::TopicAction action, std::string_view topic);

    /// Ends the subscriptions of a session that its rights do not allow.
    void drop_forbidden(Session& session);

    [[nodiscard]] std::size_t size() const { return all_.size(); }

  private:
    friend void intrusive_ptr_release(ClientRights* rights);

    struct Key {
        const bus::Principal& principal;
        bool is_complete;
    };
    struct KeyOf {
        using is_transparent = void;
        [[nodiscard]] static Key of(const ClientRights* rights) {
            return {rights->principal, rights->is_complete};
        }
        [[nodiscard]] static Key of(const Key& key) { return key; }
        template <typename Any>
        std::size_t operator()(const Any& any) const {
            return hash_text(of(any).principal.name);
        }
        template <typename Left, typename Right>
        bool operator()(const Left& left, const Right& right) const {
            return are_same(of(left), of(right));
        }
    };
    [[nodiscard]] static bool are_same(const Key& a, const Key& b);

    [[nodiscard]] ClientRightsRef find_or_add(bus::Principal principal, bool is_complete);
    [[nodiscard]] bool check_publish(Session& session, bus::TopicName topic);
    void refresh(ClientRights& rights);
    void on_roles_changed();
    void judge_some();
    void judge(Session& session);
    [[nodiscard]] std::vector<std::string> forbidden_of(const Session& session);
    void note_forbidden(const Session& session, const std::vector<std::string>& forbidden);
    void end_subscriptions(Session& session, const std::vector<std::string>& forbidden);
    [[nodiscard]] bool is_news(std::string_view client_id, std::string_view topic);

    ShardContext& context_;
    boost::unordered_flat_set<ClientRights*, KeyOf, KeyOf> all_;
    std::vector<SessionId> to_judge_;  // after roles have changed
    runtime::CallbackTimer judge_timer_;
    boost::unordered_flat_map<std::string, Instant> told_;  // denials of the last minute
};

}  // namespace kith::broker
