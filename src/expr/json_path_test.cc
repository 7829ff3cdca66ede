#include "expr/json_path.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace elanus::expr {
namespace {

JsonPath Path(std::initializer_list<std::variant<int, const char*>> steps) {
  JsonPath path;
  for (const auto& step : steps) {
    if (const int* index = std::get_if<int>(&step)) {
      path.push_back({true, *index, ""});
    } else {
      path.push_back({false, 0, std::get<const char*>(step)});
    }
  }
  return path;
}

std::string Show(const JsonValue& value) {
  std::string scratch;
  switch (value.type) {
    case JsonType::kMissing:
      return "missing";
    case JsonType::kNull:
      return "null";
    case JsonType::kBool:
      return value.boolean ? "true" : "false";
    case JsonType::kInt:
      return "int " + std::to_string(value.integer);
    case JsonType::kUnsigned:
      return "unsigned " + std::to_string(value.unsigned_integer);
    case JsonType::kDouble:
      return "double " + std::to_string(value.number);
    case JsonType::kString:
      return "string " + std::string(JsonText(value, scratch));
    case JsonType::kArray:
      return "array " + std::string(value.text);
    case JsonType::kObject:
      return "object " + std::string(value.text);
  }
  return "";
}

std::string At(std::string_view json, const JsonPath& path) {
  JsonPathTree tree;
  tree.Add(path);
  JsonValue value;
  tree.Find(json, &value, 1);
  return Show(value);
}

TEST(JsonPath, FindsKeysAndIndexes) {
  const std::string_view json = R"( {"a" : {"b": [10, {"c": "x"}]}, "n": null} )";
  EXPECT_EQ(At(json, Path({"a", "b", 0})), "int 10");
  EXPECT_EQ(At(json, Path({"a", "b", 1, "c"})), "string x");
  EXPECT_EQ(At(json, Path({"a", "b"})), R"(array [10, {"c": "x"}])");
  EXPECT_EQ(At(json, Path({"a", "b", 2})), "missing");
  EXPECT_EQ(At(json, Path({"a", "b", "0"})), "missing");
  EXPECT_EQ(At(json, Path({"a", 0})), "missing");
  EXPECT_EQ(At(json, Path({"n"})), "null");
  EXPECT_EQ(At(json, Path({"n", "x"})), "missing");
  EXPECT_EQ(At(R"({"0": 1})", Path({"0"})), "int 1");
  EXPECT_EQ(At("5", {}), "int 5");
}

TEST(JsonPath, HasOneAnswerWhateverIsLookedUpBesideIt) {
  // The first number is none to us.
  const std::string_view json = R"({"a": 1e999, "b": 2, "a": 3})";
  JsonPathTree tree;
  tree.Add(Path({"a"}));
  tree.Add(Path({"b"}));
  JsonValue values[2];
  tree.Find(json, values, 1);
  EXPECT_EQ(Show(values[0]), At(json, Path({"a"})));
  EXPECT_EQ(Show(values[0]), "missing");
  EXPECT_EQ(Show(values[1]), "int 2");
}

TEST(JsonPath, OfEqualObjectsTheFirstCountsAmongMoreKeysThanAWordHasBits) {
  JsonPathTree tree;
  std::string json = "{";
  for (int i = 0; i < 70; ++i) {
    const std::string key = "k" + std::to_string(i);
    tree.Add(Path({key.c_str(), "x"}));
    json += "\"" + key + "\":{\"y\":1},";
  }
  for (int i = 0; i < 70; ++i) json += "\"k" + std::to_string(i) + "\":{\"x\":1},";
  json.back() = '}';
  std::vector<JsonValue> values(70);
  tree.Find(json, values.data(), 1);
  for (const JsonValue& value : values) EXPECT_EQ(Show(value), "missing");
}

TEST(JsonPath, TellsNumbersApart) {
  const auto number = [](std::string_view text) { return At(text, {}); };
  EXPECT_EQ(number("-7"), "int -7");
  EXPECT_EQ(number("9223372036854775807"), "int 9223372036854775807");
  EXPECT_EQ(number("9223372036854775808"), "unsigned 9223372036854775808");
  EXPECT_EQ(number("18446744073709551616").substr(0, 6), "double");
  EXPECT_EQ(number("1.0"), "double 1.000000");
  EXPECT_EQ(number("1e2"), "double 100.000000");
  EXPECT_EQ(number("1e999"), "missing");
  EXPECT_EQ(number("1e-999"), "double 0.000000");
  EXPECT_EQ(number("1-2"), "missing");
  EXPECT_EQ(number("-"), "missing");
}

TEST(JsonPath, UnescapesKeysAndStrings) {
  EXPECT_EQ(At(R"({"a\"b": 1})", Path({"a\"b"})), "int 1");
  EXPECT_EQ(At(R"({"\u00e9": "\ud83d\ude00\n\/"})", Path({"\u00e9"})), "string \U0001F600\n/");
  EXPECT_EQ(At(R"({"k": "a long string with a \\ far behind"})", Path({"k"})),
            "string a long string with a \\ far behind");
}

TEST(JsonPath, TakesTheFirstOfEqualKeys) {
  EXPECT_EQ(At(R"({"a": 1, "a": 2})", Path({"a"})), "int 1");
  EXPECT_EQ(At(R"({"a": {}, "a": {"b": 2}})", Path({"a", "b"})), "missing");
}

TEST(JsonPath, FindsManyPathsInOneWalk) {
  JsonPathTree tree;
  const int deep = tree.Add(Path({"a", "b"}));
  const int whole = tree.Add(Path({"a"}));
  const int other = tree.Add(Path({"z"}));
  EXPECT_EQ(tree.Add(Path({"a", "b"})), deep);
  std::vector<JsonValue> values(6);
  tree.Find(R"({"z": true, "a": {"b": 1}})", values.data() + 1, 2);
  EXPECT_EQ(Show(values[deep * 2 + 1]), "int 1");
  EXPECT_EQ(Show(values[whole * 2 + 1]), R"(object {"b": 1})");
  EXPECT_EQ(Show(values[other * 2 + 1]), "true");
}

TEST(JsonPath, FindsKeysAmongThousandsInAnyOrder) {
  std::mt19937 random(7);
  for (const int num_keys : {15, 16, 17, 18, 65, 3000}) {
    std::vector<int> order(num_keys);
    std::iota(order.begin(), order.end(), 0);
    std::string json = "{";
    std::shuffle(order.begin(), order.end(), random);
    for (const int key : order) {
      json +=
          (json.size() > 1 ? ",\"k" : "\"k") + std::to_string(key) + "\":" + std::to_string(key);
    }
    json += ",\"k0\":-1}";
    JsonPathTree tree;
    std::vector<int> asked;  // Every other key, and some that are not there.
    for (int key = 0; key < num_keys + 20; key += 2) {
      EXPECT_EQ(tree.Add(Path({("k" + std::to_string(key)).c_str()})), key / 2);
      tree.Add(Path({("k" + std::to_string(key)).c_str()}));
      asked.push_back(key);
    }
    tree.Add(Path({3}));
    std::vector<JsonValue> values(tree.num_paths());
    tree.Find(json, values.data(), 1);
    for (size_t i = 0; i < asked.size(); ++i) {
      const std::string expected =
          asked[i] < num_keys ? "int " + std::to_string(asked[i]) : "missing";
      ASSERT_EQ(Show(values[i]), expected) << asked[i] << " of " << num_keys;
    }
  }
}

TEST(JsonPath, KnowsWhatHasContent) {
  const auto has = [](std::string_view text) {
    JsonValue value;
    JsonCursor(text).Read(value);
    return JsonHasContent(value);
  };
  for (const std::string_view empty : {"null", "{}", "[]", "[null]", R"({"a": null})", "[[], {}]",
                                       R"({"a": {"b": []}})", " [ ] "}) {
    EXPECT_FALSE(has(empty)) << empty;
  }
  for (const std::string_view full : {"0", R"("")", "false", "[0]", R"([""])", R"({"a": false})"}) {
    EXPECT_TRUE(has(full)) << full;
  }
}

TEST(JsonPath, SurvivesEveryCutAndFlippedByte) {
  const std::string json =
      R"({"a": {"b": [1, -2.5e3, "x\u00e9\"y", true, null, {"c": []}]}, "k\n": [[[]]], "z": 18446744073709551615})";
  JsonPathTree tree;
  tree.Add(Path({"a", "b", 2}));
  tree.Add(Path({"a", "b", 5, "c"}));
  tree.Add(Path({"z"}));
  tree.Add({});
  std::vector<JsonValue> values(tree.num_paths());
  std::string scratch;
  const auto walk = [&](std::string_view text) {
    // A copy of its own size, so that a sanitizer sees a read past the end.
    const std::vector<char> copy(text.begin(), text.end());
    tree.Find({copy.data(), copy.size()}, values.data(), 1);
    for (const JsonValue& value : values) {
      JsonHasContent(value);
      if (value.type == JsonType::kString) JsonText(value, scratch);
      if (value.type == JsonType::kArray) {
        ForEachJsonElement(value.text, [](const JsonValue&) { return true; });
      }
    }
  };
  for (size_t cut = 0; cut <= json.size(); ++cut) walk(std::string_view(json).substr(0, cut));
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = json;
    for (uint32_t flips = 1 + random() % 4; flips > 0; --flips) {
      constexpr std::string_view kBytes = "{}[]\",:\\u019.-etfn \0x";
      damaged[random() % damaged.size()] = kBytes[random() % kBytes.size()];
    }
    walk(damaged);
  }
}

}  // namespace
}  // namespace elanus::expr
