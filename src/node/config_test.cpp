#include "node/config.h"

#include "node/config_keys.h"
#include "storage/testing/temp_directory.h"

#include <gtest/gtest.h>

#include <fstream>

namespace kith::node {
namespace {

class ConfigTest : public ::testing::Test {
  protected:
    std::string write(const std::string& content) {
        const std::string path = directory_.file("kith.toml");
        std::ofstream(path) << content;
        return path;
    }
    std::string problem_of(const std::string& content) {
        const auto config = load_config({.file = write(content), .overrides = {}});
        return config ? std::string("no problem") : config.error().text;
    }

    storage::testing::TempDirectory directory_;
};

TEST_F(ConfigTest, HasSafeDefaults) {
    const NodeConfig config = load_config({}).value();
    EXPECT_EQ(config.mqtt.address, "127.0.0.1:1883");
    EXPECT_EQ(config.http.address, "127.0.0.1:8080");
    EXPECT_FALSE(config.mqtt.insecure);
    EXPECT_FALSE(config.http.insecure);
}

TEST_F(ConfigTest, TakesValuesFromAFile) {
    const auto config = load_config({.file = write("name = \"gw-1\"\nworkers = 2\n"
                                                   "[mqtt]\naddress = \"127.0.0.1:0\"\n"
                                                   "packet_bytes_max = \"64KiB\"\n"
                                                   "slow_consumer_hold = \"2s\"\n"
                                                   "anonymous = false\n"
                                                   "[log]\nlevel = \"debug\"\n"),
                                     .overrides = {}});
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->name, "gw-1");
    EXPECT_EQ(config->workers, 2U);
    EXPECT_EQ(config->mqtt.address, "127.0.0.1:0");
    EXPECT_EQ(config->broker.packet_bytes_max, 65'536U);
    EXPECT_EQ(config->broker.slow_consumer_hold, Duration(2s));
    EXPECT_FALSE(config->anonymous);
    EXPECT_EQ(config->log_level, LogLevel::Debug);
}

TEST_F(ConfigTest, ForwardsNothingUnlessRulesSaySo) {
    EXPECT_TRUE(load_config({}).value().mesh.forward_allow.empty());
    const auto config = load_config({.file = write("[mesh]\nforward_allow = [\"localhost:22\", "
                                                   "\"3f0c9a1be2d47785@10.0.0.7:*\"]\n"),
                                     .overrides = {}});
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->mesh.forward_allow.size(), 2U);
    EXPECT_NE(problem_of("[mesh]\nforward_allow = [\"localhost\"]\n"), "no problem");
    EXPECT_NE(problem_of("[mesh]\nforward_allow = [\"gw-2@localhost:22\"]\n"), "no problem");
    std::string many = "\"a:1\"";
    for (int i = 0; i < 256; ++i) {
        many += ", \"a:1\"";
    }
    EXPECT_NE(problem_of("[mesh]\nforward_allow = [" + many + "]\n"), "no problem");
}

TEST_F(ConfigTest, LetsTheCommandLineWin) {
    const auto config = load_config(
        {.file = write("workers = 2\nname = \"a\"\n"),
         .overrides = {{.key = "workers", .value = "3", .source = "--workers"},
                       {.key = "name", .value = "42", .source = "--name"},
                       {.key = "names", .value = "[\"a.local\", \"b\"]", .source = "--set"},
                       {.key = "mqtt.address", .value = "off", .source = "--mqtt"}}});
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->workers, 3U);
    EXPECT_EQ(config->name, "42");
    EXPECT_EQ(config->names, (std::vector<std::string>{"a.local", "b"}));
    EXPECT_FALSE(config->mqtt.is_on());
}

TEST_F(ConfigTest, SaysFileLineKeyAndWhatWasExpected) {
    const std::string text = problem_of("name = \"a\"\n\n[mqtt]\npacket_bytes_max = -1\n");
    EXPECT_NE(text.find("kith.toml:4: mqtt.packet_bytes_max: expected 1024 to 268435455"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("got -1"), std::string::npos) << text;
}

TEST_F(ConfigTest, SuggestsTheKeyThatWasMeant) {
    EXPECT_NE(problem_of("[mqtt]\nadress = \"off\"\n").find("did you mean mqtt.address?"),
              std::string::npos);
    EXPECT_NE(problem_of("[weather]\nx = 1\n").find("unknown key weather.x"), std::string::npos);
}

TEST_F(ConfigTest, RefusesBrokenSyntaxWithItsLine) {
    EXPECT_NE(problem_of("name = \"a\"\n[mqtt\n").find("kith.toml:2:"), std::string::npos);
}

TEST_F(ConfigTest, RefusesATableWhoseNameIsNone) {
    EXPECT_NE(problem_of("name = \"a\"\n[`a]\n").find("kith.toml:2:"), std::string::npos);
    EXPECT_NE(problem_of("[[%a]]\n").find("kith.toml:1:"), std::string::npos);
}

TEST_F(ConfigTest, RefusesLettersBeyondAsciiOutsideOfText) {
    EXPECT_NE(problem_of("name = \"\xcb\xac\"\n\xcb\xac = 1\n").find("kith.toml:2:"),
              std::string::npos);
}

TEST_F(ConfigTest, RefusesValuesOfAnotherType) {
    for (const char* content :
         {"name = 1\n", "workers = \"many\"\n", "workers = 65\n", "[mqtt]\nanonymous = 1\n",
          "[mqtt]\naddress = \"nowhere\"\n", "[log]\nlevel = \"loud\"\n", "names = [1]\n",
          "[mqtt]\nconnect_timeout = 5\n", "[mqtt]\nconnect_timeout = \"1ms\"\n",
          "name = 1979-05-27\n", "workers = 221e271\n"}) {
        EXPECT_NE(problem_of(content).find("expected"), std::string::npos) << content;
    }
}

TEST_F(ConfigTest, WantsCertificateAndKeyTogether) {
    EXPECT_NE(problem_of("\n[tls]\nkey = \"a.pem\"\n")
                  .find("kith.toml:3: tls.key: tls.certificate and tls.key belong together"),
              std::string::npos);
}

TEST_F(ConfigTest, RefusesAnOpenListenerWithItsLine) {
    EXPECT_NE(problem_of("[mqtt]\naddress = \"0.0.0.0:1\"\n").find("kith.toml:2: mqtt.address"),
              std::string::npos);
    const auto flag = load_config(
        {.file = {},
         .overrides = {{.key = "mqtt.address", .value = "0.0.0.0:1", .source = "--mqtt"}}});
    ASSERT_FALSE(flag);
    EXPECT_NE(flag.error().text.find("--mqtt: mqtt.address"), std::string::npos);
}

// Whatever it prints can be read back and means the same.
TEST_F(ConfigTest, PrintsTomlThatItCanRead) {
    NodeConfig config;
    config.name = "quo\"te";
    config.names = {"a", "b"};
    config.broker.connect_timeout = 1500ms;
    const std::string text = to_toml(config);
    const auto again = load_config({.file = write(text), .overrides = {}});
    ASSERT_TRUE(again) << again.error().text << "\n" << text;
    EXPECT_EQ(to_toml(*again), text);
    EXPECT_EQ(again->name, "quo\"te");
}

TEST_F(ConfigTest, DocumentsEveryKey) {
    const std::string reference = reference_markdown();
    for (const ConfigKey& key : config_keys()) {
        EXPECT_NE(reference.find("| `" + std::string(key.name) + "` |"), std::string::npos);
        EXPECT_FALSE(key.summary.empty());
    }
}

TEST_F(ConfigTest, KnowsWhomToTrust) {
    const auto config =
        load_config({.file = write("[proxy]\ntrusted = [\"10.0.0.0/8\", \"::1\"]\n"
                                   "[mqtts]\nproxy_protocol = \"required\"\n"
                                   "[access]\ncertificate_machine = \"san_uri\"\n"
                                   "jwks_file = \"k.json\"\njwt_issuer = \"joe\"\n"
                                   "jwt_audience = \"kith\"\njwt_machine_claim = \"device\"\n"),
                     .overrides = {}});
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->proxy_trusted, (std::vector<std::string>{"10.0.0.0/8", "::1"}));
    EXPECT_TRUE(config->mqtts.proxy_protocol);
    EXPECT_FALSE(config->mqtt.proxy_protocol);
    EXPECT_EQ(config->certificate_machine, access::CertificateName::UriName);
    EXPECT_EQ(config->jwt_machine_claim, "device");
    EXPECT_NE(to_toml(*config).find("certificate_machine = \"san_uri\""), std::string::npos);
}

TEST_F(ConfigTest, RefusesTrustThatIsHalfSaid) {
    EXPECT_NE(problem_of("[access]\njwks_file = \"k\"\njwt_issuer = \"joe\"\n")
                  .find("kith.toml:2: access.jwks_file: set access.jwt_issuer and"),
              std::string::npos);
    EXPECT_NE(problem_of("[access]\njwks_file = \"k\"\njwt_issuer = \"joe\"\n"
                         "jwt_audience = \"a\"\njwt_machine_claim = \"\"\n")
                  .find("access.jwt_machine_claim"),
              std::string::npos);
    EXPECT_NE(problem_of("[http]\nproxy_protocol = \"required\"\n").find("proxy.trusted"),
              std::string::npos);
    EXPECT_NE(problem_of("[http]\nproxy_protocol = \"on\"\n").find("\"off\" or \"required\""),
              std::string::npos);
    EXPECT_NE(problem_of("[proxy]\ntrusted = [\"10.0.0.1/8\"]\n").find("ranges"),
              std::string::npos);
    EXPECT_NE(problem_of("[tls]\nclient_crl = \"c\"\n").find("tls.client_ca"), std::string::npos);
    EXPECT_NE(problem_of("[access]\ncertificate_machine = \"dn\"\n").find("san_dns"),
              std::string::npos);
}

}  // namespace
}  // namespace kith::node
