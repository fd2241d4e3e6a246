#include "api/detail/refusals.h"

namespace kith::api {
namespace {

std::int64_t seconds_up(Duration duration) {
    return (duration + 999ms) / 1s;
}

}  // namespace

Problem problem_of(const access::Refusal& refusal, const Problem& denied,
                   std::string_view subject) {
    if (refusal.error.kind == ErrorKind::Limit) {
        return {.status = 429,
                .code = "limit.tries",
                .detail = refusal.error.text,
                .retry_after_s = seconds_up(refusal.retry_after)};
    }
    if (refusal.error.kind == ErrorKind::Denied) {
        Problem problem = denied;
        problem.detail = refusal.error.text;
        problem.tries_left = refusal.tries_left;
        return problem;
    }
    return to_problem(refusal.error, subject);
}

}  // namespace kith::api
