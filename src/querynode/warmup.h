// Which parts of a segment a load brings itself, instead of the first request that uses them.
#pragma once

#include "common/settings.h"
#include "meta/types.h"
#include "segment/sealed_segment.h"

namespace elanus::querynode {

// Levels where neither the collection nor the field or index says otherwise.
using WarmupDefaults = Settings::Tiers;
using Warmup = Settings::Tiers::Warmup;

// By the field's `warmup`, else the collection's `warmup.scalarField` or `warmup.vectorField`.
Warmup WarmupOf(const WarmupDefaults& defaults, const meta::Collection& collection,
                const schema::FieldSchema& field);
// By the index's `warmup`, else the collection's `warmup.vectorIndex` or `warmup.scalarIndex`.
Warmup WarmupOf(const WarmupDefaults& defaults, const meta::Collection& collection,
                const meta::Index& index);

// The most eager level of any field or index: with kDisable nothing is wanted before it is used.
Warmup MostEager(const WarmupDefaults& defaults, const meta::Collection& collection);

// Brings what has this level. An index that is damaged is left to searches, which do without.
absl::Status WarmSegment(const WarmupDefaults& defaults, const meta::Collection& collection,
                         const segment::SealedSegment& segment, Warmup level,
                         const Cancellation& cancellation);

}  // namespace elanus::querynode
