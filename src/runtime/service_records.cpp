#include "runtime/service_records.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>

namespace kith::runtime {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kRecordHeadBytes = 10;  // behind its name: type, class, TTL, length
constexpr std::size_t kTargetHeadBytes = 6;   // before its name: priority, weight, port
constexpr std::uint16_t kTypeSrv = 33;
constexpr std::uint16_t kClassIn = 1;
/// More than a name server answers over UDP; over TCP it may be as much.
constexpr std::size_t kAnswerBytesMax = 64 << 10;

/// Requires: they are there.
std::uint16_t u16_at(Bytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>((bytes[at] << 8U) | bytes[at + 1]);
}

/// How many bytes the name at `at` takes; nothing if it is none.
std::size_t name_bytes(Bytes message, std::size_t at, std::string* name = nullptr) {
    std::array<char, NS_MAXDNAME> text{};
    if (at >= message.size()) {
        return 0;
    }
    const int taken = dn_expand(message.data(), message.data() + message.size(),
                                message.data() + at, text.data(), text.size());
    if (taken <= 0) {
        return 0;
    }
    if (name != nullptr) {
        *name = text.data();
    }
    return static_cast<std::size_t>(taken);
}

tl::unexpected<Error> malformed() {
    return fail(ErrorKind::Malformed, "the name server's answer makes no sense");
}

/// A target of "." says that there is no such service. What has a colon is no name of a host, but
/// might be taken for something else.
bool is_host(const ServiceTarget& target) {
    return !target.host.empty() && target.host != "." && target.port != 0 &&
           target.host.find(':') == std::string::npos;
}

}  // namespace

Result<std::vector<ServiceTarget>> find_service(std::string_view name) {
    struct __res_state state {};
    if (res_ninit(&state) != 0) {
        return fail(ErrorKind::Unavailable, "the resolver cannot be used");
    }
    std::vector<std::uint8_t> answer(kAnswerBytesMax);
    const int bytes = res_nquery(&state, std::string(name).c_str(), kClassIn, kTypeSrv,
                                 answer.data(), static_cast<int>(answer.size()));
    const int why = state.res_h_errno;
    res_nclose(&state);
    if (bytes < 0) {
        return why == TRY_AGAIN ? fail(ErrorKind::Unavailable, "the name server does not answer")
                                : fail(ErrorKind::NotFound, "no such service in the DNS");
    }
    answer.resize(std::min(answer.size(), static_cast<std::size_t>(bytes)));
    return read_service_answer(answer);
}

Result<std::vector<ServiceTarget>> read_service_answer(Bytes message) {
    if (message.size() < kHeaderBytes) {
        return malformed();
    }
    const std::size_t questions = u16_at(message, 4);
    const std::size_t answers = u16_at(message, 6);
    std::size_t at = kHeaderBytes;
    for (std::size_t i = 0; i < questions; ++i) {
        const std::size_t name = name_bytes(message, at);
        at += name + 4;  // type and class
        if (name == 0 || at > message.size()) {
            return malformed();
        }
    }
    std::vector<ServiceTarget> targets;
    for (std::size_t i = 0; i < answers && targets.size() < kServiceTargetsMax; ++i) {
        const std::size_t name = name_bytes(message, at);
        if (name == 0 || at + name + kRecordHeadBytes > message.size()) {
            return malformed();
        }
        at += name;
        const bool is_srv = u16_at(message, at) == kTypeSrv && u16_at(message, at + 2) == kClassIn;
        const std::size_t length = u16_at(message, at + 8);
        at += kRecordHeadBytes;
        if (at + length > message.size()) {
            return malformed();
        }
        if (is_srv) {
            ServiceTarget target;
            if (length <= kTargetHeadBytes ||
                name_bytes(message, at + kTargetHeadBytes, &target.host) == 0) {
                return malformed();
            }
            target.priority = u16_at(message, at);
            target.weight = u16_at(message, at + 2);
            target.port = u16_at(message, at + 4);
            if (is_host(target)) {
                targets.push_back(std::move(target));
            }
        }
        at += length;
    }
    if (targets.empty()) {
        return fail(ErrorKind::NotFound, "no such service in the DNS");
    }
    std::ranges::stable_sort(targets, [](const ServiceTarget& a, const ServiceTarget& b) {
        return std::tuple(a.priority, b.weight) < std::tuple(b.priority, a.weight);
    });
    return targets;
}

}  // namespace kith::runtime
