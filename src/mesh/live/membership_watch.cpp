#include "mesh/live/membership_watch.h"

#include <utility>

namespace kith::mesh {

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
                       epoch = ports_.wants_epoch(),
                       now = shard_.wall_now()]() -> std::unique_ptr<runtime::Mail> {
        // Before the files: what changes while they are read is read again.
        std::string stamp = stamp_of(directory);
        const bool is_touched = stamp != before;
        auto files = is_touched ? std::make_shared<OrFileProblem<MembershipFiles>>(
                                      read_membership(directory, epoch, now))
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

}  // namespace kith::mesh
