#include "mesh/live/circuit_stream.h"

#include <utility>

#include "base/check.h"
#include "mesh/live/limits.h"
#include "mesh/live/mesh_host.h"

namespace kith::mesh {
namespace {

Error reason_of(CircuitEnd end) {
    switch (end) {
        case CircuitEnd::Done:
            return {ErrorKind::Closed, 0, "the peer closed the connection"};
        case CircuitEnd::Refused:
            return {ErrorKind::Denied, 0, "the node takes no forwarded connections"};
        case CircuitEnd::NoWay:
            return {ErrorKind::Unavailable, 0, "there is no way to the node any more"};
        case CircuitEnd::TooMany:
            return {ErrorKind::Limit, 0, "a node on the way has too many forwarded connections"};
        case CircuitEnd::Broken:
            return {ErrorKind::Unavailable, 0, "the way between the nodes was lost"};
        case CircuitEnd::Gone:
            break;
    }
    return {ErrorKind::Unavailable, 0, "the node has started anew, or broke the connection off"};
}

}  // namespace

class CircuitStream final : public runtime::Stream, private runtime::Task {
  public:
    CircuitStream(CircuitStreams& owner, const CircuitId& id, bool is_open)
        : Stream(owner.shard_.chunks()), owner_(owner), id_(id), is_open_(is_open) {
        owner_.streams_.emplace(id, this);
    }
    ~CircuitStream() override { abort(); }

    void request_flush() override {
        if (is_over_) {
            output_.clear();
            return;
        }
        congested_ = congested_ || output_.size_bytes() > kCircuitOutputBytesHigh;
        owner_.shard_.flush_later(*this);
    }
    [[nodiscard]] runtime::StreamInfo info() const override {
        return {.remote = {}, .transport = "circuit"};
    }
    void pause_reading() override { is_paused_ = true; }
    void resume_reading() override {
        is_paused_ = false;
        hand_up_later();
    }
    void close() override {
        if (!is_over_ && !is_closing_) {
            is_closing_ = true;
            owner_.shard_.flush_later(*this);
            hand_up_later();
        }
    }
    void abort() override {
        cancel_task();
        input_.cancel_task();
        output_.clear();
        if (!std::exchange(is_over_, true)) {
            end_circuit(CircuitEnd::Gone);
        }
    }
    // Whoever has a circuit stays where the core is.
    void detach() override { CHECK_TEXT(false, "a circuit stays on its shard"); }
    void attach(runtime::Shard&) override { CHECK_TEXT(false, "a circuit stays on its shard"); }

    // From inside of the core.
    void on_open() {
        is_open_ = true;
        is_opening_told_ = false;
        hand_up_later();
    }
    void on_bytes(Bytes bytes) {
        held_.insert(held_.end(), bytes.begin(), bytes.end());
        hand_up_later();
    }
    void on_room() { owner_.shard_.flush_later(*this); }
    void on_end(CircuitEnd end) {
        end_ = reason_of(end);
        owner_.streams_.erase(id_);
        hand_up_later();
    }

  private:
    class InputTask final : public runtime::Task {
      public:
        explicit InputTask(CircuitStream& stream) : stream_(stream) {}
        void run_task() override { stream_.hand_up(); }

      private:
        CircuitStream& stream_;
    };

    void hand_up_later() {
        if (!is_over_) {
            owner_.shard_.defer(input_);
        }
    }

    /// One thing at a time: the handler may destroy this.
    void hand_up() {
        if (is_over_) {
            return;
        }
        if (is_open_ && !std::exchange(is_opening_told_, true)) {
            hand_up_later();
            handler_->on_connected();
        } else if (!held_.empty() && (is_closing_ || !is_paused_)) {
            std::vector<std::uint8_t> bytes = std::exchange(held_, {});
            owner_.host_->call(
                [&](MeshNode& core, Instant now) { core.take_circuit(id_, bytes.size(), now); });
            hand_up_later();
            if (!is_closing_) {
                handler_->on_data(bytes);
            }
        } else if (end_ && held_.empty()) {
            is_over_ = true;
            cancel_task();
            output_.clear();
            handler_->on_closed(*end_);
        }
    }

    /// The flush: gives the core what it takes.
    void run_task() override {
        if (is_over_ || !is_open_) {
            return;
        }
        while (!output_.empty() && !end_) {
            std::size_t taken = 0;
            const Bytes front = output_.front();
            owner_.host_->call(
                [&](MeshNode& core, Instant now) { taken = core.send_circuit(id_, front, now); });
            output_.consume(taken);
            sent_bytes_ += taken;
            if (taken < front.size()) {
                break;
            }
        }
        if (is_closing_ && output_.empty() && !end_) {
            end_ = Error{ErrorKind::Closed, 0, "the connection is closed"};
            end_circuit(CircuitEnd::Done);
            hand_up_later();
        }
        if (congested_ && output_.size_bytes() < kCircuitOutputBytesLow) {
            congested_ = false;
            if (!is_closing_) {
                handler_->on_drained();
            }
        }
    }

    void end_circuit(CircuitEnd end) {
        if (owner_.streams_.erase(id_) > 0) {
            owner_.host_->call(
                [&](MeshNode& core, Instant now) { core.close_circuit(id_, end, now); });
        }
    }

    CircuitStreams& owner_;
    CircuitId id_;
    InputTask input_{*this};
    std::vector<std::uint8_t> held_;  // not handed up yet
    std::optional<Error> end_;
    bool is_open_ = false;
    bool is_opening_told_ = true;
    bool is_paused_ = false;
    bool is_closing_ = false;
    bool is_over_ = false;  // nothing comes any more
};

CircuitStreams::CircuitStreams(runtime::Shard& shard, Accept accept)
    : shard_(shard), accept_(std::move(accept)) {}

CircuitStreams::~CircuitStreams() {
    stop();
    CHECK(streams_.empty());
}

void CircuitStreams::stop() {
    arrived_.clear();
}

Result<std::unique_ptr<runtime::Stream>> CircuitStreams::open(NodeId destination) {
    Result<CircuitId> id = fail(ErrorKind::Unavailable, "no mesh");
    host_->call([&](MeshNode& core, Instant now) { id = core.open_circuit(destination, now); });
    TRY_ASSIGN(const CircuitId opened, std::move(id));
    return std::make_unique<CircuitStream>(*this, opened, false);
}

bool CircuitStreams::on_circuit(const CircuitId& id) {
    if (!accept_) {
        return false;
    }
    arrived_.push_back(std::make_unique<CircuitStream>(*this, id, true));
    shard_.defer(*this);
    return true;
}

void CircuitStreams::on_circuit_open(const CircuitId& id) {
    if (const auto at = streams_.find(id); at != streams_.end()) {
        at->second->on_open();
    }
}

void CircuitStreams::on_circuit_bytes(const CircuitId& id, Bytes bytes) {
    if (const auto at = streams_.find(id); at != streams_.end()) {
        at->second->on_bytes(bytes);
    }
}

void CircuitStreams::on_circuit_room(const CircuitId& id) {
    if (const auto at = streams_.find(id); at != streams_.end()) {
        at->second->on_room();
    }
}

void CircuitStreams::on_circuit_end(const CircuitId& id, CircuitEnd end) {
    if (const auto at = streams_.find(id); at != streams_.end()) {
        at->second->on_end(end);
    }
}

void CircuitStreams::run_task() {
    std::vector<std::unique_ptr<CircuitStream>> arrived = std::exchange(arrived_, {});
    for (std::unique_ptr<CircuitStream>& stream : arrived) {
        accept_(std::move(stream));  // and sets its handler: what it has to say was deferred later
    }
}

}  // namespace kith::mesh
