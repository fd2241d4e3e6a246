#include "mesh/live/forward_relay.h"

#include <optional>
#include <utility>

#include "wire/mesh/forward.h"

namespace kith::mesh {

ForwardRelay::ForwardRelay(std::unique_ptr<runtime::Stream> asker,
                           std::unique_ptr<runtime::Stream> circuit, std::function<void()> done)
    : asker_(std::move(asker)), circuit_(std::move(circuit)), done_(std::move(done)) {
    asker_->set_handler(&asker_side_);
    circuit_->set_handler(&circuit_side_);
}

void ForwardRelay::start(Bytes of_asker, Bytes of_circuit) {
    if (!of_asker.empty()) {
        on_asker(of_asker);
    }
    if (!of_circuit.empty()) {
        on_circuit(of_circuit);
    }
    if (!circuit_->is_congested()) {
        asker_->resume_reading();
    }
    if (!asker_->is_congested()) {
        circuit_->resume_reading();
    }
}

void ForwardRelay::on_asker(Bytes bytes) {
    if (circuit_is_over_) {
        return;
    }
    circuit_->send(bytes);
    if (circuit_->is_congested()) {
        asker_->pause_reading();
    }
}

void ForwardRelay::on_circuit(Bytes bytes) {
    rest_.insert(rest_.end(), bytes.begin(), bytes.end());
    if (asker_is_over_) {
        rest_.clear();
        return;
    }
    std::size_t whole_bytes = 0;
    while (true) {
        const Result<std::optional<ForwardPiece>> next =
            next_forward_piece(Bytes(rest_).subspan(whole_bytes));
        if (!next) {
            circuit_->abort();
            on_circuit_closed(next.error().text);
            return;
        }
        if (!*next) {
            break;
        }
        const ForwardKind kind = (*next)->kind;
        has_ended_ = has_ended_ || kind == ForwardKind::End || kind == ForwardKind::Verdict;
        whole_bytes += (*next)->piece_bytes;
    }
    asker_->send(Bytes(rest_).first(whole_bytes));
    rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(whole_bytes));
    if (asker_->is_congested()) {
        circuit_->pause_reading();
    }
}

void ForwardRelay::on_asker_closed() {
    asker_is_over_ = true;
    if (!circuit_is_over_) {
        circuit_->resume_reading();
        circuit_->close();
    }
    finish_if_over();
}

void ForwardRelay::on_circuit_closed(const char* why) {
    if (std::exchange(circuit_is_over_, true)) {
        return;
    }
    if (!asker_is_over_) {
        if (!has_ended_) {
            asker_->send(forward_verdict(ForwardVerdict::Broken, why));
        }
        asker_->resume_reading();
        asker_->close();
    }
    finish_if_over();
}

void ForwardRelay::finish_if_over() {
    if (asker_is_over_ && circuit_is_over_ && done_) {
        std::exchange(done_, nullptr)();
    }
}

}  // namespace kith::mesh
