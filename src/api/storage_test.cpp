// GET /api/v1/storage: what it shows of the store and the queues on disk.
#include <nlohmann/json.hpp>

#include "api/testing/resources_fixture.h"

namespace kith::api {
namespace {

using Json = nlohmann::json;

class StorageResource : public ResourceTest {};

TEST_F(StorageResource, ShowsFilesQueuesAndHowTheDiskDoes) {
    Totals& totals = rig_.backend.sums;
    totals.store_files = {{"messages.db", 4096}, {"messages.db-wal", 0}};
    totals.store_messages = 3;
    totals.broker.queued_messages = 5;
    totals.broker.spilled_messages = 4;
    totals.broker.spilled_bytes = 900;
    totals.commit_us_p99 = 512;
    totals.store_read_failures = 1;
    const Answer answer = rig_.get("/api/v1/storage", operator_());
    ASSERT_EQ(answer.status, 200);
    const Json body = Json::parse(answer.body);
    EXPECT_EQ(body["state"], "ok");
    EXPECT_TRUE(body["reason"].is_null());
    EXPECT_EQ(body["files"][0]["name"], "messages.db");
    EXPECT_EQ(body["files"][0]["bytes"], 4096);
    EXPECT_EQ(body["messages"], 3);
    EXPECT_EQ(body["queued"], 5);
    EXPECT_EQ(body["spilled"], 4);
    EXPECT_EQ(body["spilled_bytes"], 900);
    EXPECT_EQ(body["commit_us_p99"], 512);
    EXPECT_EQ(body["read_failures"], 1);
}

TEST_F(StorageResource, SaysWhyTheStoreDoesNotWork) {
    rig_.backend.facts.is_store_healthy = false;
    rig_.backend.facts.store_reason = "the disk is full";
    const Json body = Json::parse(rig_.get("/api/v1/storage", operator_()).body);
    EXPECT_EQ(body["state"], "degraded");
    EXPECT_EQ(body["reason"], "the disk is full");
}

TEST_F(StorageResource, IsForOperators) {
    EXPECT_EQ(rig_.get("/api/v1/storage", viewer()).status, 403);
}

}  // namespace
}  // namespace kith::api
