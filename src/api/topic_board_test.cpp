#include "api/topic_board.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "base/random.h"

namespace kith::api {
namespace {

Instant at_second(int second) {
    return Instant::from_ns(Duration(std::chrono::seconds(1000 + second)).count());
}

class TopicBoardTest : public ::testing::Test {
  protected:
    TopicSample sample(const std::string& topic, std::uint64_t count = 1,
                       const std::string& payload = "1") {
        return {.shard = ShardId(0),
                .topic = topic,
                .message_count = count,
                .byte_count = count * payload.size(),
                .payload = payload,
                .payload_bytes = static_cast<std::uint32_t>(payload.size()),
                .at = WallTime::from_ms(++time_ms_),
                .publisher = "press-07",
                .qos = Qos::AtLeastOnce,
                .is_retain = false};
    }
    void publish(const std::string& topic, std::uint64_t count = 1,
                 const std::string& payload = "1") {
        board_.apply(sample(topic, count, payload));
    }
    void retain(const std::string& topic, const std::string& payload = "1") {
        TopicSample made = sample(topic, 1, payload);
        made.is_retain = true;
        board_.apply(made);
    }
    std::vector<std::string> names(TopicListQuery query) {
        query.limit = std::max<std::size_t>(query.limit, 1);
        std::vector<std::string> result;
        const TopicList list = board_.children(query).value();
        for (const TopicRow& row : list.rows) {
            result.emplace_back(row.name);
        }
        return result;
    }
    std::vector<std::string> found(std::string_view text, std::size_t limit = 100) {
        std::vector<std::string> result;
        const auto matches = board_.search(TopicSearch::parse(text).value(), limit);
        for (const TopicRow& row : matches.rows) {
            result.push_back(row.path);
        }
        return result;
    }

    using Names = std::vector<std::string>;
    std::int64_t time_ms_ = 1'800'000'000'000;
    TopicBoard board_;
};

TEST_F(TopicBoardTest, LevelsKnowWhatIsBelowThem) {
    publish("plant/h2/oven-3/temp_c");
    publish("plant/h2/oven-3/state");
    publish("plant/h2");
    publish("plant/h1/x");
    EXPECT_EQ(names({.parent = ""}), (Names{"plant"}));
    EXPECT_EQ(names({.parent = "plant"}), (Names{"h1", "h2"}));
    EXPECT_EQ(names({.parent = "plant/h2/oven-3"}), (Names{"state", "temp_c"}));
    const TopicRow row = board_.row("plant/h2").value();
    EXPECT_EQ(row.path, "plant/h2");
    EXPECT_EQ(row.name, "h2");
    EXPECT_EQ(row.child_count, 1U);
    EXPECT_EQ(row.topic_count, 3U);
    EXPECT_TRUE(row.is_topic);
    EXPECT_FALSE(board_.row("plant/h2/oven-3")->is_topic);
    EXPECT_EQ(board_.totals().topic_count, 4U);
    EXPECT_EQ(board_.children({.parent = "none"}).error().kind, ErrorKind::NotFound);
    EXPECT_EQ(board_.topic("plant/h2/oven-3"), std::nullopt) << "a level, not a topic";
    EXPECT_TRUE(board_.topic("plant/h2").has_value());
}

TEST_F(TopicBoardTest, LastValueIsTheNewestOfAllShards) {
    publish("a", 1, "old");
    TopicSample late = sample("a", 1, "new");
    late.shard = ShardId(1);
    board_.apply(late);
    TopicSample early = late;
    early.shard = ShardId(2);
    early.at = WallTime::from_ms(1);
    early.payload = "from a slow shard";
    board_.apply(early);
    const TopicRow row = board_.topic("a").value();
    ASSERT_NE(row.value, nullptr);
    EXPECT_EQ(row.value->payload, "new");
    EXPECT_EQ(row.value->publisher, "press-07");
    EXPECT_EQ(row.value->qos, Qos::AtLeastOnce);
    EXPECT_TRUE(row.value->is_whole());
}

TEST_F(TopicBoardTest, RatesAddUpLevelByLevelAndShardByShard) {
    board_.close_interval(at_second(0));
    for (int second = 1; second <= 10; ++second) {
        const auto n = static_cast<std::uint64_t>(second);
        publish("p/a", n * 20);
        publish("p/b", n * 1);
        TopicSample elsewhere = sample("p/b", n * 2);
        elsewhere.shard = ShardId(1);
        board_.apply(elsewhere);
        board_.close_interval(at_second(second));
    }
    EXPECT_DOUBLE_EQ(board_.row("p/a")->messages_per_s, 20);
    EXPECT_DOUBLE_EQ(board_.row("p/b")->messages_per_s, 3);
    EXPECT_DOUBLE_EQ(board_.row("p")->messages_per_s, 23);
    EXPECT_DOUBLE_EQ(board_.totals().messages_per_s, 23);
}

TEST_F(TopicBoardTest, ShardThatStartsToCountAnewIsNotCountedBackwards) {
    board_.close_interval(at_second(0));
    publish("a", 1000);
    board_.close_interval(at_second(1));
    publish("a", 8);
    board_.close_interval(at_second(2));
    EXPECT_DOUBLE_EQ(board_.row("a")->messages_per_s, 1008 / 2.0);
}

TEST_F(TopicBoardTest, ChildrenComeInPages) {
    for (int i = 0; i < 25; ++i) {
        publish("p/" + std::to_string(100 + i));
    }
    Names seen;
    TopicListQuery query{.parent = "p", .limit = 10};
    for (int page = 0; page < 3; ++page) {
        const TopicList list = board_.children(query).value();
        EXPECT_EQ(list.rows.size(), page < 2 ? 10U : 5U);
        EXPECT_EQ(list.has_more, page < 2);
        for (const TopicRow& row : list.rows) {
            seen.emplace_back(row.name);
        }
        query.after = seen.back();
        query.has_after = true;
    }
    EXPECT_EQ(seen.size(), 25U);
    EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST_F(TopicBoardTest, ReservedTopicsShowOnlyWhenAskedFor) {
    publish("$SYS/broker/uptime");
    publish("a");
    publish("a/$b");
    EXPECT_EQ(names({.parent = ""}), (Names{"a"}));
    EXPECT_EQ(names({.parent = "", .with_reserved = true}), (Names{"$SYS", "a"}));
    EXPECT_EQ(names({.parent = "a"}), (Names{"$b"})) << "only the first level is special";
    EXPECT_EQ(names({.parent = "$SYS/broker"}), (Names{"uptime"}));
}

TEST_F(TopicBoardTest, EmptyLevelsAreLevels) {
    publish("/a");
    publish("b//c");
    EXPECT_EQ(names({.parent = ""}), (Names{"", "b"}));
    const TopicList root = board_.children({.parent = ""}).value();
    EXPECT_EQ(root.rows[0].path, "/");
    EXPECT_EQ(names({.parent = "/"}), (Names{"a"}));
    EXPECT_EQ(board_.children({.parent = "/"}).value().rows[0].path, "/a");
    EXPECT_EQ(names({.parent = "b/"}), (Names{"c"}));
    EXPECT_TRUE(board_.topic("/a").has_value());
    EXPECT_TRUE(board_.topic("b//c").has_value());
}

TEST_F(TopicBoardTest, RetainedIsWhatTheLastRetainedMessageSays) {
    retain("a/b", "on");
    publish("a/b", 2, "live");
    publish("a/c");
    EXPECT_TRUE(board_.topic("a/b")->is_retained) << "a live message leaves it as it is";
    EXPECT_EQ(board_.totals().retained_count, 1U);
    EXPECT_EQ(names({.parent = "a", .retained_only = true}), (Names{"b"}));
    retain("a/b", "");
    EXPECT_FALSE(board_.topic("a/b")->is_retained);
    EXPECT_EQ(board_.totals().retained_count, 0U);
    EXPECT_EQ(names({.parent = "", .retained_only = true}), (Names{}));
}

TEST_F(TopicBoardTest, RetainedFromTheStoreIsTakenOverAndCorrected) {
    retain("a", "on");
    publish("b");
    const WallTime stored_at = WallTime::from_ms(5);
    board_.set_retained({{.topic = "b", .payload = "x", .payload_bytes = 1, .at = stored_at},
                         {.topic = "c/d", .payload = "y", .payload_bytes = 1, .at = stored_at}});
    EXPECT_FALSE(board_.topic("a")->is_retained);
    EXPECT_TRUE(board_.topic("b")->is_retained);
    EXPECT_EQ(board_.topic("b")->value->payload, "1") << "what was published since is newer";
    EXPECT_TRUE(board_.topic("c/d")->is_retained);
    EXPECT_EQ(board_.topic("c/d")->value->payload, "y");
    EXPECT_EQ(board_.totals().retained_count, 2U);
}

TEST_F(TopicBoardTest, HistoryHoldsTheLastNumbers) {
    for (std::size_t i = 0; i < kHistoryPointsMax + 5; ++i) {
        publish("a", i + 1, std::to_string(i));
    }
    publish("a", 1000, "no number");
    const auto& history = board_.topic("a")->value->history;
    ASSERT_EQ(history.size(), kHistoryPointsMax);
    EXPECT_EQ(history.front().value, 5);
    EXPECT_EQ(history.back().value, kHistoryPointsMax + 4);
}

TEST_F(TopicBoardTest, HistoryOfAllTopicsTogetherIsBounded) {
    TopicBoard board(100, 10);
    for (int i = 0; i < 8; ++i) {
        board.apply(sample("old", static_cast<std::uint64_t>(i) + 1, "1"));
    }
    for (int i = 0; i < 3; ++i) {
        board.apply(sample("new", static_cast<std::uint64_t>(i) + 1, "2"));
    }
    EXPECT_EQ(board.topic("old")->value->history.size(), 0U);
    EXPECT_EQ(board.topic("new")->value->history.size(), 3U);
}

TEST_F(TopicBoardTest, OldestTopicMakesRoomAndIsCounted) {
    TopicBoard board(3);
    for (const char* topic : {"a/1", "b/1", "c/1"}) {
        board.apply(sample(topic));
    }
    board.apply(sample("a/1", 2));
    board.apply(sample("d/1"));
    EXPECT_EQ(board.totals().topic_count, 3U);
    EXPECT_EQ(board.totals().evicted_count, 1U);
    EXPECT_FALSE(board.row("b").has_value()) << "its level has gone too";
    EXPECT_TRUE(board.row("a/1").has_value());
    board.apply(sample("b/1", 7));
    EXPECT_TRUE(board.topic("b/1").has_value()) << "comes back with its next message";
}

TEST_F(TopicBoardTest, TopicTooDeepIsLeftOut) {
    std::string deep = "a";
    for (int i = 0; i < 31; ++i) {
        deep += "/a";
    }
    publish(deep);
    EXPECT_EQ(board_.totals().topic_count, 1U);
    publish(deep + "/a");
    EXPECT_EQ(board_.totals().topic_count, 1U);
}

TEST_F(TopicBoardTest, SearchFindsByNameAndValueInOrder) {
    publish("plant/oven-2/temp_c", 1, "59");
    publish("plant/oven-3/temp_c", 1, "61.5");
    publish("plant/oven-1/temp_c", 1, "70");
    publish("plant/oven-1/state", 1, R"({"temp":80})");
    EXPECT_EQ(found("temp_c > 60"), (Names{"plant/oven-1/temp_c", "plant/oven-3/temp_c"}));
    EXPECT_EQ(found("oven-1 temp > 75"), (Names{"plant/oven-1/state"}));
    EXPECT_EQ(found("oven", 2), (Names{"plant/oven-1/state", "plant/oven-1/temp_c"}));
    EXPECT_EQ(board_.search(TopicSearch::parse("oven").value(), 2).match_count, 4U);
    EXPECT_EQ(found("none"), (Names{}));
}

TEST_F(TopicBoardTest, ChangesCanBeFollowedByNumber) {
    publish("a/b");
    const std::uint64_t before = board_.change_number();
    EXPECT_LE(board_.row("a")->changed_number, before);
    publish("a/b", 2);
    EXPECT_GT(board_.row("a/b")->changed_number, before);
    EXPECT_GT(board_.row("a")->changed_number, before);
    EXPECT_LE(board_.row("a")->child_number, before);
    publish("a/c");
    EXPECT_GT(board_.row("a")->child_number, before);
    const std::uint64_t now = board_.change_number();
    board_.set_subscriber_count("a/b", 3);
    EXPECT_EQ(board_.row("a/b")->subscriber_count, 3U);
    EXPECT_GT(board_.row("a/b")->changed_number, now);
    board_.set_subscriber_count("none", 3);
    board_.set_subscriber_count("a", 3);
    EXPECT_EQ(board_.row("a")->subscriber_count, 0U) << "only topics have subscribers";
}

TEST_F(TopicBoardTest, KnowsWhatAClientPublishedLast) {
    publish("a");
    publish("b");
    TopicSample other = sample("c");
    other.publisher = "someone else";
    board_.apply(other);
    publish("a", 2);
    Names topics;
    for (const TopicRow& row : board_.published_by("press-07", 20)) {
        topics.push_back(row.path);
    }
    EXPECT_EQ(topics, (Names{"a", "b"}));
    EXPECT_EQ(board_.published_by("press-07", 1).size(), 1U);
    EXPECT_TRUE(board_.published_by("nobody", 20).empty());
}

// Goal: sums stay right whatever comes and goes.
TEST_F(TopicBoardTest, SumsAgreeWithACountByHand) {
    Random random(17);
    TopicBoard board(40);
    for (int round = 0; round < 3000; ++round) {
        std::string topic = "t";
        for (std::uint64_t i = random.below(3); i > 0; --i) {
            topic += "/" + std::to_string(random.below(4));
        }
        TopicSample made =
            sample(topic, static_cast<std::uint64_t>(round) + 1, random.chance(0.3) ? "" : "1");
        made.is_retain = random.chance(0.3);
        board.apply(made);
    }
    const auto all = board.search(TopicSearch::parse("t").value(), 1000);
    std::size_t retained = 0;
    for (const TopicRow& row : all.rows) {
        retained += row.is_retained ? 1U : 0U;
        std::size_t below = 0;
        for (const TopicRow& other : all.rows) {
            below += other.path == row.path || other.path.starts_with(row.path + "/") ? 1U : 0U;
        }
        EXPECT_EQ(row.topic_count, below) << row.path;
    }
    EXPECT_EQ(board.totals().topic_count, all.match_count);
    EXPECT_EQ(board.totals().retained_count, retained);
}

}  // namespace
}  // namespace kith::api
