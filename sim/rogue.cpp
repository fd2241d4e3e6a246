#include "sim/rogue.h"

#include "sim/frame_type.h"

namespace kith::sim {
namespace {

constexpr Duration kInterval = 100ms;
constexpr std::size_t kNonsenseBytesMax = 300;

}  // namespace

Rogue::Rogue(const Birth& birth)
    : links_(birth.ports.links), random_(birth.seed), next_(birth.now + kInterval) {}

void Rogue::on_link_up(mesh::LinkId link, const mesh::LinkPeer&, Instant) {
    last_hello_[link];
}

void Rogue::on_link_down(mesh::LinkId link, Instant) {
    last_hello_.erase(link);
}

Result<std::size_t> Rogue::on_bytes(mesh::LinkId link, Bytes bytes, Instant) {
    Frame frame(bytes.begin(), bytes.end());
    const mesh::FrameType type = frame_type_of(bytes);
    if (type == mesh::FrameType::Hello) {
        last_hello_[link] = frame;
        links_.send(link, mesh::Priority::Control, frame, {});
    } else if (type != mesh::FrameType::Data && type != mesh::FrameType::State) {
        // These two are not signed: who is let in may say in them what it likes.
        heard_.push_back(std::move(frame));
        if (heard_.size() > kHeardMax) {
            heard_.pop_front();
        }
    }
    return bytes.size();
}

void Rogue::on_timer(Instant now) {
    next_ = now + kInterval;
    for (const auto& [link, hello] : last_hello_) {
        Frame frame;
        switch (random_.below(20)) {
            case 0:
                frame = nonsense();
                break;
            case 1:
                frame = damaged();
                break;
            case 2:
                frame = hello;  // again
                break;
            default:
                frame = replayed();
                break;
        }
        links_.send(link, mesh::Priority::Control, frame, {});
    }
}

Rogue::Frame Rogue::nonsense() {
    Frame frame(1 + random_.below(kNonsenseBytesMax));
    for (std::uint8_t& byte : frame) {
        byte = static_cast<std::uint8_t>(random_.next());
    }
    return frame;
}

Rogue::Frame Rogue::damaged() {
    Frame frame = replayed();
    if (!frame.empty()) {
        frame[random_.below(frame.size())] ^= static_cast<std::uint8_t>(1U << random_.below(8));
    }
    return frame;
}

Rogue::Frame Rogue::replayed() {
    return heard_.empty() ? Frame{} : heard_[random_.below(heard_.size())];
}

}  // namespace kith::sim
