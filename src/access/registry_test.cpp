#include "access/registry.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "access/limits.h"
#include "access/testing/access_rig.h"

namespace kith::access {
namespace {

NewToken viewer(const std::string& name) {
    return {.name = name, .role = bus::Role::Viewer, .expires_in = {}, .created_by = "user:anna"};
}

TEST(Registry, MadeTokenWorksOnEveryShardWhenItIsAnswered) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    const CreatedToken created = rig.create_token(viewer("dashboard")).value();
    for (std::uint16_t i = 0; i < 2; ++i) {
        const auto principal = rig.check_token(i, created.text);
        ASSERT_TRUE(principal.has_value());
        EXPECT_EQ(principal->name, "token:" + created.id);
        EXPECT_EQ(principal->role, bus::Role::Viewer);
    }
    EXPECT_EQ(rig.newest_audit(), "user:anna token.create " + created.id);
    ASSERT_EQ(rig.registry.tokens().list().size(), 1U);
    EXPECT_EQ(rig.registry.tokens().list()[0]->name, "dashboard");
}

TEST(Registry, RevokedTokenIsRefusedOnEveryShard) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    const CreatedToken created = rig.create_token(viewer("dashboard")).value();
    EXPECT_TRUE(rig.revoke_token(created.id).has_value());
    for (std::uint16_t i = 0; i < 2; ++i) {
        EXPECT_EQ(rig.check_token(i, created.text).error().kind, ErrorKind::Denied);
    }
    EXPECT_EQ(rig.newest_audit(), "user:anna token.revoke " + created.id);
    EXPECT_EQ(rig.revoke_token(created.id).error().kind, ErrorKind::NotFound);
}

TEST(Registry, TokenExpiresAtItsTime) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    NewToken token = viewer("short");
    token.expires_in = 60s;
    const CreatedToken created = rig.create_token(token).value();
    EXPECT_TRUE(rig.check_token(1, created.text).has_value());
    rig.world.run_for(61s);
    EXPECT_EQ(rig.check_token(1, created.text).error().kind, ErrorKind::Denied);
}

TEST(Registry, NoticesWhatAToolChanged) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    const crypto::Token token = rig.add_token_outside("operator");
    rig.world.run_for(kStoreCheckInterval + 100ms);
    EXPECT_EQ(rig.registry.tokens().size(), 1U);
    ASSERT_TRUE(rig.store.remove_token(token.id).has_value());
    rig.world.run_for(kStoreCheckInterval + 100ms);
    EXPECT_EQ(rig.registry.tokens().size(), 0U);
    EXPECT_EQ(rig.check_token(1, token.text).error().kind, ErrorKind::Denied);
}

TEST(Registry, TellsTwiceOfATokenThatHasEnded) {
    AccessRig rig;
    std::vector<std::string> told;
    rig.registry.set_ended_listener([&](const EndedPrincipals& ended) {
        told.insert(told.end(), ended.names.begin(), ended.names.end());
    });
    ASSERT_TRUE(rig.start().has_value());
    NewToken token = viewer("short");
    token.expires_in = 60s;
    const std::string expiring = rig.create_token(token).value().id;
    const std::string revoked = rig.create_token(viewer("revoked")).value().id;
    const CreatedToken good = rig.create_token(viewer("good")).value();
    rig.world.run_for(2 * kStoreCheckInterval);
    EXPECT_TRUE(told.empty());
    ASSERT_TRUE(rig.revoke_token(revoked).has_value());
    rig.world.run_for(3 * kStoreCheckInterval);
    const std::string gone = "token:" + revoked;
    EXPECT_EQ(told, (std::vector<std::string>{gone, gone}));
    rig.world.run_for(60s);
    const std::string over = "token:" + expiring;
    EXPECT_EQ(told, (std::vector<std::string>{gone, gone, over, over}));
}

TEST(Registry, TokensOfADisabledMachineOpenNothing) {
    AccessRig rig;
    std::vector<std::string> told;
    rig.registry.set_ended_listener([&](const EndedPrincipals& ended) {
        told.insert(told.end(), ended.names.begin(), ended.names.end());
    });
    ASSERT_TRUE(rig.start().has_value());
    storage::MachineRecord press{.name = "press", .created_at = rig.shard(0).wall_now()};
    ASSERT_TRUE(rig.store.add_machine(press));
    NewToken token = viewer("of a press");
    token.machine = "press";
    const CreatedToken created = rig.create_token(token).value();
    EXPECT_EQ(rig.check_token(1, created.text)->machine, "press");
    press.is_enabled = false;
    ASSERT_TRUE(rig.store.update_machine(press));
    rig.world.run_for(2 * kStoreCheckInterval);
    EXPECT_EQ(rig.check_token(1, created.text).error().kind, ErrorKind::Denied);
    EXPECT_EQ(std::ranges::count(told, "token:" + created.id), 2);
    press.is_enabled = true;
    ASSERT_TRUE(rig.store.update_machine(press));
    rig.world.run_for(2 * kStoreCheckInterval);
    EXPECT_TRUE(rig.check_token(1, created.text).has_value());
    token.machine = "nobody";
    EXPECT_EQ(rig.create_token(token).error().kind, ErrorKind::NotFound);
}

TEST(Registry, UnchangedStoreIsNotReadAgain) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    rig.world.run_for(1min);
    EXPECT_GE(rig.registry.counters().store_checks, 20U);
    EXPECT_EQ(rig.registry.counters().table_updates, 1U);
}

TEST(Registry, BrokenStoreLeavesTheLastTableInForce) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    const CreatedToken created = rig.create_token(viewer("dashboard")).value();
    rig.store.is_broken = true;
    rig.world.run_for(10s);
    EXPECT_TRUE(rig.check_token(1, created.text).has_value());
    EXPECT_GT(rig.registry.counters().store_failures, 0U);
    EXPECT_EQ(rig.create_token(viewer("next")).error().kind, ErrorKind::Unavailable);
    EXPECT_EQ(rig.revoke_token(created.id).error().kind, ErrorKind::Unavailable);
    rig.store.is_broken = false;
    EXPECT_TRUE(rig.create_token(viewer("next")).has_value());
}

TEST(Registry, FullPoolIsAnsweredAsUnavailableAndTriedAgain) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    rig.pool.is_full = true;
    EXPECT_EQ(rig.create_token(viewer("dashboard")).error().kind, ErrorKind::Unavailable);
    rig.add_token_outside("viewer");
    rig.world.run_for(10s);
    EXPECT_EQ(rig.registry.tokens().size(), 0U);
    rig.pool.is_full = false;
    rig.world.run_for(kStoreCheckInterval + 100ms);
    EXPECT_EQ(rig.registry.tokens().size(), 1U);
}

TEST(Registry, StoreThatCannotBeReadAtTheStartIsSaidAndReadLater) {
    AccessRig rig;
    rig.store.is_broken = true;
    EXPECT_EQ(rig.start().error().kind, ErrorKind::Unavailable);
    rig.store.is_broken = false;
    rig.add_token_outside("viewer");
    rig.world.run_for(kStoreCheckInterval + 100ms);
    EXPECT_EQ(rig.registry.tokens().size(), 1U);
}

TEST(Registry, TokenThatCannotBeAuditedIsNotMade) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    rig.store.is_audit_broken = true;
    EXPECT_EQ(rig.create_token(viewer("dashboard")).error().kind, ErrorKind::Unavailable);
    EXPECT_TRUE(rig.store.tokens().value().empty());
}

TEST(Registry, NameOfATokenIsChecked) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    EXPECT_EQ(rig.create_token(viewer("")).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(rig.create_token(viewer("a\nb")).error().kind, ErrorKind::Invalid);
}

TEST(Registry, KnowsWhenATokenWasLastUsed) {
    AccessRig rig;
    ASSERT_TRUE(rig.start().has_value());
    const CreatedToken created = rig.create_token(viewer("dashboard")).value();
    EXPECT_EQ(rig.registry.last_used(created.id), std::nullopt);
    ASSERT_TRUE(rig.check_token(1, created.text).has_value());
    const WallTime first = rig.shard(1).wall_now();
    rig.world.run_for(5s);
    ASSERT_TRUE(rig.registry.last_used(created.id).has_value());
    EXPECT_LE(*rig.registry.last_used(created.id), first);
    ASSERT_TRUE(rig.check_token(0, created.text).has_value());
    rig.world.run_for(5s);
    EXPECT_GT(*rig.registry.last_used(created.id), first);
    ASSERT_TRUE(rig.revoke_token(created.id).has_value());
    EXPECT_EQ(rig.registry.last_used(created.id), std::nullopt);
}

}  // namespace
}  // namespace kith::access
