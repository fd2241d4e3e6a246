// What a control store promises of machines, certificates, claim codes and roles, and of telling
// what changed; tested alike over SQLite and in memory. How an older file becomes a newer one.
#include <gtest/gtest.h>

#include "storage/control_store.h"
#include "storage/limits.h"
#include "storage/memory/memory_stores.h"
#include "storage/sqlite/detail/database.h"
#include "storage/sqlite/detail/schema.h"
#include "storage/sqlite/sqlite_stores.h"
#include "storage/testing/temp_directory.h"

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
class ControlMachinesTest : public ::testing::Test {
  protected:
    Stores stores_;
    std::unique_ptr<ControlStore> store_ = stores_.open();
};

using Implementations = ::testing::Types<SqliteStores, MemoryStores>;
TYPED_TEST_SUITE(ControlMachinesTest, Implementations);

constexpr WallTime kNow = WallTime::from_ms(1'700'000'000'000);
constexpr WallTime kLater = WallTime::from_ms(1'700'000'060'000);

MachineRecord machine(std::string name) {
    return {.name = std::move(name),
            .note = "hall 3",
            .topic_roles = "own",
            .password_hash = "$scrypt$x",
            .scram = "SCRAM-SHA-256$x",
            .is_enabled = true,
            .created_at = kNow};
}

Digest digest(std::uint8_t first) {
    Digest digest{};
    digest[0] = first;
    digest[31] = 0xEE;
    return digest;
}

CertificateRecord certificate(std::uint8_t first, std::string machine_name) {
    return {.fingerprint = digest(first),
            .machine = std::move(machine_name),
            .subject = "CN=press",
            .serial = "0badcafe",
            .not_after = kLater,
            .created_at = kNow,
            .revoked_at = WallTime()};
}

ClaimCodeRecord claim_code(std::uint8_t first, std::string machine_name, std::uint32_t uses) {
    return {.digest = digest(first),
            .id = "code" + std::to_string(first),
            .note = "truck",
            .machine = std::move(machine_name),
            .topic_roles = "own plant",
            .uses_left = uses,
            .expires_at = kLater,
            .created_by = "user:anna"};
}

template <typename Answer>
ErrorKind kind(const Answer& answer) {
    EXPECT_FALSE(answer.has_value());
    return answer.has_value() ? ErrorKind{} : answer.error().kind;
}

std::vector<std::string> names(const Result<std::vector<MachineRecord>>& machines) {
    std::vector<std::string> names;
    for (const MachineRecord& record : machines.value()) {
        names.push_back(record.name);
    }
    return names;
}

using Names = std::vector<std::string>;

TYPED_TEST(ControlMachinesTest, FindsAMachineAsItWasAdded) {
    ASSERT_TRUE(this->store_->add_machine(machine("press-07")));
    const auto found = this->store_->find_machine("press-07").value();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->name, "press-07");
    EXPECT_EQ(found->note, "hall 3");
    EXPECT_EQ(found->topic_roles, "own");
    EXPECT_EQ(found->password_hash, "$scrypt$x");
    EXPECT_EQ(found->scram, "SCRAM-SHA-256$x");
    EXPECT_TRUE(found->is_enabled);
    EXPECT_EQ(found->created_at, kNow);
    EXPECT_FALSE(this->store_->find_machine("press").value());
    EXPECT_EQ(kind(this->store_->add_machine(machine("press-07"))), ErrorKind::Conflict);
    EXPECT_EQ(kind(this->store_->add_machine(machine(""))), ErrorKind::Invalid);
}

TYPED_TEST(ControlMachinesTest, ChangesAMachineButNotWhenItWasCreated) {
    ASSERT_TRUE(this->store_->add_machine(machine("a")));
    MachineRecord changed = machine("a");
    changed.note = "hall 4";
    changed.topic_roles = "free";
    changed.password_hash = "";
    changed.scram = "";
    changed.is_enabled = false;
    changed.created_at = kLater;
    ASSERT_TRUE(this->store_->update_machine(changed));
    const auto found = this->store_->find_machine("a").value();
    EXPECT_EQ(found->note, "hall 4");
    EXPECT_EQ(found->topic_roles, "free");
    EXPECT_EQ(found->password_hash, "");
    EXPECT_EQ(found->scram, "");
    EXPECT_FALSE(found->is_enabled);
    EXPECT_EQ(found->created_at, kNow);
    EXPECT_EQ(kind(this->store_->update_machine(machine("b"))), ErrorKind::NotFound);
}

TYPED_TEST(ControlMachinesTest, ListsMachinesInPagesAndByText) {
    for (const char* name : {"c", "a", "d", "b"}) {
        ASSERT_TRUE(this->store_->add_machine(machine(name)));
    }
    MachineRecord noted = machine("e");
    noted.note = "the Truck";
    ASSERT_TRUE(this->store_->add_machine(noted));
    EXPECT_EQ(names(this->store_->machines({.count_max = 2})), (Names{"a", "b"}));
    EXPECT_EQ(names(this->store_->machines({.after = "b", .count_max = 2})), (Names{"c", "d"}));
    EXPECT_EQ(names(this->store_->machines({.after = "d", .count_max = 2})), (Names{"e"}));
    EXPECT_EQ(names(this->store_->machines({.text = "tRuck"})), (Names{"e"}));
    EXPECT_EQ(names(this->store_->machines({.text = "D"})), (Names{"d"}));
    EXPECT_EQ(this->store_->machine_count().value(), 5U);
}

TYPED_TEST(ControlMachinesTest, GivesNoPageAboveItsLimit) {
    for (std::size_t i = 0; i <= kPageRecordsMax; ++i) {
        ASSERT_TRUE(this->store_->add_machine(machine(std::to_string(i))));
    }
    EXPECT_EQ(this->store_->machines({.count_max = SIZE_MAX})->size(), kPageRecordsMax);
}

TYPED_TEST(ControlMachinesTest, RemovesAMachineWithItsCertificatesAndTokens) {
    ASSERT_TRUE(this->store_->add_machine(machine("a")));
    ASSERT_TRUE(this->store_->add_machine(machine("b")));
    ASSERT_TRUE(this->store_->add_certificate(certificate(1, "a")));
    ASSERT_TRUE(this->store_->add_certificate(certificate(2, "b")));
    for (const char* owner : {"a", "b", ""}) {
        ASSERT_TRUE(this->store_->add_token({.id = std::string("token-") + owner,
                                             .name = "n",
                                             .role = "machine",
                                             .created_at = kNow,
                                             .expires_at = WallTime(),
                                             .topic_roles = "own",
                                             .machine = owner}));
    }
    ASSERT_TRUE(this->store_->remove_machine("a"));
    EXPECT_FALSE(this->store_->find_machine("a").value());
    EXPECT_FALSE(this->store_->find_certificate(digest(1)).value());
    EXPECT_TRUE(this->store_->find_certificate(digest(2)).value());
    const auto tokens = this->store_->tokens().value();
    ASSERT_EQ(tokens.size(), 2U);
    EXPECT_EQ(tokens[0].id, "token-");
    EXPECT_EQ(tokens[1].machine, "b");
    EXPECT_EQ(tokens[1].topic_roles, "own");
    EXPECT_EQ(this->store_->machine_count().value(), 1U);
    EXPECT_EQ(kind(this->store_->remove_machine("a")), ErrorKind::NotFound);
}

TYPED_TEST(ControlMachinesTest, ChangesAndRemovesUsers) {
    UserRecord user{.name = "anna",
                    .role = "admin",
                    .password_hash = "h",
                    .created_at = kNow,
                    .scram = "SCRAM-SHA-256$x"};
    EXPECT_EQ(kind(this->store_->update_user(user)), ErrorKind::NotFound);
    ASSERT_TRUE(this->store_->add_user(user));
    EXPECT_EQ(this->store_->users()->at(0).scram, "SCRAM-SHA-256$x");
    user.role = "viewer";
    user.password_hash = "other";
    user.scram = "";
    user.created_at = kLater;
    ASSERT_TRUE(this->store_->update_user(user));
    const UserRecord kept = this->store_->users()->at(0);
    EXPECT_EQ(kept.role, "viewer");
    EXPECT_EQ(kept.password_hash, "other");
    EXPECT_EQ(kept.scram, "");
    EXPECT_EQ(kept.created_at, kNow);
    user.role = "";
    EXPECT_EQ(kind(this->store_->update_user(user)), ErrorKind::Invalid);
    ASSERT_TRUE(this->store_->remove_user("anna"));
    EXPECT_TRUE(this->store_->users()->empty());
    EXPECT_EQ(kind(this->store_->remove_user("anna")), ErrorKind::NotFound);
}

TYPED_TEST(ControlMachinesTest, ANameStandsForAUserOrAMachine) {
    ASSERT_TRUE(this->store_->add_machine(machine("press")));
    ASSERT_TRUE(this->store_->add_user({.name = "anna", .role = "r", .password_hash = "h"}));
    EXPECT_EQ(kind(this->store_->add_user({.name = "press", .role = "r", .password_hash = "h"})),
              ErrorKind::Conflict);
    EXPECT_EQ(kind(this->store_->add_machine(machine("anna"))), ErrorKind::Conflict);
    ASSERT_TRUE(this->store_->add_claim_code(claim_code(1, "", 1)));
    EXPECT_EQ(kind(this->store_->redeem_claim_code(digest(1), machine("anna"))),
              ErrorKind::Conflict);
    EXPECT_TRUE(this->store_->find_claim_code(digest(1)).value()) << "its use is not lost";
}

TYPED_TEST(ControlMachinesTest, FindsACertificateAndWhoseItIs) {
    ASSERT_TRUE(this->store_->add_machine(machine("a")));
    ASSERT_TRUE(this->store_->add_certificate(certificate(9, "a")));
    ASSERT_TRUE(this->store_->add_certificate(certificate(3, "a")));
    const auto found = this->store_->find_certificate(digest(9)).value();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->fingerprint, digest(9));
    EXPECT_EQ(found->machine, "a");
    EXPECT_EQ(found->subject, "CN=press");
    EXPECT_EQ(found->serial, "0badcafe");
    EXPECT_EQ(found->not_after, kLater);
    EXPECT_EQ(found->created_at, kNow);
    EXPECT_EQ(found->revoked_at, WallTime());
    const auto all = this->store_->certificates_of("a").value();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].fingerprint, digest(3));
    EXPECT_TRUE(this->store_->certificates_of("b")->empty());
    EXPECT_EQ(kind(this->store_->add_certificate(certificate(9, "a"))), ErrorKind::Conflict);
    EXPECT_EQ(kind(this->store_->add_certificate(certificate(8, "b"))), ErrorKind::NotFound);
    EXPECT_EQ(kind(this->store_->add_certificate(certificate(8, ""))), ErrorKind::Invalid);
}

TYPED_TEST(ControlMachinesTest, KeepsWhenACertificateWasRevokedFirst) {
    ASSERT_TRUE(this->store_->add_machine(machine("a")));
    ASSERT_TRUE(this->store_->add_certificate(certificate(1, "a")));
    ASSERT_TRUE(this->store_->revoke_certificate(digest(1), kNow));
    ASSERT_TRUE(this->store_->revoke_certificate(digest(1), kLater));
    EXPECT_EQ(this->store_->find_certificate(digest(1)).value()->revoked_at, kNow);
    ASSERT_TRUE(this->store_->remove_certificate(digest(1)));
    EXPECT_EQ(kind(this->store_->revoke_certificate(digest(1), kNow)), ErrorKind::NotFound);
    EXPECT_EQ(kind(this->store_->remove_certificate(digest(1))), ErrorKind::NotFound);
}

TYPED_TEST(ControlMachinesTest, RedeemsAClaimCodeAsOftenAsItSays) {
    ASSERT_TRUE(this->store_->add_claim_code(claim_code(1, "", 2)));
    MachineRecord device = machine("box-1");
    device.topic_roles = "all";  // what a device says about its rights does not count
    ASSERT_TRUE(this->store_->redeem_claim_code(digest(1), device));
    EXPECT_EQ(this->store_->find_machine("box-1").value()->topic_roles, "own plant");
    EXPECT_EQ(this->store_->find_claim_code(digest(1)).value()->uses_left, 1U);
    ASSERT_TRUE(this->store_->redeem_claim_code(digest(1), machine("box-2")));
    EXPECT_FALSE(this->store_->find_claim_code(digest(1)).value());
    EXPECT_EQ(kind(this->store_->redeem_claim_code(digest(1), machine("box-3"))),
              ErrorKind::Denied);
    EXPECT_FALSE(this->store_->find_machine("box-3").value());
}

TYPED_TEST(ControlMachinesTest, DoesNotLetACodeForAnyMachineTakeOneThatExists) {
    ASSERT_TRUE(this->store_->add_machine(machine("press-07")));
    ASSERT_TRUE(this->store_->add_claim_code(claim_code(1, "", 1)));
    EXPECT_EQ(kind(this->store_->redeem_claim_code(digest(1), machine("press-07"))),
              ErrorKind::Conflict);
    EXPECT_EQ(this->store_->find_claim_code(digest(1)).value()->uses_left, 1U);
}

TYPED_TEST(ControlMachinesTest, ACodeForAMachineReplacesItsCredentialAlone) {
    ASSERT_TRUE(this->store_->add_machine(machine("press-07")));
    ASSERT_TRUE(this->store_->add_claim_code(claim_code(1, "press-07", 2)));
    EXPECT_EQ(kind(this->store_->redeem_claim_code(digest(1), machine("other"))),
              ErrorKind::Denied);
    MachineRecord device = machine("press-07");
    device.password_hash = "new";
    device.scram = "new";
    device.note = "by the device";
    ASSERT_TRUE(this->store_->redeem_claim_code(digest(1), device));
    auto found = this->store_->find_machine("press-07").value();
    EXPECT_EQ(found->password_hash, "new");
    EXPECT_EQ(found->topic_roles, "own");
    EXPECT_EQ(found->note, "hall 3");
    found->is_enabled = false;
    ASSERT_TRUE(this->store_->update_machine(*found));
    EXPECT_EQ(kind(this->store_->redeem_claim_code(digest(1), device)), ErrorKind::Denied);
    EXPECT_FALSE(this->store_->find_machine("press-07").value()->is_enabled);
}

TYPED_TEST(ControlMachinesTest, DoesNotRedeemACodeThatIsOver) {
    ASSERT_TRUE(this->store_->add_claim_code(claim_code(1, "", 1)));
    MachineRecord device = machine("box");
    device.created_at = kLater;
    EXPECT_EQ(kind(this->store_->redeem_claim_code(digest(1), device)), ErrorKind::Denied);
    device.created_at = WallTime::from_ms(kLater.ms() - 1);
    EXPECT_TRUE(this->store_->redeem_claim_code(digest(1), device));
}

TYPED_TEST(ControlMachinesTest, ListsAndRemovesClaimCodes) {
    ASSERT_TRUE(this->store_->add_claim_code(claim_code(2, "m", 3)));
    ASSERT_TRUE(this->store_->add_claim_code(claim_code(1, "", 1)));
    const auto codes = this->store_->claim_codes().value();
    ASSERT_EQ(codes.size(), 2U);
    EXPECT_EQ(codes[0].id, "code1");
    EXPECT_EQ(codes[1].digest, digest(2));
    EXPECT_EQ(codes[1].note, "truck");
    EXPECT_EQ(codes[1].machine, "m");
    EXPECT_EQ(codes[1].topic_roles, "own plant");
    EXPECT_EQ(codes[1].uses_left, 3U);
    EXPECT_EQ(codes[1].expires_at, kLater);
    EXPECT_EQ(codes[1].created_by, "user:anna");
    EXPECT_EQ(kind(this->store_->add_claim_code(claim_code(1, "", 1))), ErrorKind::Conflict);
    ClaimCodeRecord same_digest = claim_code(1, "", 1);
    same_digest.id = "another";
    EXPECT_EQ(kind(this->store_->add_claim_code(same_digest)), ErrorKind::Conflict);
    EXPECT_EQ(kind(this->store_->add_claim_code(claim_code(3, "", 0))), ErrorKind::Invalid);
    ASSERT_TRUE(this->store_->remove_claim_code("code1"));
    EXPECT_EQ(kind(this->store_->remove_claim_code("code1")), ErrorKind::NotFound);
    EXPECT_EQ(this->store_->claim_codes()->size(), 1U);
}

TYPED_TEST(ControlMachinesTest, KeepsTheLastRulesOfARole) {
    ASSERT_TRUE(
        this->store_->put_role({.name = "plant", .rules = "old", .note = "n", .updated_at = kNow}));
    ASSERT_TRUE(this->store_->put_role(
        {.name = "plant", .rules = "allow both a/#", .note = "", .updated_at = kLater}));
    ASSERT_TRUE(
        this->store_->put_role({.name = "alarm", .rules = "", .note = "", .updated_at = kNow}));
    const auto roles = this->store_->roles().value();
    ASSERT_EQ(roles.size(), 2U);
    EXPECT_EQ(roles[0].name, "alarm");
    EXPECT_EQ(roles[1].rules, "allow both a/#");
    EXPECT_EQ(roles[1].note, "");
    EXPECT_EQ(roles[1].updated_at, kLater);
    ASSERT_TRUE(this->store_->remove_role("alarm"));
    EXPECT_EQ(kind(this->store_->remove_role("alarm")), ErrorKind::NotFound);
    EXPECT_EQ(kind(this->store_->put_role({.name = "", .updated_at = kNow})), ErrorKind::Invalid);
}

/// Another one each time.
MachineRecord other_password(std::size_t number) {
    MachineRecord changed = machine("a");
    changed.password_hash = std::to_string(number);
    return changed;
}

std::vector<std::string> texts(const Changes& changes) {
    std::vector<std::string> texts;
    for (const Change& change : changes.items) {
        texts.push_back(change.table + " " + change.key);
    }
    return texts;
}

TYPED_TEST(ControlMachinesTest, TellsWhatChangedSinceAPosition) {
    std::uint64_t position = this->store_->changes_since(UINT64_MAX)->position;
    const auto changed = [&] {
        const Changes changes = this->store_->changes_since(position).value();
        EXPECT_TRUE(changes.is_complete);
        position = changes.position;
        return texts(changes);
    };
    ASSERT_TRUE(this->store_->add_machine(machine("a")));
    ASSERT_TRUE(this->store_->add_certificate(certificate(1, "a")));
    ASSERT_TRUE(this->store_->append_audit({.at = kNow, .who = "cli", .what = "w"}));
    EXPECT_EQ(changed(), Names{}) << "nobody can have read these before";
    MachineRecord noted = machine("a");
    noted.note = "moved";
    ASSERT_TRUE(this->store_->update_machine(noted));
    EXPECT_EQ(changed(), Names{}) << "its rights are the same";
    ASSERT_TRUE(this->store_->update_machine(other_password(1)));
    ASSERT_TRUE(this->store_->revoke_certificate(digest(1), kNow));
    ASSERT_TRUE(this->store_->put_role({.name = "plant", .updated_at = kNow}));
    const std::string fingerprint = to_hex(Bytes(digest(1)));
    EXPECT_EQ(changed(), (Names{"machines a", "certificates " + fingerprint, "roles plant"}));
    EXPECT_EQ(changed(), Names{});
    ASSERT_TRUE(this->store_->remove_machine("a"));
    EXPECT_EQ(changed(), (Names{"machines a", "certificates " + fingerprint}));
    ASSERT_TRUE(this->store_->add_user({.name = "anna", .role = "r", .password_hash = "h"}));
    ASSERT_TRUE(this->store_->remove_user("anna"));
    EXPECT_EQ(changed(), (Names{"users anna", "users anna"}));
}

TYPED_TEST(ControlMachinesTest, SaysSoIfThePositionIsOfAnotherFile) {
    const std::uint64_t position = this->store_->changes_since(UINT64_MAX)->position;
    EXPECT_TRUE(this->store_->changes_since(position)->is_complete);
    EXPECT_FALSE(this->store_->changes_since(position + 1)->is_complete);
}

TEST(MemoryControlMachines, ForgetsTheOldestChanges) {
    const auto store = make_memory_control_store();
    ASSERT_TRUE(store->add_machine(machine("a")));
    for (std::size_t i = 1; i <= kChangesMax; ++i) {
        ASSERT_TRUE(store->update_machine(other_password(i)));
    }
    EXPECT_TRUE(store->changes_since(0)->is_complete);
    ASSERT_TRUE(store->update_machine(other_password(0)));
    EXPECT_FALSE(store->changes_since(0)->is_complete);
    EXPECT_EQ(store->changes_since(0)->items.size(), kChangesMax);
    EXPECT_TRUE(store->changes_since(1)->is_complete);
}

TEST(SqliteControlMachines, ForgetsTheOldestChanges) {
    SqliteStores stores;
    const auto store = stores.open();
    ASSERT_TRUE(store->add_machine(machine("a")));
    {
        auto database = detail::Database::open({.path = stores.directory.file("control.db")});
        ASSERT_TRUE(database->execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
            " INSERT INTO changes(table_name, key) SELECT 'machines', i FROM n"));
    }
    EXPECT_TRUE(store->changes_since(0)->is_complete);
    ASSERT_TRUE(store->update_machine(other_password(0)));
    const Changes changes = store->changes_since(0).value();
    EXPECT_FALSE(changes.is_complete);
    EXPECT_EQ(changes.items.size(), kChangesMax);
    EXPECT_TRUE(store->changes_since(1)->is_complete);
}

TEST(SqliteControlMachines, OneConnectionIsToldWhatAnotherHasChanged) {
    SqliteStores stores;
    const auto node = stores.open();
    const auto tool = stores.open();
    ASSERT_TRUE(node->add_machine(machine("a")));
    const std::uint64_t position = node->changes_since(UINT64_MAX)->position;
    ASSERT_TRUE(tool->remove_machine("a"));
    EXPECT_EQ(texts(node->changes_since(position).value()), Names{"machines a"});
}

TEST(SqliteControlMachines, RefusesRowsAboveTheLimits) {
    SqliteStores stores;
    const auto store = stores.open();
    {
        auto database = detail::Database::open({.path = stores.directory.file("control.db")});
        ASSERT_TRUE(database->execute(
            "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS"
            " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) SELECT i FROM n;"
            "INSERT INTO roles SELECT 'r' || i, '', '', 0 FROM n WHERE i < 1000;"
            "INSERT INTO claim_codes SELECT randomblob(32), 'c' || i, '', '', '', 1, 1, '' FROM n;"
            "UPDATE counts SET value = 999999"));
    }
    const auto add = [&](std::uint8_t number) {
        const std::string name = "last" + std::to_string(number);
        return std::vector<Status>{store->put_role({.name = name, .updated_at = kNow}),
                                   store->add_claim_code(claim_code(number, "", 1)),
                                   store->add_machine(machine(name)),
                                   store->add_certificate(certificate(number, "last1"))};
    };
    for (const Status& status : add(1)) {
        EXPECT_TRUE(status) << status.error().text;
    }
    for (const Status& status : add(2)) {
        EXPECT_EQ(kind(status), ErrorKind::Limit);
    }
    EXPECT_TRUE(store->put_role({.name = "last1", .rules = "other", .updated_at = kNow}));
    EXPECT_FALSE(store->find_machine("last2").value());
}

TEST(SqliteControlMachines, TheAuditCannotBeRewritten) {
    SqliteStores stores;
    const auto store = stores.open();
    ASSERT_TRUE(store->append_audit({.at = kNow,
                                     .who = "user:anna",
                                     .what = "token.create",
                                     .detail = "d",
                                     .from_address = "10.0.0.3:5123",
                                     .outcome = "denied"}));
    auto database = detail::Database::open({.path = stores.directory.file("control.db")});
    EXPECT_FALSE(database->execute("UPDATE audit SET who = 'nobody'"));
    EXPECT_FALSE(database->execute("DELETE FROM audit"));
    const auto records = store->audit(10).value();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].who, "user:anna");
    EXPECT_EQ(records[0].from_address, "10.0.0.3:5123");
    EXPECT_EQ(records[0].outcome, "denied");
}

/// The schema as version 1 wrote it; it must not change any more.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE tokens(
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL,
    secret_digest BLOB NOT NULL CHECK(length(secret_digest) = 32),
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE users(
    name          TEXT PRIMARY KEY,
    role          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE settings(
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE audit(
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms  INTEGER NOT NULL,
    who    TEXT NOT NULL,
    what   TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
PRAGMA application_id = 0x4B697443;
PRAGMA user_version = 1;
INSERT INTO tokens VALUES('t1', 'press', 'machine', zeroblob(32), 5, 6);
INSERT INTO users VALUES('anna', 'admin', 'h', 7);
INSERT INTO settings VALUES('k', 'v');
INSERT INTO audit VALUES(1, 8, 'cli', 'token.create', 'd');
)sql";

TEST(SqliteControlMachines, BringsAFileOfVersion1ToVersion2) {
    SqliteStores stores;
    {
        auto old = detail::Database::open({.path = stores.directory.file("control.db")});
        ASSERT_TRUE(old->execute(kVersion1));
    }
    const auto store = stores.open();
    const auto tokens = store->tokens().value();
    ASSERT_EQ(tokens.size(), 1U);
    EXPECT_EQ(tokens[0].id, "t1");
    EXPECT_EQ(tokens[0].expires_at, WallTime::from_ms(6));
    EXPECT_EQ(tokens[0].topic_roles, "free") << "what could use any topic still can";
    EXPECT_EQ(tokens[0].machine, "");
    const auto users = store->users().value();
    ASSERT_EQ(users.size(), 1U);
    EXPECT_EQ(users[0].password_hash, "h");
    EXPECT_EQ(users[0].scram, "");
    EXPECT_EQ(store->setting("k").value(), "v");
    const auto audit = store->audit(9).value();
    ASSERT_EQ(audit.size(), 1U);
    EXPECT_EQ(audit[0].what, "token.create");
    EXPECT_EQ(audit[0].from_address, "");
    EXPECT_EQ(audit[0].outcome, "ok");
    ASSERT_TRUE(store->add_machine(machine("a")));
    ASSERT_TRUE(store->append_audit({.at = kNow, .what = "newest"}));
    EXPECT_EQ(store->audit(9)->size(), 2U);
    auto database = detail::Database::open({.path = stores.directory.file("control.db")});
    EXPECT_EQ(database->query_integer("PRAGMA user_version").value(), 2);
}

}  // namespace
}  // namespace kith::storage
