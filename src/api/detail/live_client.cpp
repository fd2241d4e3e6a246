#include "api/detail/live_client.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "api/detail/live_hub.h"
#include "api/json_views.h"
#include "api/limits.h"
#include "api/machine_board.h"
#include "api/topic_board.h"
#include "api/usage_board.h"

namespace kith::api {
namespace {

constexpr std::int64_t kServingsPerSecond = Duration(1s) / kLiveInterval;

tl::unexpected<Problem> invalid(const char* detail) {
    return tl::unexpected(Problem{.status = 400, .code = "feed.invalid", .detail = detail});
}

/// The texts of an array; nothing if it is none, has other things in it, or more than `count_max`.
std::optional<std::vector<std::string>> texts_of(json::View array, std::size_t count_max) {
    if (!array.is_array() || array.size() > count_max) {
        return std::nullopt;
    }
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < array.size(); ++i) {
        const auto text = array.at(i).text();
        if (!text) {
            return std::nullopt;
        }
        texts.emplace_back(*text);
    }
    return texts;
}

bool is_other_rate(double a, double b) {
    return std::abs(a - b) > 0.001;
}

}  // namespace

LiveClient::LiveClient(LiveHub& hub, std::unique_ptr<runtime::Stream> stream, Caller caller)
    : hub_(&hub),
      stream_(std::move(stream)),
      codec_(
          {.role = websocket::Role::Server, .message_bytes_max = kLiveRequestBytesMax, .mask = {}},
          *this),
      caller_(std::move(caller)) {
    stream_->set_handler(this);
}

void LiveClient::start(std::string rest) {
    ping(hub_->wall_now());
    if (!rest.empty()) {
        feed({reinterpret_cast<std::uint8_t*>(rest.data()), rest.size()});
    }
}

// --- Requests ----------------------------------------------------------------------------------

void LiveClient::on_data(MutableBytes bytes) {
    feed(bytes);
}

void LiveClient::feed(MutableBytes bytes) {
    const Status fed = codec_.feed(bytes);
    stream_->request_flush();
    if (!fed || codec_.is_closing() || stream_->unsent_bytes() > kUnansweredBytesMax) {
        stream_->close();
    }
}

void LiveClient::on_message(websocket::MessageType type, Bytes message) {
    const auto document = json::Document::parse(as_text(message), {kLiveRequestBytesMax, 4});
    if (type != websocket::MessageType::Text || !document || !document->root().is_object()) {
        send_problem(std::nullopt,
                     {.status = 400, .code = "feed.invalid", .detail = "not a JSON object"});
        return;
    }
    take_request(document->root());
}

void LiveClient::take_request(json::View request) {
    const auto id = request["id"].integer();
    const auto op = request["op"].text();
    if (!id || !op) {
        send_problem(id, {.status = 400,
                          .code = "feed.invalid",
                          .detail = "a request has an `op` and a number as `id`"});
        return;
    }
    if (*op == "follow") {
        follow(*id, request);
    } else if (*op == "unfollow") {
        follows_.erase(*id);
    } else {
        send_problem(
            id, {.status = 400, .code = "feed.invalid", .detail = "`op` is follow or unfollow"});
    }
}

void LiveClient::follow(std::int64_t id, json::View request) {
    follows_.erase(id);
    if (follows_.size() >= kFollowsMax) {
        send_problem(id, {.status = 429,
                          .code = "feed.limit",
                          .detail = "one connection follows at most 32 channels"});
        return;
    }
    auto made = make_follow(id, request);
    if (!made) {
        send_problem(id, made.error());
        return;
    }
    follows_.emplace(id, std::move(*made));
    hub_->note_follow();
}

tl::expected<LiveClient::Follow, Problem> LiveClient::make_follow(std::int64_t id,
                                                                  json::View request) {
    const std::string_view channel = request["channel"].text().value_or("");
    if (channel == "stats") {
        return Follow(StatsFollow());
    }
    if (channel == "events") {
        return Follow(EventsFollow());
    }
    if (channel == "machines") {
        MachinesFollow follow;
        if (request["ids"].exists()) {
            auto ids = texts_of(request["ids"], kFollowedMachinesMax);
            if (!ids || ids->empty()) {
                return invalid("`ids` is an array of at most 200 names");
            }
            follow.ids = std::move(*ids);
        }
        return Follow(std::move(follow));
    }
    if (channel == "topics") {
        auto topics = texts_of(request["topics"], kFollowedTopicsMax);
        if (!topics) {
            return invalid("`topics` is an array of at most 500 topics");
        }
        return make_topics(std::move(*topics));
    }
    if (channel == "messages") {
        return make_messages(id, request);
    }
    return invalid("`channel` is stats, events, machines, topics or messages");
}

LiveClient::Follow LiveClient::make_topics(std::vector<std::string> topics) const {
    TopicsFollow follow{.topics = std::move(topics), .shown = {}};
    follow.shown.resize(follow.topics.size());
    for (std::size_t i = 0; i < follow.topics.size(); ++i) {
        // The values are told at once, but new children only from now on.
        const auto row = hub_->boards().topics.row(follow.topics[i]);
        follow.shown[i].child_number = row ? row->child_number : 0;
    }
    return follow;
}

tl::expected<LiveClient::Follow, Problem> LiveClient::make_messages(std::int64_t id,
                                                                    json::View request) {
    const auto filter = request["filter"].text();
    const auto client = request["client"].text();
    if (filter.has_value() == client.has_value() || (filter ? filter->empty() : client->empty())) {
        return invalid("messages are followed by `filter` or by `client`");
    }
    std::int64_t per_second = kLiveMessagesPerSecond;
    if (request["rate_max"].exists()) {
        per_second = request["rate_max"].integer().value_or(0);
        if (per_second < 1 || per_second > kLiveMessagesPerSecondMax) {
            return invalid("`rate_max` is 1 to 500 messages a second");
        }
    }
    MessagesFollow follow;
    follow.per_serving =
        static_cast<std::uint32_t>((per_second + kServingsPerSecond - 1) / kServingsPerSecond);
    auto tap = hub_->backend().tap(
        {.filter = std::string(filter.value_or("")), .client = std::string(client.value_or(""))},
        [this, id](const TappedMessage& message) { keep_message(id, message); });
    if (!tap) {
        return tl::unexpected(to_problem(tap.error(), "feed"));
    }
    follow.tap = std::move(*tap);
    return Follow(std::move(follow));
}

void LiveClient::keep_message(std::int64_t id, const TappedMessage& message) {
    const auto found = follows_.find(id);
    if (found == follows_.end()) {
        return;
    }
    auto& follow = std::get<MessagesFollow>(found->second);
    if (follow.waiting.size() >= follow.per_serving) {
        follow.waiting.pop_front();  // the newest matter most
        ++follow.skipped;
        ++hub_->counters().live_messages_skipped;
    }
    follow.waiting.push_back(keep(message));
}

// --- Serving -----------------------------------------------------------------------------------

template <typename Kind>
bool LiveClient::follows() const {
    return std::ranges::any_of(
        follows_, [](const auto& item) { return std::holds_alternative<Kind>(item.second); });
}

template bool LiveClient::follows<LiveClient::TopicsFollow>() const;
template bool LiveClient::follows<LiveClient::MachinesFollow>() const;

void LiveClient::collect_topics(std::vector<std::string>& topics) const {
    for (const auto& [id, follow] : follows_) {
        if (const auto* followed = std::get_if<TopicsFollow>(&follow)) {
            topics.insert(topics.end(), followed->topics.begin(), followed->topics.end());
        }
    }
}

void LiveClient::note_stats() {
    for (auto& [id, follow] : follows_) {
        if (auto* stats = std::get_if<StatsFollow>(&follow)) {
            stats->is_due = true;
        }
    }
}

void LiveClient::note_event(const NodeEvent& event) {
    for (auto& [id, follow] : follows_) {
        auto* events = std::get_if<EventsFollow>(&follow);
        if (events == nullptr) {
            continue;
        }
        if (events->waiting.size() == kLiveEventsMax) {
            events->waiting.pop_front();
            ++hub_->counters().live_events_dropped;
        }
        events->waiting.push_back(event);
    }
}

void LiveClient::serve(const LiveBoards& boards) {
    if (stream_->unsent_bytes() > kLiveUnsentBytesMax) {
        ++hub_->counters().live_updates_conflated;
        return;
    }
    for (auto& [id, follow] : follows_) {
        // Every event is an object of its own; of everything else there is one.
        bool has_more = true;
        while (has_more) {
            std::string text;
            json::Writer json(text);
            json.begin_object();
            json.field("id", id);
            json.key("data");
            const bool has_data =
                std::visit([&](auto& kind) { return serve(kind, boards, json); }, follow);
            json.end_object();
            if (has_data) {
                send(text);
            }
            has_more = has_data && std::holds_alternative<EventsFollow>(follow);
        }
    }
}

bool LiveClient::serve(StatsFollow& follow, const LiveBoards& boards, json::Writer& json) {
    if (!follow.is_due || !boards.usage.latest()) {
        return false;
    }
    follow.is_due = false;
    write(json, StatsView{.sample = *boards.usage.latest(),
                          .topic_count = boards.topics.totals().topic_count});
    return true;
}

bool LiveClient::serve(EventsFollow& follow, const LiveBoards&, json::Writer& json) {
    if (follow.waiting.empty()) {
        return false;
    }
    write(json, follow.waiting.front());
    follow.waiting.pop_front();
    return true;
}

bool LiveClient::serve(MachinesFollow& follow, const LiveBoards& boards, json::Writer& json) {
    bool has_data = false;
    json.begin_object();
    json.key("machines");
    json.begin_array();
    const auto show = [&](const MachineRow& row) {
        if (row.changed_number > follow.shown_number) {
            write(json, row);
            has_data = true;
        }
    };
    if (follow.ids.empty()) {
        std::ranges::for_each(boards.machines.rows(), show);
    }
    for (const std::string& id : follow.ids) {
        if (const MachineRow* row = boards.machines.find(id)) {
            show(*row);
        }
    }
    json.end_array();
    json.end_object();
    follow.shown_number = boards.machines.change_number();
    return has_data;
}

bool LiveClient::serve(TopicsFollow& follow, const LiveBoards& boards, json::Writer& json) {
    std::vector<const std::string*> grown;
    bool has_data = false;
    json.begin_object();
    json.key("topics");
    json.begin_array();
    for (std::size_t i = 0; i < follow.topics.size(); ++i) {
        const auto row = boards.topics.row(follow.topics[i]);
        if (!row) {
            continue;
        }
        TopicsFollow::Shown& shown = follow.shown[i];
        if (row->changed_number > shown.changed_number ||
            is_other_rate(row->messages_per_s, shown.rate)) {
            write(json, *row);
            has_data = true;
        }
        if (row->child_number > shown.child_number) {
            grown.push_back(&follow.topics[i]);
        }
        shown = {.changed_number = row->changed_number,
                 .child_number = row->child_number,
                 .rate = row->messages_per_s};
    }
    json.end_array();
    json.key("new_under");
    json.begin_array();
    for (const std::string* topic : grown) {
        json.value(*topic);
    }
    json.end_array();
    json.end_object();
    return has_data || !grown.empty();
}

bool LiveClient::serve(MessagesFollow& follow, const LiveBoards&, json::Writer& json) {
    if (follow.waiting.empty()) {
        return false;
    }
    json.begin_object();
    json.key("messages");
    json.begin_array();
    for (const KeptMessage& message : follow.waiting) {
        write(json, message);
    }
    json.end_array();
    json.field("skipped", std::exchange(follow.skipped, 0));
    json.end_object();
    follow.waiting.clear();
    return true;
}

void LiveClient::ping(WallTime now) {
    std::string text;
    json::Writer json(text);
    json.begin_object();
    json.field("ping", now);
    json.end_object();
    send(text);
}

void LiveClient::send(std::string_view text) {
    codec_.send(websocket::MessageType::Text, as_bytes(text));
}

void LiveClient::send_problem(std::optional<std::int64_t> id, const Problem& problem) {
    std::string text;
    json::Writer json(text);
    json.begin_object();
    json.field("id", id);
    json.key("error");
    json.raw(to_json(problem));
    json.end_object();
    send(text);
}

void LiveClient::on_output(Bytes bytes) {
    stream_->send(bytes);
}

// --- The end -----------------------------------------------------------------------------------

void LiveClient::on_close(std::uint16_t, std::string_view) {}

void LiveClient::close(std::uint16_t code, std::string_view reason) {
    codec_.close(code, reason);
    follows_.clear();
    stream_->close();
}

void LiveClient::on_closed(const Error&) {
    follows_.clear();
    hub_->end(*this);
}

}  // namespace kith::api
