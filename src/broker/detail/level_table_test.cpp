#include "broker/detail/level_table.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/random.h"

namespace kith::broker {
namespace {

TEST(LevelTable, GivesOneNumberToEachLevelHoweverLong) {
    LevelTable table;
    const std::string longest_inline(LevelTable::kInlineBytesMax, 'a');
    const std::string shortest_block(LevelTable::kInlineBytesMax + 1, 'a');
    for (const std::string& level :
         {std::string(), std::string("+"), longest_inline, shortest_block, std::string(500, 'b')}) {
        const LevelId id = table.retain(level);
        EXPECT_EQ(table.text(id), level);
        EXPECT_EQ(table.find(level), id);
        EXPECT_EQ(table.retain(level), id);
    }
    EXPECT_EQ(table.size(), 5U);
}

TEST(LevelTable, KnowsNoLevelThatWasNotRetained) {
    LevelTable table;
    EXPECT_EQ(table.find("a"), LevelTable::kNone);
    EXPECT_EQ(table.find(""), LevelTable::kNone);
    EXPECT_EQ(table.size(), 0U);
}

TEST(LevelTable, ForgetsALevelWithItsLastReference) {
    LevelTable table;
    for (const std::string& level : {std::string("short"), std::string(40, 'x')}) {
        const LevelId id = table.retain(level);
        EXPECT_EQ(table.retain(level), id);
        table.release(id);
        EXPECT_EQ(table.find(level), id);
        table.release(id);
        EXPECT_EQ(table.find(level), LevelTable::kNone);
    }
    EXPECT_EQ(table.size(), 0U);
}

// Numbers are given again, to long levels after short ones and the other way round.
TEST(LevelTable, AgreesWithAMapWhateverComesAndGoes) {
    Random random(3);
    LevelTable table;
    std::map<std::string, std::pair<LevelId, int>> known;
    for (int round = 0; round < 5000; ++round) {
        const std::string level(random.below(32), static_cast<char>('a' + random.below(8)));
        const auto found = known.find(level);
        if (found != known.end() && random.below(2) == 0) {
            table.release(found->second.first);
            if (--found->second.second == 0) {
                known.erase(found);
            }
        } else {
            const LevelId id = table.retain(level);
            auto& [known_id, count] = known[level];
            ASSERT_TRUE(count == 0 || known_id == id) << level;
            known_id = id;
            ++count;
        }
        ASSERT_EQ(table.size(), known.size());
        for (const auto& [text, entry] : known) {
            ASSERT_EQ(table.find(text), entry.first) << text;
            ASSERT_EQ(table.text(entry.first), text);
        }
    }
    EXPECT_GT(known.size(), 50U);
}

}  // namespace
}  // namespace kith::broker
