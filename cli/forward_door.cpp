#include "cli/forward_door.h"

#include "http/url.h"
#include "json/document.h"
#include "mesh/live/forward_splice.h"
#include "runtime/timer.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <utility>

namespace kith::cli {
namespace {

/// The node gives up after 20 s; this is for a node that does not answer at all.
constexpr Duration kAnswerMax = 30s;
constexpr std::size_t kAnswerBytesMax = 16U << 10U;
constexpr std::string_view kHeadEnd = "\r\n\r\n";

/// What a node has said so far; the status is 0 until its head is whole.
struct Answer {
    int status = 0;
    std::size_t head_bytes = 0;
};

Answer read_answer(std::string_view text) {
    static constexpr std::string_view kVersion = "HTTP/1.1 ";
    const std::size_t end = text.find(kHeadEnd);
    Answer answer;
    if (end == std::string_view::npos || !text.starts_with(kVersion)) {
        return answer;
    }
    const char* status = text.data() + kVersion.size();
    std::from_chars(status, text.data() + end, answer.status);
    answer.head_bytes = end + kHeadEnd.size();
    return answer;
}

/// The sentence of a problem, or nothing if all of it has not come.
std::optional<std::string> detail_in(std::string_view body) {
    const auto document = json::Document::parse(body);
    const auto detail = document ? document->root()["detail"].text() : std::nullopt;
    return detail ? std::optional(std::string(*detail)) : std::nullopt;
}

}  // namespace

/// One connection: first its node is asked, then the two are joined.
class ForwardDoor::Visit final : private runtime::StreamHandler, private runtime::Timer {
  public:
    Visit(ForwardDoor& door, std::uint64_t id, std::unique_ptr<runtime::Stream> visitor)
        : door_(door),
          id_(id),
          name_(visitor->info().remote.to_string()),
          visitor_(std::move(visitor)) {
        visitor_->set_handler(&visitor_side_);
        visitor_->pause_reading();
        door_.shard_.arm_after(*this, kAnswerMax);
        auto asked = door_.shard_.network().connect(door_.options_.node, *this);
        if (asked) {
            asked_ = std::move(*asked);
        }
    }
    ~Visit() { cancel(); }
    [[nodiscard]] bool is_asking() const { return asked_ != nullptr; }

  private:
    /// Nothing is read of the visitor before there is an answer.
    struct VisitorSide final : runtime::StreamHandler {
        explicit VisitorSide(Visit& visit_in) : visit(visit_in) {}
        void on_data(MutableBytes) override {}
        void on_closed(const Error&) override { visit.give_up("the client has gone"); }
        Visit& visit;
    };

    // Of the node.
    void on_connected() override {
        const ForwardDoorOptions& options = door_.options_;
        std::string request = fmt::format(
            "GET /api/v1/mesh/forward?to={} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\n"
            "Upgrade: kith-forward\r\n",
            http::percent_encode(options.to), options.host);
        if (!options.token.empty()) {
            request += fmt::format("Authorization: Bearer {}\r\n", options.token);
        }
        asked_->send(as_bytes(request + "\r\n"));
    }
    void on_data(MutableBytes bytes) override {
        if (is_over_) {
            return;
        }
        answer_ += as_text(bytes);
        const Answer answer = read_answer(answer_);
        if (answer.status == 101) {
            join(answer_.substr(answer.head_bytes));
        } else if (answer.status != 0) {
            const auto detail = detail_in(std::string_view(answer_).substr(answer.head_bytes));
            if (detail) {
                give_up(answer.status == 401 ? "a token of an administrator is needed" : *detail);
            }
        } else if (answer_.size() > kAnswerBytesMax) {
            give_up("this is no Kith node");
        }
    }
    void on_closed(const Error& reason) override {
        const Answer answer = read_answer(answer_);
        give_up(answer.status != 0
                    ? fmt::format("the node answered {}", answer.status)
                    : fmt::format("the node at {}: {}", door_.options_.host, reason.text));
    }
    void on_timer(Instant) override { give_up("the node does not answer"); }

    void join(const std::string& rest) {
        cancel();
        is_over_ = true;
        door_.options_.say(fmt::format("{} opened", name_));
        splice_ = std::make_unique<mesh::ForwardSplice>(
            std::move(asked_), std::move(visitor_), [this](const mesh::ForwardSummary& summary) {
                door_.options_.say(fmt::format(
                    "{} closed: {} bytes there, {} back{}{}", name_, summary.bytes_out,
                    summary.bytes_in, summary.trouble.empty() ? "" : "; ", summary.trouble));
                door_.end(id_);
            });
        splice_->start(as_bytes(rest));
    }

    void give_up(const std::string& why) {
        if (std::exchange(is_over_, true)) {
            return;
        }
        cancel();
        door_.options_.say(fmt::format("{} refused: {}", name_, why));
        visitor_->abort();
        if (asked_ != nullptr) {
            asked_->abort();
        }
        door_.end(id_);
    }

    ForwardDoor& door_;
    std::uint64_t id_;
    std::string name_;
    VisitorSide visitor_side_{*this};
    std::unique_ptr<runtime::Stream> visitor_;
    std::unique_ptr<runtime::Stream> asked_;
    std::unique_ptr<mesh::ForwardSplice> splice_;
    std::string answer_;
    bool is_over_ = false;
};

ForwardDoor::ForwardDoor(runtime::Shard& shard, ForwardDoorOptions options)
    : shard_(shard), options_(std::move(options)) {}

ForwardDoor::~ForwardDoor() {
    cancel_task();
}

Status ForwardDoor::open() {
    TRY_ASSIGN(listener_, shard_.network().listen({.address = options_.listen}, *this));
    return {};
}

void ForwardDoor::on_accept(std::unique_ptr<runtime::Stream> stream) {
    if (visits_.size() >= kForwardedMax) {
        options_.say(fmt::format("{} refused: {} connections are open already",
                                 stream->info().remote.to_string(), kForwardedMax));
        stream->abort();
        turned_away_.push_back(std::move(stream));
        shard_.defer(*this);
        return;
    }
    const std::uint64_t id = ++last_visit_;
    auto visit = std::make_unique<Visit>(*this, id, std::move(stream));
    if (visit->is_asking()) {
        visits_.emplace(id, std::move(visit));
    } else {
        ended_.push_back(std::move(visit));
        options_.say("out of descriptors");
        shard_.defer(*this);
    }
}

void ForwardDoor::end(std::uint64_t id) {
    if (const auto at = visits_.find(id); at != visits_.end()) {
        ended_.push_back(std::move(at->second));
        visits_.erase(at);
        shard_.defer(*this);
    }
}

void ForwardDoor::run_task() {
    ended_.clear();
    turned_away_.clear();
}

}  // namespace kith::cli
