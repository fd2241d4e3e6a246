#include "mesh/live/forward_splice.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "wire/mesh/forward.h"

namespace kith::mesh {

ForwardSplice::ForwardSplice(std::unique_ptr<runtime::Stream> pieces,
                             std::unique_ptr<runtime::Stream> plain, Done done)
    : pieces_(std::move(pieces)), plain_(std::move(plain)), done_(std::move(done)) {
    pieces_->set_handler(&piece_side_);
    plain_->set_handler(&plain_side_);
    runtime::keep_half_open(*plain_, plain_side_);
}

void ForwardSplice::start(Bytes rest) {
    pieces_->resume_reading();
    plain_->resume_reading();
    if (!rest.empty()) {
        on_pieces(rest);
    }
}

void ForwardSplice::break_off(const char* why) {
    if (done_ && summary_.trouble.empty()) {
        fail(why);
    }
}

// From the pieces to the connection.

void ForwardSplice::on_pieces(Bytes bytes) {
    const bool is_whole = rest_.empty();
    if (!is_whole) {
        rest_.insert(rest_.end(), bytes.begin(), bytes.end());
    }
    std::vector<std::uint8_t> joined = std::exchange(rest_, {});
    Bytes unread = is_whole ? bytes : Bytes(joined);
    while (!plain_is_over_ && take_piece(unread)) {
    }
    rest_.assign(unread.begin(), unread.end());
    if (!plain_is_over_ && plain_->is_congested()) {
        pieces_->pause_reading();
    }
}

/// Removes one from the front. False: more bytes are needed, or none any more.
bool ForwardSplice::take_piece(Bytes& bytes) {
    const Result<std::optional<ForwardPiece>> next = next_forward_piece(bytes);
    if (!next) {
        fail(next.error().text);
        return false;
    }
    if (!*next) {
        return false;
    }
    const ForwardPiece& piece = **next;
    bytes = bytes.subspan(piece.piece_bytes);
    if (piece.kind == ForwardKind::Bytes && !pieces_ended_) {
        summary_.bytes_in += piece.body.size();
        plain_->send(piece.body);
        return true;
    }
    if (piece.kind == ForwardKind::End && !pieces_ended_) {
        pieces_ended_ = true;
        runtime::end_output(*plain_);
        return true;
    }
    if (piece.kind == ForwardKind::Verdict) {
        const Result<ForwardAnswer> answer = read_forward_verdict(piece.body);
        fail(answer ? answer->why : answer.error().text);
        return false;
    }
    fail("the other end sent what does not belong there");
    return false;
}

// From the connection to the pieces.

void ForwardSplice::on_plain(Bytes bytes) {
    summary_.bytes_out += bytes.size();
    while (!bytes.empty()) {
        const Bytes part = bytes.first(std::min(bytes.size(), kForwardBytesMax));
        pieces_->output().append(Bytes(forward_head(ForwardKind::Bytes, part.size())));
        pieces_->output().append(part);
        bytes = bytes.subspan(part.size());
    }
    pieces_->request_flush();
    if (pieces_->is_congested()) {
        plain_->pause_reading();
    }
}

void ForwardSplice::on_plain_end() {
    plain_ended_ = true;
    pieces_->send(forward_piece(ForwardKind::End, {}));
}

void ForwardSplice::on_plain_closed(const Error& reason) {
    plain_is_over_ = true;
    if (!summary_.trouble.empty()) {
        return;
    }
    if (!plain_ended_ || !pieces_ended_) {
        summary_.trouble =
            reason.kind == ErrorKind::Closed ? "the connection was closed" : reason.text;
        pieces_->send(forward_verdict(ForwardVerdict::Broken, summary_.trouble));
    }
    pieces_->resume_reading();
    pieces_->close();
}

// The end.

void ForwardSplice::on_pieces_closed(const Error& reason) {
    const bool has_ended = plain_ended_ && pieces_ended_;
    if (!has_ended && summary_.trouble.empty()) {
        summary_.trouble = reason.text;
    }
    if (!plain_is_over_) {
        plain_is_over_ = true;
        if (has_ended) {
            plain_->close();  // all of it is written, at the other end as well
        } else {
            plain_->abort();
        }
    }
    if (const Done done = std::exchange(done_, nullptr)) {
        done(summary_);
    }
}

void ForwardSplice::fail(std::string why) {
    summary_.trouble = std::move(why);
    plain_is_over_ = true;
    plain_->abort();
    pieces_->send(forward_verdict(ForwardVerdict::Broken, summary_.trouble));
    pieces_->resume_reading();
    pieces_->close();
}

}  // namespace kith::mesh
