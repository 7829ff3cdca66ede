// Names of the wire messages, so that headers of this folder need no generated header.
#pragma once

#include <string>

namespace google::protobuf {
template <typename Element>
class RepeatedPtrField;
template <typename Element>
class RepeatedField;
}  // namespace google::protobuf

namespace milvus::proto::common {
class KeyValuePair;
class Status;
}  // namespace milvus::proto::common

namespace milvus::proto::schema {
class CollectionSchema;
class FieldData;
class FieldSchema;
class IDs;
class ScalarField;
class SearchIteratorV2Results;
class SearchResultData;
class StructArrayFieldSchema;
class TemplateValue;
class ValueField;
class VectorArray;
class VectorField;
}  // namespace milvus::proto::schema

namespace milvus::proto::milvus {
class QueryResults;
}  // namespace milvus::proto::milvus

namespace elanus::proxy {

namespace common_pb = ::milvus::proto::common;
namespace schema_pb = ::milvus::proto::schema;
namespace milvus_pb = ::milvus::proto::milvus;

using WireKeyValues = google::protobuf::RepeatedPtrField<common_pb::KeyValuePair>;
using WireColumns = google::protobuf::RepeatedPtrField<schema_pb::FieldData>;
using WireStrings = google::protobuf::RepeatedPtrField<std::string>;

}  // namespace elanus::proxy
