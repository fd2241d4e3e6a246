#include "node/detail/membership_watch.h"

#include "mesh/trust/private_file.h"
#include "node/process_facts.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace kith::node {
namespace {

mesh::OrFileProblem<std::uint32_t> next_epoch(const mesh::MeshDirectory& directory, WallTime now) {
    const std::string path = directory.path() + "/epoch";
    auto kept = mesh::find_private_file(path);
    if (!kept) {
        return tl::unexpected(kept.error());
    }
    std::uint32_t last = 0;
    if (*kept) {
        const std::string& text = **kept;
        const char* end = text.data() + text.size() - (text.ends_with('\n') ? 1 : 0);
        const auto parsed = std::from_chars(text.data(), end, last);
        if (parsed.ec != std::errc() || parsed.ptr != end || last == UINT32_MAX) {
            return mesh::file_problem(path + ": expected a number of seconds");
        }
    }
    const auto seconds =
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(now.ms() / 1000, 1, UINT32_MAX - 1));
    const std::uint32_t next = std::max(seconds, last + 1);
    if (auto written = mesh::write_private_file(path, fmt::format("{}\n", next)); !written) {
        return tl::unexpected(written.error());
    }
    return next;
}

}  // namespace

mesh::OrFileProblem<MembershipFiles> read_membership(const mesh::MeshDirectory& directory,
                                                     WantsEpoch epoch, WallTime now) {
    auto membership = directory.load();
    if (!membership) {
        return tl::unexpected(membership.error());
    }
    MembershipFiles files;
    files.membership = std::move(*membership);
    if (files.membership.state != mesh::MembershipState::Member) {
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

MembershipWatch::MembershipWatch(runtime::Shard& shard, Ports ports)
    : shard_(shard),
      ports_(std::move(ports)),
      self_token_(std::make_shared<MembershipWatch*>(this)) {}

MembershipWatch::~MembershipWatch() {
    *self_token_ = nullptr;
}

void MembershipWatch::start(std::string stamp) {
    stamp_ = std::move(stamp);
    shard_.arm_after(*this, kMembershipLookInterval);
}

void MembershipWatch::stop() {
    is_stopped_ = true;
    cancel();
}

void MembershipWatch::on_timer(Instant) {
    shard_.arm_after(*this, kMembershipLookInterval);
    if (!is_looking_) {
        look();
    }
}

void MembershipWatch::look_now() {
    stamp_.clear();
    looks_again_ = is_looking_;
    if (!is_looking_) {
        look();
    }
}

void MembershipWatch::look() {
    is_looking_ = true;
    const auto work = [watch = self_token_, directory = ports_.directory, before = stamp_,
                       epoch = ports_.wants_epoch()]() -> std::unique_ptr<runtime::Mail> {
        // Before the files: what changes while they are read is read again.
        std::string stamp = stamp_of(directory);
        const bool is_touched = stamp != before;
        auto files = is_touched ? std::make_shared<mesh::OrFileProblem<MembershipFiles>>(
                                      read_membership(directory, epoch, wall_now()))
                                : nullptr;
        return runtime::make_mail([watch, files, stamp = std::move(stamp)](runtime::Shard&) {
            if (*watch == nullptr || (*watch)->is_stopped_) {
                return;
            }
            MembershipWatch& self = **watch;
            self.is_looking_ = false;
            if (files != nullptr) {
                self.stamp_ = stamp;
                self.ports_.on_change(std::move(*files));
            }
            if (*watch != nullptr && std::exchange(self.looks_again_, false)) {
                self.look_now();
            }
        });
    };
    if (!ports_.files.submit(shard_, work)) {
        is_looking_ = false;  // the pool is busy; the next look is in a second
    }
}

std::string MembershipWatch::stamp_of(const mesh::MeshDirectory& directory) {
    struct stat facts {};
    if (::stat(directory.path().c_str(), &facts) != 0) {
        return "none";
    }
    return fmt::format("{}.{}.{}", facts.st_ino, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec);
}

}  // namespace kith::node
