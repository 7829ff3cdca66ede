#include "proxy/rpc_table.h"

#include "proxy/rpc_rows.h"

namespace elanus::proxy {

std::vector<RpcRow> MakeRpcTable(ProxyContext& proxy) {
  std::vector<RpcRow> rows;
  AddConnectRows(proxy, rows);
  AddDatabaseRows(proxy, rows);
  AddCollectionRows(proxy, rows);
  AddPartitionRows(proxy, rows);
  AddAliasRows(proxy, rows);
  AddIndexRows(proxy, rows);
  AddLoadRows(proxy, rows);
  AddInsertRows(proxy, rows);
  AddUpsertRows(proxy, rows);
  AddDeleteRows(proxy, rows);
  AddSearchRows(proxy, rows);
  AddQueryRows(proxy, rows);
  AddFlushRows(proxy, rows);
  AddSegmentRows(proxy, rows);
  AddResourceGroupRows(proxy, rows);
  AddSnapshotRows(proxy, rows);
  AddTextRows(proxy, rows);
  return rows;
}

}  // namespace elanus::proxy
