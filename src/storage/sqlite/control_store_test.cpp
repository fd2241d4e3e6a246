// What a control store promises, tested alike over SQLite and in memory.
#include "storage/control_store.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "storage/limits.h"
#include "storage/memory/memory_stores.h"
#include "storage/sqlite/detail/database.h"
#include "storage/sqlite/sqlite_stores.h"
#include "storage/testing/temp_directory.h"
#include "tests/support/vfs/fault_vfs.h"

namespace kith::storage {
namespace {

/// Without waits for the disk: durability has a test of its own.
struct SqliteStores {
    testing::TempDirectory directory;
    std::unique_ptr<ControlStore> open() {
        auto store =
            open_control_store({.path = directory.file("control.db"), .unsafe_no_sync = true});
        EXPECT_TRUE(store.has_value()) << store.error().text;
        return std::move(store.value());
    }
};

struct MemoryStores {
    static std::unique_ptr<ControlStore> open() { return make_memory_control_store(); }
};

template <typename Stores>
class ControlStoreTest : public ::testing::Test {
  protected:
    Stores stores_;
    std::unique_ptr<ControlStore> store_ = stores_.open();
};

using Implementations = ::testing::Types<SqliteStores, MemoryStores>;
TYPED_TEST_SUITE(ControlStoreTest, Implementations);

TokenRecord token(std::string id) {
    TokenRecord record{.id = std::move(id),
                       .name = "press",
                       .role = "machine",
                       .created_at = WallTime::from_ms(1'700'000'000'000),
                       .expires_at = WallTime::from_ms(1'800'000'000'000)};
    record.secret_digest[0] = 0xFF;
    record.secret_digest[31] = 1;
    return record;
}

TYPED_TEST(ControlStoreTest, KeepsTokensInOrderOfId) {
    ASSERT_TRUE(this->store_->add_token(token("b")));
    ASSERT_TRUE(this->store_->add_token(token("a")));
    const auto tokens = this->store_->tokens();
    ASSERT_TRUE(tokens);
    ASSERT_EQ(tokens->size(), 2U);
    EXPECT_EQ((*tokens)[0].id, "a");
    EXPECT_EQ((*tokens)[1].id, "b");
    EXPECT_EQ((*tokens)[1].name, "press");
    EXPECT_EQ((*tokens)[1].role, "machine");
    EXPECT_EQ((*tokens)[1].secret_digest, token("b").secret_digest);
    EXPECT_EQ((*tokens)[1].created_at, WallTime::from_ms(1'700'000'000'000));
    EXPECT_EQ((*tokens)[1].expires_at, WallTime::from_ms(1'800'000'000'000));
}

TYPED_TEST(ControlStoreTest, RefusesASecondTokenOfTheSameId) {
    ASSERT_TRUE(this->store_->add_token(token("a")));
    const Status status = this->store_->add_token(token("a"));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::Conflict);
}

TYPED_TEST(ControlStoreTest, RemovesTokensAndSaysIfThereIsNone) {
    ASSERT_TRUE(this->store_->add_token(token("a")));
    EXPECT_TRUE(this->store_->remove_token("a"));
    EXPECT_TRUE(this->store_->tokens()->empty());
    const Status status = this->store_->remove_token("a");
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::NotFound);
}

TYPED_TEST(ControlStoreTest, KeepsUsersInOrderOfName) {
    const UserRecord anna{.name = "anna",
                          .role = "admin",
                          .password_hash = "$scrypt$x",
                          .created_at = WallTime::from_ms(5)};
    ASSERT_TRUE(this->store_->add_user({.name = "ben", .role = "viewer", .password_hash = "h"}));
    ASSERT_TRUE(this->store_->add_user(anna));
    const auto users = this->store_->users();
    ASSERT_TRUE(users);
    ASSERT_EQ(users->size(), 2U);
    EXPECT_EQ((*users)[0].name, "anna");
    EXPECT_EQ((*users)[0].role, "admin");
    EXPECT_EQ((*users)[0].password_hash, "$scrypt$x");
    EXPECT_EQ((*users)[0].created_at, WallTime::from_ms(5));
    EXPECT_EQ((*users)[1].name, "ben");
    const Status again = this->store_->add_user(anna);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, ErrorKind::Conflict);
}

TYPED_TEST(ControlStoreTest, KeepsTheLastValueOfASetting) {
    EXPECT_EQ(this->store_->setting("k").value(), std::nullopt);
    ASSERT_TRUE(this->store_->set_setting("k", "old"));
    ASSERT_TRUE(this->store_->set_setting("k", ""));
    EXPECT_EQ(this->store_->setting("k").value(), "");
    ASSERT_TRUE(this->store_->remove_setting("k"));
    ASSERT_TRUE(this->store_->remove_setting("k"));
    EXPECT_EQ(this->store_->setting("k").value(), std::nullopt);
}

TYPED_TEST(ControlStoreTest, ShowsTheNewestAuditRecordsFirst) {
    for (int i = 1; i <= 5; ++i) {
        ASSERT_TRUE(this->store_->append_audit({.at = WallTime::from_ms(i),
                                                .who = "cli",
                                                .what = "token.create",
                                                .detail = std::to_string(i)}));
    }
    const auto records = this->store_->audit(3);
    ASSERT_TRUE(records);
    ASSERT_EQ(records->size(), 3U);
    EXPECT_EQ((*records)[0].detail, "5");
    EXPECT_EQ((*records)[0].at, WallTime::from_ms(5));
    EXPECT_EQ((*records)[0].who, "cli");
    EXPECT_EQ((*records)[0].what, "token.create");
    EXPECT_EQ((*records)[2].detail, "3");
    EXPECT_EQ(this->store_->audit(SIZE_MAX)->size(), 5U);
}

TYPED_TEST(ControlStoreTest, FindsAuditRecordsByWhoWhatFromAndWhenPageByPage) {
    for (int i = 1; i <= 6; ++i) {
        ASSERT_TRUE(this->store_->append_audit({.at = WallTime::from_ms(i),
                                                .who = i % 2 == 0 ? "user:anna" : "cli",
                                                .what = i <= 3 ? "token.create" : "role.put",
                                                .detail = std::to_string(i),
                                                .from_address = i == 6 ? "10.0.0.3:99" : "",
                                                .outcome = "ok"}));
    }
    const auto details = [this](const AuditQuery& query) {
        std::string text;
        const auto records = this->store_->audit(query);
        EXPECT_TRUE(records.has_value());
        for (const AuditRecord& record : *records) {
            text += record.detail;
        }
        return text;
    };
    EXPECT_EQ(details({.who = "user:"}), "642");
    EXPECT_EQ(details({.who = "anna"}), "") << "from the beginning of the text";
    EXPECT_EQ(details({.what = "token."}), "321");
    EXPECT_EQ(details({.who = "cli", .what = "role"}), "5");
    EXPECT_EQ(details({.from_address = "10.0.0.3"}), "6");
    EXPECT_EQ(details({.since = WallTime::from_ms(5)}), "65");
    const auto page = this->store_->audit(AuditQuery{.count_max = 2}).value();
    ASSERT_EQ(page.size(), 2U);
    EXPECT_GT(page[0].id, page[1].id);
    EXPECT_EQ(details({.before_id = page[1].id, .count_max = 3}), "432");
    EXPECT_EQ(details({.who = "%"}), "");
}

TYPED_TEST(ControlStoreTest, RefusesEmptyNamesAndGiantTexts) {
    const auto kind = [](const Status& status) { return status.error().kind; };
    TokenRecord bad = token("");
    EXPECT_EQ(kind(this->store_->add_token(bad)), ErrorKind::Invalid);
    bad = token("a");
    bad.name = std::string(kControlTextBytesMax + 1, 'x');
    EXPECT_EQ(kind(this->store_->add_token(bad)), ErrorKind::Limit);
    bad.name.pop_back();
    EXPECT_TRUE(this->store_->add_token(bad));
    EXPECT_EQ(kind(this->store_->add_user({.name = "a", .role = "", .password_hash = "h"})),
              ErrorKind::Invalid);
    EXPECT_EQ(kind(this->store_->set_setting("", "v")), ErrorKind::Invalid);
    const std::string giant(kControlTextBytesMax + 1, 'x');
    EXPECT_EQ(kind(this->store_->set_setting("k", giant)), ErrorKind::Limit);
    EXPECT_EQ(kind(this->store_->append_audit({.detail = giant})), ErrorKind::Limit);
}

TYPED_TEST(ControlStoreTest, CounterChangesWithEveryChange) {
    std::uint64_t before = this->store_->change_counter().value();
    const auto expect_change = [&] {
        const std::uint64_t now = this->store_->change_counter().value();
        EXPECT_NE(now, before);
        before = now;
    };
    EXPECT_EQ(this->store_->change_counter().value(), before);
    ASSERT_TRUE(this->store_->add_token(token("a")));
    expect_change();
    ASSERT_TRUE(this->store_->remove_token("a"));
    expect_change();
    ASSERT_TRUE(this->store_->add_user({.name = "a", .role = "r", .password_hash = "h"}));
    expect_change();
    ASSERT_TRUE(this->store_->set_setting("k", "v"));
    expect_change();
    ASSERT_TRUE(this->store_->remove_setting("k"));
    expect_change();
    ASSERT_TRUE(this->store_->append_audit({.what = "w"}));
    expect_change();
    ASSERT_TRUE(this->store_->tokens());
    EXPECT_EQ(this->store_->change_counter().value(), before);
}

TEST(SqliteControlStore, OneConnectionSeesWhatAnotherHasChanged) {
    SqliteStores stores;
    const auto node = stores.open();
    const auto tool = stores.open();
    const std::uint64_t before = node->change_counter().value();
    ASSERT_TRUE(tool->add_token(token("a")));
    EXPECT_NE(node->change_counter().value(), before);
    EXPECT_EQ(node->tokens()->size(), 1U);
    ASSERT_TRUE(node->remove_token("a"));
    EXPECT_TRUE(tool->tokens()->empty());
}

/// Two threads stand for the node and a tool: each has a connection of its own.
TEST(SqliteControlStore, WritersOfTwoConnectionsWaitForEachOther) {
    SqliteStores stores;
    const auto add_tokens = [&stores](const std::string& prefix) {
        const auto store = stores.open();
        for (int i = 0; i < 100; ++i) {
            const Status status = store->add_token(token(prefix + std::to_string(i)));
            EXPECT_TRUE(status) << status.error().text;
        }
    };
    std::thread tool([&] { add_tokens("tool"); });
    add_tokens("node");
    tool.join();
    EXPECT_EQ(stores.open()->tokens()->size(), 200U);
}

TEST(SqliteControlStore, SeveralMayCreateTheFileAtOnce) {
    constexpr std::ptrdiff_t kThreads = 4;
    for (int round = 0; round < 15; ++round) {
        SqliteStores stores;
        std::latch start(kThreads);
        std::vector<std::thread> threads;
        for (std::ptrdiff_t i = 0; i < kThreads; ++i) {
            threads.emplace_back([&] {
                start.arrive_and_wait();
                EXPECT_TRUE(stores.open());
            });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
    }
}

TEST(SqliteControlStore, KeepsABoundedAudit) {
    SqliteStores stores;
    const auto store = stores.open();
    {
        auto database = detail::Database::open({.path = stores.directory.file("control.db")});
        ASSERT_TRUE(database->execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
            " INSERT INTO audit SELECT i, i, '', '', '', '', '' FROM n"));
    }
    ASSERT_TRUE(store->append_audit({.what = "newest"}));
    const auto records = store->audit(SIZE_MAX);
    ASSERT_EQ(records->size(), kAuditRecordsMax);
    EXPECT_EQ(records->front().what, "newest");
    EXPECT_EQ(records->back().at, WallTime::from_ms(2));
}

TEST(SqliteControlStore, RefusesRowsAboveTheLimits) {
    SqliteStores stores;
    const auto store = stores.open();
    {
        auto database = detail::Database::open({.path = stores.directory.file("control.db")});
        ASSERT_TRUE(database->execute(
            "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS"
            " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) SELECT i FROM n;"
            "INSERT INTO tokens SELECT 't' || i, 'n', 'r', zeroblob(32), 0, 0, '', '' FROM n;"
            "INSERT INTO users SELECT 'u' || i, 'r', 'h', 0, '' FROM n;"
            "INSERT INTO settings SELECT 's' || i, '' FROM n"));
    }
    const auto add = [&](const std::string& id) {
        return std::vector<Status>{store->add_token(token(id)),
                                   store->add_user({.name = id, .role = "r", .password_hash = "h"}),
                                   store->set_setting(id, "v")};
    };
    for (const Status& status : add("last")) {
        EXPECT_TRUE(status);
    }
    for (const Status& status : add("one more")) {
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().kind, ErrorKind::Limit);
    }
    EXPECT_TRUE(store->set_setting("last", "another value"));
    EXPECT_EQ(store->tokens()->size(), kTokensMax);
    EXPECT_EQ(store->setting("one more").value(), std::nullopt);
}

TEST(SqliteControlStore, ABusyFileIsUnavailable) {
    SqliteStores stores;
    ASSERT_TRUE(stores.open());
    auto holder = detail::Database::open({.path = stores.directory.file("control.db")});
    ASSERT_TRUE(holder->execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE"));
    const auto store =
        open_control_store({.path = stores.directory.file("control.db"), .wait_ms_max = 1});
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().kind, ErrorKind::Unavailable);
}

/// Each change is durable when its call returns, whenever the power fails.
TEST(SqliteControlStore, LosesNothingThatWasReportedInAPowerCut) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        testing::TempDirectory directory;
        test::FaultVfs vfs({.name = "control-loss",
                            .seed = seed,
                            .leak_chance = seed % 2 == 0 ? 0.3 : 0,
                            .cut_at = 20 + seed * 7});
        const SqliteOptions options{.path = directory.file("control.db"), .vfs = "control-loss"};
        std::size_t reported_count = 0;
        if (auto store = open_control_store(options)) {
            while ((*store)->add_token(token(std::to_string(1000 + reported_count)))) {
                ++reported_count;
            }
        }
        ASSERT_TRUE(vfs.is_cut());
        vfs.restore_power();
        const auto store = open_control_store(options);
        ASSERT_TRUE(store) << "seed " << seed << ": " << store.error().text;
        const std::size_t count = (*store)->tokens()->size();
        EXPECT_TRUE(count == reported_count || count == reported_count + 1) << "seed " << seed;
    }
}

TEST(SqliteControlStore, SurvivesReopening) {
    SqliteStores stores;
    ASSERT_TRUE(stores.open()->add_token(token("a")));
    EXPECT_EQ(stores.open()->tokens()->at(0).id, "a");
}

}  // namespace
}  // namespace kith::storage
