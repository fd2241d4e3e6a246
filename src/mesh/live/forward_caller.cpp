#include "mesh/live/forward_caller.h"

#include <optional>
#include <utility>

#include "mesh/live/limits.h"
#include "runtime/timer.h"

namespace kith::mesh {
namespace {

ForwardRefusal refusal_of(const Error& error) {
    const auto kind = error.kind == ErrorKind::NotFound ? ForwardRefusal::Kind::UnknownNode
                      : error.kind == ErrorKind::Denied ? ForwardRefusal::Kind::NotAllowed
                      : error.kind == ErrorKind::Limit  ? ForwardRefusal::Kind::TooMany
                                                        : ForwardRefusal::Kind::NoWay;
    return {.kind = kind, .why = error.text};
}

ForwardRefusal refusal_of(const ForwardAnswer& answer) {
    switch (answer.verdict) {
        case ForwardVerdict::NotAllowed:
            return {.kind = ForwardRefusal::Kind::NotAllowed, .why = answer.why};
        case ForwardVerdict::Unreachable:
            return {.kind = ForwardRefusal::Kind::Service, .why = answer.why};
        case ForwardVerdict::TooMany:
            return {.kind = ForwardRefusal::Kind::TooMany, .why = answer.why};
        case ForwardVerdict::Accepted:
        case ForwardVerdict::Broken:
            break;
    }
    return {.kind = ForwardRefusal::Kind::NoWay, .why = answer.why};
}

}  // namespace

/// One call, until its verdict.
class ForwardCaller::Errand final : private runtime::StreamHandler, private runtime::Timer {
  public:
    Errand(ForwardCaller& caller, std::uint64_t id, NodeId to, Answer answer)
        : caller_(caller), id_(id), to_(to), answer_(std::move(answer)) {}
    ~Errand() { cancel(); }

    void start(std::unique_ptr<runtime::Stream> circuit, const std::string& target) {
        target_ = target;
        caller_.shard_.arm_after(*this, kForwardOpenMax);
        pieces_ = caller_.security_.wrap_dialled(std::move(circuit), caller_.shard_);
        pieces_->set_handler(this);
    }

  private:
    void on_connected() override {
        const Result<LinkPeer> peer = caller_.security_.identify(pieces_->info());
        if (!peer || peer->node != to_) {
            refuse({.kind = ForwardRefusal::Kind::NotAllowed,
                    .why = "somebody else answers for this node"});
            return;
        }
        pieces_->send(forward_piece(ForwardKind::Target, as_bytes(target_)));
    }

    void on_data(MutableBytes bytes) override {
        unread_.insert(unread_.end(), bytes.begin(), bytes.end());
        const Result<std::optional<ForwardPiece>> next = next_forward_piece(unread_);
        if (next && !*next) {
            return;
        }
        const Result<ForwardAnswer> answer =
            next && (*next)->kind == ForwardKind::Verdict
                ? read_forward_verdict((*next)->body)
                : fail(ErrorKind::Malformed, "the node does not answer as one that forwards");
        if (!answer) {
            refuse({.kind = ForwardRefusal::Kind::NoWay, .why = answer.error().text});
            return;
        }
        if (answer->verdict != ForwardVerdict::Accepted) {
            refuse(refusal_of(*answer));
            return;
        }
        unread_.erase(unread_.begin(),
                      unread_.begin() + static_cast<std::ptrdiff_t>((*next)->piece_bytes));
        cancel();
        pieces_->pause_reading();
        pieces_->set_handler(nullptr);
        finish(Forwarded{.pieces = std::move(pieces_), .rest = std::move(unread_)});
    }

    void on_closed(const Error& reason) override {
        refuse(reason.kind == ErrorKind::Closed
                   ? ForwardRefusal{.kind = ForwardRefusal::Kind::NoWay,
                                    .why = "the node broke the connection off"}
                   : refusal_of(reason));
    }

    void on_timer(Instant) override {
        refuse({.kind = ForwardRefusal::Kind::NoWay, .why = "the node does not answer"});
    }

    void refuse(ForwardRefusal refusal) {
        cancel();
        finish(tl::unexpected(std::move(refusal)));
    }

    void finish(tl::expected<Forwarded, ForwardRefusal> outcome) {
        if (const Answer answer = std::exchange(answer_, nullptr)) {
            caller_.end(id_);
            answer(std::move(outcome));
        }
    }

    ForwardCaller& caller_;
    std::uint64_t id_;
    NodeId to_;
    Answer answer_;
    std::string target_;
    std::unique_ptr<runtime::Stream> pieces_;
    std::vector<std::uint8_t> unread_;
};

ForwardCaller::ForwardCaller(runtime::Shard& shard, CircuitStreams& circuits,
                             LinkSecurity& security)
    : shard_(shard), circuits_(circuits), security_(security) {}

void ForwardCaller::run_task() {
    ended_.clear();
}

ForwardCaller::~ForwardCaller() {
    cancel_task();
}

void ForwardCaller::call(NodeId to, const std::string& target, Answer answer) {
    Result<std::unique_ptr<runtime::Stream>> circuit = circuits_.open(to);
    if (!circuit) {
        answer(tl::unexpected(refusal_of(circuit.error())));
        return;
    }
    const std::uint64_t id = ++last_errand_;
    Errand& errand =
        *errands_.emplace(id, std::make_unique<Errand>(*this, id, to, std::move(answer)))
             .first->second;
    errand.start(std::move(*circuit), target);
}

/// Whoever calls this may be inside of it.
void ForwardCaller::end(std::uint64_t id) {
    if (const auto at = errands_.find(id); at != errands_.end()) {
        ended_.push_back(std::move(at->second));
        errands_.erase(at);
        shard_.defer(*this);
    }
}

}  // namespace kith::mesh
