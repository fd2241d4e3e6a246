#include "broker/detail/mesh_interest.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include <utility>

#include "broker/detail/machine_entry.h"
#include "broker/detail/session.h"
#include "broker/detail/session_table.h"
#include "broker/detail/subscriber.h"
#include "bus/topic.h"

namespace kith::broker {
namespace {

constexpr std::size_t kChangesPerMail = 1024;

struct GroupName {
    std::string_view group;
    std::string_view filter;
};

GroupName split(std::string_view group_key) {
    const std::size_t slash = group_key.find('/');
    return {group_key.substr(0, slash), group_key.substr(slash + 1)};
}

}  // namespace

bool is_of_all_nodes(std::string_view topic_or_filter) {
    return !topic_or_filter.starts_with('$') || topic_or_filter.starts_with("$to/") ||
           topic_or_filter.starts_with("$m/") || topic_or_filter.starts_with(kDirectoryPrefix);
}

void MeshInterest::open(bus::MeshPort& mesh) {
    CHECK(mesh_ == nullptr);
    mesh_ = &mesh;
    SubscriptionIndex& index = context_.space(kDefaultTenant).index;
    boost::unordered_flat_set<std::string> told;
    context_.sessions->for_each([&](const Session& session) {
        for (const auto& [place, id] : session.subscriptions) {
            const Subscription& subscription = index.at(id);
            if (subscription.is_shared) {
                continue;
            }
            const std::string filter = index.filter(subscription);
            if (told.insert(filter).second) {
                note_filter(filter, true);
            }
        }
    });
    context_.subscriber->for_each_group([this](std::string_view key, ShareGroup& group) {
        group.set_mesh_id(group_id(key));
        note_group(key, true);
    });
    flush();
}

bool MeshInterest::may_read_inbox(std::string_view filter) const {
    const std::string_view name = bus::node_inbox_name(filter);
    return name.empty() || (mesh_ != nullptr && mesh_->is_own_name(name));
}

std::uint64_t MeshInterest::group_id(std::string_view group_key) const {
    if (mesh_ == nullptr) {
        return 0;
    }
    const GroupName name = split(group_key);
    return mesh_->group_id({.share_group = name.group, .filter = name.filter});
}

void MeshInterest::note_filter(std::string_view filter, bool is_wanted) {
    if (mesh_ != nullptr) {
        note({}, filter, is_wanted);
    }
}

void MeshInterest::note_group(std::string_view group_key, bool is_wanted) {
    if (mesh_ != nullptr) {
        const GroupName name = split(group_key);
        note(name.group, name.filter, is_wanted);
    }
}

void MeshInterest::note(std::string_view share_group, std::string_view filter, bool is_wanted) {
    if (!is_of_all_nodes(filter)) {
        return;
    }
    changes_.push_back({.share_group = std::string(share_group),
                        .filter = std::string(filter),
                        .is_wanted = is_wanted});
    if (changes_.size() < kChangesPerMail) {
        context_.shard.flush_later(flush_task_);
    } else {
        flush();
    }
}

void MeshInterest::apply(bus::MeshPort& mesh, const std::vector<Change>& changes) {
    for (const Change& change : changes) {
        const bus::MeshInterest interest{.share_group = change.share_group,
                                         .filter = change.filter};
        change.is_wanted ? mesh.subscribe(interest) : mesh.unsubscribe(interest);
    }
}

void MeshInterest::flush() {
    if (changes_.empty()) {
        return;
    }
    const std::vector<Change> changes = std::exchange(changes_, {});
    if (context_.shard.id() == ShardId(0)) {
        apply(*mesh_, changes);
        return;
    }
    context_.shard.post(ShardId(0),
                        [mesh = mesh_, changes](runtime::Shard&) { apply(*mesh, changes); });
}

void MeshInterest::barrier(std::function<void(bool)> done) {
    flush();
    if (context_.shard.id() == ShardId(0)) {
        mesh_->barrier(std::move(done));
        return;
    }
    context_.shard.post(ShardId(0), [mesh = mesh_, home = context_.shard.id(),
                                     done = std::move(done)](runtime::Shard& first) {
        mesh->barrier([&first, home, done](bool is_complete) {
            first.post(home, [done, is_complete](runtime::Shard&) { done(is_complete); });
        });
    });
}

}  // namespace kith::broker
