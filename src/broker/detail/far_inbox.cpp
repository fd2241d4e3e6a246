#include "broker/detail/far_inbox.h"

#include <algorithm>
#include <utility>

#include "broker/detail/router.h"

namespace kith::broker {

struct FarInbox::KeptMark {
    explicit KeptMark(const bus::MeshMark& borrowed)
        : key(borrowed.key.begin(), borrowed.key.end()),
          value(borrowed.value.begin(), borrowed.value.end()),
          mark{.key = key, .value = value} {}
    KeptMark(const KeptMark&) = delete;
    KeptMark& operator=(const KeptMark&) = delete;

    const std::vector<std::uint8_t> key;
    const std::vector<std::uint8_t> value;
    const bus::MeshMark mark;  // of these
};

void FarInbox::take(const bus::Message& message, const bus::MeshMark& mark,
                    std::function<void()> done) {
    // shared_ptr: what a std::function holds must be copyable.
    auto kept = std::make_shared<KeptMark>(mark);
    const auto stream = std::string_view(as_text(mark.key));
    if (const auto found = lines_.find(stream); found != lines_.end()) {
        found->second.waiting.push_back({.message = StoredMessage::create(message, MessageId{}),
                                         .audience = KeptAudience(message.audience),
                                         .mark = std::move(kept),
                                         .done = std::move(done)});
        ++waiting_count_;
        return;
    }
    const Congestion met = publish(message, std::move(kept), std::move(done));
    if (met != Congestion::None) {
        hold(lines_[std::string(stream)], met);
    }
}

Congestion FarInbox::publish(const bus::Message& message, std::shared_ptr<KeptMark> mark,
                             std::function<void()> done) {
    PublishOrigin origin;
    origin.session = context_.node.mesh_session();  // commits keep the order of a publisher
    origin.qos = message.qos;
    origin.mark = &mark->mark;
    const Congestion before = context_.holds->take_noted();
    context_.router->publish(
        message, origin,
        [mark = std::move(mark), done = std::move(done)](const bus::PublishOutcome&) { done(); });
    const Congestion met = context_.holds->take_noted();
    context_.holds->note(before);  // by somebody else in this turn
    return met;
}

void FarInbox::hold(Line& line, Congestion reason) {
    ++context_.counters.publishers_held;
    line.reason = reason;
    line.until = context_.holds->end_of(reason);
    context_.holds->arm_until(line.until);
}

void FarInbox::go_on(bool has_room) {
    const Instant now = context_.shard.now();
    for (auto it = lines_.begin(); it != lines_.end();) {
        Line& line = it->second;
        const bool is_backlogged =
            line.reason >= Congestion::Far && context_.router->is_backlogged();
        if (is_backlogged) {
            line.until = now >= line.until ? context_.holds->end_of(line.reason) : line.until;
        } else if (has_room || now >= line.until || line.reason >= Congestion::Far) {
            go_on(line);
        }
        it = line.reason == Congestion::None ? lines_.erase(it) : std::next(it);
    }
}

void FarInbox::go_on(Line& line) {
    line.reason = Congestion::None;
    while (!line.waiting.empty() && line.reason == Congestion::None) {
        Waiting next = std::move(line.waiting.front());
        line.waiting.pop_front();
        --waiting_count_;
        bus::Message message = next.message->view();
        message.audience = next.audience.view();
        const Congestion met = publish(message, std::move(next.mark), std::move(next.done));
        if (met != Congestion::None) {
            hold(line, met);
        }
    }
}

Instant FarInbox::deadline() const {
    Instant earliest = Instant::never();
    for (const auto& [stream, line] : lines_) {
        earliest = std::min(earliest, line.until);
    }
    return earliest;
}

}  // namespace kith::broker
