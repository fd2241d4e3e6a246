// Says whose token something is, for an MQTT client or an API caller, on the shard that asks.
//
// Each shard has one, with the table that the registry last sent. A known token is answered at
// once. A token that looks right and is unknown may have been made a moment ago by a tool: the
// registry is asked to read the store, and the answer follows. Nothing else is ever asked: tokens
// have 144 random bits, so guesses need no pause, only a bound on those that wait.
// Threads: shard-local. Limits: kUnknownTokensMax.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "access/token_table.h"
#include "base/result.h"
#include "bus/authenticator.h"
#include "runtime/shard.h"

namespace kith::access {

class Registry;

class TokenAuthenticator {
  public:
    /// `registry` lives on shard `home`; both outlive this.
    TokenAuthenticator(runtime::Shard& shard, Registry& registry, ShardId home);

    /// Calls `done` once, in this turn or a later one. Errors: Denied, Limit.
    void check_token(std::string_view token, std::function<void(Result<bus::Principal>)> done);

    /// Who opened a WebSocket; a token's machine and topic roles go with it.
    [[nodiscard]] bus::Principal principal_of_session(const bus::AuthRequest& request) const;

    // For the registry, on this shard.
    void set_table(std::shared_ptr<const TokenTable> table) { table_ = std::move(table); }
    void on_checked();

    // Any thread.
    [[nodiscard]] ShardId shard_id() const { return shard_->id(); }

  private:
    struct Waiting {
        std::string token;
        std::function<void(Result<bus::Principal>)> done;
    };

    [[nodiscard]] const TokenEntry* find(std::string_view token);
    void ask_registry();
    void report_uses();

    runtime::Shard* shard_;
    Registry* registry_;
    ShardId home_;
    std::shared_ptr<const TokenTable> table_;         // shared_ptr: all shards look at one table
    std::vector<Waiting> asked_;                      // the registry has been asked for these
    std::vector<Waiting> waiting_;                    // came after that
    std::unordered_map<std::string, WallTime> uses_;  // token ids, not yet reported
    runtime::CallbackTimer report_timer_;
};

}  // namespace kith::access
