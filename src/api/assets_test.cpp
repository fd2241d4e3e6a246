#include "api/assets.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "api/testing/api_rig.h"
#include "http/gzip.h"

namespace kith::api {
namespace {

std::vector<std::uint8_t> packed(std::string text) {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    std::vector<std::uint8_t> out(deflateBound(&stream, text.size()) + 32);
    stream.next_in = reinterpret_cast<Bytef*>(text.data());
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(out.size() - stream.avail_out);
    deflateEnd(&stream);
    return out;
}

class AssetsTest : public ::testing::Test {
  protected:
    Answer get(const std::string& target,
               const std::vector<std::pair<std::string, std::string>>& headers = {}) {
        return rig_->ask({.target = target, .headers = headers});
    }

    std::vector<std::uint8_t> index_ = packed("<!doctype html><title>Kith</title>");
    std::vector<std::uint8_t> script_ = packed("console.log('kith')");
    std::vector<std::uint8_t> broken_ = {1, 2, 3};
    std::vector<Asset> assets_ = {
        {.path = "/index.html",
         .content_type = "text/html; charset=utf-8",
         .etag = "\"i1\"",
         .gzip_bytes = index_,
         .immutable = false},
        {.path = "/assets/app-3f2a.js",
         .content_type = "text/javascript",
         .etag = "\"s1\"",
         .gzip_bytes = script_,
         .immutable = true},
        {.path = "/broken.txt",
         .content_type = "text/plain",
         .etag = "\"b1\"",
         .gzip_bytes = broken_,
         .immutable = false},
    };
    std::unique_ptr<ApiRig> rig_ =
        std::make_unique<ApiRig>([this](ApiRig& rig) { rig.options.assets = assets_; });
};

TEST_F(AssetsTest, FilesAreSentAsTheyLieToWhoTakesGzip) {
    const Answer answer = get("/assets/app-3f2a.js", {{"Accept-Encoding", "gzip, br"}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.at("content-encoding"), "gzip");
    EXPECT_EQ(answer.headers.at("content-type"), "text/javascript");
    EXPECT_EQ(answer.body, as_text(script_));
}

TEST_F(AssetsTest, FilesAreUnpackedForOthers) {
    const Answer answer = get("/assets/app-3f2a.js");
    EXPECT_EQ(answer.headers.count("content-encoding"), 0U);
    EXPECT_EQ(answer.body, "console.log('kith')");
    EXPECT_EQ(answer.headers.at("vary"), "Accept-Encoding");
    EXPECT_EQ(get("/broken.txt").status, 500);
}

TEST_F(AssetsTest, PagesOfTheConsoleAreItsIndex) {
    for (const char* target : {"/", "/index.html", "/machines/press-07", "/claim", "/topics?q=a"}) {
        const Answer answer = get(target);
        EXPECT_EQ(answer.status, 200) << target;
        EXPECT_EQ(answer.body, "<!doctype html><title>Kith</title>") << target;
        EXPECT_EQ(answer.headers.at("cache-control"), "no-cache") << target;
    }
    for (const char* target : {"/none.js", "/assets/none.css", "/../etc/passwd.txt",
                               "/assets/app-3f2a.js/", "/favicon.ico"}) {
        EXPECT_EQ(get(target).status, target == std::string("/assets/app-3f2a.js/") ? 200 : 404)
            << target;
    }
}

TEST_F(AssetsTest, KnownFilesAreNotSentAgain) {
    EXPECT_EQ(get("/assets/app-3f2a.js").headers.at("etag"), "\"s1\"");
    EXPECT_EQ(get("/assets/app-3f2a.js").headers.at("cache-control"),
              "public, max-age=31536000, immutable");
    const Answer known = get("/assets/app-3f2a.js", {{"If-None-Match", "\"x\", W/\"s1\""}});
    EXPECT_EQ(known.status, 304);
    EXPECT_EQ(known.body, "");
    EXPECT_EQ(known.headers.count("content-length"), 0U);
    EXPECT_EQ(get("/assets/app-3f2a.js", {{"If-None-Match", "\"old\""}}).status, 200);
}

TEST_F(AssetsTest, EveryPageIsKeptFromFramesAndForeignCode) {
    for (const char* target : {"/", "/assets/app-3f2a.js", "/none.js"}) {
        const Answer answer = get(target);
        const std::string& policy = answer.headers.at("content-security-policy");
        EXPECT_TRUE(policy.starts_with("default-src 'self'")) << target;
        EXPECT_EQ(policy.find("unsafe"), std::string::npos);
        EXPECT_NE(policy.find("connect-src 'self' ws://gw-1:8080;"), std::string::npos) << policy;
        EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
        EXPECT_EQ(answer.headers.at("x-frame-options"), "DENY");
        EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
        EXPECT_EQ(answer.headers.at("referrer-policy"), "no-referrer");
    }
}

TEST_F(AssetsTest, FilesAreReadOnly) {
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
        const Answer answer = rig_->ask({.method = method, .target = "/index.html"});
        EXPECT_EQ(answer.status, 405) << method;
        EXPECT_EQ(answer.headers.at("allow"), "GET, HEAD");
    }
    const auto client = rig_->connect();
    const Answer head = rig_->ask(*client, {.method = "HEAD", .target = "/index.html"});
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.headers.at("content-length"), "34");
}

}  // namespace
}  // namespace kith::api
