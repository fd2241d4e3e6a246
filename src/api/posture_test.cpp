// Each check: what is good, the moment it turns, and what is not known.
#include "api/posture.h"

#include <set>

#include <gtest/gtest.h>

namespace kith::api {
namespace {

using bus::Role;
using std::chrono::days;
using std::chrono::hours;

constexpr WallTime kNow = WallTime::from_ms(1'800'000'000'000);

/// A node with nothing to say against.
PostureFacts good() {
    PostureFacts facts;
    facts.now = kNow;
    facts.node.version = "1.0.0";
    facts.node.started_at = kNow - hours(5);
    facts.node.listeners = {{.kind = "mqtts", .address = "0.0.0.0:8883", .is_tls = true}};
    facts.security.certificates = {{.use = "server",
                                    .subject = {},
                                    .issuer = {},
                                    .names = {},
                                    .not_before = kNow,
                                    .not_after = kNow + days(400),
                                    .fingerprint = {},
                                    .is_own = true}};
    facts.security.log_level = "info";
    facts.last_backup_at = kNow - hours(8);
    facts.security.disk_bytes = 64'000'000'000;
    facts.security.disk_free_bytes = 32'000'000'000;
    facts.users = {Role::Admin, Role::Viewer};
    facts.control_checks = 1;
    return facts;
}

Check check_of(const PostureFacts& facts, std::string_view id) {
    for (const PostureHeading& heading : assess(facts)) {
        for (const Check& check : heading.checks) {
            if (check.id == id) {
                return check;
            }
        }
    }
    ADD_FAILURE() << "no check " << id;
    return {};
}

CheckState state_of(const PostureFacts& facts, std::string_view id) {
    return check_of(facts, id).state;
}

KeyFacts key(Role role, WallTime expires_at = kNow + days(30)) {
    return {
        .role = role, .created_at = kNow - days(1), .expires_at = expires_at, .last_used_at = {}};
}

TEST(Posture, OfAWellKeptNodeIsOkAndAsksForNothing) {
    const Posture posture = assess(good());
    EXPECT_EQ(worst_of(posture), CheckState::Ok);
    for (const PostureHeading& heading : posture) {
        EXPECT_FALSE(heading.checks.empty()) << heading.id;
        for (const Check& check : heading.checks) {
            EXPECT_EQ(check.state, CheckState::Ok) << check.id;
            EXPECT_TRUE(check.fix.empty()) << check.id;
            EXPECT_FALSE(check.detail.empty()) << check.id;
        }
    }
}

TEST(Posture, IdsAreUniqueAndBeginWithTheirHeading) {
    std::set<std::string_view> ids;
    for (const PostureHeading& heading : assess(good())) {
        for (const Check& check : heading.checks) {
            EXPECT_TRUE(ids.insert(check.id).second) << check.id;
            EXPECT_TRUE(check.id.starts_with(std::string(heading.id) + ".")) << check.id;
        }
    }
}

TEST(Posture, WhateverIsNotOkSaysWhatToDo) {
    PostureFacts facts;  // nothing is known, nobody is there
    facts.now = kNow;
    facts.node.listeners = {
        {.kind = "mqtt", .address = "0.0.0.0:1883", .is_insecure = true, .allows_anonymous = true}};
    facts.node.is_store_healthy = false;
    facts.security.exposed_files = {"node.key"};
    facts.control_failures = 1;
    for (const PostureHeading& heading : assess(facts)) {
        for (const Check& check : heading.checks) {
            if (check.state == CheckState::Problem || check.state == CheckState::Attention) {
                EXPECT_FALSE(check.fix.empty()) << check.id;
            }
        }
    }
    EXPECT_EQ(worst_of(assess(facts)), CheckState::Problem);
}

TEST(Posture, AnInsecureListenerIsAProblemAndIsNamed) {
    PostureFacts facts = good();
    facts.node.listeners.push_back(
        {.kind = "http", .address = "0.0.0.0:8080", .is_insecure = true});
    const Check check = check_of(facts, "protect.encryption");
    EXPECT_EQ(check.state, CheckState::Problem);
    EXPECT_NE(check.detail.find("http at 0.0.0.0:8080"), std::string::npos);
}

TEST(Posture, AnonymousClientsAreFineOnLoopbackAlone) {
    PostureFacts facts = good();
    facts.node.listeners = {
        {.kind = "mqtt", .address = "127.0.0.1:1883", .allows_anonymous = true}};
    EXPECT_EQ(state_of(facts, "protect.anonymous"), CheckState::Ok);
    facts.node.listeners[0].is_insecure = true;
    EXPECT_EQ(state_of(facts, "protect.anonymous"), CheckState::Attention);
}

TEST(Posture, AdministratorsAreCountedAsUsersAndAsKeysThatHaveNotEnded) {
    PostureFacts facts = good();
    facts.users.assign(kAdministratorsMany, Role::Admin);
    facts.keys = {key(Role::Admin, kNow)};  // ended
    EXPECT_EQ(state_of(facts, "identify.administrators"), CheckState::Ok);
    facts.keys.push_back(key(Role::Admin));
    EXPECT_EQ(state_of(facts, "identify.administrators"), CheckState::Attention);
}

TEST(Posture, AKeyIsIdleOnlyIfTheNodeCanKnow) {
    PostureFacts facts = good();
    facts.keys = {{.role = Role::Viewer, .created_at = kNow - kKeyIdle + hours(1)}};
    EXPECT_EQ(state_of(facts, "identify.idle_keys"), CheckState::Ok);
    facts.keys[0].created_at = kNow - kKeyIdle;
    EXPECT_EQ(state_of(facts, "identify.idle_keys"), CheckState::Unknown);
    facts.node.started_at = kNow - kKeyIdle;
    EXPECT_EQ(state_of(facts, "identify.idle_keys"), CheckState::Attention);
    facts.keys[0].last_used_at = kNow - hours(1);
    EXPECT_EQ(state_of(facts, "identify.idle_keys"), CheckState::Ok);
    facts.keys[0].last_used_at = kNow - kKeyIdle;
    EXPECT_EQ(state_of(facts, "identify.idle_keys"), CheckState::Attention);
}

TEST(Posture, KeysThatMayChangeThingsHaveAnEnd) {
    PostureFacts facts = good();
    facts.keys = {key(Role::Viewer, WallTime()), key(Role::Machine, WallTime()), key(Role::Admin)};
    EXPECT_EQ(state_of(facts, "protect.key_expiry"), CheckState::Ok);
    facts.keys.push_back(key(Role::Operator, WallTime()));
    EXPECT_EQ(state_of(facts, "protect.key_expiry"), CheckState::Attention);
}

TEST(Posture, TheCertificateThatEndsFirstDecides) {
    PostureFacts facts = good();
    facts.security.certificates.push_back({.use = "client authority",
                                           .subject = {},
                                           .issuer = {},
                                           .names = {},
                                           .not_before = {},
                                           .not_after = kNow + kCertificateSoon,
                                           .fingerprint = {},
                                           .is_own = false});
    EXPECT_EQ(state_of(facts, "protect.certificate"), CheckState::Ok);
    facts.security.certificates[1].not_after = kNow + kCertificateSoon - hours(1);
    const Check soon = check_of(facts, "protect.certificate");
    EXPECT_EQ(soon.state, CheckState::Attention);
    EXPECT_NE(soon.detail.find("29 d left"), std::string::npos);
    facts.security.certificates[1].not_after = kNow - hours(1);
    EXPECT_EQ(state_of(facts, "protect.certificate"), CheckState::Problem);
    facts.security.certificates.clear();
    EXPECT_EQ(state_of(facts, "protect.certificate"), CheckState::Unknown);
}

TEST(Posture, FilesThatOthersReadAreNamed) {
    PostureFacts facts = good();
    facts.security.exposed_files = {".", "node.key"};
    const Check check = check_of(facts, "protect.files");
    EXPECT_EQ(check.state, CheckState::Problem);
    EXPECT_NE(check.detail.find("., node.key"), std::string::npos);
}

TEST(Posture, PausedTriesAndRefusedMachinesCountForAnHour) {
    PostureFacts facts = good();
    facts.sign_in_paused_at = kNow - kLately;
    EXPECT_EQ(state_of(facts, "detect.sign_in"), CheckState::Ok);
    facts.sign_in_paused_at = kNow - kLately + std::chrono::seconds(1);
    EXPECT_EQ(state_of(facts, "detect.sign_in"), CheckState::Attention);
    facts.clients_refused_lately = 2;
    facts.client_refused_last = "press-07";
    const Check check = check_of(facts, "detect.refused");
    EXPECT_EQ(check.state, CheckState::Attention);
    EXPECT_EQ(check.detail, "2 connections were refused within the last hour, last press-07.");
}

TEST(Posture, LimitsThatWereReachedAreNamed) {
    PostureFacts facts = good();
    facts.limits_reached_lately = {"as many sessions as allowed", "a will is larger than allowed"};
    const Check check = check_of(facts, "detect.limits");
    EXPECT_EQ(check.state, CheckState::Attention);
    EXPECT_EQ(check.detail,
              "Within the last hour: as many sessions as allowed; a will is larger than allowed.");
}

TEST(Posture, ALogWithoutConnectionsSaysTooLittle) {
    PostureFacts facts = good();
    for (const char* level : {"trace", "debug", "info"}) {
        facts.security.log_level = level;
        EXPECT_EQ(state_of(facts, "detect.log"), CheckState::Ok) << level;
    }
    facts.security.log_level = "warn";
    EXPECT_EQ(state_of(facts, "detect.log"), CheckState::Attention);
}

TEST(Posture, WithoutAnAdministratorNobodyCanAct) {
    PostureFacts facts = good();
    facts.users = {Role::Operator};
    EXPECT_EQ(state_of(facts, "respond.administrator"), CheckState::Problem);
}

TEST(Posture, AFailingControlStoreTouchesAuditAndRevocation) {
    PostureFacts facts = good();
    facts.control_failures = 1;
    EXPECT_EQ(state_of(facts, "detect.audit"), CheckState::Attention);
    EXPECT_EQ(state_of(facts, "respond.revocation"), CheckState::Attention);
    facts.control_checks = 0;
    EXPECT_EQ(state_of(facts, "respond.revocation"), CheckState::Unknown);
}

TEST(Posture, BackupsGetOldAndDisksGetFull) {
    PostureFacts facts = good();
    facts.last_backup_at = kNow - kBackupOld;
    EXPECT_EQ(state_of(facts, "recover.backup"), CheckState::Ok);
    facts.last_backup_at = kNow - kBackupOld - hours(1);
    EXPECT_EQ(state_of(facts, "recover.backup"), CheckState::Attention);
    facts.last_backup_at.reset();
    EXPECT_EQ(state_of(facts, "recover.backup"), CheckState::Attention);
    facts.security.disk_free_bytes = kDiskLowBytes;
    EXPECT_EQ(state_of(facts, "recover.disk"), CheckState::Ok);
    facts.security.disk_free_bytes = kDiskLowBytes - 1;
    EXPECT_EQ(state_of(facts, "recover.disk"), CheckState::Attention);
    facts.security.disk_free_bytes = kDiskVeryLowBytes - 1;
    EXPECT_EQ(state_of(facts, "recover.disk"), CheckState::Problem);
    facts.security.disk_bytes = 0;
    EXPECT_EQ(state_of(facts, "recover.disk"), CheckState::Unknown);
    facts.node.is_store_healthy = false;
    EXPECT_EQ(state_of(facts, "recover.store"), CheckState::Problem);
}

TEST(Posture, DaysLeftAreWholeAndNegativeBehindTheEnd) {
    EXPECT_EQ(days_until(kNow + days(2) - hours(1), kNow), 1);
    EXPECT_EQ(days_until(kNow, kNow), 0);
    EXPECT_EQ(days_until(kNow - hours(1), kNow), -1);
}

}  // namespace
}  // namespace kith::api
