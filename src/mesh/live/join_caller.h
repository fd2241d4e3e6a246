// Asks the holders of a mesh's authority for a certificate until one of them gives it.
//
// All addresses are dialled, each for ever, as peers are (peer_dialer.h); what is asked and of whom
// is the errand's business: a node that joins shows its token's proof to nobody but a member of the
// mesh that the token names. An address whose answer is no is left alone; the others go on.
// Threads: shard-local; names are looked up on a BlockingPool. Limits: limits.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "mesh/live/join_channel.h"
#include "mesh/live/peer_dialer.h"
#include "mesh/trust/enrolment.h"
#include "mesh/trust/mesh_directory.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard.h"
#include "runtime/tls.h"

namespace kith::mesh {

/// What is asked for.
struct JoinErrand {
    std::vector<std::string> addresses;  // HOST:PORT
    /// The request, for a channel with this binding, if who shows this chain may see it. Errors:
    /// Denied if not.
    std::function<Result<std::vector<std::uint8_t>>(const std::vector<Bytes>& shown, Bytes binding)>
        request;
    /// Errors: Unavailable if it may be asked again; else the answer is no.
    std::function<Result<Admission>(Bytes answer)> read;
};

struct JoinCallerCounters {
    std::uint64_t dials = 0;
    std::uint64_t impostors = 0;  // who answered is nobody to ask
    std::uint64_t refusals = 0;   // the answer was no
    std::uint64_t broken = 0;     // no answer
};

class JoinCaller final : DialOwner, JoinChannelOwner, runtime::Task {
  public:
    struct Ports {
        runtime::BlockingPool& names;  // outlives the caller
        /// At most once; the caller does nothing more then.
        std::function<void(Admission)> on_admitted;
    };
    /// Errors: as TlsContext::client().
    [[nodiscard]] static Result<std::unique_ptr<JoinCaller>> create(runtime::Shard& shard,
                                                                    JoinErrand errand, Ports ports);
    ~JoinCaller();

    void start();

    /// What went wrong last, and where: for people. Empty: nothing yet.
    [[nodiscard]] const std::string& last_trouble() const { return last_trouble_; }
    /// Nobody is left to ask.
    [[nodiscard]] bool is_at_an_end() const;
    [[nodiscard]] const JoinCallerCounters& counters() const { return counters_; }

  private:
    struct Attempt {
        std::unique_ptr<JoinChannel> channel;
        PeerDialer* dialer = nullptr;  // null: given up
    };

    JoinCaller(runtime::Shard& shard, JoinErrand errand, Ports ports,
               std::shared_ptr<runtime::TlsContext> context);

    // DialOwner
    void resolve(PeerDialer& dialer) override;
    [[nodiscard]] std::optional<LinkId> dial(PeerDialer& dialer,
                                             const runtime::SocketAddress& address) override;
    void give_up(LinkId link) override;

    // JoinChannelOwner
    void on_channel_ready(JoinChannel& channel) override;
    void on_channel_message(JoinChannel& channel, Bytes message) override;
    void on_channel_ended(JoinChannel& channel, JoinChannelEnd end) override;

    void run_task() override;

    [[nodiscard]] Result<std::vector<std::uint8_t>> request_for(const JoinChannel& channel) const;
    void fail_attempt(LinkId link, std::string_view why);
    void note(const PeerDialer& dialer, std::string_view why);
    void retire(LinkId link);
    void stop();

    runtime::Shard& shard_;
    const JoinErrand errand_;
    Ports ports_;
    // shared_ptr: as TlsContext::wrap() wants it.
    std::shared_ptr<runtime::TlsContext> context_;
    JoinCallerCounters counters_;
    std::string last_trouble_;
    std::uint32_t last_link_ = 0;
    std::map<LinkId, Attempt> attempts_;
    std::vector<std::unique_ptr<JoinChannel>> retired_;  // until the turn is over
    std::vector<std::unique_ptr<PeerDialer>> dialers_;
    std::vector<bool> is_refused_;  // of each dialer
    std::optional<Admission> admission_;
    bool is_over_ = false;
    // shared_ptr: mail with addresses may arrive after the caller has gone; null then.
    std::shared_ptr<JoinCaller*> self_token_;
};

/// Empty while the node does not know the time. Asked at each answer, which may come days later.
using KnownTime = std::function<std::optional<WallTime>()>;

/// The errand of a node that joins.
[[nodiscard]] JoinErrand joining_errand(const JoinToken& token, const NodeKey& key,
                                        const std::string& name, const KnownTime& now);

/// That of a member whose certificate is to be renewed. Requires: it is one.
[[nodiscard]] JoinErrand renewal_errand(const Membership& member, const KnownTime& now);

}  // namespace kith::mesh
