#include "common/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "common/config_name.h"
#include "common/object_store_settings.h"
#include "common/settings.h"
#include "common/status.h"

namespace elanus {
namespace {

class ConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() /
                 ("elanus_config_test_" + std::to_string(getpid()) + "_" +
                  testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string File(const std::string& name, const std::string& text) {
    const std::string path = (directory_ / name).string();
    std::ofstream(path) << text;
    return path;
  }
  static Config Load(const ConfigSources& sources) {
    auto config = Config::Load(sources);
    EXPECT_TRUE(config.ok()) << config.status();
    return config.ok() ? *std::move(config) : Config();
  }
  static std::string ErrorOf(const ConfigSources& sources) {
    const auto config = Config::Load(sources);
    EXPECT_FALSE(config.ok());
    return std::string(MessageOf(config.status()));
  }

  std::filesystem::path directory_;
};

TEST_F(ConfigTest, NamesInAnySpellingAreOneKey) {
  EXPECT_EQ(NormalizeConfigName("QUOTAANDLIMITS_DML_ENABLED"), "quotaandlimitsdmlenabled");
  EXPECT_EQ(NormalizeConfigName("milvus.quotaAndLimits/dml.enabled"), "quotaandlimitsdmlenabled");
  EXPECT_EQ(NormalizeConfigName("knowhere.DISKANN.build_x"), "knowhere.DISKANN.build_x");
  EXPECT_EQ(FindConfigKey("PROXY_MAXNAMELENGTH"), FindConfigKey("proxy.maxNameLength"));
  EXPECT_EQ(FindConfigKey("METRICS_PORT"), FindConfigKey("elanus.metrics.port"));
  EXPECT_EQ(FindConfigKey("nothing"), nullptr);
}

TEST_F(ConfigTest, EachSourceOverridesTheOneBelowIt) {
  ConfigSources sources;
  EXPECT_EQ(Load(sources).Int("proxy.port"), 19530);
  EXPECT_EQ(Load(sources).SourceOf("proxy.port"), "default");
  sources.files = {File("a.yaml", "proxy: {port: 1}\n")};
  EXPECT_EQ(Load(sources).Int("proxy.port"), 1);
  sources.files.push_back(File("b.yaml", "\nproxy:\n  port: 2\n"));
  EXPECT_EQ(Load(sources).Int("proxy.port"), 2);
  EXPECT_EQ(Load(sources).SourceOf("proxy.port"), sources.files[1] + ":3");
  sources.environment = {{"PROXY_PORT", "3"}};
  EXPECT_EQ(Load(sources).Int("proxy.port"), 3);
  EXPECT_EQ(Load(sources).SourceOf("proxy.port"), "environment PROXY_PORT");
  sources.flags = {{"--port", "proxy.port", "4"}};
  EXPECT_EQ(Load(sources).Int("proxy.port"), 4);
  EXPECT_EQ(Load(sources).SourceOf("proxy.port"), "flag --port");
}

// Any subset of sources, in any order of the environment: the strongest one decides.
TEST_F(ConfigTest, TheStrongestOfAnySubsetOfSourcesDecides) {
  std::mt19937 random(3);
  const std::string low = File("low.yaml", "proxy: {maxNameLength: 11}\n");
  const std::string high = File("high.yaml", "proxy: {maxNameLength: 12}\n");
  for (int round = 0; round < 200; ++round) {
    const unsigned subset = random() % 32;
    ConfigSources sources;
    int64_t expected = 255;
    if (subset & 1) sources.files.push_back(low), expected = 11;
    if (subset & 2) sources.files.push_back(high), expected = 12;
    if (subset & 4) sources.environment.emplace_back("Proxy_MaxNameLength", "13"), expected = 13;
    if (subset & 8)
      sources.environment.emplace_back("MILVUS_CONF_PROXY_MAXNAMELENGTH", "14"), expected = 14;
    if (subset & 16) sources.flags.push_back({"--x", "proxy.maxNameLength", "15"}), expected = 15;
    std::shuffle(sources.environment.begin(), sources.environment.end(), random);
    EXPECT_EQ(Load(sources).Int("proxy.maxNameLength"), expected) << subset;
  }
}

TEST_F(ConfigTest, AKubernetesServiceLinkIsNotAPort) {
  ConfigSources sources;
  sources.environment = {{"PROXY_PORT", "tcp://10.0.0.5:19530"}};
  Config config = Load(sources);
  EXPECT_EQ(config.Int("proxy.port"), 19530);
  ASSERT_EQ(config.warnings().size(), 1u);
  EXPECT_NE(config.warnings()[0].find("PROXY_PORT"), std::string::npos);
  sources.environment = {{"MILVUS_CONF_PROXY_PORT", "tcp://10.0.0.5:19530"}};
  EXPECT_NE(ErrorOf(sources).find("proxy.port"), std::string::npos);
}

TEST_F(ConfigTest, AWrongValueSaysFileLineKeyValueAndWhatIsAdmitted) {
  ConfigSources sources;
  sources.files = {File("m.yaml", "log:\n  level: loud\nproxy:\n  port: 70000\n")};
  const std::string error = ErrorOf(sources);
  EXPECT_NE(error.find(sources.files[0] + ":2: log.level = \"loud\" is refused: expected one of "
                                          "trace, debug, info, warn, error, fatal"),
            std::string::npos)
      << error;
  EXPECT_NE(
      error.find(":4: proxy.port = \"70000\" is refused: expected an integer from 0 to 65535"),
      std::string::npos)
      << error;
}

TEST_F(ConfigTest, AnEmptyValueIsAsIfNotGiven) {
  ConfigSources sources;
  sources.files = {File("m.yaml", "proxy: {port: \"\"}\nlog: {level: ''}\n")};
  sources.environment = {{"PROXY_MAXNAMELENGTH", ""}};
  const Config config = Load(sources);
  EXPECT_EQ(config.Int("proxy.port"), 19530);
  EXPECT_EQ(config.Int("proxy.maxNameLength"), 255);
  EXPECT_TRUE(config.warnings().empty());
}

TEST_F(ConfigTest, AnUnknownKeyWarnsWithTheNearestName) {
  ConfigSources sources;
  sources.files = {File("m.yaml", "proxy:\n  maxNameLenght: 5\nfrobnicate: 1\n")};
  const Config config = Load(sources);
  ASSERT_EQ(config.warnings().size(), 2u);
  EXPECT_NE(config.warnings()[0].find("did you mean proxy.maxNameLength?"), std::string::npos);
  EXPECT_EQ(config.warnings()[1].find("did you mean"), std::string::npos) << config.warnings()[1];
}

TEST_F(ConfigTest, KeysOfComponentsWeLackAreAcceptedInSilence) {
  ConfigSources sources;
  sources.files = {
      File("m.yaml",
           "pulsar: {port: 6650, maxMessageSize: 1}\ntikv: {endpoints: [a, b]}\n"
           "queryNode: {grpc: {port: 1}, segcore: {chunkRows: 128}}\n"
           "knowhere: {DISKANN: {build: {max_degree: 56}}}\nstreamingNode: {port: 2}\n")};
  EXPECT_TRUE(Load(sources).warnings().empty());
  // But one letter wrong in a key that counts is still seen.
  sources.files = {File("n.yaml", "dataCoord: {segment: {maxSizes: 512}}\n")};
  ASSERT_EQ(Load(sources).warnings().size(), 1u);
}

TEST_F(ConfigTest, UnknownEnvironmentVariablesAreSilentUnlessTheyCarryThePrefix) {
  ConfigSources sources;
  sources.environment = {{"HOME", "/root"}, {"PATH", "/bin"}};
  EXPECT_TRUE(Load(sources).warnings().empty());
  sources.environment = {{"MILVUS_CONF_PROXY_PROT", "1"}};
  EXPECT_EQ(Load(sources).warnings().size(), 1u);
}

TEST_F(ConfigTest, ALegacyKeyCountsWhileItsSuccessorIsAtTheDefault) {
  ConfigSources sources;
  sources.environment = {{"ROOTCOORD_MINSEGMENTSIZETOENABLEINDEX", "7"}};
  EXPECT_EQ(Load(sources).Int("indexCoord.segment.minSegmentNumRowsToEnableIndex"), 7);
  sources.environment.emplace_back("INDEXCOORD_SEGMENT_MINSEGMENTNUMROWSTOENABLEINDEX", "1024");
  EXPECT_EQ(Load(sources).Int("indexCoord.segment.minSegmentNumRowsToEnableIndex"), 7);
  sources.environment.back().second = "9";
  EXPECT_EQ(Load(sources).Int("indexCoord.segment.minSegmentNumRowsToEnableIndex"), 9);
}

TEST_F(ConfigTest, WhatThisVersionCannotProtectStopsTheStart) {
  ConfigSources sources;
  sources.environment = {{"COMMON_SECURITY_AUTHORIZATIONENABLED", "true"}};
  EXPECT_NE(ErrorOf(sources).find("leave the server open"), std::string::npos);
  sources.environment = {{"COMMON_SECURITY_TLSMODE", "1"}};
  EXPECT_NE(ErrorOf(sources).find("TLS"), std::string::npos);
  sources.environment = {{"COMMON_SECURITY_AUTHORIZATIONENABLED", "False"}};
  EXPECT_TRUE(Load(sources).warnings().empty());
}

TEST_F(ConfigTest, AKeyWithoutEffectWarnsOnlyWhenItWasChanged) {
  ConfigSources sources;
  sources.environment = {{"QUERYNODE_ENABLEDISK", "false"}};
  EXPECT_TRUE(Load(sources).warnings().empty());
  sources.environment = {{"QUERYNODE_ENABLEDISK", "true"}};
  EXPECT_EQ(Load(sources).warnings().size(), 1u);
}

TEST_F(ConfigTest, SecretsAreMaskedWhereverConfigurationIsShown) {
  ConfigSources sources;
  sources.files = {File("m.yaml",
                        "minio: {accessKeyID: CANARY1, secretAccessKey: CANARY2}\n"
                        "credential: {mine: {apikey: CANARY3}}\nproxy: {portt: 1}\n"
                        "pulsar: {address: 'pulsar://user:CANARY4@host', authParams: CANARY5}\n")};
  const Config config = Load(sources);
  EXPECT_EQ(FormatConfig(config).find("CANARY"), std::string::npos);
  for (const std::string& warning : config.warnings())
    EXPECT_EQ(warning.find("CANARY"), std::string::npos);
  for (const ConfigKey& key : ConfigKeys()) {
    EXPECT_TRUE(!IsSecretConfigName(key.name) || key.secret || key.default_value.empty() ||
                key.name == "proxy.maxPasswordLength")
        << key.name;
  }
}

TEST_F(ConfigTest, ReloadTakesHotKeysAndNamesTheOthers) {
  ConfigSources sources;
  Config config = Load(sources);
  sources.environment = {{"LOG_LEVEL", "debug"}, {"PROXY_PORT", "5"}};
  const Config::Changes changes = config.TakeHotKeys(Load(sources));
  EXPECT_EQ(changes.applied, std::vector<std::string>{"log.level"});
  EXPECT_EQ(changes.need_restart, std::vector<std::string>{"proxy.port"});
  EXPECT_EQ(config.Text("log.level"), "debug");
  EXPECT_EQ(config.Int("proxy.port"), 19530);
  // A key taken out of every source goes back to its default.
  EXPECT_EQ(config.TakeHotKeys(Config()).applied, std::vector<std::string>{"log.level"});
  EXPECT_EQ(config.Text("log.level"), "info");
}

TEST_F(ConfigTest, FilesOfADirectoryAreFoundInTheirOrder) {
  File("user.yaml", "");
  File("milvus.yaml", "");
  const std::vector<std::string> both = {(directory_ / "milvus.yaml").string(),
                                         (directory_ / "user.yaml").string()};
  EXPECT_EQ(FindConfigFiles("", directory_.string()), both);
  EXPECT_EQ(FindConfigFiles(directory_.string(), "/nonexistent"), both);
  EXPECT_EQ(FindConfigFiles("some.yaml", directory_.string()),
            std::vector<std::string>{"some.yaml"});
  EXPECT_TRUE(FindConfigFiles("", "/nonexistent").empty());
}

TEST_F(ConfigTest, TheTableHasNoNameTwiceAndAdmitsItsOwnDefaults) {
  std::set<std::string> names;
  for (const ConfigKey& key : ConfigKeys()) {
    EXPECT_TRUE(names.insert(NormalizeConfigName(key.name)).second) << key.name;
    EXPECT_TRUE(ParseConfigValue(key.admits, key.default_value).ok()) << key.name;
    if (!key.fallback.empty()) {
      EXPECT_NE(FindConfigKey(key.fallback), nullptr) << key.name;
    }
  }
}

TEST_F(ConfigTest, TheDocumentIsTheTable) {
  std::ifstream file("docs/configuration.md");
  ASSERT_TRUE(file) << "run from the root of the repository";
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_EQ(page.str(), ConfigurationPage())
      << "write it again: elanus config --docs > docs/configuration.md";
}

// --- Settings ---

class SettingsTest : public ConfigTest {
 protected:
  static Settings Make(const ConfigSources& sources) {
    auto settings = MakeSettings(Load(sources));
    EXPECT_TRUE(settings.ok()) << settings.status();
    return settings.ok() ? *settings : Settings();
  }
};

TEST_F(SettingsTest, FieldsAndTableAgreeOnEveryDefault) {
  const Settings made = Make({});
  const Settings plain;
  EXPECT_EQ(made.paths, plain.paths);
  EXPECT_EQ(made.network, plain.network);
  EXPECT_EQ(made.resources, plain.resources);
  EXPECT_EQ(made.log, plain.log);
  EXPECT_EQ(made.proxy, plain.proxy);
  EXPECT_EQ(made.limits, plain.limits);
  EXPECT_EQ(made.catalog, plain.catalog);
  EXPECT_EQ(made.segment, plain.segment);
  EXPECT_EQ(made.read, plain.read);
  EXPECT_EQ(made.auto_index, plain.auto_index);
  EXPECT_EQ(made.logging, plain.logging);
  EXPECT_EQ(made, plain);
}

TEST_F(SettingsTest, ListensOnLoopbackUnlessAnAddressIsGiven) {
  EXPECT_EQ(Make({}).network.address, "127.0.0.1");
  ConfigSources sources;
  sources.environment = {{"PROXY_IP", "auto"}};
  EXPECT_FALSE(Make(sources).network.address_given);
  sources.environment = {{"PROXY_IP", "0.0.0.0"}};
  EXPECT_EQ(Make(sources).network.address, "0.0.0.0");
  EXPECT_EQ(Make(sources).network.http_address, "0.0.0.0");
  EXPECT_TRUE(Make(sources).network.address_given);
  sources.environment = {{"PROXY_IP", "[::1]"}};
  EXPECT_EQ(Make(sources).network.address, "::1");
  sources.environment = {{"PROXY_IP", "not an address"}};
  EXPECT_FALSE(MakeSettings(Load(sources)).ok());
}

TEST_F(SettingsTest, EverythingLivesBelowTheDataDirectory) {
  ConfigSources sources;
  sources.flags = {{"--data-dir", "elanus.dataDir", "/srv/e/"}};
  EXPECT_EQ(Make(sources).paths.objects_dir, "/srv/e/data");
  EXPECT_EQ(Make(sources).paths.log_dir, "/srv/e/rdb_data");
  EXPECT_EQ(Make(sources).paths.data_dir, "/srv/e");
  // The values of the reference's own file do not pull the data out of a directory given by name.
  sources.files = {
      File("m.yaml", "localStorage: {path: /var/lib/milvus/data/}\nrocksmq: {path: /fast/log}\n")};
  EXPECT_EQ(Make(sources).paths.objects_dir, "/srv/e/data");
  EXPECT_EQ(Make(sources).paths.log_dir, "/fast/log");
  // With that file alone, its directory is the data directory.
  sources.flags.clear();
  EXPECT_EQ(Make(sources).paths.data_dir, "/var/lib/milvus");
  EXPECT_EQ(Make(sources).paths.objects_dir, "/var/lib/milvus/data");
}

TEST_F(SettingsTest, TheObjectStoresAddressIsReadInEveryForm) {
  ConfigSources sources;
  EXPECT_FALSE(MakeObjectStoreSettings(Config())->remote);
  const auto host = [&](const std::string& address, const std::string& port = "") {
    sources.environment = {{"COMMON_STORAGETYPE", "remote"}, {"MINIO_ADDRESS", address}};
    if (!port.empty()) sources.environment.emplace_back("MINIO_PORT", port);
    const auto settings = MakeObjectStoreSettings(Load(sources));
    if (!settings.ok()) return std::string(MessageOf(settings.status()));
    EXPECT_TRUE(settings->remote);
    return settings->host + (settings->tls ? " tls" : "");
  };
  EXPECT_EQ(host("store"), "store:9000");
  EXPECT_EQ(host("store", "80"), "store:80");
  EXPECT_EQ(host("store:1", "80"), "store:1");
  EXPECT_EQ(host("https://store:1/"), "store:1 tls");
  EXPECT_EQ(host("http://store"), "store:9000");
  EXPECT_EQ(host("[::1]"), "[::1]:9000");
  EXPECT_EQ(host("[::1]:5"), "[::1]:5");
  for (const char* wrong : {"store:", "store:http", "user@store", "a/b", "https://"}) {
    EXPECT_NE(host(wrong).find("minio.address"), std::string::npos) << host(wrong);
  }
}

TEST_F(SettingsTest, TheObjectStoresDefaultsAreThoseOfTheKeys) {
  EXPECT_TRUE(*MakeObjectStoreSettings(Config()) == ObjectStoreSettings());
}

TEST_F(SettingsTest, TheObjectStoresOtherSettingsAreReadAndChecked) {
  const auto with = [&](std::vector<std::pair<std::string, std::string>> environment) {
    ConfigSources sources;
    sources.environment = std::move(environment);
    sources.environment.emplace_back("COMMON_STORAGETYPE", "remote");
    return MakeObjectStoreSettings(Load(sources));
  };
  EXPECT_FALSE(with({})->credentials_given);
  EXPECT_EQ(with({})->access_key, "minioadmin");
  EXPECT_TRUE(with({{"MINIO_ACCESS_KEY_ID", "a"}})->credentials_given);
  EXPECT_EQ(with({{"MINIO_ACCESS_KEY_ID", "a"}})->access_key, "a");
  EXPECT_EQ(with({{"MINIO_SSL_TLSCACERT", "/path/to/public.crt"}})->ca_file, "");
  EXPECT_TRUE(with({{"MINIO_CLOUDPROVIDER", "tencent"}})->virtual_host);
  EXPECT_FALSE(with({{"MINIO_CLOUDPROVIDER", "azure"}}).ok());
  EXPECT_FALSE(with({{"MINIO_CLOUDPROVIDER", "gcp"}, {"MINIO_USEIAM", "true"}}).ok());
  EXPECT_FALSE(with({{"MINIO_BUCKETNAME", "a/b"}}).ok());
  // What local storage does not use does not stop it.
  ConfigSources local;
  local.environment = {{"MINIO_ADDRESS", "a/b"}};
  EXPECT_TRUE(MakeObjectStoreSettings(Load(local)).ok());
  local.environment = {{"MINIO_ROOTPATH", "/x/y/"}};
  EXPECT_EQ(Make(local).paths.object_prefix, "x/y");
}

TEST_F(SettingsTest, TheFlushRateIsUnlimitedUntilItIsSwitchedOn) {
  EXPECT_LT(Make({}).limits.collection_flushes_per_second, 0);
  ConfigSources sources;
  sources.environment = {{"QUOTAANDLIMITS_FLUSHRATE_ENABLED", "true"}};
  EXPECT_EQ(Make(sources).limits.collection_flushes_per_second, 0.1);
  sources.environment.emplace_back("QUOTAANDLIMITS_ENABLED", "false");
  EXPECT_LT(Make(sources).limits.collection_flushes_per_second, 0);
}

TEST_F(SettingsTest, RefusesTwoListenersOnOnePortAndBuildParametersThatAreNotJson) {
  ConfigSources sources;
  sources.environment = {{"PROXY_PORT", "9091"}};
  EXPECT_FALSE(MakeSettings(Load(sources)).ok());
  sources.environment = {{"AUTOINDEX_PARAMS_BUILD", "HNSW"}};
  EXPECT_FALSE(MakeSettings(Load(sources)).ok());
}

TEST_F(SettingsTest, AHolderHandsOutTheLatest) {
  SettingsHolder holder{Settings()};
  const auto before = holder.Current();
  Settings changed;
  changed.proxy.name_length_max = 3;
  holder.Replace(changed);
  EXPECT_EQ(before->proxy.name_length_max, 255);
  EXPECT_EQ(holder.Current()->proxy.name_length_max, 3);
}

}  // namespace
}  // namespace elanus
