// All topics as a tree, with rates, last values and history: what the Topics page shows.
//
// Fed with samples of what changed on each shard; every level knows the sums of what is below it.
// The board is a picture, not the truth: it is bounded, and what it forgot comes back with the next
// message. Paths name levels as MQTT does ("plant/h2"); "" is the root, and "/" is the level with
// the empty name at the root, which "/a" is in.
// Threads: shard-local. Limits: kTopicsMax, kHistoryPointsTotalMax: the topic unchanged longest
// makes room, counted.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/backend.h"
#include "api/limits.h"
#include "api/rate_window.h"
#include "api/topic_search.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace kith::api {

struct HistoryPoint {
    WallTime at;
    double value = 0;
};

/// What was last published to a topic.
struct TopicValue {
    std::string payload;  // its first kPayloadPrefixBytes
    std::uint32_t payload_bytes = 0;
    Qos qos = Qos::AtMostOnce;
    WallTime at;
    std::string publisher;  // client id; empty if not known
    std::vector<HistoryPoint> history;

    [[nodiscard]] bool is_whole() const { return payload.size() == payload_bytes; }
};

/// One level of the tree. Borrowed until the board changes.
struct TopicRow {
    std::string path;
    std::string_view name;
    std::size_t child_count = 0;
    std::size_t topic_count = 0;  // below it, itself included
    double messages_per_s = 0;    // likewise
    bool is_topic = false;
    bool is_retained = false;
    std::uint32_t subscriber_count = 0;  // as last asked for
    const TopicValue* value = nullptr;   // of a topic that was published to
    std::uint64_t changed_number = 0;    // grows with every change here or below
    std::uint64_t child_number = 0;      // grows with every new child
};

struct TopicListQuery {
    std::string parent;
    bool retained_only = false;
    bool with_reserved = false;  // levels at the root that begin with $
    std::size_t limit = kRowsDefault;
    std::string after;  // name of the last child already shown; meaningful if has_after
    bool has_after = false;
};

struct TopicList {
    std::vector<TopicRow> rows;  // by name
    bool has_more = false;
};

struct TopicMatches {
    std::vector<TopicRow> rows;  // by name, the first `limit`
    std::size_t match_count = 0;
};

struct TopicTotals {
    std::size_t topic_count = 0;
    std::size_t retained_count = 0;
    double messages_per_s = 0;
    std::uint64_t evicted_count = 0;  // since the start
};

class TopicBoard {
  public:
    explicit TopicBoard(std::size_t topics_max = kTopicsMax,
                        std::size_t history_points_max = kHistoryPointsTotalMax);
    ~TopicBoard();
    TopicBoard(const TopicBoard&) = delete;
    TopicBoard& operator=(const TopicBoard&) = delete;

    // --- Feeding ------------------------------------------------------------------------------

    void apply(const TopicSample& sample);
    /// All samples up to now were applied.
    void close_interval(Instant now) { clock_.advance(now); }
    /// Replaces what is known about which topics are retained.
    void set_retained(const std::vector<RetainedSample>& all);
    void set_subscriber_count(std::string_view topic, std::uint32_t count);

    // --- Asking -------------------------------------------------------------------------------

    /// Errors: NotFound if there is no such level.
    [[nodiscard]] Result<TopicList> children(const TopicListQuery& query) const;
    [[nodiscard]] TopicMatches search(const TopicSearch& search, std::size_t limit) const;
    /// A topic by its name. What is only a level is none.
    [[nodiscard]] std::optional<TopicRow> topic(std::string_view name) const;
    /// A level or topic by its path.
    [[nodiscard]] std::optional<TopicRow> row(std::string_view path) const;
    [[nodiscard]] TopicTotals totals() const;

    /// Topics whose last message came from `client`, the newest first.
    [[nodiscard]] std::vector<TopicRow> published_by(std::string_view client,
                                                     std::size_t limit) const;

    /// Grows with every change.
    [[nodiscard]] std::uint64_t change_number() const { return change_number_; }

  private:
    struct Node;
    using Recent = std::list<Node*>;  // topics, the one changed last in front

    [[nodiscard]] Node* ensure(std::string_view topic);
    [[nodiscard]] Node* find_levels(std::string_view topic) const;
    [[nodiscard]] Node* find_path(std::string_view path) const;
    void make_topic(Node& node);
    void touch(Node& node);
    void set_retained(Node& node, bool is_retained);
    void add_history(Node& node, const TopicSample& sample);
    void drop_history(Node& node);
    void evict_oldest();
    void prune(Node* node);
    [[nodiscard]] TopicRow row_of(const Node& node) const;

    std::size_t topics_max_;
    std::size_t history_points_max_;
    std::unique_ptr<Node> root_;
    Recent recent_;
    RateClock clock_;
    std::uint64_t change_number_ = 0;
    std::size_t history_point_count_ = 0;
    std::uint64_t evicted_count_ = 0;
};

}  // namespace kith::api
