#include "server/storage_doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <random>

#include "common/clock.h"
#include "coord/store_stamp.h"
#include "s3/s3_object_store.h"
#include "server/object_store.h"

namespace elanus::server {
namespace {

constexpr size_t kSmallBytes = 4096;
constexpr int64_t kSkewWarningS = 60;  // Stores refuse at 15 minutes.
constexpr double kSlowMs = 500;

double Milliseconds(uint64_t begin_ns) {
  return static_cast<double>(SystemClock().MonotonicNs() - begin_ns) / 1e6;
}

std::string RandomBytes(size_t size) {
  std::mt19937_64 random(std::random_device{}());
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(random());
  return bytes;
}

class Doctor {
 public:
  Doctor(const Settings::Paths& paths, const ObjectStoreSettings& settings,
         storage::FileSystem& files, const DoctorOptions& options)
      : paths_(paths), settings_(settings), files_(files), options_(options) {
    std::random_device random;
    folder_ = fmt::format("doctor/{:08x}{:08x}", random(), random());
  }

  DoctorReport Examine() {
    if (!Open()) return std::move(report_);
    if (Small()) {
      Listing();
      Conditions();
      Large();
    }
    Removal();
    Stamp();
    Clocks();
    return std::move(report_);
  }

 private:
  void Add(Finding::Level level, std::string_view check, std::string words) {
    report_.findings.push_back({level, std::string(check), std::move(words)});
  }
  void Good(std::string_view check, std::string words) {
    Add(Finding::Level::kGood, check, std::move(words));
  }
  bool Bad(std::string_view check, std::string_view words) {
    Add(Finding::Level::kBad, check, std::string(words));
    return false;
  }
  bool Bad(std::string_view check, const absl::Status& status) {
    return Bad(check, MessageOf(status));
  }

  bool Open() {
    const ObjectStoreSettings& store = settings_;
    if (!store.remote) {
      const std::string directory = ObjectDirectory(paths_, settings_);
      report_.store = fmt::format("directory {}", directory);
      // Not through MakeObjectStore, which clears what a running server is writing.
      if (const absl::Status made = files_.CreateDirectories(directory); !made.ok()) {
        return Bad("directory", made);
      }
      store_ = storage::MakeLocalObjectStore(files_, directory);
      return true;
    }
    report_.store = fmt::format("bucket {} at {}://{}, keys below \"{}\"", store.bucket,
                                store.tls ? "https" : "http", store.host, paths_.object_prefix);
    auto made = s3::Client::Make(S3ClientOptions(store), SystemClock());
    if (!made.ok()) return Bad("settings", made.status());
    client_ = made->get();
    report_.store += fmt::format(", keys from {}", client_->credentials_from());
    if (!Bucket()) return false;
    s3::StoreOptions options;
    options.prefix = paths_.object_prefix;
    options.copies_directory = paths_.objects_dir + "/doctor_copies";
    copies_ = options.copies_directory;
    auto opened = s3::S3ObjectStore::Make(*std::move(made), files_, std::move(options));
    if (!opened.ok()) return Bad("local copies", opened.status());
    store_ = *std::move(opened);
    return true;
  }

  bool Bucket() {
    const uint64_t begin = SystemClock().MonotonicNs();
    const auto there = client_->HasBucket();
    if (!there.ok()) return Bad("bucket", there.status());
    if (*there) {
      Good("bucket", fmt::format("there, and may be listed ({:.1f} ms)", Milliseconds(begin)));
      return true;
    }
    const absl::Status made = PrepareBucket(*client_, settings_.create_bucket);
    if (!made.ok()) return Bad("bucket", made);
    Good("bucket", "was not there; made now, as the server does at its start");
    return true;
  }

  std::string KeyOf(int number) const { return fmt::format("{}/{}", folder_, number); }

  // Puts, reads and compares small objects. False if the store is of no use.
  bool Small() {
    const std::string bytes = RandomBytes(kSmallBytes);
    if (!Timed("put object", [&](int i) {
          const std::string_view part = bytes;
          return store_->Put(KeyOf(i), {&part, 1});
        })) {
      return false;
    }
    if (!Timed("get object", [&](int i) { return Compare(KeyOf(i), bytes); })) return false;
    // A second put must be read by the very next get.
    const std::string fresh = RandomBytes(kSmallBytes);
    const std::string_view part = fresh;
    const absl::Status put = store_->Put(KeyOf(0), {&part, 1});
    if (!put.ok()) return Bad("replace object", put);
    const absl::Status same = Compare(KeyOf(0), fresh);
    if (!same.ok()) return Bad("replace object", same);
    Good("replace object", "the new bytes are read at once");
    return true;
  }

  bool Timed(std::string_view check, const std::function<absl::Status(int)>& step) {
    std::vector<double> ms;
    for (int i = 0; i < options_.num_small; ++i) {
      const uint64_t begin = SystemClock().MonotonicNs();
      if (const absl::Status status = step(i); !status.ok()) return Bad(check, status);
      ms.push_back(Milliseconds(begin));
    }
    std::sort(ms.begin(), ms.end());
    const double median = ms[ms.size() / 2];
    std::string words = fmt::format("{} of {} bytes: {:.1f} ms (median), {:.1f} ms (slowest)",
                                    ms.size(), kSmallBytes, median, ms.back());
    if (median > kSlowMs) {
      Add(Finding::Level::kWarning, check,
          words + "; that is slow: is the store near, and is it busy?");
    } else {
      Good(check, std::move(words));
    }
    return true;
  }

  absl::Status Compare(const std::string& key, std::string_view bytes) {
    ELANUS_ASSIGN_OR_RETURN(const auto object, store_->Get(key));
    const auto data = object->data();
    if (std::equal(data.begin(), data.end(), bytes.begin(), bytes.end(),
                   [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); })) {
      return absl::OkStatus();
    }
    return InternalError(
        ErrorCode::kDataIntegrity,
        "other bytes came back than were put ({} of {}): is there a cache between?", data.size(),
        bytes.size());
  }

  void Listing() {
    const uint64_t begin = SystemClock().MonotonicNs();
    const auto found = store_->List(folder_);
    if (!found.ok()) {
      Bad("list objects", found.status());
      return;
    }
    if (static_cast<int>(found->size()) != options_.num_small) {
      // Elanus does not rely on it: listings only find what may be removed.
      Add(Finding::Level::kWarning, "list objects",
          fmt::format("{} objects instead of {}: listings lag behind; garbage is found later",
                      found->size(), options_.num_small));
      return;
    }
    Good("list objects",
         fmt::format("{} objects in {:.1f} ms", found->size(), Milliseconds(begin)));
    if (client_ != nullptr) Pages();
  }

  // A listing in pages of a few keys must hold what one page holds.
  void Pages() {
    s3::ClientOptions options = S3ClientOptions(settings_);
    options.list_keys_max = 7;
    const auto paged = s3::Client::Make(std::move(options), SystemClock());
    std::string prefix = paths_.object_prefix;
    if (!prefix.empty()) prefix += "/";
    prefix += folder_ + "/";
    std::string after;
    int count = 0, pages = 0;
    do {
      auto page = (*paged)->List(prefix, after);
      if (!page.ok()) {
        Bad("list in pages", page.status());
        return;
      }
      count += static_cast<int>(page->objects.size());
      after = std::move(page->next);
    } while (!after.empty() && ++pages < 100);
    if (count == options_.num_small) {
      Good("list in pages", fmt::format("{} pages", pages + 1));
    } else {
      Bad("list in pages", fmt::format("{} objects instead of {}: continuation does not work",
                                       count, options_.num_small));
    }
  }

  void Conditions() {
    const std::string key = folder_ + "/once";
    const auto first = store_->PutIfAbsent(key, "1");
    if (!first.ok()) {
      Bad("put if absent", first.status());
      return;
    }
    const auto second = store_->PutIfAbsent(key, "2");
    if (second.ok() && !*second) {
      Good("put if absent", "the second put was refused");
      return;
    }
    Add(Finding::Level::kWarning, "put if absent",
        "the store ignores the condition: never start two new clusters on one place at one time");
  }

  void Large() {
    const std::string bytes = RandomBytes(options_.large_bytes);
    const std::string key = folder_ + "/large";
    const std::string_view check = client_ != nullptr ? "multipart upload" : "put large object";
    const std::string_view part = bytes;
    uint64_t begin = SystemClock().MonotonicNs();
    if (const absl::Status put = store_->Put(key, {&part, 1}); !put.ok()) {
      Bad(check, put);
      return;
    }
    Good(check, Speed(Milliseconds(begin)));
    begin = SystemClock().MonotonicNs();
    if (const absl::Status same = Compare(key, bytes); !same.ok()) {
      Bad("get large object", same);
      return;
    }
    Good("get large object", Speed(Milliseconds(begin)));
    if (client_ != nullptr) Abort();
  }

  std::string Speed(double ms) const {
    const double megabytes = static_cast<double>(options_.large_bytes) / 1e6;
    return fmt::format("{:.0f} MB at {:.0f} MB/s", megabytes,
                       megabytes / std::max(ms, 0.001) * 1e3);
  }

  void Abort() {
    std::string key = paths_.object_prefix;
    if (!key.empty()) key += "/";
    key += folder_ + "/aborted";
    const auto upload = client_->BeginUpload(key, 0, 0);
    absl::Status status = upload.status();
    if (status.ok()) status = client_->AbortUpload(key, *upload);
    if (status.ok()) {
      Good("abort upload", "works");
    } else {
      Bad("abort upload", status);
    }
  }

  void Removal() {
    absl::Status removed = store_->RemovePrefix(folder_);
    if (removed.ok()) {
      const auto left = store_->Get(KeyOf(0));
      if (left.ok())
        removed = InternalError(ErrorCode::kIoFailed, "what was removed is still read");
    }
    if (removed.ok()) {
      Good("delete objects", "all that was written here is gone");
    } else {
      Bad("delete objects", removed);
    }
    if (!copies_.empty()) files_.RemoveRecursively(copies_).IgnoreError();
  }

  void Stamp() {
    const auto stamp = store_->Get(coord::kStampKey);
    if (stamp.ok()) {
      const auto data = (*stamp)->data();
      std::string text(data.begin(), data.end());
      while (!text.empty() && text.back() == '\n') text.pop_back();
      Good("cluster", fmt::format("the store is that of \"{}\"", text));
    } else if (CodeOf(stamp.status()) == ErrorCode::kIoKeyNotFound) {
      Good("cluster", "the store belongs to none yet");
    } else {
      Bad("cluster", stamp.status());
    }
  }

  void Clocks() {
    if (client_ == nullptr) return;
    const int64_t skew = client_->skew_s();
    const std::string words = fmt::format("the store's clock is {} s {} this machine's",
                                          std::abs(skew), skew < 0 ? "behind" : "ahead of");
    if (std::abs(skew) > kSkewWarningS) {
      Add(Finding::Level::kWarning, "clock", words + ": set them, for example by NTP");
    } else {
      Good("clock", words);
    }
  }

  const Settings::Paths& paths_;
  const ObjectStoreSettings& settings_;
  storage::FileSystem& files_;
  const DoctorOptions options_;
  std::string folder_;  // Of the objects written here.
  std::string copies_;
  s3::Client* client_ = nullptr;  // Null: local storage.
  std::unique_ptr<storage::ObjectStore> store_;
  DoctorReport report_;
};

}  // namespace

bool DoctorReport::healthy() const {
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& finding) { return finding.level == Finding::Level::kBad; });
}

DoctorReport ExamineStorage(const Settings::Paths& paths, const ObjectStoreSettings& settings,
                            storage::FileSystem& files, const DoctorOptions& options) {
  return Doctor(paths, settings, files, options).Examine();
}

std::string FormatReport(const DoctorReport& report) {
  std::string out = report.store + "\n";
  for (const Finding& finding : report.findings) {
    const std::string_view level = finding.level == Finding::Level::kGood      ? "ok"
                                   : finding.level == Finding::Level::kWarning ? "warn"
                                                                               : "FAIL";
    out += fmt::format("{:<5} {:<18} {}\n", level, finding.check, finding.words);
  }
  out += report.healthy() ? "The store is fit for use.\n" : "The store is not fit for use.\n";
  return out;
}

}  // namespace elanus::server
