// Backups over HTTP: begun, watched and fetched by administrators.
#include <nlohmann/json.hpp>

#include "api/limits.h"
#include "api/testing/resources_fixture.h"

namespace kith::api {
namespace {

using Json = nlohmann::json;

class Backup : public ResourceTest {
  protected:
    Answer get(const std::string& target) { return rig_.get(target, admin()); }
    FakeBackups& backups() { return rig_.backups; }
    /// The newest line of the audit about backups, without its id and time.
    Json newest_audit() {
        Json line = Json::parse(get("/api/v1/audit?what=backup.&limit=1").body)["items"].at(0);
        line.erase("id");
        line.erase("at");
        return line;
    }
};

TEST_F(Backup, TellsThatThereIsNone) {
    const Json said = Json::parse(get("/api/v1/backup").body);
    EXPECT_EQ(said, Json({{"state", "idle"}, {"last", nullptr}}));
    EXPECT_EQ(get("/api/v1/backup/file").status, 404);
}

TEST_F(Backup, TellsHowFarItIs) {
    backups().told = {.is_running = true,
                      .started_at = WallTime::from_ms(1'800'000'000'000),
                      .bytes_done = 5,
                      .bytes_total = 9};
    const Json said = Json::parse(get("/api/v1/backup").body);
    EXPECT_EQ(said["state"], "running");
    EXPECT_EQ(said["started_at"], "2027-01-15T08:00:00.000Z");
    EXPECT_EQ(said["bytes_done"], 5);
    EXPECT_EQ(said["bytes_total"], 9);
}

TEST_F(Backup, TellsWhatCameOfTheLast) {
    backups().told.last = BackupRun{.file = "kith-1.tar", .bytes = 7};
    Json last = Json::parse(get("/api/v1/backup").body)["last"];
    EXPECT_EQ(last["result"], "made");
    EXPECT_EQ(last["file"], "kith-1.tar");
    EXPECT_EQ(last["bytes"], 7);
    backups().told.last->problem = "the disk is full";
    last = Json::parse(get("/api/v1/backup").body)["last"];
    EXPECT_EQ(last["result"], "failed");
    EXPECT_EQ(last["problem"], "the disk is full");
}

TEST_F(Backup, IsBegunOnceAtATime) {
    const Answer begun = rig_.send("POST", "/api/v1/backup", admin());
    EXPECT_EQ(begun.status, 202);
    EXPECT_EQ(backups().start_count, 1);
    backups().start_answer = fail(ErrorKind::Conflict, "a backup is being made already");
    EXPECT_EQ(rig_.send("POST", "/api/v1/backup", admin()).status, 409);
}

TEST_F(Backup, IsInTheAuditWithItsOutcome) {
    ASSERT_EQ(rig_.send("POST", "/api/v1/backup", admin()).status, 202);
    Json line = newest_audit();
    EXPECT_EQ(line["what"], "backup.start");
    EXPECT_NE(line["from"], "");
    const auto end = [this](const BackupRun& run) {
        rig_.run_on(rig_.shard(), [&] { backups().done(run); });
    };
    end({.file = "kith-1.tar", .bytes = 7});
    line["what"] = "backup.made";
    line["detail"] = "kith-1.tar";
    EXPECT_EQ(newest_audit(), line);
    end({.file = "kith-2.tar", .problem = "the disk is full"});
    line["what"] = "backup.failed";
    line["detail"] = "the disk is full";
    line["outcome"] = "failed";
    EXPECT_EQ(newest_audit(), line);
    backups().file = "content";
    ASSERT_EQ(get("/api/v1/backup/file").status, 200);
    line = newest_audit();
    EXPECT_EQ(line["what"], "backup.fetch");
    EXPECT_EQ(line["detail"], "kith-1.tar");
    EXPECT_NE(line["from"], "");
}

TEST_F(Backup, IsForAdministratorsOnly) {
    backups().file = "secrets";
    for (const char* target : {"/api/v1/backup", "/api/v1/backup/file"}) {
        EXPECT_EQ(rig_.get(target, operator_()).status, 403) << target;
    }
    EXPECT_EQ(rig_.send("POST", "/api/v1/backup", operator_()).status, 403);
    EXPECT_EQ(backups().start_count, 0);
}

TEST_F(Backup, ComesWholeInPieces) {
    for (std::size_t i = 0; i < 3 * kDownloadStepBytes + 100; ++i) {
        backups().file += static_cast<char>('a' + i % 23);
    }
    const Answer answer = get("/api/v1/backup/file");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.at("content-type"), "application/x-tar");
    EXPECT_EQ(answer.headers.at("content-disposition"), "attachment; filename=\"kith-1.tar\"");
    EXPECT_TRUE(answer.body == backups().file);
}

TEST_F(Backup, ThatCannotBeReadEndsShort) {
    backups().file = std::string(3 * kDownloadStepBytes, 'x');
    backups().fails_at = kDownloadStepBytes;
    const auto client = rig_.connect();
    client->send(
        to_text({.target = "/api/v1/backup/file", .headers = admin().headers()}, "localhost"));
    rig_.world().run_for(1s);
    EXPECT_TRUE(client->is_closed);
    EXPECT_FALSE(client->take_answer());
}

}  // namespace
}  // namespace kith::api
