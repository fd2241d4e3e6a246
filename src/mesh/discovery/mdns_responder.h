// Multicast DNS (RFC 6762) with DNS-SD (RFC 6763), as much of it as a node needs to be found by
// tools that know nothing of Kith: a responder for its own services, and a question after its own
// mesh.
//
// Names are probed three times, announced twice, defended, given up for another one on conflict,
// and said good-bye to. Answers go out of every interface, each with the addresses that are good
// there. What others say of nodes of the own mesh is passed on as a hint: nothing here is signed.
// Not here: NSEC records, and unicast answers to those who could get a multicast one.
// Threads: shard-local. Determinism: as MeshNode. Limits: below, and those of wire/dns.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"
#include "runtime/address.h"
#include "runtime/datagram.h"
#include "wire/dns/message.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

inline constexpr std::uint16_t kMdnsPort = 5353;
/// Services of one node; more are not told.
inline constexpr std::size_t kMdnsServicesMax = 8;
/// What was sent lately, by which this node knows its own voice.
inline constexpr std::size_t kMdnsOwnMax = 64;
/// Nodes that are taken from one message.
inline constexpr std::size_t kMdnsFoundMax = 16;

struct MdnsService {
    std::string type;                   // "_kith._tcp"
    std::vector<std::string> subtypes;  // "_0102030405060708"
    std::uint16_t port = 0;             // a service with port 0 is not told
    std::vector<std::string> texts;     // "key=value", at most 255 bytes each
};

struct MdnsOptions {
    NodeId self;
    std::string instance;  // as people call the node; at most 48 bytes are used
    std::string host;      // one label, unique: "kith-0102030405060708"
    std::string mesh;      // 16 hex digits; empty: nobody is looked for
    std::vector<MdnsService> services;
};

struct MdnsInterface {
    runtime::InterfaceId id;
    std::vector<runtime::SocketAddress> addresses;

    friend bool operator==(const MdnsInterface&, const MdnsInterface&) = default;
};

class MdnsPort {
  public:
    virtual void send_multicast(runtime::InterfaceId interface, Bytes message) = 0;
    virtual void send_unicast(const runtime::SocketAddress& to, Bytes message) = 0;
    /// Somebody says that a node of the own mesh is there.
    virtual void on_mdns_found(NodeId node, const runtime::SocketAddress& address) = 0;

  protected:
    ~MdnsPort() = default;
};

struct MdnsCounters {
    std::uint64_t queries = 0;
    std::uint64_t responses = 0;
    std::uint64_t malformed = 0;  // and what is too much for one message
    std::uint64_t sent = 0;
    std::uint64_t suppressed = 0;  // answers that were known, or given a moment ago
    std::uint64_t conflicts = 0;
    std::uint64_t found = 0;
};

class MdnsResponder {
  public:
    MdnsResponder(MdnsOptions options, MdnsPort& port, std::uint64_t seed);

    /// Also when they change. None: nothing is said until there are some.
    void set_interfaces(std::vector<MdnsInterface> interfaces, Instant now);
    void start(Instant now);
    /// Says good-bye.
    void stop();
    void on_datagram(const runtime::SocketAddress& from, Bytes bytes, Instant now);
    void on_timer(Instant now);
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] const MdnsCounters& counters() const { return counters_; }
    /// Names are its own, and told.
    [[nodiscard]] bool is_established() const { return state_ == State::Established; }
    [[nodiscard]] const std::string& instance() const { return instance_; }

  private:
    enum class State : std::uint8_t { Silent, Probing, Announcing, Established };
    /// Beyond all records that are the same everywhere: those with addresses.
    static constexpr std::size_t kAddresses = SIZE_MAX;

    [[nodiscard]] dns::Name instance_name(const MdnsService& service) const;
    [[nodiscard]] dns::Name host_name() const;
    void make_records();
    [[nodiscard]] std::vector<dns::Record> address_records(const MdnsInterface& interface) const;
    [[nodiscard]] std::vector<dns::Record> all_address_records() const;

    void begin_probing(Instant at);
    void step(Instant now);
    void send_probe();
    void announce(Instant now);
    void rename(Instant now);
    void on_conflict(Instant now);

    void on_query(const runtime::SocketAddress& from, const dns::Message& query, Instant now);
    void answer_unicast(const runtime::SocketAddress& to, const dns::Message& query);
    void answer_later(const dns::Message& query, Instant now);
    void break_tie(const dns::Message& probe, Instant now);
    void on_response(const runtime::SocketAddress& from, const dns::Message& response, Instant now);
    [[nodiscard]] bool is_conflict(const dns::Record& record) const;
    void look_for_nodes(const runtime::SocketAddress& from, const dns::Message& response);

    void send_due(Instant now);
    void add_additionals(dns::Message& message, const MdnsInterface& interface) const;
    void ask();
    void send_on(runtime::InterfaceId interface, const dns::Message& message);

    MdnsOptions options_;
    MdnsPort& port_;
    Random random_;
    std::vector<MdnsInterface> interfaces_;
    State state_ = State::Silent;
    bool is_started_ = false;
    std::string instance_;
    std::string host_;
    unsigned name_number_ = 1;
    unsigned steps_ = 0;  // probes or announcements sent
    Instant step_at_ = Instant::never();
    unsigned conflicts_ = 0;  // since the names were last its own
    std::vector<dns::Record> records_;
    std::map<std::size_t, Instant> due_;        // answers, by record
    std::map<std::size_t, Instant> last_sent_;  // by record
    Instant ask_at_ = Instant::never();
    Duration ask_interval_{};
    std::deque<std::uint64_t> own_;  // hashes
    MdnsCounters counters_;
};

}  // namespace kith::mesh
