// The sessions of one shard: opened, taken over, left, expired; their wills; their records on disk.
//
// A client id lives on the shard that it hashes to, so that takeover needs no agreement: two
// connections of one client meet in this table, one after the other. Threads: shard-local.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/detail/connection.h"
#include "broker/detail/session.h"
#include "broker/detail/shard_context.h"
#include "storage/journal.h"

namespace kith::broker {

class SessionTable {
  public:
    explicit SessionTable(ShardContext& context) : context_(context) {}
    ~SessionTable();

    struct Opened {
        Session* session = nullptr;  // null: refused, or to be tried again
        bool is_present = false;     // it existed before [MQTT-3.2.2-2]
        bool must_wait = false;      // try again once the disk has forgotten the old session
        mqtt::ReasonCode refusal = mqtt::ReasonCode::Success;
        const char* words = "";
    };
    /// Gives `connection` its session: a new one or the one that exists, taken over if need be.
    Opened open(Connection& connection, const mqtt::Connect& connect, bus::Principal principal);
    /// The client has authenticated anew, perhaps with other rights.
    void renew(Session& session, bus::Principal principal);

    /// The connection of `session` has ended.
    void close(Session& session, Connection::WillFate will, const char* reason);
    /// A connection is about to leave a session that is taken over or ends.
    void let_go(Session& session, const char* reason);
    /// Why a session ends for good; static text. Its client, if connected, is told.
    struct Ending {
        mqtt::ReasonCode reason = mqtt::ReasonCode::Success;
        const char* words = "";
    };
    /// Ends the session for good, whoever uses it.
    void remove(Session& session, const Ending& ending);
    /// What CONNECT or DISCONNECT ask for, as far as the node allows.
    void set_expiry(Session& session, std::uint32_t asked_s);

    /// What a client of this session published has been settled.
    void on_settled(const PublishOrigin& origin, Settlement settlement,
                    std::uint32_t receiver_count);
    /// The same where the session is known. Requires: QoS 1 or 2.
    void on_settled(Session& session, const PublishOrigin& origin, Settlement settlement,
                    std::uint32_t receiver_count);
    /// An outgoing message needs nothing more.
    void complete(Session& session, OutboundItem& item);
    /// Gives up what was never sent and `is_unwanted`.
    void drop_unsent(Session& session, const std::function<bool(bus::TopicName)>& is_unwanted);
    /// PUBREC came: forget the message, remember the id, send PUBREL once that is on disk.
    void release(Session& session, OutboundItem& item);
    /// PUBREL came for an id that is on disk: send PUBCOMP once the disk has forgotten it.
    void forget_inbound(Session& session, PacketId packet_id);
    void on_session_timer(Session& session);

    // Of sessions that move between nodes.
    /// Another node is to have the session: its client is cut off as by a takeover. False if there
    /// is nothing to give, for it was to be cleaned or does not outlive its connection: it ended.
    [[nodiscard]] bool release_to_mesh(Session& session, bool is_clean);
    /// It stays after all.
    void keep(Session& session);
    /// The client is not found any more by its id; the session is.
    void detach(Session& session);
    /// Of a detached one: with what is on disk.
    void drop_detached(Session& session);
    /// One that came from another node and is on disk; nobody is connected.
    Session& adopt(const storage::SessionRecord& record);
    /// The will does not fire.
    void cut_off(Session& session, const char* words);
    void write_record(Session& session);

    [[nodiscard]] Session* find(SessionId id);
    [[nodiscard]] Session* find(TenantId tenant, std::string_view client_id);
    /// The connection, if it still is this session's.
    [[nodiscard]] Connection* connection_of(SessionId session, ConnectionId connection);

    [[nodiscard]] ShardId home_of(TenantId tenant, std::string_view client_id) const;
    /// A new client id that lives on this shard.
    [[nodiscard]] std::string make_client_id();

    // Recovery, before the shards run.
    void restore_session(const storage::SessionRecord& record, WallTime now);
    /// In the shard's first turn: expiry and wills of those who are not connected.
    void start();

    /// Calls visit(Session&) for each. It must not open or remove any.
    template <typename Visit>
    void for_each(Visit&& visit) {
        for (const std::unique_ptr<Session>& session : by_id_) {
            visit(*session);
        }
    }
    [[nodiscard]] std::size_t size() const { return by_id_.size(); }
    [[nodiscard]] ClientWatches& watches() { return watches_; }

  private:
    struct Client {
        TenantId tenant;
        std::string_view id;
        friend bool operator==(const Client&, const Client&) = default;
    };
    /// Hashes and compares sessions by their client, so that the set holds no copy of its id.
    struct ClientOf {
        using is_transparent = void;
        [[nodiscard]] static Client of(const Session* session) {
            return {session->tenant(), session->client_id()};
        }
        [[nodiscard]] static Client of(const Client& client) { return client; }
        template <typename Any>
        std::size_t operator()(const Any& any) const {
            const Client client = of(any);
            return hash_text(client.id) + client.tenant.value();
        }
        template <typename Left, typename Right>
        bool operator()(const Left& left, const Right& right) const {
            return of(left) == of(right);
        }
    };

    /// The same by their id.
    struct IdOf {
        using is_transparent = void;
        [[nodiscard]] static SessionId of(const std::unique_ptr<Session>& session) {
            return session->id();
        }
        [[nodiscard]] static SessionId of(SessionId id) { return id; }
        template <typename Any>
        std::size_t operator()(const Any& any) const {
            return hash_value(of(any));
        }
        template <typename Left, typename Right>
        bool operator()(const Left& left, const Right& right) const {
            return of(left) == of(right);
        }
    };

    [[nodiscard]] static std::string key(TenantId tenant, std::string_view client_id);
    [[nodiscard]] Opened check(const Session* known, const mqtt::Connect& connect,
                               const ClientRights& rights) const;
    [[nodiscard]] Opened check_will(const mqtt::Will& will, std::string_view client_id) const;
    /// Apart: another one may have the same client id.
    enum class Known : std::uint8_t { ByClient, Apart };
    Session& create(TenantId tenant, std::string_view client_id, ClientRightsRef rights,
                    SessionId id, Known known);
    Session& restore_plain(const storage::SessionRecord& record, WallTime now, Known known);
    void take_over(Session& session);
    void set_will(Session& session, const mqtt::Connect& connect);
    void publish_will(Session& session);
    /// Nothing if its client may not publish it any more.
    [[nodiscard]] std::optional<SessionWill> take_will(Session& session);
    void resume_as(Session& session, const ClientRightsRef& rights);
    void judge_by(Session& session, const ClientRightsRef& rights);
    [[nodiscard]] bus::Message message_of(const SessionWill& will) const;
    void begin_absence(Session& session, WallTime at, Instant since, const char* reason);
    void arm_timer(Session& session);
    [[nodiscard]] bool has_expired(const Session& session) const;
    void send_release(SessionId session, PacketId packet_id);

    ShardContext& context_;
    ClientWatches watches_;
    boost::unordered_flat_set<std::unique_ptr<Session>, IdOf, IdOf> by_id_;
    boost::unordered_flat_set<Session*, ClientOf, ClientOf> by_client_;
    std::vector<SessionId> outlived_;  // recovered beside a newer session of the same client
};

}  // namespace kith::broker
