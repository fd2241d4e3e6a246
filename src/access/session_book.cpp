#include "access/session_book.h"

#include <algorithm>

#include "access/limits.h"
#include "crypto/token.h"

namespace kith::access {

SessionBook::Opened SessionBook::open(Session session, Instant now) {
    make_room(session.user, now);
    session.csrf_token = crypto::random_text(*secrets_, kCsrfTokenBytes);
    Opened opened{.cookie = crypto::random_text(*secrets_, kSessionIdBytes), .session = session};
    sessions_.emplace(crypto::token_digest(opened.cookie),
                      Entry{.session = std::move(session), .opened_at = now, .seen_at = now});
    return opened;
}

const Session* SessionBook::find(std::string_view cookie, Instant now) {
    const auto found = sessions_.find(crypto::token_digest(cookie));
    if (found == sessions_.end()) {
        return nullptr;
    }
    Entry& entry = found->second;
    if (is_over(entry, now)) {
        sessions_.erase(found);
        return nullptr;
    }
    entry.seen_at = now;
    return &entry.session;
}

bool SessionBook::is_open(std::string_view cookie, Instant now) const {
    const auto found = sessions_.find(crypto::token_digest(cookie));
    return found != sessions_.end() && !is_over(found->second, now);
}

bool SessionBook::is_over(const Entry& entry, Instant now) {
    return now - entry.seen_at > kSessionIdle || now - entry.opened_at > kSessionLifetime;
}

void SessionBook::close(std::string_view cookie) {
    sessions_.erase(crypto::token_digest(cookie));
}

void SessionBook::retain(const std::function<bool(const Session&)>& keep) {
    std::erase_if(sessions_, [&keep](const auto& item) { return !keep(item.second.session); });
}

void SessionBook::make_room(const std::string& user, Instant now) {
    std::erase_if(sessions_, [now](const auto& item) { return is_over(item.second, now); });
    const auto drop_oldest = [this](const auto& is_candidate) {
        auto oldest = sessions_.end();
        for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
            if (is_candidate(at->second) &&
                (oldest == sessions_.end() || at->second.seen_at < oldest->second.seen_at)) {
                oldest = at;
            }
        }
        if (oldest != sessions_.end()) {
            sessions_.erase(oldest);
        }
    };
    const auto is_own = [&user](const Entry& entry) { return entry.session.user == user; };
    const auto own_count = std::ranges::count_if(
        sessions_, [&is_own](const auto& item) { return is_own(item.second); });
    if (static_cast<std::size_t>(own_count) >= kSessionsPerUserMax) {
        drop_oldest(is_own);
    }
    if (sessions_.size() >= kSessionsMax) {
        drop_oldest([](const Entry&) { return true; });
    }
}

}  // namespace kith::access
