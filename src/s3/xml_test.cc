#include "s3/xml.h"

#include <gtest/gtest.h>

#include <random>

namespace elanus::s3 {
namespace {

TEST(Xml, ReadsWhatStoresAnswer) {
  const auto root = ParseXml(
      "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c -->"
      "<s3:ListBucketResult xmlns:s3='http://s3.amazonaws.com/doc/2006-03-01/'>"
      "<Name>b</Name><IsTruncated>false</IsTruncated>"
      "<Contents><Key>a&amp;b&#x41;&#233;</Key><Size>3</Size></Contents>"
      "<Contents ><Key><![CDATA[<raw>]]></Key><Owner/></Contents>"
      "</s3:ListBucketResult>\n");
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(root->name, "ListBucketResult");
  EXPECT_EQ(root->Text("Name"), "b");
  EXPECT_EQ(root->Text("Absent"), "");
  ASSERT_EQ(root->children.size(), 4u);
  EXPECT_EQ(root->children[2].Text("Key"), "a&bA\xc3\xa9");
  EXPECT_EQ(root->children[3].Text("Key"), "<raw>");
  EXPECT_NE(root->children[3].Find("Owner"), nullptr);
}

TEST(Xml, RefusesWhatIsNotWellFormed) {
  std::string deep, closing;
  for (int i = 0; i < 100; ++i) deep += "<a>", closing += "</a>";
  for (const std::string& bytes :
       {std::string(""), std::string("x"), std::string("<a>"), std::string("<a></b>"),
        std::string("<a b></a>"), std::string("<a b=c></a>"), std::string("<a b='c></a>"),
        std::string("<a/><b/>"), std::string("<a>&nbsp;</a>"), std::string("<a>&#0;</a>"),
        std::string("<a>&#xd800;</a>"), std::string("<a>&#99999999;</a>"),
        std::string("<a>&amp</a>"), std::string("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"),
        std::string("<a><![CDATA[x</a>"), deep + closing}) {
    EXPECT_FALSE(ParseXml(bytes).ok()) << bytes;
  }
}

// What is escaped comes back, and a cut anywhere is an error.
TEST(Xml, EscapesAndReadsBackAnyText) {
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (size_t i = random() % 30; i > 0; --i)
      text.push_back(static_cast<char>(random() % 127 + 1));
    const std::string bytes = "<k>" + XmlEscape(text) + "</k>";
    const auto root = ParseXml(bytes);
    ASSERT_TRUE(root.ok()) << root.status();
    EXPECT_EQ(root->text, text);
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      EXPECT_FALSE(ParseXml(std::string_view(bytes).substr(0, cut)).ok());
    }
  }
}

}  // namespace
}  // namespace elanus::s3
