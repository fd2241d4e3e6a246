// Says whose token something is, for an MQTT client or an API caller, on the shard that asks.
//
// Each shard has one, with the table that the registry last sent. A known token is answered at
// once. A token that looks right and is unknown may have been made a moment ago by a tool: the
// registry is asked to read the store, and the answer follows. Nothing else is ever asked: tokens
// have 144 random bits, so guesses need no pause, only a bound on those that wait.
// JSON web tokens are verified right here, too: 0.1 ms each, and so many a second at most.
// Threads: shard-local. Limits: kUnknownTokensMax, kJwtChecksPerSecondMax.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "access/jwt.h"
#include "access/token_table.h"
#include "base/result.h"
#include "bus/authenticator.h"
#include "runtime/shard.h"

namespace kith::access {

class Registry;

struct JwtCounters {
    std::uint64_t accepted = 0;
    std::uint64_t denied = 0;
    std::uint64_t over_limit = 0;  // kJwtChecksPerSecondMax
};

class TokenAuthenticator {
  public:
    /// `registry` lives on shard `home`; both outlive this.
    TokenAuthenticator(runtime::Shard& shard, Registry& registry, ShardId home);

    /// Calls `done` once, in this turn or a later one. Errors: Denied, Limit.
    void check_token(std::string_view token, std::function<void(Result<bus::Principal>)> done);

    /// Who opened a WebSocket; a token's machine and topic roles go with it.
    [[nodiscard]] Result<bus::Principal> principal_of_session(
        const bus::AuthRequest& request) const;

    /// True for texts that check_token() can know: the shape of a token, or of a JSON web token
    /// where these open something.
    [[nodiscard]] bool is_token(std::string_view text) const;

    /// A JSON web token that check_token() would let in, still.
    [[nodiscard]] bool is_good_jwt(std::string_view token) const;

    // For the registry and the keeper of keys, on this shard.
    void set_jwt(std::shared_ptr<const JwtPolicy> policy) { jwt_ = std::move(policy); }
    void set_table(std::shared_ptr<const TokenTable> table) { table_ = std::move(table); }
    void on_checked();

    [[nodiscard]] const JwtCounters& jwt_counters() const { return jwt_counters_; }

    // Any thread.
    [[nodiscard]] ShardId shard_id() const { return shard_->id(); }

  private:
    struct Waiting {
        std::string token;
        std::function<void(Result<bus::Principal>)> done;
    };

    [[nodiscard]] const TokenEntry* find(std::string_view token);
    [[nodiscard]] Result<bus::Principal> check_jwt(std::string_view token);
    void ask_registry();
    void report_uses();

    runtime::Shard* shard_;
    Registry* registry_;
    ShardId home_;
    std::shared_ptr<const TokenTable> table_;  // shared_ptr: all shards look at one table
    std::shared_ptr<const JwtPolicy> jwt_;     // likewise; null: such tokens open nothing
    Instant jwt_second_;                       // in which jwt_checks_ are counted
    std::uint32_t jwt_checks_ = 0;
    JwtCounters jwt_counters_;
    std::vector<Waiting> asked_;                      // the registry has been asked for these
    std::vector<Waiting> waiting_;                    // came after that
    std::unordered_map<std::string, WallTime> uses_;  // token ids, not yet reported
    runtime::CallbackTimer report_timer_;
};

}  // namespace kith::access
