// Pieces of a forwarded connection between who asked this node for it and the circuit that it is.
//
// Passes them on as they are. Towards who asked, only whole ones: so that one that says what is
// wrong can follow when the circuit is lost. Threads: shard-local. Limits: one piece, and those of
// the two streams.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "runtime/stream.h"

namespace kith::mesh {

class ForwardRelay {
  public:
    /// `done` is called once, as the last thing; it destroys the relay in a later turn.
    ForwardRelay(std::unique_ptr<runtime::Stream> asker, std::unique_ptr<runtime::Stream> circuit,
                 std::function<void()> done);

    /// What has come of each already.
    void start(Bytes of_asker, Bytes of_circuit);

  private:
    struct AskerSide final : runtime::StreamHandler {
        explicit AskerSide(ForwardRelay& relay_in) : relay(relay_in) {}
        void on_data(MutableBytes bytes) override { relay.on_asker(bytes); }
        void on_drained() override { relay.circuit_->resume_reading(); }
        void on_closed(const Error&) override { relay.on_asker_closed(); }
        ForwardRelay& relay;
    };
    struct CircuitSide final : runtime::StreamHandler {
        explicit CircuitSide(ForwardRelay& relay_in) : relay(relay_in) {}
        void on_data(MutableBytes bytes) override { relay.on_circuit(bytes); }
        void on_drained() override { relay.asker_->resume_reading(); }
        void on_closed(const Error& reason) override { relay.on_circuit_closed(reason.text); }
        ForwardRelay& relay;
    };

    void on_asker(Bytes bytes);
    void on_circuit(Bytes bytes);
    void on_asker_closed();
    void on_circuit_closed(const char* why);
    void finish_if_over();

    std::unique_ptr<runtime::Stream> asker_;
    std::unique_ptr<runtime::Stream> circuit_;
    AskerSide asker_side_{*this};
    CircuitSide circuit_side_{*this};
    std::function<void()> done_;
    std::vector<std::uint8_t> rest_;  // of the circuit: the beginning of a piece
    bool has_ended_ = false;          // the direction from the circuit, or all with a reason
    bool asker_is_over_ = false;
    bool circuit_is_over_ = false;
};

}  // namespace kith::mesh
