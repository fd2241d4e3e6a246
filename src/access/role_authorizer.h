// Says on each shard what a principal may do with topics, from the book of roles last sent to it.
//
// Principals with the same roles share one RoleRights. When a book comes, those whose roles have
// not changed stay the same objects, so that the broker judges only the others again. Threads:
// shard-local. Limits: kRightsKeptMax sets of roles are kept; above it all are made anew when they
// are asked for.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "access/role_book.h"
#include "access/role_rights.h"
#include "base/ids.h"
#include "bus/authorizer.h"

namespace kith::access {

class RoleAuthorizer final : public bus::Authorizer {
  public:
    explicit RoleAuthorizer(ShardId shard);

    [[nodiscard]] std::shared_ptr<const bus::TopicRights> rights_of(
        const bus::Principal& principal) override;
    void set_listener(std::function<void()> on_change) override {
        on_change_ = std::move(on_change);
    }

    // For the registry, on this shard.
    void set_book(std::shared_ptr<const RoleBook> book);

    // Any thread.
    [[nodiscard]] ShardId shard_id() const { return shard_; }

  private:
    ShardId shard_;
    std::shared_ptr<const RoleBook> book_;  // shared_ptr: all shards look at one book
    std::map<std::string, std::shared_ptr<const RoleRights>, std::less<>> rights_;  // by names
    std::function<void()> on_change_;
};

}  // namespace kith::access
