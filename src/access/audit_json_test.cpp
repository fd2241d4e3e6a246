#include "access/audit_json.h"

#include "json/writer.h"

#include <gtest/gtest.h>

#include <string>

namespace kith::access {
namespace {

TEST(AuditJson, SaysWhoChangedWhatWhenFromWhereAndHowItEnded) {
    std::string out;
    json::Writer json(out);
    write_audit_record(json, {.id = 7,
                              .at = WallTime::from_ms(1'000),
                              .who = "user:anna",
                              .what = "token.create",
                              .detail = "k3f9",
                              .from_address = "10.0.0.3",
                              .outcome = "ok"});
    EXPECT_EQ(out, R"({"id":7,"at":"1970-01-01T00:00:01.000Z","who":"user:anna",)"
                   R"("what":"token.create","detail":"k3f9","from":"10.0.0.3","outcome":"ok"})");
}

}  // namespace
}  // namespace kith::access
