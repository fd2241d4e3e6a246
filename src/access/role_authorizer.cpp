#include "access/role_authorizer.h"

#include "access/limits.h"
#include "access/names.h"

namespace kith::access {

RoleAuthorizer::RoleAuthorizer(ShardId shard)
    : shard_(shard), book_(std::make_shared<const RoleBook>()) {}

std::shared_ptr<const bus::TopicRights> RoleAuthorizer::rights_of(const bus::Principal& principal) {
    const std::vector<std::string> names = roles_of(principal);
    std::string key = join_topic_roles(names);
    if (const auto known = rights_.find(key); known != rights_.end()) {
        return known->second;
    }
    if (rights_.size() >= kRightsKeptMax) {
        rights_.clear();
    }
    auto made = std::make_shared<const RoleRights>(find_roles(*book_, names));
    rights_.emplace(std::move(key), made);
    return made;
}

void RoleAuthorizer::set_book(std::shared_ptr<const RoleBook> book) {
    book_ = std::move(book);
    std::erase_if(rights_, [this](const auto& each) {
        return find_roles(*book_, split_topic_roles(each.first)) != each.second->roles();
    });
    if (on_change_) {
        on_change_();
    }
}

}  // namespace kith::access
