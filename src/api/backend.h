// What the API asks of the node: the border between HTTP and everything that it shows.
//
// The API owns this interface; the node implements it (over the broker: broker_backend.h), tests
// fake it. Every call is made on the API's shard; answers come there too, in the same turn or a
// later one, each callback once. Answers are copies: nothing borrowed stays.
// Threads: shard-local (the API's shard).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/mesh_facts.h"
#include "api/observation.h"
#include "base/bytes.h"
#include "base/qos.h"
#include "base/result.h"
#include "base/time.h"
#include "broker/broker.h"
#include "broker/counters.h"
#include "broker/observe.h"
#include "runtime/shard.h"

namespace kith::api {

struct ListenerFacts {
    std::string kind;     // "mqtt", "mqtts", "http"
    std::string address;  // "127.0.0.1:1883"
    bool is_tls = false;
    bool is_insecure = false;
    bool allows_anonymous = false;
    bool is_behind_proxy = false;  // takes connections with a header of the PROXY protocol only
};

/// What a node is, as GET /api/v1/node tells it.
struct NodeFacts {
    std::string name;
    std::string version;
    WallTime started_at;
    std::uint16_t shard_count = 1;
    std::int64_t process_id = 0;
    std::uint64_t recovery_ms = 0;  // what reading the store took at the start
    bool is_store_healthy = true;
    std::string store_reason;  // empty while healthy
    std::vector<ListenerFacts> listeners;
    std::vector<std::string> hosts;                             // names it answers to
    std::vector<std::pair<std::string, std::uint64_t>> limits;  // "packet_bytes_max" ...
};

struct CertificateStatus {
    std::string use;  // "server", "authority", "client authority", "own client authority"
    std::string subject;
    std::string issuer;
    std::vector<std::string> names;
    WallTime not_before;
    WallTime not_after;
    std::string fingerprint;  // SHA-256, lower-case hex
    bool is_own = false;      // made by the node, which renews it
};

/// What only the node knows of its safety; posture.h judges it.
struct SecurityFacts {
    std::vector<CertificateStatus> certificates;
    /// Of the data directory, by name, that others than its owner can read; "." is the directory.
    std::vector<std::string> exposed_files;
    std::string log_level;         // "info"
    std::uint64_t disk_bytes = 0;  // of the data directory's file system; 0 not known
    std::uint64_t disk_free_bytes = 0;
};

/// Signed credentials that clients showed.
struct CredentialCounters {
    std::uint64_t jwt_accepted = 0;
    std::uint64_t jwt_denied = 0;
    std::uint64_t jwt_over_limit = 0;
    std::uint64_t jwks_failures = 0;
    std::uint64_t certificates_accepted = 0;
    std::uint64_t certificates_denied = 0;
    std::uint64_t certificates_revoked = 0;  // of these

    void add(const CredentialCounters& other);
};

/// Sums over all shards at one moment.
struct Totals {
    broker::Counters broker;
    std::uint64_t resident_bytes = 0;
    std::uint64_t stored_bytes = 0;  // of the files of all stores
    runtime::ShardCounters runtime;
    broker::DelayHistogram loop_lag;
    CredentialCounters credentials;
    std::uint64_t store_commits = 0;
    std::uint64_t store_changes = 0;
    std::uint64_t store_bytes = 0;  // of changes
    std::uint64_t store_pending_batches = 0;
    std::uint64_t store_pending_bytes = 0;  // of changes that wait for the disk
    std::uint64_t store_failures = 0;
    std::uint64_t commit_us_max = 0;
    std::vector<broker::LimitView> limits;
    std::uint64_t commit_us_p99 = 0;
    std::uint64_t store_messages = 0;  // each counts once, however many wait for it
    std::uint64_t store_reads = 0;     // of queues on disk
    std::uint64_t store_read_failures = 0;
    struct StoreFile {
        std::string name;
        std::uint64_t bytes = 0;
    };
    std::vector<StoreFile> store_files;
    MeshHealth mesh = {};
};

/// One topic on one shard, changed since it was last asked for. Counts are those of that shard
/// since it first saw the topic.
struct TopicSample {
    ShardId shard;
    std::string topic;
    std::uint64_t message_count = 0;
    std::uint64_t byte_count = 0;
    std::string payload;  // the first kPayloadPrefixBytes
    std::uint32_t payload_bytes = 0;
    WallTime at;
    std::string publisher;  // client id, or empty
    Qos qos = Qos::AtMostOnce;
    bool is_retain = false;
};

struct RetainedSample {
    std::string topic;
    std::string payload;  // the first kPayloadPrefixBytes
    std::uint32_t payload_bytes = 0;
    WallTime at;
    Qos qos = Qos::AtMostOnce;
};

struct PublishOrder {
    std::string topic;
    std::string payload;
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
    std::string content_type;    // empty: none
    std::string response_topic;  // empty: none
    std::vector<std::pair<std::string, std::string>> user_properties;
    std::string published_by;  // "user:anna", "token:k3f9": for logs
};

struct PublishReceipt {
    bool is_durable = false;
    std::uint32_t receiver_count = 0;
};

struct NodeEvent {
    WallTime at;
    std::string kind;     // "client_connected" ...: stable words
    std::string machine;  // client id, or empty
    std::string text;     // for people
    std::string address;
    std::string reason;
    std::string transport;
};

enum class Direction : std::uint8_t { In, Out };  // In: from the machine

/// One message as a tap sees it; views are borrowed for the call.
struct TappedMessage {
    WallTime at;
    Direction direction = Direction::In;
    std::string_view client;  // whose message it is; empty if not known
    std::string_view topic;
    Bytes payload;
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
};

/// What to listen in on: a topic filter, or everything from and to one client.
struct TapRequest {
    std::string filter;  // empty if `client` is set
    std::string client;
};

/// Listening goes on until this is destroyed.
class Tap {
  public:
    virtual ~Tap() = default;
};

/// An entry of the directory of machines.
struct DirectoryEntry {
    std::string machine;
    std::string payload;  // JSON, if its node is honest
};

class Backend {
  public:
    virtual ~Backend() = default;

    [[nodiscard]] virtual NodeFacts node() = 0;
    /// Why the node is not ready to serve; empty if it is.
    [[nodiscard]] virtual std::string not_ready_reason() = 0;

    virtual void totals(std::function<void(Totals)> done) = 0;

    /// All sessions, connected or not, in no order.
    virtual void machines(std::function<void(std::vector<broker::ClientView>)> done) = 0;
    virtual void machine(const std::string& id,
                         std::function<void(std::optional<broker::ClientDetail>)> done) = 0;
    /// Errors: NotFound if it is not connected.
    virtual void disconnect(const std::string& id, std::function<void(Status)> done) = 0;
    /// Ends the session too. Errors: NotFound.
    virtual void forget(const std::string& id, std::function<void(Status)> done) = 0;

    /// Topics published to since the last call, on any shard.
    virtual void changed_topics(std::function<void(std::vector<TopicSample>)> done) = 0;
    /// All retained messages.
    virtual void retained(std::function<void(std::vector<RetainedSample>)> done) = 0;
    /// Clients that get messages of each topic, in the order asked.
    virtual void subscriber_counts(const std::vector<std::string>& topics,
                                   std::function<void(std::vector<std::uint32_t>)> done) = 0;
    virtual void subscribers(const std::string& topic, std::size_t count_max,
                             std::function<void(std::vector<std::string>)> done) = 0;

    /// Errors: Invalid (the topic), Limit, Unavailable.
    virtual void publish(const PublishOrder& order,
                         std::function<void(Result<PublishReceipt>)> done) = 0;

    /// The newest first. What happens later is told by ApiServer::on_event().
    [[nodiscard]] virtual std::vector<NodeEvent> events(std::size_t count_max) = 0;

    /// `sink` is called on this shard, never from inside tap(). Errors: Invalid (the filter), Limit
    /// (too many taps), Unsupported.
    [[nodiscard]] virtual Result<std::unique_ptr<Tap>> tap(
        const TapRequest& request, std::function<void(const TappedMessage&)> sink) = 0;

    [[nodiscard]] virtual SecurityFacts security() = 0;

    [[nodiscard]] virtual MeshFacts mesh(const MeshWanted& wanted) = 0;
    /// What machines of all nodes say of themselves, as it is retained; in no order.
    virtual void directory(std::function<void(std::vector<DirectoryEntry>)> done) = 0;

    /// For a closer look; lives as long as the backend.
    [[nodiscard]] virtual Observation& observation() = 0;
};

}  // namespace kith::api
