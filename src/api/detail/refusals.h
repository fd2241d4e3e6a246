// What somebody who was not let in is told.
#pragma once

#include "access/sign_in.h"
#include "api/problem.h"

namespace kith::api {

/// `denied` is what it is if the name, password or code was wrong; `subject` the first word of the
/// code otherwise.
[[nodiscard]] Problem problem_of(const access::Refusal& refusal, const Problem& denied,
                                 std::string_view subject);

}  // namespace kith::api
