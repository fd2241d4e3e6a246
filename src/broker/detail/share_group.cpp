#include "broker/detail/share_group.h"

#include <algorithm>

namespace kith::broker {

void ShareGroup::put(const ShareMember& member) {
    if (ShareMember* known = find(member.session); known != nullptr) {
        *known = member;
        return;
    }
    members_.push_back(member);
}

bool ShareGroup::remove(SessionId session) {
    return std::erase_if(members_, [session](const ShareMember& member) {
               return member.session == session;
           }) > 0;
}

bool ShareGroup::set_state(SessionId session, bool is_connected, bool is_open) {
    ShareMember* known = find(session);
    if (known == nullptr) {
        return false;
    }
    const bool has_come = is_connected && !known->is_connected;
    known->is_connected = is_connected;
    known->is_open = is_open;
    return has_come;
}

const ShareMember* ShareGroup::pick(SessionId except, Sleepers sleepers) {
    const auto pick_if = [&](auto suits) -> const ShareMember* {
        for (std::size_t step = 0; step < members_.size(); ++step) {
            const std::size_t at = (turn_ + step) % members_.size();
            if (members_[at].session != except && suits(members_[at])) {
                turn_ = at + 1;
                return &members_[at];
            }
        }
        return nullptr;
    };
    if (const ShareMember* open = pick_if(
            [](const ShareMember& member) { return member.is_connected && member.is_open; })) {
        return open;
    }
    // Everybody is full or asleep: wait in the queue of one that is there, else of one that will
    // be.
    if (const ShareMember* full =
            pick_if([](const ShareMember& member) { return member.is_connected; })) {
        return full;
    }
    return sleepers == Sleepers::Excluded
               ? nullptr
               : pick_if([](const ShareMember& member) { return member.is_durable; });
}

bool ShareGroup::is_durable() const {
    return std::ranges::any_of(members_, &ShareMember::is_durable);
}

ShareMember* ShareGroup::find(SessionId session) {
    const auto found = std::ranges::find(members_, session, &ShareMember::session);
    return found == members_.end() ? nullptr : &*found;
}

}  // namespace kith::broker
