#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "sim/calibration/record.hpp"

namespace helixsim {

/// Records of a file, and lines that are none.
struct RecordList {
  std::vector<MeasuredRecord> records;
  /// The last line when it is half a record: a run was cut off while it wrote. Empty else.
  std::string torn;
};

/// Reads a file of JSON lines; the end of the last line may be missing. Errors: ConfigError
/// "FILE:LINE: ..." for any other line that is no record, and for a file that cannot be read.
RecordList read_records(const std::filesystem::path& file);

/// Records added to the end of a file, each handed to the system before append returns. Records
/// that are there stay as they are; half a record at the end is cut off first.
class RecordAppender {
 public:
  /// Errors: ConfigError when the file cannot be written, or ends with what is no record.
  explicit RecordAppender(std::filesystem::path file);
  void append(const MeasuredRecord& record);
  /// Of to_json_line.
  void append_line(std::string_view line);

 private:
  std::filesystem::path file_;
  std::ofstream out_;
};

}  // namespace helixsim
