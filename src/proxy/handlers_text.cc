// Text analysis: RunAnalyzer, ComputePhraseMatchSlop.
#include "milvus.pb.h"
#include "proxy/rpc_rows.h"
#include "schema/text_params.h"
#include "text/analyzer.h"
#include "text/match_query.h"
#include "text/multi_analyzer.h"
#include "text/token_hash.h"
#include "text/unicode.h"

namespace elanus::proxy {
namespace {

constexpr size_t kMaxTextBytes = 2 << 20;      // As long as the longest TEXT value.
constexpr size_t kMaxRequestBytes = 16 << 20;  // An answer is some fifty times as large.

template <typename... Args>
absl::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return UserError(ErrorCode::kParameterInvalid, format, std::forward<Args>(args)...);
}

template <typename Texts>
absl::Status CheckTexts(const Texts& texts) {
  size_t sum = 0;
  for (int i = 0; i < texts.size(); ++i) {
    sum += texts[i].size();
    if (texts[i].size() > kMaxTextBytes || sum > kMaxRequestBytes) {
      return Invalid("texts to analyze are longer than {} bytes each or {} together", kMaxTextBytes,
                     kMaxRequestBytes);
    }
    if (!text::IsUtf8(texts[i])) return Invalid("text to analyze is not valid UTF-8: number {}", i);
  }
  return absl::OkStatus();
}

// The analyzer of each text.
using AnalyzerOfText = std::function<const text::Analyzer&(int text)>;

absl::StatusOr<const schema::FieldSchema*> FindTextField(ProxyContext& proxy,
                                                         const meta::Collection& collection,
                                                         const std::string& name) {
  if (proxy.query_node->GetLoadStatus(collection.id, {}).state != roles::LoadState::kLoaded) {
    return UserError(ErrorCode::kCollectionNotLoaded, "collection not loaded[collection={}]",
                     collection.schema.name);
  }
  const schema::FieldSchema* field = collection.schema.Find(name);
  if (field == nullptr) return Invalid("field {} not exist", name);
  if (!schema::EnablesAnalyzer(*field)) return Invalid("field {} does not enable analyzer", name);
  return field;
}

absl::StatusOr<AnalyzerOfText> NamedAnalyzers(const std::string& params,
                                              const milvus_pb::RunAnalyzerRequest& request) {
  absl::StatusOr<text::MultiAnalyzer> parsed = text::MultiAnalyzer::Parse(params);
  ELANUS_RETURN_IF_ERROR(parsed.status());
  const int names = request.analyzer_names_size();
  if (names > 1 && names != request.placeholder_size()) {
    return Invalid("analyzer_names must be one, or one for each text: {} names, {} texts", names,
                   request.placeholder_size());
  }
  auto analyzers = std::make_shared<const text::MultiAnalyzer>(*std::move(parsed));
  return AnalyzerOfText([analyzers, &request, names](int text) -> const text::Analyzer& {
    if (names == 0) return *analyzers->Of("default");
    return *analyzers->Of(request.analyzer_names(names == 1 ? 0 : text));
  });
}

absl::StatusOr<AnalyzerOfText> FieldAnalyzers(ProxyContext& proxy, CallContext& call,
                                              const milvus_pb::RunAnalyzerRequest& request) {
  if (!request.analyzer_params().empty()) {
    return Invalid("run analyzer can't use analyzer params and (collection,field) in same time");
  }
  ELANUS_ASSIGN_OR_RETURN(
      const meta::CollectionPtr collection,
      FindCollection(proxy, call, request.db_name(), request.collection_name()));
  ELANUS_ASSIGN_OR_RETURN(const schema::FieldSchema* field,
                          FindTextField(proxy, *collection, request.field_name()));
  const auto multi = field->type_params.find("multi_analyzer_params");
  if (multi != field->type_params.end()) return NamedAnalyzers(multi->second, request);
  if (request.analyzer_names_size() > 0) {
    return Invalid("analyzer_names are for fields with multi_analyzer_params, field {} has none",
                   field->name);
  }
  ELANUS_ASSIGN_OR_RETURN(text::AnalyzerPtr analyzer,
                          text::SharedAnalyzer(schema::AnalyzerParams(*field)));
  return AnalyzerOfText(
      [analyzer = std::move(analyzer)](int) -> const text::Analyzer& { return *analyzer; });
}

absl::StatusOr<AnalyzerOfText> FindAnalyzers(ProxyContext& proxy, CallContext& call,
                                             const milvus_pb::RunAnalyzerRequest& request) {
  if (!request.collection_name().empty() || !request.field_name().empty()) {
    return FieldAnalyzers(proxy, call, request);
  }
  if (request.analyzer_names_size() > 0) {
    return Invalid("analyzer_names need a collection and a field with multi_analyzer_params");
  }
  ELANUS_ASSIGN_OR_RETURN(text::AnalyzerPtr analyzer,
                          text::ParseAnalyzer(request.analyzer_params()));
  return AnalyzerOfText(
      [analyzer = std::move(analyzer)](int) -> const text::Analyzer& { return *analyzer; });
}

absl::Status RunAnalyzer(ProxyContext& proxy, CallContext& call,
                         const milvus_pb::RunAnalyzerRequest& request,
                         milvus_pb::RunAnalyzerResponse* response) {
  if (request.placeholder_size() == 0) return absl::OkStatus();
  ELANUS_RETURN_IF_ERROR(CheckTexts(request.placeholder()));
  ELANUS_ASSIGN_OR_RETURN(const AnalyzerOfText analyzer_of, FindAnalyzers(proxy, call, request));
  const Cancellation cancellation = CancellationOf(call);
  for (int i = 0; i < request.placeholder_size(); ++i) {
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    milvus_pb::AnalyzerResult* result = response->add_results();
    for (text::Token& token : analyzer_of(i).Analyze(request.placeholder(i))) {
      milvus_pb::AnalyzerToken* out = result->add_tokens();
      if (request.with_hash()) out->set_hash(text::TokenHash(token.text));
      if (request.with_detail()) {
        out->set_start_offset(token.start);
        out->set_end_offset(token.end);
        out->set_position(token.position);
        out->set_position_length(token.position_length);
      }
      out->set_token(std::move(token.text));
    }
  }
  return absl::OkStatus();
}

// For each text whether it has every token of the query, and the least slop with which phrase_match
// finds it; -1 if it does not at all.
absl::Status ComputePhraseMatchSlop(ProxyContext&, CallContext& call,
                                    const milvus_pb::ComputePhraseMatchSlopRequest& request,
                                    milvus_pb::ComputePhraseMatchSlopResponse* response) {
  ELANUS_RETURN_IF_ERROR(CheckTexts(request.data_texts()));
  if (request.query_text().size() > kMaxTextBytes) {
    return Invalid("the query is longer than {} bytes", kMaxTextBytes);
  }
  ELANUS_ASSIGN_OR_RETURN(const text::AnalyzerPtr analyzer,
                          text::ParseAnalyzer(request.analyzer_params()));
  const text::Tokens query = analyzer->Analyze(request.query_text());
  if (query.empty()) return Invalid("the query has no tokens: {}", request.query_text());
  const Cancellation cancellation = CancellationOf(call);
  for (const std::string& text : request.data_texts()) {
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    const std::optional<int64_t> slop = text::LeastSlop(query, analyzer->Analyze(text));
    response->add_is_match(slop.has_value());
    response->add_slops(slop.value_or(-1));
  }
  return absl::OkStatus();
}

}  // namespace

void AddTextRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(Row(proxy, "RunAnalyzer", Pool::kCompute, &RunAnalyzer));
  rows.push_back(Row(proxy, "ComputePhraseMatchSlop", Pool::kCompute, &ComputePhraseMatchSlop));
}

}  // namespace elanus::proxy
