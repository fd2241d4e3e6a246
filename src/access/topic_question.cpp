#include "access/topic_question.h"

#include <fmt/format.h>

#include "bus/topic_access.h"

namespace kith::access {
namespace {

/// The text of a topic or filter that the rules are asked about.
Result<std::string_view> checked_topic(const AclQuestion& question) {
    if (question.action == bus::TopicAction::Publish) {
        TRY_ASSIGN(const bus::TopicName topic, bus::TopicName::create(question.topic));
        return topic.text();
    }
    TRY_ASSIGN(const bus::SubscriptionFilter wanted,
               bus::SubscriptionFilter::create(question.topic));
    return wanted.filter.text();
}

/// Why the broker itself forbids it, whatever the roles say; null if it does not.
const char* hard_rule(const AclQuestion& question, std::string_view text) {
    if (question.action == bus::TopicAction::Subscribe) {
        const bool may = bus::may_subscribe(question.client_id, bus::TopicFilter::trusted(text));
        return may ? nullptr : "only a client itself may read its inbox $to/<client id>/";
    }
    if (question.principal.role == bus::Role::Viewer) {
        return "viewers do not publish";
    }
    const bool may =
        bus::may_publish(question.principal, question.client_id, bus::TopicName::trusted(text));
    return may                       ? nullptr
           : text.starts_with("$m/") ? "only the machine itself writes $m/<machine>/"
                                     : "only the node writes these topics";
}

std::string why_of(const AclAnswer& answer) {
    if (answer.decided_by) {
        return fmt::format("{} by role {}, line {}: {}", answer.is_allowed ? "allowed" : "denied",
                           answer.decided_by->role, answer.decided_by->line,
                           answer.decided_by->text);
    }
    return answer.roles.empty() ? "denied: no roles, and what no rule allows is denied"
                                : "denied: no rule of its roles allows it";
}

}  // namespace

Result<AclAnswer> test_acl(const RoleBook& book, const AclQuestion& question) {
    TRY_ASSIGN(const std::string_view text, checked_topic(question));
    AclAnswer answer{.roles = roles_of(question.principal)};
    for (const std::string& name : answer.roles) {
        if (book.find(name) == nullptr) {
            answer.unknown.push_back(name);
        }
    }
    if (const char* forbidden = hard_rule(question, text); forbidden != nullptr) {
        answer.why = fmt::format("denied by the broker: {}", forbidden);
        return answer;
    }
    const RoleRights rights(find_roles(book, answer.roles));
    const bus::TopicSubject subject{.client_id = question.client_id,
                                    .machine = question.principal.machine,
                                    .tenant = question.principal.tenant};
    Decision decision = rights.explain(subject, question.action, text);
    answer.is_allowed = decision.is_allowed;
    answer.decided_by = std::move(decision.decided_by);
    answer.why = why_of(answer);
    return answer;
}

std::optional<bus::TopicAction> parse_topic_action(std::string_view text) {
    return text == "publish"     ? std::optional(bus::TopicAction::Publish)
           : text == "subscribe" ? std::optional(bus::TopicAction::Subscribe)
                                 : std::nullopt;
}

}  // namespace kith::access
