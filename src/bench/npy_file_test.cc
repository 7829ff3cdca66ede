#include "bench/npy_file.h"

#include <gtest/gtest.h>

#include <cstring>

namespace elanus::bench {
namespace {

std::string File(const std::string& header, const std::string& data) {
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size());
  file += '\0';
  return file + header + data;
}
std::string Header(const std::string& descr, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
}

TEST(NpyFile, ReadsAMatrixOfEachType) {
  for (const auto& [descr, width] :
       {std::pair{"<f4", 4}, {"<f2", 2}, {"|i1", 1}, {"|u1", 1}, {"<i4", 4}, {"<i8", 8}}) {
    const auto matrix = ParseNpy(File(Header(descr, "(2, 3)"), std::string(6 * width, 'x')), "f");
    ASSERT_TRUE(matrix.ok()) << matrix.status();
    EXPECT_EQ(matrix->num_rows, 2);
    EXPECT_EQ(matrix->num_columns, 3);
    EXPECT_EQ(matrix->data.size(), 6u * width);
  }
}

TEST(NpyFile, RefusesWhatIsNoMatrix) {
  const std::string good = File(Header("|i1", "(2, 3)"), "123456");
  ASSERT_TRUE(ParseNpy(good, "f").ok());
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(ParseNpy(good.substr(0, size), "f").ok()) << size;
  }
  EXPECT_FALSE(ParseNpy(good + "7", "f").ok());
  for (const char* shape : {"(6,)", "(2, 3, 1)", "()", "(-2, 3)", "(2, x)", "6", "(99999999999, 9)",
                            "(9223372036854775807, 9223372036854775807)"}) {
    EXPECT_FALSE(ParseNpy(File(Header("|i1", shape), "123456"), "f").ok()) << shape;
  }
  EXPECT_FALSE(ParseNpy(File(Header(">f4", "(1, 1)"), "1234"), "f").ok());
  EXPECT_FALSE(
      ParseNpy(File("{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3)}", "123456"), "f")
          .ok());
  EXPECT_FALSE(ReadNpy("/nowhere/at.npy").ok());
}

}  // namespace
}  // namespace elanus::bench
