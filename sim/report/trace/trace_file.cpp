#include "sim/report/trace/trace_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>

#include "sim/config/config_error.hpp"
#include "sim/report/trace/registry.hpp"

namespace helixsim {
namespace {

namespace fs = std::filesystem;

/// A file beside `place` that goes unless it is moved there.
class FileBeside {
 public:
  explicit FileBeside(const fs::path& place) : place_(place), working_(place) {
    working_ += ".part-" + std::to_string(::getpid());
  }
  ~FileBeside() {
    std::error_code ignored;
    if (!moved_) fs::remove(working_, ignored);
  }
  FileBeside(const FileBeside&) = delete;
  FileBeside& operator=(const FileBeside&) = delete;

  const fs::path& path() const { return working_; }

  std::error_code move_into_place() {
    std::error_code error;
    fs::rename(working_, place_, error);
    moved_ = !error;
    return error;
  }

 private:
  fs::path place_;
  fs::path working_;
  bool moved_ = false;
};

[[noreturn]] void fail(const fs::path& path, const std::string& why) {
  throw ConfigError("--trace: " + path.string() + " cannot be written: " + why);
}

/// The file itself where `path` is a link to it. Errors: ConfigError for what is no plain file.
fs::path real_place(const fs::path& path) {
  std::error_code error;
  fs::path real = fs::weakly_canonical(path, error);
  if (error) real = path;
  const fs::file_status status = fs::status(real, error);
  if (fs::is_directory(status)) fail(path, "it is a folder");
  if (fs::exists(status) && !fs::is_regular_file(status)) fail(path, "it is not a plain file");
  return real;
}

}  // namespace

void write_trace_file(const Trace& trace, const fs::path& path) {
  const TraceFormat& format = trace_format_for(path);
  FileBeside file(real_place(path));
  errno = 0;
  std::ofstream out(file.path(), std::ios::binary | std::ios::trunc);
  if (out) format.write(trace, out);
  out.close();
  if (!out) fail(path, std::generic_category().message(errno));
  if (const std::error_code error = file.move_into_place()) fail(path, error.message());
}

}  // namespace helixsim
