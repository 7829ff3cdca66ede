// What the proxy counts of finished reads and writes, by collection.
#pragma once

#include <cstdint>
#include <string>

#include "proxy/proxy_context.h"

namespace elanus::proxy {

enum class Mutation { kInsert, kUpsert, kDelete };

// Times a request from its making on. Threads: one request's.
class RequestTimer {
 public:
  RequestTimer(const ProxyContext& proxy, const CallContext& call, const std::string& database,
               const std::string& collection);

  // The write succeeded with so many rows.
  void Mutated(Mutation mutation, int64_t rows) const;
  // The search succeeded. A slow one is logged with its plan.
  void Searched(const roles::SearchRequest& search, const roles::SearchResult& result) const;
  // The query succeeded.
  void Queried() const;

 private:
  double ElapsedMs() const;
  // Whether it was slow.
  bool Read(const char* query_type, int64_t num_queries) const;

  const ProxyContext& proxy_;
  const std::string database_;
  const std::string& collection_;
  const uint64_t begin_ns_;
};

}  // namespace elanus::proxy
