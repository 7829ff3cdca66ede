import com.google.gson.JsonObject;
import io.milvus.v2.client.ConnectConfig;
import io.milvus.v2.client.MilvusClientV2;
import io.milvus.v2.common.ConsistencyLevel;
import io.milvus.v2.common.DataType;
import io.milvus.v2.common.IndexParam;
import io.milvus.v2.service.collection.request.AddFieldReq;
import io.milvus.v2.service.collection.request.CreateCollectionReq;
import io.milvus.v2.service.collection.request.DescribeCollectionReq;
import io.milvus.v2.service.collection.request.DropCollectionReq;
import io.milvus.v2.service.collection.request.GetLoadStateReq;
import io.milvus.v2.service.collection.request.HasCollectionReq;
import io.milvus.v2.service.collection.request.LoadCollectionReq;
import io.milvus.v2.service.collection.request.ReleaseCollectionReq;
import io.milvus.v2.service.index.request.CreateIndexReq;
import io.milvus.v2.service.index.request.ListIndexesReq;
import io.milvus.v2.service.utility.request.FlushReq;
import io.milvus.v2.service.vector.request.DeleteReq;
import io.milvus.v2.service.vector.request.InsertReq;
import io.milvus.v2.service.vector.request.QueryReq;
import io.milvus.v2.service.vector.request.SearchReq;
import io.milvus.v2.service.vector.request.UpsertReq;
import io.milvus.v2.service.vector.request.data.FloatVec;
import io.milvus.v2.service.vector.response.SearchResp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One walk through the Java SDK: connect, create, insert, index, load, search, filtered query, upsert,
 * delete, drop. Prints {@code ok} and exits 0, or says what differed and exits 1.
 *
 * <p>usage: ClientTest HOST:PORT
 */
public final class ClientTest {
  private static final String NAME = "java_client_test";
  private static final int DIM = 8;

  private static void equal(String what, Object found, Object expected) {
    if (!Objects.equals(found, expected)) {
      throw new IllegalStateException(what + ": found " + found + ", expected " + expected);
    }
  }

  private static List<Float> vector(long id) {
    return Collections.nCopies(DIM, (float) id);
  }

  private static JsonObject row(long id, String word) {
    JsonObject row = new JsonObject();
    row.addProperty("id", id);
    com.google.gson.JsonArray values = new com.google.gson.JsonArray();
    vector(id).forEach(values::add);
    row.add("vector", values);
    row.addProperty("word", word);
    row.addProperty("extra", id * 2);
    return row;
  }

  private static List<Long> keys(List<SearchResp.SearchResult> hits) {
    return hits.stream().map(hit -> (Long) hit.getId()).toList();
  }

  private static void walk(MilvusClientV2 client) {
    if (client.getServerVersion().isEmpty()) {
      throw new IllegalStateException("no version");
    }
    equal("health", client.checkHealth().getIsHealthy(), true);
    client.dropCollection(DropCollectionReq.builder().collectionName(NAME).build());
    HasCollectionReq has = HasCollectionReq.builder().collectionName(NAME).build();
    equal("has before create", client.hasCollection(has), false);

    CreateCollectionReq.CollectionSchema schema = CreateCollectionReq.CollectionSchema.builder().enableDynamicField(true).build();
    schema.addField(AddFieldReq.builder().fieldName("id").dataType(DataType.Int64).isPrimaryKey(true).autoID(false).build());
    schema.addField(AddFieldReq.builder().fieldName("vector").dataType(DataType.FloatVector).dimension(DIM).build());
    schema.addField(AddFieldReq.builder().fieldName("word").dataType(DataType.VarChar).maxLength(20).build());
    schema.addField(AddFieldReq.builder().fieldName("maybe").dataType(DataType.Int64).isNullable(true).build());
    client.createCollection(CreateCollectionReq.builder().collectionName(NAME).collectionSchema(schema)
        .consistencyLevel(ConsistencyLevel.STRONG).build());
    equal("has after create", client.hasCollection(has), true);
    equal("fields", client.describeCollection(DescribeCollectionReq.builder().collectionName(NAME).build()).getFieldNames(),
        Arrays.asList("id", "vector", "word", "maybe"));

    List<JsonObject> rows = new ArrayList<>();
    for (long id = 0; id < 200; ++id) {
      rows.add(row(id, "w" + id % 5));
    }
    equal("inserted", client.insert(InsertReq.builder().collectionName(NAME).data(rows).build()).getInsertCnt(), 200L);

    client.createIndex(CreateIndexReq.builder().collectionName(NAME).indexParams(List.of(IndexParam.builder()
        .fieldName("vector").indexType(IndexParam.IndexType.HNSW).metricType(IndexParam.MetricType.L2)
        .extraParams(Map.of("M", 8, "efConstruction", 64)).build())).build());
    equal("indexes", client.listIndexes(ListIndexesReq.builder().collectionName(NAME).build()), List.of("vector"));
    client.loadCollection(LoadCollectionReq.builder().collectionName(NAME).build());
    equal("loaded", client.getLoadState(GetLoadStateReq.builder().collectionName(NAME).build()), true);

    List<SearchResp.SearchResult> found = client.search(SearchReq.builder().collectionName(NAME).annsField("vector")
        .data(List.of(new FloatVec(vector(42)))).limit(5).outputFields(List.of("word", "extra"))
        .searchParams(Map.of("ef", 64)).build()).getSearchResults().get(0);
    equal("hits", found.size(), 5);
    equal("best hit", found.get(0).getId(), 42L);
    equal("its word", found.get(0).getEntity().get("word"), "w2");

    List<SearchResp.SearchResult> filtered = client.search(SearchReq.builder().collectionName(NAME).annsField("vector")
        .data(List.of(new FloatVec(vector(0)))).limit(50).filter("word == \"w3\" and extra < 40").build())
        .getSearchResults().get(0);
    equal("filtered hits", keys(filtered), List.of(3L, 8L, 13L, 18L));

    List<Object> queried = client.query(QueryReq.builder().collectionName(NAME).filter("id in [1, 2] or extra == 14")
        .outputFields(List.of("id", "word", "maybe")).build()).getQueryResults().stream()
        .map(result -> result.getEntity().get("id")).toList();
    equal("queried keys", queried, List.of(1L, 2L, 7L));

    client.upsert(UpsertReq.builder().collectionName(NAME).data(List.of(row(1, "changed"))).build());
    equal("upserted word", client.query(QueryReq.builder().collectionName(NAME).filter("id == 1")
        .outputFields(List.of("word")).build()).getQueryResults().get(0).getEntity().get("word"), "changed");

    client.delete(DeleteReq.builder().collectionName(NAME).ids(List.of(5L, 6L)).build());
    client.delete(DeleteReq.builder().collectionName(NAME).filter("word == \"w4\"").build());
    equal("count", client.query(QueryReq.builder().collectionName(NAME).filter("").outputFields(List.of("count(*)")).build())
        .getQueryResults().get(0).getEntity().get("count(*)"), 200L - 2 - 40);

    client.flush(FlushReq.builder().collectionNames(List.of(NAME)).build());
    try {
      client.search(SearchReq.builder().collectionName(NAME).annsField("vector")
          .data(List.of(new FloatVec(List.of(1f, 2f)))).limit(1).build());
      throw new IllegalStateException("a wrong dimension was taken");
    } catch (io.milvus.v2.exception.MilvusClientException expected) {
      // The server said no.
    }
    client.releaseCollection(ReleaseCollectionReq.builder().collectionName(NAME).build());
    client.dropCollection(DropCollectionReq.builder().collectionName(NAME).build());
    equal("has after drop", client.hasCollection(has), false);
  }

  public static void main(String[] arguments) {
    String address = arguments.length > 0 ? arguments[0] : "127.0.0.1:19530";
    MilvusClientV2 client = new MilvusClientV2(ConnectConfig.builder().uri("http://" + address).build());
    try {
      walk(client);
      client.close();
    } catch (RuntimeException failure) {
      failure.printStackTrace();
      System.exit(1);
    }
    System.out.println("ok");
    System.exit(0);
  }
}
