#include "broker/testing/fake_access.h"

#include <algorithm>

namespace kith::broker::testing {

void FakeAuthenticator::authenticate(const bus::AuthRequest& request,
                                     std::function<void(Result<bus::Principal>)> done) {
    const std::string password(request.password ? as_text(*request.password) : std::string_view());
    if (password == "wrong") {
        done(fail(ErrorKind::Denied, "wrong password"));
        return;
    }
    if (password == "unavailable") {
        done(fail(ErrorKind::Unavailable, "cannot tell now"));
        return;
    }
    if (password == "limit") {
        done(fail(ErrorKind::Limit, "too many tries"));
        return;
    }
    if (password == "never") {
        return;
    }
    bus::Principal principal{.name = std::string(request.user_name.value_or("anonymous")),
                             .role = bus::Role::Machine};
    if (principal.name == "viewer") {
        principal.role = bus::Role::Viewer;
    } else if (principal.name == "admin") {
        principal.role = bus::Role::Admin;
    }
    if (password == "for ten seconds") {
        principal.expires_at = shard_.wall_now() + 10s;
    }
    if (password == "later") {
        shard_.post(shard_.id(), [done, principal](runtime::Shard&) { done(principal); });
        return;
    }
    done(std::move(principal));
}

namespace {

class FakeRights final : public bus::TopicRights {
  public:
    explicit FakeRights(FakeAuthorizer::Rules rules) : rules_(std::move(rules)) {}
    bool may_publish(const bus::TopicSubject& subject, bus::TopicName topic) const override {
        return std::ranges::any_of(rules_.publish, [&](const std::string& rule) {
            const std::string filter = for_client(rule, subject);
            return bus::TopicFilter::trusted(filter).matches(topic);
        });
    }
    /// A filter is allowed if it is a rule, letter by letter, or a topic that one matches.
    bool may_subscribe(const bus::TopicSubject& subject, bus::TopicFilter filter) const override {
        return std::ranges::any_of(rules_.subscribe, [&](const std::string& rule) {
            const std::string allowed = for_client(rule, subject);
            return allowed == filter.text() ||
                   (!filter.has_wildcards() && bus::TopicFilter::trusted(allowed).matches(
                                                   bus::TopicName::trusted(filter.text())));
        });
    }
    bool publishes_everything() const override { return rules_.publishes_everything; }

  private:
    static std::string for_client(std::string rule, const bus::TopicSubject& subject) {
        static constexpr std::string_view kClient = "${client}";
        if (const std::size_t at = rule.find(kClient); at != std::string::npos) {
            rule.replace(at, kClient.size(), subject.client_id);
        }
        return rule;
    }

    FakeAuthorizer::Rules rules_;
};

class AllRights final : public bus::TopicRights {
  public:
    bool may_publish(const bus::TopicSubject&, bus::TopicName) const override { return true; }
    bool may_subscribe(const bus::TopicSubject&, bus::TopicFilter) const override { return true; }
    bool publishes_everything() const override { return true; }
};

class FakeExchange final : public bus::AuthExchange {
  public:
    explicit FakeExchange(runtime::Shard& shard) : shard_(shard) {}

    void step(Bytes bytes, std::function<void(Result<bus::AuthStep>)> done) override {
        const std::string text(as_text(bytes));
        const std::string name = text.substr(std::min(text.find(' ') + 1, text.size()));
        const Bytes welcome = as_bytes("welcome");
        const bus::AuthStep let_in{.bytes = {welcome.begin(), welcome.end()},
                                   .principal = bus::Principal{.name = name}};
        if (text == "ask") {
            const Bytes who = as_bytes("who?");
            done(bus::AuthStep{.bytes = {who.begin(), who.end()}, .principal = {}});
        } else if (text.starts_with("right ")) {
            done(let_in);
        } else if (text.starts_with("later ")) {
            shard_.post(shard_.id(), [done, let_in](runtime::Shard&) { done(let_in); });
        } else if (text == "limit") {
            done(fail(ErrorKind::Limit, "too many tries"));
        } else if (text == "unavailable") {
            done(fail(ErrorKind::Unavailable, "cannot tell now"));
        } else if (text != "never") {
            done(fail(ErrorKind::Denied, "wrong proof"));
        }
    }

  private:
    runtime::Shard& shard_;
};

}  // namespace

std::shared_ptr<const bus::TopicRights> FakeAuthorizer::rights_of(const bus::Principal& principal) {
    if (const auto known = rights_.find(principal.name); known != rights_.end()) {
        return known->second;
    }
    std::shared_ptr<const bus::TopicRights>& all = rights_[""];
    if (all == nullptr) {
        all = std::make_shared<AllRights>();
    }
    return all;
}

void FakeAuthorizer::set(const std::string& name, Rules rules) {
    rights_[name] = std::make_shared<FakeRights>(std::move(rules));
    if (on_change_) {
        on_change_();
    }
}

std::unique_ptr<bus::AuthExchange> FakeAuthenticator::begin_exchange(std::string_view method,
                                                                     const bus::AuthRequest&) {
    return method == "TEST" ? std::make_unique<FakeExchange>(shard_) : nullptr;
}

}  // namespace kith::broker::testing
