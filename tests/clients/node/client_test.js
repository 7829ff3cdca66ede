// One walk through the Node SDK: connect, create, insert, index, load, search, filtered query, upsert,
// range search, iterator, groups, delete, drop. Prints `ok` and exits 0, or says what differed and exits 1.
//
// usage: node client_test.js HOST:PORT

'use strict';

const assert = require('node:assert/strict');
const { MilvusClient, DataType, ConsistencyLevelEnum } = require('@zilliz/milvus2-sdk-node');

const NAME = 'node_client_test';
const DIM = 8;

const row = (id, extra = {}) => ({
  id,
  vector: Array.from({ length: DIM }, () => id),
  word: `w${id % 5}`,
  tags: [id, id + 1],
  doc: { n: id },
  extra: id * 2,
  ...extra,
});

// The SDK reports failures in the answer; an unimplemented method even comes as an empty success.
function succeeded(answer, what) {
  const status = answer.status || answer;
  assert.equal(status.error_code, 'Success', `${what}: ${JSON.stringify(status)}`);
  return answer;
}

async function main(address) {
  const client = new MilvusClient({ address, timeout: 20000 });
  await client.connectPromise;
  assert.ok((await client.getVersion()).version);
  assert.equal((await client.checkHealth()).isHealthy, true);

  await client.dropCollection({ collection_name: NAME });
  assert.equal((await client.hasCollection({ collection_name: NAME })).value, false);
  succeeded(await client.createCollection({
    collection_name: NAME,
    consistency_level: ConsistencyLevelEnum.Strong,
    enable_dynamic_field: true,
    fields: [
      { name: 'id', data_type: DataType.Int64, is_primary_key: true },
      { name: 'vector', data_type: DataType.FloatVector, dim: DIM },
      { name: 'word', data_type: DataType.VarChar, max_length: 20 },
      { name: 'tags', data_type: DataType.Array, element_type: DataType.Int64, max_capacity: 4 },
      { name: 'doc', data_type: DataType.JSON, nullable: true },
    ],
  }), 'createCollection');
  assert.equal((await client.hasCollection({ collection_name: NAME })).value, true);
  const described = succeeded(await client.describeCollection({ collection_name: NAME }), 'describe');
  assert.deepEqual(described.schema.fields.map((f) => f.name), ['id', 'vector', 'word', 'tags', 'doc']);

  const rows = Array.from({ length: 200 }, (_, id) => row(id));
  const inserted = succeeded(await client.insert({ collection_name: NAME, data: rows }), 'insert');
  assert.equal(Number(inserted.insert_cnt), 200);

  succeeded(await client.createIndex({
    collection_name: NAME, field_name: 'vector', index_type: 'HNSW', metric_type: 'L2',
    params: { M: 8, efConstruction: 64 },
  }), 'createIndex');
  const index = succeeded(await client.describeIndex({ collection_name: NAME }), 'describeIndex');
  assert.equal(index.index_descriptions[0].field_name, 'vector');
  succeeded(await client.loadCollectionSync({ collection_name: NAME }), 'load');
  assert.equal((await client.getLoadState({ collection_name: NAME })).state, 'LoadStateLoaded');

  const found = succeeded(await client.search({
    collection_name: NAME, data: rows[42].vector, anns_field: 'vector', limit: 5,
    params: { ef: 64 }, output_fields: ['id', 'word', 'extra'],
  }), 'search');
  assert.equal(found.results.length, 5);
  assert.equal(Number(found.results[0].id), 42);
  assert.equal(found.results[0].word, 'w2');
  assert.equal(Number(found.results[0].extra), 84);

  const filtered = succeeded(await client.search({
    collection_name: NAME, data: rows[42].vector, limit: 50, filter: 'word == "w3" and extra < 100',
  }), 'filtered search');
  assert.deepEqual(filtered.results.map((r) => Number(r.id)).sort((a, b) => a - b), [3, 8, 13, 18, 23, 28, 33, 38, 43, 48]);

  const ranged = succeeded(await client.search({
    collection_name: NAME, data: rows[42].vector, limit: 50,
    params: { ef: 200, radius: found.results[4].score, range_filter: found.results[1].score },
  }), 'range search');
  assert.deepEqual(ranged.results.map((r) => Number(r.id)).sort((a, b) => a - b), [41, 43]);

  const paged = [];
  const pages = await client.searchIterator({
    collection_name: NAME, data: rows[42].vector, batchSize: 30, params: { ef: 200 }, output_fields: ['id'],
  });
  for await (const page of pages) paged.push(...page);
  assert.equal(new Set(paged.map((r) => r.id)).size, 200);
  assert.equal(paged.length, 200);

  const grouped = succeeded(await client.search({
    collection_name: NAME, data: rows[42].vector, limit: 5, group_by_field: 'word', group_size: 3, strict_group_size: true,
    output_fields: ['word'],
  }), 'grouping search');
  assert.equal(grouped.results.length, 15);
  assert.equal(new Set(grouped.results.map((r) => r.word)).size, 5);

  const queried = succeeded(await client.query({
    collection_name: NAME, filter: 'id in [1, 2] or doc["n"] == 7', output_fields: ['word', 'tags', 'doc'],
  }), 'query');
  assert.deepEqual(queried.data.map((r) => Number(r.id)), [1, 2, 7]);
  assert.deepEqual(queried.data[2].tags.map(Number), [7, 8]);
  assert.deepEqual(queried.data[2].doc, { n: 7 });

  succeeded(await client.upsert({ collection_name: NAME, data: [row(1, { word: 'changed' })] }), 'upsert');
  const changed = await client.query({ collection_name: NAME, filter: 'id == 1', output_fields: ['word'] });
  assert.equal(changed.data[0].word, 'changed');

  succeeded(await client.delete({ collection_name: NAME, ids: [5, 6] }), 'delete by ids');
  succeeded(await client.delete({ collection_name: NAME, filter: 'word == "w4"' }), 'delete by filter');
  const counted = await client.count({ collection_name: NAME });
  assert.equal(Number(counted.data), 200 - 2 - 40);

  succeeded(await client.flushSync({ collection_names: [NAME] }), 'flush');
  const refused = await client.search({ collection_name: NAME, data: [1, 2, 3], limit: 1 }).catch((e) => e);
  assert.ok(refused instanceof Error || refused.status.error_code !== 'Success', 'a wrong dimension was taken');

  succeeded(await client.releaseCollection({ collection_name: NAME }), 'release');
  succeeded(await client.dropCollection({ collection_name: NAME }), 'drop');
  assert.equal((await client.hasCollection({ collection_name: NAME })).value, false);
  await client.closeConnection();
  console.log('ok');
}

main(process.argv[2] || '127.0.0.1:19530').then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
