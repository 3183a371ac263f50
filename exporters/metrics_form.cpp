#include "exporters/metrics_form.hpp"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>

#include "exporters/catalogue.hpp"

namespace healthd {
namespace {

constexpr std::string_view total = "_total";
constexpr int gzip_window = 15 + 16;  // zlib's sign for gzip
constexpr int gzip_memory = 8;

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// Cuts the part before `letter` off `rest`.
std::string_view next_part(std::string_view& rest, char letter) {
  const auto end = rest.find(letter);
  const auto part = rest.substr(0, end);
  rest = end == rest.npos ? "" : rest.substr(end + 1);
  return trimmed(part);
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& letter : out)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return out;
}

double quality(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::clamp(value, 0.0, 1.0) : 0.0;
}

/// One element of such a field: `name;parameter=value;q=0.5`, in lower case.
struct Offer {
  std::string name;
  std::string version;  ///< "" where none is said
  double weight = 1;
};

Offer read_offer(std::string_view text) {
  Offer offer;
  offer.name = lower(next_part(text, ';'));
  while (!text.empty()) {
    auto parameter = next_part(text, ';');
    const auto key = lower(next_part(parameter, '='));
    if (key == "q") offer.weight = quality(parameter);
    if (key == "version") offer.version = parameter;
  }
  return offer;
}

/// The weight of the best element that fits; nullopt where none does.
template <typename Fits>
std::optional<double> best(std::string_view field, Fits fits) {
  std::optional<double> highest;
  while (!field.empty()) {
    const auto offer = read_offer(next_part(field, ','));
    if (fits(offer)) highest = std::max(highest.value_or(0), offer.weight);
  }
  return highest;
}

/// `# TYPE name_total counter`: OpenMetrics calls the family by the name without the end.
std::string renamed(std::string_view line) {
  for (const std::string_view begin : {"# HELP ", "# TYPE "}) {
    if (!line.starts_with(begin)) continue;
    const auto name = line.substr(begin.size(), line.find(' ', begin.size()) - begin.size());
    const auto index = find_metric(name);
    const bool counts = index != no_metric && metric_catalogue()[index].kind == MetricKind::counter;
    if (!counts || !name.ends_with(total)) break;
    std::string out{line};
    out.erase(begin.size() + name.size() - total.size(), total.size());
    return out;
  }
  return std::string{line};
}

std::string open_metrics(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1);
    const auto line = text.substr(0, end + 1);
    out += line.starts_with('#') ? renamed(line) : std::string{line};
    text.remove_prefix(line.size());
  }
  return out + "# EOF\n";
}

std::string zipped(const std::string& text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, gzip_memory, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error{"zlib has no memory"};
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error{"zlib did not end"};
  return out;
}

}  // namespace

MetricsForm metrics_form(std::string_view accept, std::string_view accept_encoding) {
  const auto open = best(accept, [](const Offer& offer) {
    return offer.name == "application/openmetrics-text" &&
           (offer.version == "1.0.0" || offer.version.empty());
  });
  const auto plain = best(accept, [](const Offer& offer) {
    return offer.name == "text/plain" && (offer.version == "0.0.4" || offer.version.empty());
  });
  const auto gzip = best(accept_encoding, [](const Offer& offer) { return offer.name == "gzip"; });
  const bool open_wanted = open && *open > 0 && *open >= plain.value_or(0);
  return {.open_metrics = open_wanted, .gzip = gzip && *gzip > 0};
}

std::string_view content_type_of(const MetricsForm& form) {
  return form.open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                           : "text/plain; version=0.0.4; charset=utf-8";
}

std::string in_form(std::string text, const MetricsForm& form) {
  if (form.open_metrics) text = open_metrics(text);
  return form.gzip ? zipped(text) : text;
}

}  // namespace healthd
