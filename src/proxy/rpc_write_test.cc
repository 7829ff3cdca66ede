// Insert, Upsert and Delete through the table: what they hand to the data node and what they
// answer.
#include "proxy/rpc_call_test.h"
#include "schema/array_value.h"

namespace elanus::proxy {
namespace {

using milvus_pb::DeleteRequest;
using milvus_pb::InsertRequest;
using milvus_pb::MutationResult;
using milvus_pb::UpsertRequest;

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

class WriteTest : public RpcTest {
 protected:
  std::string InsertError(const InsertRequest& request) {
    const auto result = Call<MutationResult>("Insert", request);
    EXPECT_NE(result.status().code(), 0);
    EXPECT_NE(result.status().error_code(), common_pb::Success);
    EXPECT_EQ(result.err_index_size(), static_cast<int>(request.num_rows()));
    return result.status().reason();
  }
  UpsertRequest UpsertOf(const InsertRequest& insert) {
    UpsertRequest request;
    request.set_collection_name(insert.collection_name());
    request.set_num_rows(insert.num_rows());
    *request.mutable_fields_data() = insert.fields_data();
    return request;
  }
  const schema::RowBatch& Stored() { return server_.query_node.Rows(FakeBooks()); }
  std::string TextOf(int64_t field, int64_t row) {
    return std::string(Stored().Find(FieldId(field))->View().Bytes(row));
  }
};

TEST_F(WriteTest, InsertAnswersKeysInRowOrder) {
  AddBooks();
  const auto result = Call<MutationResult>("Insert", ThreeBooks());
  EXPECT_TRUE(result.has_status());
  EXPECT_EQ(result.status().code(), 0) << result.status().reason();
  EXPECT_TRUE(result.status().extra_info().empty());
  ASSERT_EQ(result.ids().int_id().data_size(), 3);
  EXPECT_EQ(result.ids().int_id().data(0), 3);
  EXPECT_EQ(result.insert_cnt(), 3);
  EXPECT_EQ(result.upsert_cnt(), 0);
  EXPECT_EQ(result.succ_index_size(), 3);
  EXPECT_EQ(result.timestamp(), 4242u);
  ASSERT_EQ(server_.data_node.written.size(), 1u);
  EXPECT_EQ(server_.data_node.written[0].inserts[0].partition, PartitionId(20));
}

TEST_F(WriteTest, InsertFillsWhatIsMissing) {
  meta::Collection books = FakeBooks();
  books.schema.fields[1].nullable = true;
  server_.coordinator.Add(books);
  InsertRequest request = ThreeBooks();
  request.mutable_fields_data()->DeleteSubrange(1, 1);
  request.mutable_fields_data()->RemoveLast();
  EXPECT_EQ(Call<MutationResult>("Insert", request).status().reason(), "");
  EXPECT_FALSE(Stored().Find(FieldId(101))->View().IsValid(0));
  EXPECT_EQ(TextOf(103, 0), "{}");
}

TEST_F(WriteTest, InsertGivesAutoIdsAndRefusesKeysThen) {
  meta::Collection books = FakeBooks();
  books.schema.fields[0].auto_id = true;
  server_.coordinator.Add(books);
  EXPECT_HAS(InsertError(ThreeBooks()),
             "can not assign primary field data when auto id enabled and allow_insert_auto_id is "
             "false id");
  InsertRequest request = ThreeBooks();
  request.mutable_fields_data()->DeleteSubrange(0, 1);
  const auto result = Call<MutationResult>("Insert", request);
  EXPECT_EQ(result.status().reason(), "");
  EXPECT_EQ(result.ids().int_id().data(2), result.ids().int_id().data(0) + 2);
  books.properties = {{"allow_insert_auto_id", "true"}};
  server_.coordinator.Add(books);
  EXPECT_EQ(Call<MutationResult>("Insert", ThreeBooks()).ids().int_id().data(0), 3);
}

TEST_F(WriteTest, InsertErrorsAreInTheClientsWords) {
  AddBooks();
  InsertRequest request = ThreeBooks();
  request.set_collection_name("nothing");
  EXPECT_HAS(InsertError(request), "collection not found[database=default][collection=nothing]");
  request = ThreeBooks();
  request.set_num_rows(0);
  EXPECT_HAS(InsertError(request), "num_rows should be greater than 0");
  request = ThreeBooks();
  request.set_num_rows(2);
  EXPECT_HAS(InsertError(request),
             "the num_rows (3) of field (id) is not equal to passed num_rows "
             "(2)");
  request = ThreeBooks();
  AddLongs(request.mutable_fields_data(), "id", {1, 2, 3});
  EXPECT_HAS(InsertError(request), "duplicated field id found");
  request = ThreeBooks();
  AddLongs(request.mutable_fields_data(), "more", {1, 2, 3});
  EXPECT_HAS(InsertError(request), "more fieldData has pass in");
  request = ThreeBooks();
  request.mutable_fields_data()->DeleteSubrange(2, 1);
  EXPECT_HAS(InsertError(request), "fieldSchema(vec) has no corresponding fieldData pass in");
  request = ThreeBooks();
  request.set_partition_name("nothing");
  EXPECT_HAS(InsertError(request), "partition not found[partition=nothing]");
  request = ThreeBooks();
  request.clear_fields_data();
  EXPECT_HAS(InsertError(request), "has no corresponding fieldData pass in");
  EXPECT_TRUE(server_.data_node.written.empty());
}

TEST_F(WriteTest, ADynamicColumnNeedsADynamicSchema) {
  meta::Collection books = FakeBooks();
  books.schema.fields.pop_back();
  server_.coordinator.Add(books);
  EXPECT_HAS(InsertError(ThreeBooks()),
             "without dynamic schema enabled, the field name cannot be set to $meta");
}

TEST_F(WriteTest, ADynamicKeyNamedLikeAFieldIsRefusedOnInsert) {
  AddBooks();
  InsertRequest request = ThreeBooks();
  request.mutable_fields_data(3)->mutable_scalars()->mutable_json_data()->set_data(
      1, R"({"title": 1})");
  EXPECT_HAS(InsertError(request),
             "dynamic field name cannot include the static field name: title");
}

TEST_F(WriteTest, AStaleSchemaIsAMismatchForBothKindsOfClients) {
  const auto books = AddBooks();
  InsertRequest request = ThreeBooks();
  request.set_schema_timestamp(books->updated.value());
  EXPECT_EQ(Call<MutationResult>("Insert", request).status().code(), 0);
  request.set_schema_timestamp(books->updated.value() - 1);
  const auto result = Call<MutationResult>("Insert", request);
  EXPECT_EQ(result.status().code(), 109);
  EXPECT_EQ(result.status().error_code(), common_pb::SchemaMismatch);
  EXPECT_EQ(result.status().reason(), "collection schema mismatch[collection=books]");
}

TEST_F(WriteTest, UpsertReplacesRowsUnderOneWrite) {
  AddBooks();
  Call<MutationResult>("Insert", ThreeBooks());
  const auto result = Call<MutationResult>("Upsert", UpsertOf(ThreeBooks()));
  EXPECT_EQ(result.status().reason(), "");
  EXPECT_EQ(result.upsert_cnt(), 3);
  EXPECT_EQ(result.insert_cnt(), 3);
  EXPECT_EQ(result.delete_cnt(), 3);
  EXPECT_EQ(server_.data_node.written.back().deleted_keys.num_rows(), 3);
  EXPECT_EQ(Stored().num_rows, 3);
}

TEST_F(WriteTest, UpsertNeedsDistinctKeys) {
  AddBooks();
  UpsertRequest request = UpsertOf(ThreeBooks());
  request.mutable_fields_data(0)->mutable_scalars()->mutable_long_data()->set_data(0, 1);
  EXPECT_HAS(Call<MutationResult>("Upsert", request).status().reason(),
             "duplicate primary keys are not allowed in the same batch");
  request.mutable_fields_data()->DeleteSubrange(0, 1);
  EXPECT_HAS(Call<MutationResult>("Upsert", request).status().reason(),
             "must assign pk when upsert");
}

TEST_F(WriteTest, UpsertOfAnAutoIdCollectionDeletesTheOldKeyAndMakesANewOne) {
  meta::Collection books = FakeBooks();
  books.schema.fields[0].auto_id = true;
  server_.coordinator.Add(books);
  const auto result = Call<MutationResult>("Upsert", UpsertOf(ThreeBooks()));
  EXPECT_EQ(result.status().reason(), "");
  EXPECT_GE(result.ids().int_id().data(0), 1000);
  EXPECT_EQ(server_.data_node.written.back().deleted_keys.View().Value<int64_t>(0), 3);
}

TEST_F(WriteTest, APartialUpdateKeepsWhatIsNotSentAndMergesDynamicKeys) {
  AddBooks();
  Call<MutationResult>("Insert", ThreeBooks());
  UpsertRequest request;
  request.set_collection_name("books");
  request.set_partial_update(true);
  request.set_num_rows(2);
  AddLongs(request.mutable_fields_data(), "id", {2, 3});
  AddTexts(request.mutable_fields_data(), "title", {"B", "C"});
  AddDynamic(request.mutable_fields_data(), {R"({"z":1})", R"({"x":4})"});
  EXPECT_EQ(Call<MutationResult>("Upsert", request).status().reason(), "");
  ASSERT_EQ(Stored().num_rows, 3);
  const auto keys = Stored().Find(FieldId(100))->View();
  EXPECT_EQ(keys.Value<int64_t>(1), 2);
  EXPECT_EQ(TextOf(101, 1), "B");
  EXPECT_EQ(Stored().Find(FieldId(102))->View().Values<float>()[2], 2.0f) << "kept";
  EXPECT_EQ(TextOf(103, 1), R"({"x":"two","z":1})");
  EXPECT_EQ(TextOf(103, 2), R"({"x":4,"y":[1,2]})");
}

TEST_F(WriteTest, APartialUpdateOfAnUnknownKeyNeedsAllRequiredFields) {
  AddBooks();
  UpsertRequest request;
  request.set_collection_name("books");
  request.set_partial_update(true);
  request.set_num_rows(1);
  AddLongs(request.mutable_fields_data(), "id", {9});
  AddTexts(request.mutable_fields_data(), "title", {"B"});
  EXPECT_HAS(Call<MutationResult>("Upsert", request).status().reason(),
             "fieldSchema(vec) has no corresponding fieldData pass in");
}

TEST_F(WriteTest, ArrayOperationsAppendToAndRemoveFromStoredArrays) {
  meta::Collection books = FakeBooks();
  schema::FieldSchema tags =
      FakeField(104, "tags", schema::DataType::kArray, {{"max_capacity", "4"}});
  tags.element_type = schema::DataType::kInt64;
  tags.nullable = true;
  books.schema.fields.push_back(tags);
  server_.coordinator.Add(books);
  const auto array_column = [](auto* columns, std::initializer_list<int64_t> values) {
    schema_pb::FieldData* column = columns->Add();
    column->set_type(schema_pb::Array);
    column->set_field_name("tags");
    auto* row = column->mutable_scalars()->mutable_array_data()->add_data();
    for (const int64_t value : values) row->mutable_long_data()->add_data(value);
  };
  InsertRequest insert;
  insert.set_collection_name("books");
  insert.set_num_rows(1);
  AddLongs(insert.mutable_fields_data(), "id", {1});
  AddTexts(insert.mutable_fields_data(), "title", {"a"});
  AddFloats(insert.mutable_fields_data(), "vec", 2, {1, 0});
  array_column(insert.mutable_fields_data(), {7, 8});
  ASSERT_EQ(Call<MutationResult>("Insert", insert).status().reason(), "");
  UpsertRequest request;
  request.set_collection_name("books");
  request.set_num_rows(1);
  AddLongs(request.mutable_fields_data(), "id", {1});
  array_column(request.mutable_fields_data(), {8, 9});
  schema_pb::FieldPartialUpdateOp* op = request.add_field_ops();
  op->set_field_name("tags");
  op->set_op(schema_pb::FieldPartialUpdateOp::ARRAY_APPEND);
  ASSERT_EQ(Call<MutationResult>("Upsert", request).status().reason(), "");
  const auto elements = [&] {
    const auto bytes = server_.query_node.Rows(books).Find(FieldId(104))->View().Bytes(0);
    const schema::ArrayView array(schema::DataType::kInt64, bytes);
    std::vector<int64_t> out;
    for (int64_t i = 0; i < array.size(); ++i) out.push_back(array.Int(i));
    return out;
  };
  EXPECT_EQ(elements(), (std::vector<int64_t>{7, 8, 8, 9}));
  EXPECT_HAS(Call<MutationResult>("Upsert", request).status().reason(), "exceeds max capacity");
  op->set_op(schema_pb::FieldPartialUpdateOp::ARRAY_REMOVE);
  ASSERT_EQ(Call<MutationResult>("Upsert", request).status().reason(), "");
  EXPECT_EQ(elements(), (std::vector<int64_t>{7}));
}

TEST_F(WriteTest, DeleteByKeysCountsWhatIsNamedWithoutReading) {
  AddBooks();
  DeleteRequest request;
  request.set_collection_name("books");
  request.set_expr("id in [1, 99]");
  const auto result = Call<MutationResult>("Delete", request);
  EXPECT_EQ(result.status().reason(), "");
  EXPECT_EQ(result.delete_cnt(), 2);
  EXPECT_FALSE(result.has_ids());
  EXPECT_EQ(result.succ_index_size(), 0);
  EXPECT_FALSE(server_.query_node.queried.has_value());
  EXPECT_EQ(server_.data_node.written.back().delete_partition, PartitionId(-1));
}

TEST_F(WriteTest, DeleteByFilterReadsTheKeysFirst) {
  AddBooks();
  Call<MutationResult>("Insert", ThreeBooks());
  DeleteRequest request;
  request.set_collection_name("books");
  request.set_partition_name("old");
  request.set_expr("title like 'a%'");
  const auto result = Call<MutationResult>("Delete", request);
  EXPECT_EQ(result.status().reason(), "");
  EXPECT_EQ(result.delete_cnt(), 3) << "the fake matches every row";
  EXPECT_EQ(server_.query_node.queried->scope.partitions,
            std::vector<PartitionId>{PartitionId(21)});
  EXPECT_EQ(server_.data_node.written.back().delete_partition, PartitionId(21));
}

TEST_F(WriteTest, DeleteOfEverythingAndBadFiltersAreErrors) {
  AddBooks();
  DeleteRequest request;
  request.set_collection_name("books");
  EXPECT_HAS(Call<MutationResult>("Delete", request).status().reason(),
             "delete plan can't be empty or always true");
  request.set_expr("id >");
  const auto result = Call<MutationResult>("Delete", request);
  EXPECT_HAS(result.status().reason(), "failed to create delete plan");
  EXPECT_HAS(result.status().reason(), "cannot parse expression");
  EXPECT_EQ(result.status().code(), 1100);
}

}  // namespace
}  // namespace elanus::proxy
