#include "geometry/wkt_reader.h"

#include <algorithm>

#include "geometry/geos_context.h"
#include "geometry/wkb.h"

namespace elanus::geometry {
namespace {

// In brackets: a point of a multi-polygon lies in three, besides those of collections.
constexpr int kMaxBrackets = kMaxNesting + 3;

constexpr std::string_view kBlanks = " \t\r\n";

// What GEOS does not look at: it recurses for each bracket without a bound, and stops reading
// behind the shape. "" if all is well.
std::string_view Flaw(std::string_view wkt) {
  int depth = 0;
  size_t end = std::string_view::npos;  // Of the shape, if it has brackets.
  for (size_t i = 0; i < wkt.size() && end == std::string_view::npos; ++i) {
    depth += wkt[i] == '(' ? 1 : wkt[i] == ')' ? -1 : 0;
    if (depth > kMaxBrackets) return "brackets are nested too deep";
    if (wkt[i] == ')' && depth <= 0) end = i + 1;
  }
  if (end == std::string_view::npos) {  // TYPE EMPTY.
    end = std::min(wkt.find_first_not_of(kBlanks), wkt.size());
    for (int word = 0; word < 2; ++word) {
      const size_t begin = std::min(wkt.find_first_not_of(kBlanks, end), wkt.size());
      end = std::min(wkt.find_first_of(kBlanks, begin), wkt.size());
    }
  }
  if (wkt.find_first_not_of(kBlanks, end) != std::string_view::npos) {
    return "there is text behind the shape";
  }
  return wkt.find('\0') == std::string_view::npos ? "" : "there is a zero byte in it";
}

// The beginning of a text, for messages.
std::string_view Shown(std::string_view text) {
  size_t length = std::min<size_t>(text.size(), 128);
  while (length > 0 && length < text.size() && (text[length] & '\xc0') == '\x80') --length;
  return text.substr(0, length);
}

absl::Status Bad(std::string_view why, std::string_view wkt) {
  return UserError(ErrorCode::kParameterInvalid, "invalid geometry wkt, {}: {}", why, Shown(wkt));
}

}  // namespace

class WktReader::Geos {
 public:
  Geos()
      : reader_(context_.Own(GEOSWKTReader_create_r(context_.get()))),
        writer_(context_.Own(GEOSWKBWriter_create_r(context_.get()))) {
    GEOSWKBWriter_setByteOrder_r(context_.get(), writer_.get(), GEOS_WKB_NDR);
    GEOSWKBWriter_setOutputDimension_r(context_.get(), writer_.get(), 2);
  }

  absl::StatusOr<std::string> Read(const std::string& wkt) {
    const auto shape =
        context_.Own(GEOSWKTReader_read_r(context_.get(), reader_.get(), wkt.c_str()));
    if (shape == nullptr) return Bad(context_.error(), wkt);
    if (GEOSHasZ_r(context_.get(), shape.get()) == 1) {
      return Bad("shapes have two dimensions", wkt);
    }
    size_t size = 0;
    const auto bytes =
        context_.Own(GEOSWKBWriter_write_r(context_.get(), writer_.get(), shape.get(), &size));
    if (bytes == nullptr) return Bad(context_.error(), wkt);
    std::string wkb(reinterpret_cast<const char*>(bytes.get()), size);
    // Types beyond the seven (rings alone), and what numbers became infinite.
    if (!IsWkb(wkb)) return Bad("a coordinate is out of range or the type is not supported", wkt);
    return wkb;
  }

 private:
  GeosContext context_;
  GeosContext::Owned<GEOSWKTReader> reader_;
  GeosContext::Owned<GEOSWKBWriter> writer_;
};

WktReader::WktReader() : geos_(std::make_unique<Geos>()) {}
WktReader::~WktReader() = default;

absl::StatusOr<std::string> WktReader::Read(std::string_view wkt) {
  if (const std::string_view flaw = Flaw(wkt); !flaw.empty()) return Bad(flaw, wkt);
  return geos_->Read(std::string(wkt));
}

}  // namespace elanus::geometry
