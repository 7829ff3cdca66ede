#include "cache/cache_manager.h"

#include <algorithm>

#include "common/check.h"
#include "common/metric_families.h"

namespace elanus::cache {
namespace {

constexpr uint8_t kTouchesMax = 3;
// How long a wait sleeps before it looks whether the caller still wants the answer.
constexpr absl::Duration kPatience = absl::Milliseconds(20);
// Of a queue's bytes, for cells that were used once.
constexpr uint64_t kSmallShare = 10;

}  // namespace

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kScalarField:
      return "scalar_field";
    case Kind::kVectorField:
      return "vector_field";
    case Kind::kScalarIndex:
      return "scalar_index";
    case Kind::kVectorIndex:
      return "vector_index";
  }
  return "";
}

CellSet::CellSet(CacheManager& manager, Identity identity, std::span<const uint64_t> bytes)
    : manager_(manager), identity_(std::move(identity)), cells_(bytes.size()) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    cells_[i].bytes = bytes[i];
    total_bytes_ += bytes[i];
  }
  manager_.Add(*this);
}

CellSet::~CellSet() {
  manager_.Remove(*this);
}

void CellSet::NoteLeftOver(std::span<const uint32_t> cells) {
  manager_.NoteLeftOver(*this, cells);
}

void Waits::Add(const Waits& other) {
  hits += other.hits;
  misses += other.misses;
  bytes_loaded += other.bytes_loaded;
  wait_ns += other.wait_ns;
  for (const std::string& name : other.names) {
    if (names.size() < kNamesMax && std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
}

Pins& Pins::operator=(Pins&& other) noexcept {
  if (this != &other) {
    Release();
    manager_ = std::exchange(other.manager_, nullptr);
    held_ = std::move(other.held_);
  }
  return *this;
}

void Pins::Release() {
  if (manager_ == nullptr) return;
  std::exchange(manager_, nullptr)->Unpin(held_);
  held_.clear();
}

CacheManager::CacheManager(Options options, const Clock& clock, Executor* io,
                           MetricRegistry* metrics)
    : options_(std::move(options)), clock_(clock), io_(io) {
  ELANUS_CHECK(options_.bytes_low <= options_.bytes_high);
  MetricRegistry unseen;
  MetricRegistry& registry = metrics != nullptr ? *metrics : unseen;
  for (size_t i = 0; i < kNumKinds; ++i) {
    const std::string_view kind = KindName(static_cast<Kind>(i));
    const MetricRegistry::Labels labels = {options_.tier, kind};
    metrics_[i] = {.hits = registry.GetCounter(metric::kCacheHits, labels),
                   .misses = registry.GetCounter(metric::kCacheMisses, labels),
                   .loaded_bytes = registry.GetCounter(metric::kCacheLoadedBytes, labels),
                   .evicted_bytes = registry.GetCounter(metric::kCacheEvictedBytes, labels),
                   .failures = registry.GetCounter(metric::kCacheFailures, labels),
                   .resident_bytes = registry.GetGauge(metric::kCacheResidentBytes, labels),
                   .load_ms = registry.GetHistogram(metric::kCacheLoadLatency, labels)};
  }
}

CacheManager::~CacheManager() {
  absl::MutexLock lock(&mutex_);
  ELANUS_CHECK(sets_.empty());
}

void CacheManager::Add(CellSet& set) {
  absl::MutexLock lock(&mutex_);
  sets_.insert(&set);
}

void CacheManager::Remove(CellSet& set) {
  absl::MutexLock lock(&mutex_);
  sets_.erase(&set);
  for (uint32_t i = 0; i < set.num_cells(); ++i) {
    const CellSet::Cell& cell = set.cells_[i];
    if (cell.state == State::kAbsent) continue;
    DequeueLocked(set, i);
    RefundLocked(set, cell.bytes);
  }
  const auto owner = owners_.find(set.identity().owner);
  if (owner != owners_.end() && owner->second.bytes == 0 && owner->second.small.empty() &&
      owner->second.main.empty()) {
    owners_.erase(owner);
  }
  changed_.SignalAll();
}

void CacheManager::NoteLeftOver(CellSet& set, std::span<const uint32_t> cells) {
  absl::MutexLock lock(&mutex_);
  for (const uint32_t i : cells) {
    if (set.cells_[i].state != State::kAbsent) continue;
    set.cells_[i].state = State::kUnchecked;
    set.cells_[i].touched_ms = clock_.MonotonicNs() / 1'000'000;
    ChargeLocked(set, set.cells_[i].bytes);
    EnqueueLocked(set, i);
  }
}

void CacheManager::ChargeLocked(CellSet& set, uint64_t bytes) {
  used_ += bytes;
  owners_[set.identity().owner].bytes += bytes;
  MetricsOf(set)->resident_bytes->Add(static_cast<double>(bytes));
}

void CacheManager::RefundLocked(CellSet& set, uint64_t bytes) {
  used_ -= bytes;
  owners_[set.identity().owner].bytes -= bytes;
  MetricsOf(set)->resident_bytes->Add(-static_cast<double>(bytes));
}

void CacheManager::EnqueueLocked(CellSet& set, uint32_t index) {
  CellSet::Cell& cell = set.cells_[index];
  if (cell.queue != Queue::kNone) return;
  Owner& owner = owners_[set.identity().owner];
  // Evicted not long ago: it did not get the time to be used again.
  const bool again = cell.evicted_at != 0 &&
                     owner.evictions - cell.evicted_at <= owner.main.size() + owner.small.size();
  cell.queue = again ? Queue::kMain : Queue::kSmall;
  std::list<Ref>& queue = again ? owner.main : owner.small;
  queue.push_front({&set, index});
  cell.place = queue.begin();
  cell.touches = 0;
  if (!again) owner.small_bytes += cell.bytes;
}

void CacheManager::DequeueLocked(CellSet& set, uint32_t index) {
  CellSet::Cell& cell = set.cells_[index];
  if (cell.queue == Queue::kNone) return;
  Owner& owner = owners_[set.identity().owner];
  if (cell.queue == Queue::kSmall) owner.small_bytes -= cell.bytes;
  (cell.queue == Queue::kSmall ? owner.small : owner.main).erase(cell.place);
  cell.queue = Queue::kNone;
}

void CacheManager::TouchLocked(CellSet::Cell& cell, uint64_t now_ms) {
  if (now_ms - cell.touched_ms < static_cast<uint64_t>(options_.touch_window_ms)) return;
  cell.touched_ms = now_ms;
  if (cell.touches < kTouchesMax) ++cell.touches;
}

void CacheManager::PinLocked(const std::vector<Want>& wants, Pins& pins) {
  const uint64_t now_ms = clock_.MonotonicNs() / 1'000'000;
  for (const Want& want : wants) {
    CellSet& set = *want.set;
    const bool all = want.ranges.size() == 1 && want.ranges[0].begin == 0 &&
                     want.ranges[0].end == set.num_cells();
    const bool whole = all && set.num_resident_ == set.num_cells();
    if (whole) {
      ++set.whole_pins_;
      if (now_ms - set.touched_ms_ >= static_cast<uint64_t>(options_.touch_window_ms)) {
        set.touched_ms_ = now_ms;
        for (CellSet::Cell& cell : set.cells_) TouchLocked(cell, now_ms);
      }
    } else {
      for (const CellRange& range : want.ranges) {
        for (uint32_t i = range.begin; i < range.end; ++i) {
          ++set.cells_[i].pins;
          TouchLocked(set.cells_[i], now_ms);
        }
      }
    }
    pins.held_.push_back({want, whole});
  }
  pins.manager_ = this;
}

void CacheManager::UnpinLocked(const std::vector<Pins::Held>& held) {
  for (const Pins::Held& pin : held) {
    CellSet& set = *pin.want.set;
    if (pin.whole) {
      --set.whole_pins_;
      continue;
    }
    for (const CellRange& range : pin.want.ranges) {
      for (uint32_t i = range.begin; i < range.end; ++i) --set.cells_[i].pins;
    }
  }
  changed_.SignalAll();
}

void CacheManager::Unpin(const std::vector<Pins::Held>& held) {
  absl::MutexLock lock(&mutex_);
  UnpinLocked(held);
}

bool CacheManager::IsFreeLocked(const Ref& ref) const {
  const CellSet::Cell& cell = ref.set->cells_[ref.cell];
  return cell.pins == 0 && ref.set->whole_pins_ == 0 &&
         (cell.state == State::kResident || cell.state == State::kUnchecked);
}

std::optional<CacheManager::Ref> CacheManager::NextVictimLocked(Owner& owner) {
  // Each cell passes a few times at most: its touches are counted down, pinned ones go round once.
  size_t steps = (owner.small.size() + owner.main.size()) * (kTouchesMax + 2);
  for (; steps > 0; --steps) {
    const bool from_small = !owner.small.empty() &&
                            (owner.main.empty() || owner.small_bytes * kSmallShare >= owner.bytes);
    std::list<Ref>& queue = from_small ? owner.small : owner.main;
    if (queue.empty()) return std::nullopt;
    const auto last = std::prev(queue.end());
    CellSet::Cell& cell = last->set->cells_[last->cell];
    if (from_small && cell.touches > 0) {
      owner.small_bytes -= cell.bytes;
      cell.queue = Queue::kMain;
      cell.touches = 0;
      owner.main.splice(owner.main.begin(), queue, last);
      continue;
    }
    if (!IsFreeLocked(*last)) {
      if (from_small && !owner.main.empty()) {
        // Else the small queue, full of pinned cells, would hide the main one.
        owner.small_bytes -= cell.bytes;
        cell.queue = Queue::kMain;
        owner.main.splice(owner.main.begin(), queue, last);
      } else {
        queue.splice(queue.begin(), queue, last);
      }
      continue;
    }
    if (!from_small && cell.touches > 0) {
      --cell.touches;
      queue.splice(queue.begin(), queue, last);
      continue;
    }
    return *last;
  }
  // The queue whose turn it was is all in use: anything that is not.
  for (const std::list<Ref>* queue : {&owner.small, &owner.main}) {
    for (auto it = queue->rbegin(); it != queue->rend(); ++it) {
      if (IsFreeLocked(*it)) return *it;
    }
  }
  return std::nullopt;
}

std::optional<CacheManager::Victim> CacheManager::TakeLocked(const Ref& ref) {
  // Held by nobody any more: its destructor waits for this lock.
  std::shared_ptr<CellSet> set = ref.set->weak_from_this().lock();
  Owner& owner = owners_[ref.set->identity().owner];
  DequeueLocked(*ref.set, ref.cell);
  if (set == nullptr) return std::nullopt;
  CellSet::Cell& cell = set->cells_[ref.cell];
  if (cell.state == State::kResident) --set->num_resident_;
  cell.state = State::kDropping;
  cell.evicted_at = ++owner.evictions;
  return Victim{std::move(set), ref.cell};
}

std::vector<CacheManager::Victim> CacheManager::ChooseLocked(uint64_t bytes) {
  std::vector<Victim> victims;
  std::set<int64_t> spent;  // Owners without a cell to give.
  uint64_t chosen = 0;
  std::map<int64_t, uint64_t> left;  // Bytes of each owner, less what was chosen.
  for (const auto& [id, owner] : owners_) left[id] = owner.bytes;
  while (chosen < bytes) {
    // The one over its share: of equal shares that is the one that holds most.
    int64_t from = 0;
    uint64_t most = 0;
    for (const auto& [id, held] : left) {
      if (held > most && !spent.contains(id)) {
        most = held;
        from = id;
      }
    }
    if (most == 0) break;
    const std::optional<Ref> ref = NextVictimLocked(owners_[from]);
    if (!ref.has_value()) {
      spent.insert(from);
      continue;
    }
    const uint64_t size = ref->set->cells_[ref->cell].bytes;
    std::optional<Victim> victim = TakeLocked(*ref);
    left[from] -= std::min(left[from], size);
    chosen += size;  // Of a set that is going away, too: its room comes free just now.
    if (victim.has_value()) victims.push_back(*std::move(victim));
  }
  return victims;
}

void CacheManager::DropVictims(std::vector<Victim> victims) {
  if (victims.empty()) return;
  for (const Victim& victim : victims) victim.set->Drop(victim.cell);
  {
    absl::MutexLock lock(&mutex_);
    for (const Victim& victim : victims) {
      CellSet::Cell& cell = victim.set->cells_[victim.cell];
      cell.state = State::kAbsent;
      RefundLocked(*victim.set, cell.bytes);
      MetricsOf(*victim.set)->evicted_bytes->Add(cell.bytes);
      traffic_[victim.set->identity().owner].evicted_bytes += cell.bytes;
    }
    changed_.SignalAll();
  }
  // Here, without the lock: a set may end with its victim.
}

ErrorCode CacheManager::limit_code() const {
  return options_.tier == "disk" ? ErrorCode::kDiskLimitExceeded : ErrorCode::kMemoryLimitExceeded;
}

absl::Status CacheManager::TooLarge(uint64_t bytes, const CellSet& set) const {
  return InternalError(
      limit_code(),
      "{} cache: the request needs {} bytes of {} at once, all there may be are {} "
      "({}): raise that, or ask for less",
      options_.tier, bytes, set.identity().name, options_.bytes_high, options_.budget_key);
}

absl::Status CacheManager::NoRoom(uint64_t bytes, const CellSet& set) const {
  return RetryableError(
      limit_code(), "{} cache: no room for {} bytes of {}: {} of {} bytes ({}) are {}",
      options_.tier, bytes, set.identity().name, used_, options_.bytes_high, options_.budget_key,
      options_.evicts ? "in use" : "taken, and evictionEnabled is false");
}

absl::StatusOr<CacheManager::Reserved> CacheManager::Reserve(const std::vector<Want>& wants,
                                                             int64_t wait_ms,
                                                             const Cancellation& cancellation,
                                                             Pins& pins, Waits* waits) {
  const uint64_t begin_ms = clock_.MonotonicNs() / 1'000'000;
  for (;;) {
    std::vector<Victim> victims;
    {
      absl::MutexLock lock(&mutex_);
      uint64_t need = 0;   // Room that is not taken yet.
      uint64_t total = 0;  // Of everything asked for.
      const CellSet* first = nullptr;
      bool busy = false;
      for (const Want& want : wants) {
        if (first == nullptr) first = want.set.get();
        for (const CellRange& range : want.ranges) {
          for (uint32_t i = range.begin; i < range.end; ++i) {
            const CellSet::Cell& cell = want.set->cells_[i];
            total += cell.bytes;
            if (cell.state == State::kAbsent) {
              need += cell.bytes;
              first = want.set.get();
            }
            busy = busy || cell.state == State::kDropping;
          }
        }
      }
      if (total > options_.bytes_high && need > 0) return TooLarge(total, *first);
      if (!busy && (need == 0 || used_ + need <= options_.bytes_high)) {
        Reserved reserved{.bytes_here = total};
        for (const Want& want : wants) {
          LoadPlan plan{.set = want.set, .cells = {}};
          int64_t hits = 0;
          for (const CellRange& range : want.ranges) {
            for (uint32_t i = range.begin; i < range.end; ++i) {
              CellSet::Cell& cell = want.set->cells_[i];
              if (cell.state == State::kResident || cell.state == State::kLoading) {
                hits += cell.state == State::kResident;
                continue;
              }
              if (cell.state == State::kAbsent) ChargeLocked(*want.set, cell.bytes);
              cell.state = State::kLoading;
              cell.touched_ms = begin_ms;
              plan.cells.push_back(i);
              plan.bytes += cell.bytes;
            }
          }
          KindMetrics& counts = *MetricsOf(*want.set);
          counts.hits->Add(static_cast<uint64_t>(hits));
          counts.misses->Add(plan.cells.size());
          if (waits != nullptr) {
            waits->hits += hits;
            waits->misses += std::ssize(plan.cells);
            waits->bytes_loaded += static_cast<int64_t>(plan.bytes);
          }
          reserved.bytes_here -= plan.bytes;
          if (!plan.cells.empty()) reserved.plans.push_back(std::move(plan));
        }
        PinLocked(wants, pins);
        return reserved;
      }
      if (!busy) {
        if (!options_.evicts) return NoRoom(need, *first);
        // Not the cells that are wanted, and down to the low mark if that can be had.
        Pins kept;
        PinLocked(wants, kept);
        const uint64_t over = used_ + need - options_.bytes_high;
        const uint64_t more = options_.bytes_high - options_.bytes_low;
        victims = ChooseLocked(over + more);
        kept.manager_ = nullptr;
        UnpinLocked(kept.held_);
      }
      if (victims.empty()) {
        ELANUS_RETURN_IF_ERROR(cancellation.Check());
        const uint64_t now_ms = clock_.MonotonicNs() / 1'000'000;
        if (!busy && now_ms - begin_ms >= static_cast<uint64_t>(wait_ms)) {
          return NoRoom(need, *first);
        }
        changed_.WaitWithTimeout(&mutex_, kPatience);
      }
    }
    DropVictims(std::move(victims));
  }
}

absl::Status CacheManager::LoadOne(LoadPlan& plan, const Cancellation& cancellation) {
  const uint64_t begin = clock_.MonotonicNs();
  const absl::Status status = plan.set->Load(plan.cells, cancellation);
  KindMetrics& counts = *MetricsOf(*plan.set);
  counts.load_ms->Observe(static_cast<double>(clock_.MonotonicNs() - begin) / 1e6);
  if (status.ok()) {
    counts.loaded_bytes->Add(plan.bytes);
  } else {
    counts.failures->Add();
  }
  absl::MutexLock lock(&mutex_);
  if (status.ok()) traffic_[plan.set->identity().owner].loaded_bytes += plan.bytes;
  for (const uint32_t i : plan.cells) {
    CellSet::Cell& cell = plan.set->cells_[i];
    if (status.ok()) {
      const uint64_t bytes = plan.set->LoadedBytes(i);
      ChargeLocked(*plan.set, bytes);
      RefundLocked(*plan.set, cell.bytes);
      plan.set->total_bytes_ += bytes - cell.bytes;
      DequeueLocked(*plan.set, i);
      cell.bytes = bytes;
      cell.state = State::kResident;
      ++plan.set->num_resident_;
      EnqueueLocked(*plan.set, i);
    } else {
      cell.state = State::kAbsent;
      DequeueLocked(*plan.set, i);
      RefundLocked(*plan.set, cell.bytes);
    }
  }
  changed_.SignalAll();
  return status;
}

absl::Status CacheManager::LoadAll(std::vector<LoadPlan>& plans, const Cancellation& cancellation) {
  std::vector<absl::Status> results(plans.size());
  const auto load = [&](size_t i) { results[i] = LoadOne(plans[i], cancellation); };
  if (io_ != nullptr && plans.size() > 1) {
    io_->ParallelFor(plans.size(), load);
  } else {
    for (size_t i = 0; i < plans.size(); ++i) load(i);
  }
  for (const absl::Status& status : results) ELANUS_RETURN_IF_ERROR(status);
  return absl::OkStatus();
}

absl::StatusOr<bool> CacheManager::WaitForOthers(const std::vector<Want>& wants,
                                                 const Cancellation& cancellation) {
  absl::MutexLock lock(&mutex_);
  for (const Want& want : wants) {
    for (const CellRange& range : want.ranges) {
      for (uint32_t i = range.begin; i < range.end; ++i) {
        const CellSet::Cell& cell = want.set->cells_[i];
        while (cell.state == State::kLoading) {
          ELANUS_RETURN_IF_ERROR(cancellation.Check());
          changed_.WaitWithTimeout(&mutex_, kPatience);
        }
        if (cell.state != State::kResident) return false;
      }
    }
  }
  return true;
}

absl::StatusOr<Pins> CacheManager::PinWith(std::vector<Want>& wants, int64_t wait_ms,
                                           const Cancellation& cancellation, Waits* waits) {
  for (;;) {
    const uint64_t begin = clock_.MonotonicNs();
    Pins pins;
    ELANUS_ASSIGN_OR_RETURN(auto reserved, Reserve(wants, wait_ms, cancellation, pins, waits));
    std::vector<LoadPlan>& plans = reserved.plans;
    if (waits != nullptr) {
      for (const LoadPlan& plan : plans) {
        Waits named;
        named.names.push_back(plan.set->identity().name);
        waits->Add(named);
      }
    }
    absl::Status status = LoadAll(plans, cancellation);
    if (status.ok()) {
      const absl::StatusOr<bool> there = WaitForOthers(wants, cancellation);
      status = there.status();
      if (there.ok() && *there) {
        cancellation.NoteHere(reserved.bytes_here);
        if (waits != nullptr) waits->wait_ns += static_cast<int64_t>(clock_.MonotonicNs() - begin);
        return pins;
      }
    }
    if (waits != nullptr) waits->wait_ns += static_cast<int64_t>(clock_.MonotonicNs() - begin);
    ELANUS_RETURN_IF_ERROR(status);
    // Who was loading has failed, perhaps because it was cancelled: our turn.
  }
}

absl::StatusOr<Pins> CacheManager::Pin(std::vector<Want> wants, const Cancellation& cancellation,
                                       Waits* waits) {
  return PinWith(wants, options_.wait_ms, cancellation, waits);
}

absl::StatusOr<Pins> CacheManager::PinNow(std::vector<Want> wants, const Cancellation& cancellation,
                                          Waits* waits) {
  return PinWith(wants, /*wait_ms=*/0, cancellation, waits);
}

bool CacheManager::Discard(CellSet& set, uint32_t cell) {
  std::vector<Victim> victims;
  {
    absl::MutexLock lock(&mutex_);
    if (!IsFreeLocked({&set, cell})) return set.cells_[cell].state == State::kAbsent;
    std::optional<Victim> victim = TakeLocked({&set, cell});
    if (victim.has_value()) victims.push_back(*std::move(victim));
  }
  DropVictims(std::move(victims));
  return true;
}

void CacheManager::DropAll() {
  std::vector<Victim> victims;
  {
    absl::MutexLock lock(&mutex_);
    victims = ChooseLocked(used_);
  }
  DropVictims(std::move(victims));
}

uint64_t CacheManager::MakeRoom(uint64_t bytes) {
  std::vector<Victim> victims;
  {
    absl::MutexLock lock(&mutex_);
    victims = ChooseLocked(bytes);
  }
  uint64_t made = 0;
  for (const Victim& victim : victims) made += victim.set->bytes_of(victim.cell);
  DropVictims(std::move(victims));
  return made;
}

void CacheManager::Maintain() {
  if (!options_.evicts || !options_.evicts_behind) return;
  std::vector<Victim> victims;
  {
    absl::MutexLock lock(&mutex_);
    if (options_.ttl_ms > 0) {
      const uint64_t now_ms = clock_.MonotonicNs() / 1'000'000;
      std::vector<Ref> old;
      for (const auto& [id, owner] : owners_) {
        for (const auto* queue : {&owner.small, &owner.main}) {
          for (const Ref& ref : *queue) {
            const uint64_t idle = now_ms - ref.set->cells_[ref.cell].touched_ms;
            if (IsFreeLocked(ref) && idle >= static_cast<uint64_t>(options_.ttl_ms)) {
              old.push_back(ref);
            }
          }
        }
      }
      for (const Ref& ref : old) {
        std::optional<Victim> victim = TakeLocked(ref);
        if (victim.has_value()) victims.push_back(*std::move(victim));
      }
    }
    if (victims.empty() && used_ >= options_.bytes_high) {
      victims = ChooseLocked(used_ - options_.bytes_low);
    }
  }
  DropVictims(std::move(victims));
}

std::vector<CacheManager::Residency> CacheManager::Inspect() const {
  absl::MutexLock lock(&mutex_);
  const uint64_t now_ms = clock_.MonotonicNs() / 1'000'000;
  std::vector<Residency> all;
  for (const CellSet* set : sets_) {
    Residency& one = all.emplace_back();
    one.identity = set->identity();
    one.bytes_total = set->total_bytes();
    one.cells_total = set->num_cells();
    one.idle_ms = UINT64_MAX;
    for (const CellSet::Cell& cell : set->cells_) {
      one.pinned += cell.pins > 0 || set->whole_pins_ > 0;
      if (cell.state == State::kAbsent) continue;
      one.bytes += cell.bytes;
      ++one.cells;
      one.hot += cell.queue == Queue::kMain;
      one.idle_ms = std::min(one.idle_ms, now_ms - cell.touched_ms);
    }
    if (one.cells == 0) one.idle_ms = 0;
  }
  return all;
}

uint64_t CacheManager::ResidentBytes(const CellSet& set) const {
  absl::MutexLock lock(&mutex_);
  uint64_t bytes = 0;
  for (const CellSet::Cell& cell : set.cells_) {
    if (cell.state != State::kAbsent) bytes += cell.bytes;
  }
  return bytes;
}

std::map<int64_t, CacheManager::Traffic> CacheManager::traffic() const {
  absl::MutexLock lock(&mutex_);
  return traffic_;
}

uint64_t CacheManager::used_bytes() const {
  absl::MutexLock lock(&mutex_);
  return used_;
}

}  // namespace elanus::cache
