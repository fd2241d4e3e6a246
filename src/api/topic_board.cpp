#include "api/topic_board.h"

#include <algorithm>
#include <unordered_set>

#include "base/check.h"
#include "base/hash.h"
#include "base/limits.h"
#include "json/scan.h"

namespace kith::api {

struct TopicBoard::Node {
    /// Messages counted on one shard, so that the next sample of it tells how many are new.
    struct ShardCount {
        ShardId shard;
        std::uint64_t message_count;
    };
    /// Only of topics.
    struct Topic {
        std::optional<TopicValue> value;  // none if only known as retained, from the store
        std::vector<ShardCount> counts;
        bool is_retained = false;
        std::uint32_t subscriber_count = 0;
        Recent::iterator recent;
    };

    Node* parent = nullptr;
    std::string text;  // all levels up to this one, joined by slashes
    std::size_t name_at = 0;
    std::map<std::string_view, std::unique_ptr<Node>> children;  // keys are views into their text
    std::unique_ptr<Topic> topic;
    RateWindow rate;
    std::size_t topic_count = 0;
    std::size_t retained_count = 0;
    std::uint64_t changed_number = 0;
    std::uint64_t child_number = 0;

    [[nodiscard]] std::string_view name() const { return std::string_view(text).substr(name_at); }
};

namespace {

/// Takes one level from the front; `at` is where the next one starts, npos behind the last.
std::string_view take_level(std::string_view topic, std::size_t& at) {
    const std::size_t slash = topic.find('/', at);
    const std::string_view level = topic.substr(at, slash - at);
    at = slash == std::string_view::npos ? slash : slash + 1;
    return level;
}

}  // namespace

TopicBoard::TopicBoard(std::size_t topics_max, std::size_t history_points_max)
    : topics_max_(topics_max),
      history_points_max_(history_points_max),
      root_(std::make_unique<Node>()) {
    CHECK(topics_max > 0);
}

TopicBoard::~TopicBoard() = default;

void TopicBoard::apply(const TopicSample& sample) {
    Node* node = ensure(sample.topic);
    if (node == nullptr) {
        return;
    }
    touch(*node);
    Node::Topic& topic = *node->topic;
    auto count = std::ranges::find(topic.counts, sample.shard, &Node::ShardCount::shard);
    if (count == topic.counts.end()) {
        count = topic.counts.insert(count, {.shard = sample.shard, .message_count = 0});
    }
    // A shard that forgot the topic counts from zero again.
    const std::uint64_t known =
        count->message_count <= sample.message_count ? count->message_count : 0;
    const std::uint64_t fresh = sample.message_count - known;
    count->message_count = sample.message_count;
    ++change_number_;
    for (Node* at = node; at != nullptr; at = at->parent) {
        at->rate.add(clock_, fresh);
        at->changed_number = change_number_;
    }
    if (!topic.value) {
        topic.value.emplace();
    }
    if (sample.at >= topic.value->at) {
        topic.value->payload = sample.payload;
        topic.value->payload_bytes = sample.payload_bytes;
        topic.value->qos = sample.qos;
        topic.value->at = sample.at;
        topic.value->publisher = sample.publisher;
        add_history(*node, sample);
    }
    if (sample.is_retain) {
        set_retained(*node, sample.payload_bytes > 0);
    }
}

void TopicBoard::set_retained(const std::vector<RetainedSample>& all) {
    std::unordered_set<std::string_view, TextHash> names;
    for (const RetainedSample& sample : all) {
        names.insert(sample.topic);
    }
    const std::vector<Node*> known_topics(recent_.begin(), recent_.end());
    for (Node* node : known_topics) {
        if (node->topic->is_retained && !names.contains(node->text)) {
            set_retained(*node, false);
        }
    }
    for (const RetainedSample& sample : all) {
        Node* known = find_levels(sample.topic);
        const bool is_known = known != nullptr && known->topic != nullptr;
        if (!is_known && root_->topic_count >= topics_max_) {
            continue;  // what is published now matters more than what only lies there
        }
        Node* node = is_known ? known : ensure(sample.topic);
        if (node == nullptr) {
            continue;
        }
        set_retained(*node, true);
        if (!node->topic->value) {
            node->topic->value = TopicValue{.payload = sample.payload,
                                            .payload_bytes = sample.payload_bytes,
                                            .qos = sample.qos,
                                            .at = sample.at,
                                            .publisher = {},
                                            .history = {}};
        }
    }
}

void TopicBoard::set_subscriber_count(std::string_view topic, std::uint32_t count) {
    Node* node = find_levels(topic);
    if (node == nullptr || node->topic == nullptr || node->topic->subscriber_count == count) {
        return;
    }
    node->topic->subscriber_count = count;
    node->changed_number = ++change_number_;
}

Result<TopicList> TopicBoard::children(const TopicListQuery& query) const {
    const Node* parent = find_path(query.parent);
    if (parent == nullptr) {
        return fail(ErrorKind::NotFound, "there is no such level");
    }
    TopicList list;
    auto child =
        query.has_after ? parent->children.upper_bound(query.after) : parent->children.begin();
    for (; child != parent->children.end(); ++child) {
        const Node& node = *child->second;
        const bool is_reserved = parent == root_.get() && node.name().starts_with('$');
        if ((is_reserved && !query.with_reserved) ||
            (query.retained_only && node.retained_count == 0)) {
            continue;
        }
        if (list.rows.size() == query.limit) {
            list.has_more = true;
            break;
        }
        list.rows.push_back(row_of(node));
    }
    return list;
}

TopicMatches TopicBoard::search(const TopicSearch& search, std::size_t limit) const {
    std::vector<const Node*> found;
    for (const Node* node : recent_) {
        const std::optional<TopicValue>& value = node->topic->value;
        const std::string_view payload = value ? std::string_view(value->payload) : "";
        if (search.matches(node->text, payload, !value || value->is_whole())) {
            found.push_back(node);
        }
    }
    TopicMatches matches{.rows = {}, .match_count = found.size()};
    const std::size_t shown = std::min(limit, found.size());
    std::ranges::partial_sort(found, found.begin() + static_cast<std::ptrdiff_t>(shown), {},
                              &Node::text);
    for (std::size_t i = 0; i < shown; ++i) {
        matches.rows.push_back(row_of(*found[i]));
    }
    return matches;
}

std::optional<TopicRow> TopicBoard::topic(std::string_view name) const {
    const Node* node = find_levels(name);
    return node == nullptr || node->topic == nullptr ? std::nullopt : std::optional(row_of(*node));
}

std::optional<TopicRow> TopicBoard::row(std::string_view path) const {
    const Node* node = find_path(path);
    return node == nullptr ? std::nullopt : std::optional(row_of(*node));
}

TopicTotals TopicBoard::totals() const {
    return {.topic_count = root_->topic_count,
            .retained_count = root_->retained_count,
            .messages_per_s = root_->rate.per_second(clock_),
            .evicted_count = evicted_count_};
}

std::vector<TopicRow> TopicBoard::published_by(std::string_view client, std::size_t limit) const {
    std::vector<const Node*> found;
    for (const Node* node : recent_) {
        if (node->topic->value && node->topic->value->publisher == client) {
            found.push_back(node);
        }
    }
    const auto newest_first = [](const Node* a, const Node* b) {
        return a->topic->value->at > b->topic->value->at;
    };
    const std::size_t shown = std::min(limit, found.size());
    std::ranges::partial_sort(found, found.begin() + static_cast<std::ptrdiff_t>(shown),
                              newest_first);
    std::vector<TopicRow> rows;
    for (std::size_t i = 0; i < shown; ++i) {
        rows.push_back(row_of(*found[i]));
    }
    return rows;
}

/// The node of a topic, made with its levels if need be; null if the topic has too many levels.
TopicBoard::Node* TopicBoard::ensure(std::string_view topic) {
    if (static_cast<std::size_t>(std::ranges::count(topic, '/')) >= limits::kTopicLevelsMax) {
        return nullptr;
    }
    Node* node = find_levels(topic);
    if (node == nullptr || node->topic == nullptr) {
        if (root_->topic_count >= topics_max_) {
            evict_oldest();
        }
        node = root_.get();
        std::size_t at = 0;
        while (at != std::string_view::npos) {
            const std::size_t name_at = at;
            const std::string_view level = take_level(topic, at);
            const auto found = node->children.find(level);
            if (found != node->children.end()) {
                node = found->second.get();
                continue;
            }
            auto made = std::make_unique<Node>();
            made->parent = node;
            made->text = topic.substr(0, name_at + level.size());
            made->name_at = name_at;
            node->child_number = ++change_number_;
            Node* const child = made.get();
            node->children.emplace(child->name(), std::move(made));
            node = child;
        }
        make_topic(*node);
    }
    return node;
}

TopicBoard::Node* TopicBoard::find_levels(std::string_view topic) const {
    Node* node = root_.get();
    std::size_t at = 0;
    while (at != std::string_view::npos) {
        const auto found = node->children.find(take_level(topic, at));
        if (found == node->children.end()) {
            return nullptr;
        }
        node = found->second.get();
    }
    return node;
}

TopicBoard::Node* TopicBoard::find_path(std::string_view path) const {
    if (path.empty()) {
        return root_.get();
    }
    return find_levels(path == "/" ? "" : path);
}

void TopicBoard::make_topic(Node& node) {
    recent_.push_front(&node);
    node.topic = std::make_unique<Node::Topic>();
    node.topic->recent = recent_.begin();
    ++change_number_;
    for (Node* at = &node; at != nullptr; at = at->parent) {
        ++at->topic_count;
        at->changed_number = change_number_;
    }
}

void TopicBoard::touch(Node& node) {
    recent_.splice(recent_.begin(), recent_, node.topic->recent);
}

void TopicBoard::set_retained(Node& node, bool is_retained) {
    if (node.topic->is_retained == is_retained) {
        return;
    }
    node.topic->is_retained = is_retained;
    ++change_number_;
    for (Node* at = &node; at != nullptr; at = at->parent) {
        at->retained_count += is_retained ? 1U : std::size_t{0} - 1U;
        at->changed_number = change_number_;
    }
}

void TopicBoard::add_history(Node& node, const TopicSample& sample) {
    if (sample.payload.size() != sample.payload_bytes) {
        return;
    }
    const auto number = json::bare_number(sample.payload);
    if (!number) {
        return;
    }
    std::vector<HistoryPoint>& history = node.topic->value->history;
    if (history.size() == kHistoryPointsMax) {
        history.erase(history.begin());
        --history_point_count_;
    }
    history.push_back({.at = sample.at, .value = *number});
    ++history_point_count_;
    auto oldest = recent_.end();
    while (history_point_count_ > history_points_max_ && oldest != recent_.begin()) {
        --oldest;
        if (*oldest != &node) {
            drop_history(**oldest);
        }
    }
}

void TopicBoard::drop_history(Node& node) {
    if (node.topic->value) {
        history_point_count_ -= node.topic->value->history.size();
        node.topic->value->history = {};
    }
}

void TopicBoard::evict_oldest() {
    CHECK(!recent_.empty());
    Node* node = recent_.back();
    set_retained(*node, false);
    drop_history(*node);
    recent_.pop_back();
    node->topic.reset();
    ++evicted_count_;
    ++change_number_;
    for (Node* at = node; at != nullptr; at = at->parent) {
        --at->topic_count;
        at->changed_number = change_number_;
    }
    prune(node);
}

/// Removes levels that lead nowhere any more.
void TopicBoard::prune(Node* node) {
    while (node->parent != nullptr && node->topic_count == 0) {
        Node* const parent = node->parent;
        const auto place = parent->children.find(node->name());
        CHECK(place != parent->children.end());
        parent->children.erase(place);
        node = parent;
    }
}

TopicRow TopicBoard::row_of(const Node& node) const {
    TopicRow row{.path = node.text.empty() && node.parent != nullptr ? "/" : node.text,
                 .name = node.name(),
                 .child_count = node.children.size(),
                 .topic_count = node.topic_count,
                 .messages_per_s = node.rate.per_second(clock_),
                 .is_topic = node.topic != nullptr,
                 .is_retained = false,
                 .subscriber_count = 0,
                 .value = nullptr,
                 .changed_number = node.changed_number,
                 .child_number = node.child_number};
    if (node.topic) {
        row.is_retained = node.topic->is_retained;
        row.subscriber_count = node.topic->subscriber_count;
        row.value = node.topic->value ? &*node.topic->value : nullptr;
    }
    return row;
}

}  // namespace kith::api
