#include "sim/calibration/record_file.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/config/config_error.hpp"

namespace helixsim {
namespace {

std::string whole_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text;
  char part[1 << 16];
  while (in.read(part, sizeof(part)) || in.gcount() > 0)
    text.append(part, static_cast<std::size_t>(in.gcount()));
  // A folder opens like a file and fails when it is read.
  if (!in.eof() || in.bad()) throw ConfigError(file.string() + ": cannot be read");
  return text;
}

MeasuredRecord parse_line(const std::string& line, const std::string& place) {
  auto json = std::make_shared<nlohmann::json>(
      nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false));
  if (json->is_discarded()) throw ConfigError(place + ": expected a record as a JSON object");
  return read_record(Node(std::move(json), place));
}

}  // namespace

RecordList read_records(const std::filesystem::path& file) {
  const std::string text = whole_text(file);
  RecordList list;
  std::size_t begin = 0;
  for (int number = 1; begin < text.size(); ++number) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) {
      list.torn = text.substr(begin);
      break;
    }
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.empty()) continue;
    list.records.push_back(parse_line(line, fmt::format("{}:{}", file.string(), number)));
  }
  return list;
}

RecordAppender::RecordAppender(std::filesystem::path file) : file_(std::move(file)) {
  std::error_code error;
  if (std::filesystem::file_size(file_, error) > 0 && !error) {
    const std::string text = whole_text(file_);
    const std::size_t whole = text.rfind('\n') + 1;  // 0 when there is no line
    if (whole < text.size()) std::filesystem::resize_file(file_, whole);
  }
  out_.open(file_, std::ios::binary | std::ios::app);
  if (!out_) throw ConfigError(file_.string() + ": cannot be written");
}

void RecordAppender::append(const MeasuredRecord& record) {
  append_line(to_json_line(record));
}

void RecordAppender::append_line(std::string_view line) {
  out_ << line << '\n';
  if (!out_.flush()) throw ConfigError(file_.string() + ": cannot be written");
}

}  // namespace helixsim
