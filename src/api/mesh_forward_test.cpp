// GET /api/v1/mesh/forward: who may, what it answers, and what becomes of the connection.
#include "api/mesh_forward.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "api/testing/resources_fixture.h"

namespace kith::api {
namespace {

const char* const kPath = "/api/v1/mesh/forward?to=hall%3Aplc%3A80";

class MeshForwardResource : public ResourceTest {
  protected:
    Answer ask(const Credential& who, const char* upgrade = "kith-forward") {
        Sent sent{.target = kPath, .headers = who.headers()};
        if (upgrade != nullptr) {
            sent.headers.emplace_back("Connection", "Upgrade");
            sent.headers.emplace_back("Upgrade", upgrade);
        }
        return rig_.ask(sent);
    }
    void refuse(MeshForwardRefusal::Kind kind) {
        rig_.open_mesh_forward = [kind](const std::string&, auto done) {
            done(tl::unexpected(MeshForwardRefusal{.kind = kind, .text = "why"}));
        };
    }
};

TEST_F(MeshForwardResource, IsForAdministratorsWhoUpgrade) {
    EXPECT_EQ(ask({}).status, 401);
    EXPECT_EQ(ask(operator_()).code(), "role.missing");
    EXPECT_EQ(ask(admin(), nullptr).code(), "upgrade.required");
    EXPECT_EQ(ask(admin(), "websocket").code(), "upgrade.required");
}

TEST_F(MeshForwardResource, SaysWhyItCannot) {
    const Credential who = admin();
    EXPECT_EQ(ask(who).code(), "mesh.unavailable");
    using Kind = MeshForwardRefusal::Kind;
    const std::pair<Kind, const char*> cases[] = {
        {Kind::Invalid, "forward.invalid"},   {Kind::UnknownNode, "forward.unknown"},
        {Kind::NotAllowed, "forward.denied"}, {Kind::NoWay, "forward.unavailable"},
        {Kind::Service, "forward.service"},   {Kind::TooMany, "forward.limit"},
        {Kind::Off, "mesh.unavailable"}};
    for (const auto& [kind, code] : cases) {
        refuse(kind);
        EXPECT_EQ(ask(who).code(), code);
    }
}

TEST_F(MeshForwardResource, HandsTheConnectionOverAndNotesItInTheAudit) {
    std::string asked_to;
    std::unique_ptr<runtime::Stream> taken;
    struct Nobody final : runtime::StreamHandler {
        void on_data(MutableBytes) override {}
        void on_closed(const Error&) override {}
    } nobody;
    rig_.open_mesh_forward = [&](const std::string& to, auto done) {
        asked_to = to;
        done([&](std::unique_ptr<runtime::Stream> stream, const std::string&) {
            taken = std::move(stream);
            taken->set_handler(&nobody);
        });
    };
    const Answer answer = ask(admin());
    EXPECT_EQ(answer.status, 101);
    EXPECT_EQ(answer.headers.at("upgrade"), "kith-forward");
    EXPECT_EQ(asked_to, "hall:plc:80");
    EXPECT_NE(taken, nullptr);
    const auto lines = rig_.get("/api/v1/audit", admin()).body;
    EXPECT_NE(lines.find("mesh.forward"), std::string::npos) << lines;
    EXPECT_NE(lines.find("hall:plc:80"), std::string::npos);
    taken.reset();
}

}  // namespace
}  // namespace kith::api
