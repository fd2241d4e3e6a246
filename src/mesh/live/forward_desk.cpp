#include "mesh/live/forward_desk.h"

#include <optional>
#include <utility>

#include "mesh/live/limits.h"
#include "runtime/network.h"
#include "runtime/resolve.h"
#include "runtime/timer.h"

namespace kith::mesh {

/// One connection, from the circuit to its end.
class ForwardDesk::Visit final : private runtime::StreamHandler, private runtime::Timer {
  public:
    Visit(ForwardDesk& desk, VisitId id, std::unique_ptr<runtime::Stream> circuit)
        : desk_(desk), id_(id) {
        desk_.shard_.arm_after(*this, kForwardTargetMax);
        pieces_ = desk_.ports_.security.wrap_accepted(std::move(circuit), desk_.shard_);
        pieces_->set_handler(this);
        if (!desk_.ports_.security.has_handshake()) {
            on_connected();
        }
    }
    ~Visit() { cancel(); }

    void on_resolved(const Result<std::vector<runtime::SocketAddress>>& addresses) {
        if (state_ != State::Connecting) {
            return;
        }
        if (!addresses || addresses->empty()) {
            refuse(ForwardVerdict::Unreachable, "the node does not know the host of the service");
            return;
        }
        auto connecting = desk_.shard_.network().connect(addresses->front(), service_side_);
        if (!connecting) {
            refuse(ForwardVerdict::Unreachable, connecting.error().text);
            return;
        }
        service_ = std::move(*connecting);
    }

    void expel(NodeId who) {
        if (node_ != who || state_ == State::Over) {
            return;
        }
        if (splice_ != nullptr) {
            splice_->break_off("the node does not belong to the mesh any more");
        } else {
            refuse(ForwardVerdict::NotAllowed, "the node does not belong to the mesh any more");
        }
    }

  private:
    enum class State : std::uint8_t { Greeting, Connecting, Joined, Over };

    /// The connection to the service, until it is joined.
    struct ServiceSide final : runtime::StreamHandler {
        explicit ServiceSide(Visit& visit_in) : visit(visit_in) {}
        void on_connected() override { visit.join(); }
        void on_data(MutableBytes) override {}  // nothing is read before that
        void on_closed(const Error& reason) override {
            visit.refuse(ForwardVerdict::Unreachable, reason.text);
        }
        Visit& visit;
    };

    // Of the circuit, until it is joined.
    void on_connected() override {
        const Result<LinkPeer> peer = desk_.ports_.security.identify(pieces_->info());
        if (!peer) {
            leave_stranger();
            return;
        }
        node_ = peer->node;
    }
    void on_data(MutableBytes bytes) override {
        if (state_ == State::Over) {
            return;
        }
        unread_.insert(unread_.end(), bytes.begin(), bytes.end());
        if (state_ == State::Greeting) {
            take_target();
        }
    }
    void on_closed(const Error&) override {
        if (state_ == State::Greeting) {
            ++desk_.counters_.strangers;
        }
        end();
    }
    void on_timer(Instant) override {
        if (state_ == State::Greeting) {
            leave_stranger();
        } else if (state_ == State::Connecting) {
            refuse(ForwardVerdict::Unreachable, "the service does not answer");
        }
    }

    void take_target() {
        const Result<std::optional<ForwardPiece>> next = next_forward_piece(unread_);
        if (next && !*next) {
            return;
        }
        if (!next || (*next)->kind != ForwardKind::Target) {
            leave_stranger();
            return;
        }
        target_ = std::string(as_text((*next)->body));
        unread_.erase(unread_.begin(),
                      unread_.begin() + static_cast<std::ptrdiff_t>((*next)->piece_bytes));
        state_ = State::Connecting;
        const Result<ForwardTarget> target = ForwardTarget::parse(target_);
        if (!target) {
            target_.clear();  // whatever it is, no log shows it
            refuse(ForwardVerdict::NotAllowed, target.error().text);
        } else if (!desk_.rules_.allow(node_, *target)) {
            refuse(ForwardVerdict::NotAllowed, "the node's mesh.forward_allow does not allow it");
        } else {
            pieces_->pause_reading();
            desk_.shard_.arm_after(*this, kForwardConnectMax);
            desk_.resolve(id_, target_);
        }
    }

    /// The service is connected.
    void join() {
        cancel();
        state_ = State::Joined;
        pieces_->send(forward_verdict(ForwardVerdict::Accepted, ""));
        desk_.note({.node = node_,
                    .target = target_,
                    .kind = ForwardNews::Kind::Opened,
                    .why = {},
                    .summary = {}},
                   ForwardVerdict::Accepted);
        splice_ = std::make_unique<ForwardSplice>(
            std::move(pieces_), std::move(service_),
            [this](const ForwardSummary& summary) { on_over(summary); });
        splice_->start(unread_);
    }

    void on_over(const ForwardSummary& summary) {
        desk_.counters_.bytes_in += summary.bytes_in;
        desk_.counters_.bytes_out += summary.bytes_out;
        desk_.note({.node = node_,
                    .target = target_,
                    .kind = ForwardNews::Kind::Closed,
                    .why = summary.trouble,
                    .summary = summary},
                   ForwardVerdict::Broken);
        end();
    }

    void refuse(ForwardVerdict verdict, const char* why) {
        cancel();
        state_ = State::Over;
        if (service_ != nullptr) {
            service_->abort();
        }
        desk_.note({.node = node_,
                    .target = target_,
                    .kind = ForwardNews::Kind::Refused,
                    .why = why,
                    .summary = {}},
                   verdict);
        pieces_->send(forward_verdict(verdict, why));
        pieces_->resume_reading();
        pieces_->close();
    }

    void leave_stranger() {
        cancel();
        state_ = State::Over;
        ++desk_.counters_.strangers;
        pieces_->close();
    }

    void end() {
        cancel();
        state_ = State::Over;
        if (service_ != nullptr) {
            service_->abort();
        }
        desk_.end(id_);
    }

    ForwardDesk& desk_;
    VisitId id_;
    State state_ = State::Greeting;
    NodeId node_;
    std::string target_;
    ServiceSide service_side_{*this};
    std::unique_ptr<runtime::Stream> pieces_;
    std::unique_ptr<runtime::Stream> service_;
    std::unique_ptr<ForwardSplice> splice_;
    std::vector<std::uint8_t> unread_;
};

ForwardDesk::ForwardDesk(runtime::Shard& shard, ForwardRules rules, Ports ports)
    : shard_(shard),
      rules_(std::move(rules)),
      ports_(std::move(ports)),
      self_token_(std::make_shared<ForwardDesk*>(this)) {}

void ForwardDesk::run_task() {
    ended_.clear();
}

ForwardDesk::~ForwardDesk() {
    *self_token_ = nullptr;
    cancel_task();
}

void ForwardDesk::accept(std::unique_ptr<runtime::Stream> circuit) {
    const VisitId id = ++last_visit_;
    visits_.emplace(id, std::make_unique<Visit>(*this, id, std::move(circuit)));
}

void ForwardDesk::expel(NodeId who) {
    for (auto& [id, visit] : visits_) {
        visit->expel(who);
    }
}

void ForwardDesk::resolve(VisitId id, const std::string& target) {
    const Status submitted = ports_.names.submit(shard_, [desk = self_token_, id, target] {
        return runtime::make_mail(
            [desk, id, addresses = runtime::resolve(target)](runtime::Shard&) {
                if (*desk == nullptr) {
                    return;
                }
                if (const auto at = (*desk)->visits_.find(id); at != (*desk)->visits_.end()) {
                    at->second->on_resolved(addresses);
                }
            });
    });
    if (!submitted) {
        visits_.at(id)->on_resolved(tl::unexpected(submitted.error()));
    }
}

void ForwardDesk::end(VisitId id) {
    if (const auto at = visits_.find(id); at != visits_.end()) {
        ended_.push_back(std::move(at->second));
        visits_.erase(at);
        shard_.defer(*this);
    }
}

void ForwardDesk::note(const ForwardNews& news, ForwardVerdict verdict) {
    if (news.kind != ForwardNews::Kind::Closed || !news.why.empty()) {
        ++counters_.verdicts[static_cast<std::size_t>(verdict)];
    }
    ports_.on_news(news);
}

}  // namespace kith::mesh
