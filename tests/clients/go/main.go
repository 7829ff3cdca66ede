// One walk through the Go SDK: connect, create, insert, index, load, search, filtered query, upsert,
// iterator, groups, delete, drop. Prints `ok` and exits 0, or says what differed and exits 1.
//
// usage: clienttest HOST:PORT
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"time"

	"github.com/milvus-io/milvus/client/v2/column"
	"github.com/milvus-io/milvus/client/v2/entity"
	"github.com/milvus-io/milvus/client/v2/index"
	"github.com/milvus-io/milvus/client/v2/milvusclient"
)

const (
	name = "go_client_test"
	dim  = 8
)

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func equal(what string, found, expected any) {
	if !reflect.DeepEqual(found, expected) {
		panic(fmt.Sprintf("%s: found %v, expected %v", what, found, expected))
	}
}

func vector(id int64) []float32 {
	values := make([]float32, dim)
	for i := range values {
		values[i] = float32(id)
	}
	return values
}

func keys(ids column.Column) []int64 {
	found := []int64{}
	for i := 0; i < ids.Len(); i++ {
		found = append(found, must(ids.GetAsInt64(i)))
	}
	return found
}

func walk(ctx context.Context, address string) {
	client := must(milvusclient.New(ctx, &milvusclient.ClientConfig{Address: address}))
	defer client.Close(ctx)
	if must(client.GetServerVersion(ctx, milvusclient.NewGetServerVersionOption())) == "" {
		panic("no version")
	}
	check(client.DropCollection(ctx, milvusclient.NewDropCollectionOption(name)))
	equal("has before create", must(client.HasCollection(ctx, milvusclient.NewHasCollectionOption(name))), false)

	schema := entity.NewSchema().WithName(name).WithDynamicFieldEnabled(true).
		WithField(entity.NewField().WithName("id").WithDataType(entity.FieldTypeInt64).WithIsPrimaryKey(true)).
		WithField(entity.NewField().WithName("vector").WithDataType(entity.FieldTypeFloatVector).WithDim(dim)).
		WithField(entity.NewField().WithName("word").WithDataType(entity.FieldTypeVarChar).WithMaxLength(20)).
		WithField(entity.NewField().WithName("maybe").WithDataType(entity.FieldTypeInt64).WithNullable(true))
	check(client.CreateCollection(ctx, milvusclient.NewCreateCollectionOption(name, schema).
		WithConsistencyLevel(entity.ClStrong)))
	described := must(client.DescribeCollection(ctx, milvusclient.NewDescribeCollectionOption(name)))
	equal("fields", len(described.Schema.Fields), 4)

	var ids []int64
	var vectors [][]float32
	var words []string
	var extra []int64
	for id := int64(0); id < 200; id++ {
		ids = append(ids, id)
		vectors = append(vectors, vector(id))
		words = append(words, fmt.Sprintf("w%d", id%5))
		extra = append(extra, id*2)
	}
	inserted := must(client.Insert(ctx, milvusclient.NewColumnBasedInsertOption(name).
		WithInt64Column("id", ids).WithFloatVectorColumn("vector", dim, vectors).WithVarcharColumn("word", words).
		WithColumns(column.NewColumnInt64("extra", extra))))
	equal("inserted", inserted.InsertCount, int64(200))

	task := must(client.CreateIndex(ctx, milvusclient.NewCreateIndexOption(name, "vector", index.NewHNSWIndex(entity.L2, 8, 64))))
	check(task.Await(ctx))
	equal("indexes", must(client.ListIndexes(ctx, milvusclient.NewListIndexOption(name))), []string{"vector"})
	loading := must(client.LoadCollection(ctx, milvusclient.NewLoadCollectionOption(name)))
	check(loading.Await(ctx))
	state := must(client.GetLoadState(ctx, milvusclient.NewGetLoadStateOption(name)))
	equal("load state", state.State, entity.LoadStateLoaded)

	found := must(client.Search(ctx, milvusclient.NewSearchOption(name, 5, []entity.Vector{entity.FloatVector(vector(42))}).
		WithOutputFields("word", "extra")))
	equal("hits", found[0].ResultCount, 5)
	equal("best hit", keys(found[0].IDs)[0], int64(42))
	equal("its word", must(found[0].GetColumn("word").GetAsString(0)), "w2")

	filtered := must(client.Search(ctx, milvusclient.NewSearchOption(name, 50, []entity.Vector{entity.FloatVector(vector(0))}).
		WithFilter(`word == "w3" and extra < 40`)))
	equal("filtered hits", keys(filtered[0].IDs), []int64{3, 8, 13, 18})

	iterator := must(client.SearchIterator(ctx, milvusclient.NewSearchIteratorOption(name, entity.FloatVector(vector(42))).
		WithBatchSize(30)))
	paged := map[int64]bool{}
	for {
		page, err := iterator.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		check(err)
		for _, key := range keys(page.IDs) {
			if paged[key] {
				panic("an iterator repeats a row")
			}
			paged[key] = true
		}
	}
	equal("paged hits", len(paged), 200)

	grouped := must(client.Search(ctx, milvusclient.NewSearchOption(name, 5, []entity.Vector{entity.FloatVector(vector(42))}).
		WithGroupByField("word").WithGroupSize(3).WithStrictGroupSize(true)))
	equal("grouped hits", grouped[0].ResultCount, 15)

	queried := must(client.Query(ctx, milvusclient.NewQueryOption(name).
		WithFilter("id in [1, 2] or extra == 14").WithOutputFields("word", "maybe")))
	equal("queried keys", keys(queried.GetColumn("id")), []int64{1, 2, 7})
	equal("null", must(queried.GetColumn("maybe").IsNull(0)), true)

	must(client.Upsert(ctx, milvusclient.NewColumnBasedInsertOption(name).
		WithInt64Column("id", []int64{1}).WithFloatVectorColumn("vector", dim, [][]float32{vector(1)}).
		WithVarcharColumn("word", []string{"changed"})))
	changed := must(client.Query(ctx, milvusclient.NewQueryOption(name).WithFilter("id == 1").WithOutputFields("word")))
	equal("upserted word", must(changed.GetColumn("word").GetAsString(0)), "changed")

	must(client.Delete(ctx, milvusclient.NewDeleteOption(name).WithInt64IDs("id", []int64{5, 6})))
	must(client.Delete(ctx, milvusclient.NewDeleteOption(name).WithExpr(`word == "w4"`)))
	counted := must(client.Query(ctx, milvusclient.NewQueryOption(name).WithFilter("").WithOutputFields("count(*)")))
	equal("count", must(counted.GetColumn("count(*)").GetAsInt64(0)), int64(200-2-40))

	flushing := must(client.Flush(ctx, milvusclient.NewFlushOption(name)))
	check(flushing.Await(ctx))
	if _, err := client.Search(ctx, milvusclient.NewSearchOption(name, 1, []entity.Vector{entity.FloatVector{1, 2}})); err == nil {
		panic("a wrong dimension was taken")
	}
	check(client.ReleaseCollection(ctx, milvusclient.NewReleaseCollectionOption(name)))
	check(client.DropCollection(ctx, milvusclient.NewDropCollectionOption(name)))
	equal("has after drop", must(client.HasCollection(ctx, milvusclient.NewHasCollectionOption(name))), false)
}

func main() {
	address := "127.0.0.1:19530"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	defer func() {
		if failure := recover(); failure != nil {
			fmt.Fprintln(os.Stderr, "failed:", failure)
			os.Exit(1)
		}
		fmt.Println("ok")
	}()
	walk(ctx, address)
}
