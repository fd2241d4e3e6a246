// Who is signed in at the console: sessions in memory, found by their cookie.
//
// A session ends by signing out, after kSessionIdle without a request, after kSessionLifetime in
// any case, with the process, and when its user is removed or gets another password or role. The
// cookie is 256 random bits; the book keeps its SHA-256 only. Threads: shard-local.
// Limits: kSessionsMax, kSessionsPerUserMax; the oldest makes room.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/time.h"
#include "bus/authenticator.h"
#include "crypto/digest.h"
#include "crypto/secrets.h"

namespace kith::access {

struct Session {
    std::string user;
    bus::Role role = bus::Role::Viewer;
    std::string csrf_token;     // to be repeated in a header by every write
    std::string password_hash;  // of the user when the session began
};

class SessionBook {
  public:
    /// `secrets` must outlive the book.
    explicit SessionBook(crypto::SecretSource& secrets) : secrets_(&secrets) {}

    struct Opened {
        std::string cookie;
        Session session;
    };
    /// Begins a session with a fresh cookie and CSRF token.
    Opened open(Session session, Instant now);

    /// The session of a cookie; null if there is none or it is over. Counts as a sign of life.
    /// Valid until the next call.
    [[nodiscard]] const Session* find(std::string_view cookie, Instant now);
    /// The same without a sign of life: for what stays open by itself.
    [[nodiscard]] bool is_open(std::string_view cookie, Instant now) const;
    void close(std::string_view cookie);
    /// Ends every session for which `keep` says false.
    void retain(const std::function<bool(const Session&)>& keep);

    [[nodiscard]] std::size_t session_count() const { return sessions_.size(); }

  private:
    struct Entry {
        Session session;
        Instant opened_at;
        Instant seen_at;
    };

    [[nodiscard]] static bool is_over(const Entry& entry, Instant now);
    void make_room(const std::string& user, Instant now);

    crypto::SecretSource* secrets_;
    std::map<crypto::Digest, Entry> sessions_;
};

}  // namespace kith::access
