// What every object store does; each store's test runs it over an empty one.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/object_store.h"

namespace elanus::storage {

inline absl::Status PutBytes(ObjectStore& store, const std::string& key, std::string_view bytes) {
  return store.Put(key, {&bytes, 1});
}

// The object's bytes, or "code N".
inline std::string GetBytes(ObjectStore& store, const std::string& key) {
  const auto object = store.Get(key);
  if (!object.ok()) return fmt::format("code {}", static_cast<int>(CodeOf(object.status())));
  const auto data = (*object)->data();
  return std::string(data.begin(), data.end());
}

inline std::vector<std::string> KeysBelow(ObjectStore& store, const std::string& prefix) {
  const auto found = store.List(prefix);
  EXPECT_TRUE(found.ok()) << found.status();
  std::vector<std::string> keys;
  if (!found.ok()) return keys;
  for (const FileInfo& info : *found) keys.push_back(info.name);
  return keys;
}

inline void ExpectGivesBackWhatWasPut(ObjectStore& store) {
  const std::string_view parts[] = {"ab", "", "cd"};
  ASSERT_TRUE(store.Put("a/1/x", parts).ok());
  EXPECT_EQ(GetBytes(store, "a/1/x"), "abcd");
  ASSERT_TRUE(PutBytes(store, "a/1/x", "again").ok());
  EXPECT_EQ(GetBytes(store, "a/1/x"), "again");
  EXPECT_EQ(GetBytes(store, "a/1/y"), "code 1000");
  ASSERT_TRUE(PutBytes(store, "empty", "").ok());
  EXPECT_EQ(GetBytes(store, "empty"), "");
  const auto blocks = store.OpenBlocks("a/1/x");
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_EQ((*blocks)->size(), 5u);
  std::vector<uint8_t> bytes(3);
  const BlockReader::Read read = {1, bytes};
  ASSERT_TRUE((*blocks)->ReadAll({&read, 1}).ok());
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "gai");
  EXPECT_EQ(CodeOf(store.OpenBlocks("a/1/y").status()), ErrorCode::kIoKeyNotFound);
}

inline void ExpectPutsIfAbsent(ObjectStore& store) {
  auto put = store.PutIfAbsent("once", "first");
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_TRUE(*put);
  put = store.PutIfAbsent("once", "second");
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_FALSE(*put);
  EXPECT_EQ(GetBytes(store, "once"), "first");
}

inline void ExpectListsAndRemovesByWholeComponents(ObjectStore& store) {
  for (const char* key : {"a/1/x", "a/1/y", "a/12/x", "b"}) {
    ASSERT_TRUE(PutBytes(store, key, key).ok());
  }
  using List = std::vector<std::string>;
  EXPECT_EQ(KeysBelow(store, ""), (List{"a/1/x", "a/1/y", "a/12/x", "b"}));
  EXPECT_EQ(KeysBelow(store, "a/1"), (List{"a/1/x", "a/1/y"}));
  EXPECT_EQ(KeysBelow(store, "a/1/"), (List{"a/1/x", "a/1/y"}));
  EXPECT_EQ(KeysBelow(store, "a/1/x"), (List{"a/1/x"}));
  EXPECT_EQ(KeysBelow(store, "nowhere/at/all"), List{});
  ASSERT_TRUE(store.RemovePrefix("a/1").ok());
  ASSERT_TRUE(store.Remove("b").ok());
  ASSERT_TRUE(store.Remove("b").ok());
  ASSERT_TRUE(store.RemovePrefix("nowhere/at/all").ok());
  EXPECT_EQ(KeysBelow(store, ""), (List{"a/12/x"}));
  for (const char* key : {"a/2", "a/3"}) ASSERT_TRUE(PutBytes(store, key, key).ok());
  const std::string keys[] = {"a/2", "gone", "a/12/x"};
  ASSERT_TRUE(store.RemoveAll(keys).ok());
  EXPECT_EQ(KeysBelow(store, ""), (List{"a/3"}));
}

inline void ExpectRefusesKeysThatLeaveTheStore(ObjectStore& store) {
  for (const std::string& key :
       {std::string(""), std::string("/etc/passwd"), std::string("../x"), std::string("a/../../x"),
        std::string("a/./x"), std::string("a//x"), std::string("a/"), std::string(".tmp/x"),
        std::string("a\\b"), std::string("a\0b", 3), std::string("a\nb"), std::string(2000, 'k'),
        std::string(300, 'k') + "/x"}) {
    EXPECT_EQ(CodeOf(PutBytes(store, key, "x")), ErrorCode::kParameterInvalid) << key;
    EXPECT_EQ(CodeOf(store.PutIfAbsent(key, "x").status()), ErrorCode::kParameterInvalid) << key;
    EXPECT_EQ(CodeOf(store.Get(key).status()), ErrorCode::kParameterInvalid) << key;
    EXPECT_EQ(CodeOf(store.OpenBlocks(key).status()), ErrorCode::kParameterInvalid) << key;
    EXPECT_EQ(CodeOf(store.Remove(key)), ErrorCode::kParameterInvalid) << key;
    EXPECT_EQ(CodeOf(store.RemoveAll({&key, 1})), ErrorCode::kParameterInvalid) << key;
  }
  EXPECT_EQ(CodeOf(store.RemovePrefix("")), ErrorCode::kParameterInvalid);
  EXPECT_EQ(CodeOf(store.RemovePrefix("..")), ErrorCode::kParameterInvalid);
  EXPECT_FALSE(store.List("../x").ok());
}

}  // namespace elanus::storage
