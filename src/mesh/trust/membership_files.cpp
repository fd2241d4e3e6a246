#include "mesh/trust/membership_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "mesh/trust/private_file.h"

namespace kith::mesh {
namespace {

OrFileProblem<std::uint32_t> next_epoch(const MeshDirectory& directory, WallTime now) {
    const std::string path = directory.path() + "/epoch";
    auto kept = find_private_file(path);
    if (!kept) {
        return tl::unexpected(kept.error());
    }
    std::uint32_t last = 0;
    if (*kept) {
        const std::string& text = **kept;
        const char* end = text.data() + text.size() - (text.ends_with('\n') ? 1 : 0);
        const auto parsed = std::from_chars(text.data(), end, last);
        if (parsed.ec != std::errc() || parsed.ptr != end || last == UINT32_MAX) {
            return file_problem(path + ": expected a number of seconds");
        }
    }
    const auto seconds =
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(now.ms() / 1000, 1, UINT32_MAX - 1));
    const std::uint32_t next = std::max(seconds, last + 1);
    if (auto written = write_private_file(path, fmt::format("{}\n", next)); !written) {
        return tl::unexpected(written.error());
    }
    return next;
}

}  // namespace

OrFileProblem<MembershipFiles> read_membership(const MeshDirectory& directory, WantsEpoch epoch,
                                               WallTime now) {
    auto membership = directory.load();
    if (!membership) {
        return tl::unexpected(membership.error());
    }
    MembershipFiles files;
    files.membership = std::move(*membership);
    if (files.membership.state != MembershipState::Member) {
        return files;
    }
    auto revoked = directory.revocations();
    if (!revoked) {
        return tl::unexpected(revoked.error());
    }
    files.revoked = std::move(*revoked);
    if (epoch == WantsEpoch::Yes) {
        const auto next = next_epoch(directory, now);
        if (!next) {
            return tl::unexpected(next.error());
        }
        files.epoch = *next;
    }
    return files;
}

std::string stamp_of(const MeshDirectory& directory) {
    struct stat facts {};
    if (::stat(directory.path().c_str(), &facts) != 0) {
        return "none";
    }
    return fmt::format("{}.{}.{}", facts.st_ino, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec);
}

}  // namespace kith::mesh
