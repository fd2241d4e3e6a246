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
