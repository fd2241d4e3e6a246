// A TCP connection and the pieces that it is somewhere else (wire/mesh/forward.h), joined.
//
// Whatever one side sends the other one gets, and when it ends its direction: the other direction
// goes on. While one side is congested, nothing is read from the other. Both the command that
// listens and the node that connects to the service have one. Threads: shard-local. Limits: those
// of the two streams.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "runtime/half_open.h"
#include "runtime/stream.h"

namespace kith::mesh {

/// How it went.
struct ForwardSummary {
    std::uint64_t bytes_in = 0;   // from pieces to the connection
    std::uint64_t bytes_out = 0;  // from the connection to pieces
    std::string trouble;          // why it ended before both directions had; empty: they had
};

class ForwardSplice {
  public:
    /// Called once, as the last thing; destroys the splice in a later turn.
    using Done = std::function<void(const ForwardSummary&)>;

    /// `pieces` is behind its Verdict; `plain` is connected and directly over a socket.
    ForwardSplice(std::unique_ptr<runtime::Stream> pieces, std::unique_ptr<runtime::Stream> plain,
                  Done done);

    /// What has come of the pieces already.
    void start(Bytes rest);
    /// Ends both, and tells the other end why.
    void break_off(const char* why);

  private:
    struct PieceSide final : runtime::StreamHandler {
        explicit PieceSide(ForwardSplice& splice_in) : splice(splice_in) {}
        void on_data(MutableBytes bytes) override { splice.on_pieces(bytes); }
        void on_drained() override { splice.plain_->resume_reading(); }
        void on_closed(const Error& reason) override { splice.on_pieces_closed(reason); }
        ForwardSplice& splice;
    };
    struct PlainSide final : runtime::StreamHandler, runtime::HalfOpenHandler {
        explicit PlainSide(ForwardSplice& splice_in) : splice(splice_in) {}
        void on_data(MutableBytes bytes) override { splice.on_plain(bytes); }
        void on_drained() override { splice.pieces_->resume_reading(); }
        void on_end() override { splice.on_plain_end(); }
        void on_closed(const Error& reason) override { splice.on_plain_closed(reason); }
        ForwardSplice& splice;
    };

    void on_pieces(Bytes bytes);
    [[nodiscard]] bool take_piece(Bytes& bytes);
    void on_plain(Bytes bytes);
    void on_plain_end();
    void on_plain_closed(const Error& reason);
    void on_pieces_closed(const Error& reason);
    void fail(std::string why);

    std::unique_ptr<runtime::Stream> pieces_;
    std::unique_ptr<runtime::Stream> plain_;
    PieceSide piece_side_{*this};
    PlainSide plain_side_{*this};
    Done done_;
    ForwardSummary summary_;
    std::vector<std::uint8_t> rest_;  // the beginning of a piece whose end has not come
    bool pieces_ended_ = false;       // their direction
    bool plain_ended_ = false;
    bool plain_is_over_ = false;
};

}  // namespace kith::mesh
