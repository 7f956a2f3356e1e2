#include "sim/calibration/record_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/config/config_error.hpp"

namespace helixsim {
namespace {

std::string whole_text(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error))
    throw ConfigError(file.string() + ": is a folder, expected a file of records");
  if (!std::filesystem::exists(file, error)) throw ConfigError(file.string() + ": no such file");
  std::ifstream in(file, std::ios::binary);
  std::string text;
  char part[1 << 16];
  while (in.read(part, sizeof(part)) || in.gcount() > 0)
    text.append(part, static_cast<std::size_t>(in.gcount()));
  if (!in.eof() || in.bad()) throw ConfigError(file.string() + ": cannot be read");
  return text;
}

MeasuredRecord parse_line(const std::string& line, const std::string& place) {
  auto json = std::make_shared<nlohmann::json>(
      nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false));
  if (json->is_discarded()) throw ConfigError(place + ": expected a record as a JSON object");
  return read_record(Node(std::move(json), place));
}

/// Whether a line without an end is how a record begins, and no other text.
bool is_half_a_record(std::string_view line) {
  constexpr std::string_view kBegin = R"({"schema":"helixsim/record/)";
  std::string text;
  for (const char c : line.substr(0, 2 * kBegin.size())) {
    if (c != ' ') text += c;
  }
  const std::size_t common = std::min(text.size(), kBegin.size());
  return text.compare(0, common, kBegin, 0, common) == 0 && !nlohmann::json::accept(line);
}

/// The records of a file's text.
RecordList parse_records(const std::string& text, const std::filesystem::path& file) {
  RecordList list;
  std::size_t begin = 0;
  for (int number = 1; begin < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (end == text.size() && is_half_a_record(line)) {
      list.torn = line;
      break;
    }
    if (line.empty()) continue;
    list.records.push_back(parse_line(line, fmt::format("{}:{}", file.string(), number)));
  }
  return list;
}

}  // namespace

RecordList read_records(const std::filesystem::path& file) {
  return parse_records(whole_text(file), file);
}

RecordAppender::RecordAppender(std::filesystem::path file) : file_(std::move(file)) {
  std::error_code error;
  bool unended = false;
  if (std::filesystem::exists(file_, error)) {
    const std::string text = whole_text(file_);
    const std::string torn = parse_records(text, file_).torn;
    if (!torn.empty()) std::filesystem::resize_file(file_, text.size() - torn.size(), error);
    if (error) throw ConfigError(file_.string() + ": cannot be written: " + error.message());
    unended = torn.empty() && !text.empty() && text.back() != '\n';
  }
  out_.open(file_, std::ios::binary | std::ios::app);
  if (!out_) throw ConfigError(file_.string() + ": cannot be written");
  if (unended) out_ << '\n';
}

void RecordAppender::append(const MeasuredRecord& record) {
  append_line(to_json_line(record));
}

void RecordAppender::append_line(std::string_view line) {
  out_ << line << '\n';
  if (!out_.flush()) throw ConfigError(file_.string() + ": cannot be written");
}

}  // namespace helixsim
