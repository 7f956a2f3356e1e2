#include "sim/report/whole_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "sim/config/config_error.hpp"

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

class FileWriter {
 public:
  FileWriter(fs::path path, std::string_view flag) : path_(std::move(path)), flag_(flag) {}

  void write(const std::function<void(std::ostream&)>& write) const {
    FileBeside file(real_place());
    errno = 0;
    std::ofstream out(file.path(), std::ios::binary | std::ios::trunc);
    if (out) write(out);
    out.close();
    if (!out) fail(std::generic_category().message(errno));
    if (const std::error_code error = file.move_into_place()) fail(error.message());
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw ConfigError(std::string(flag_) + ": " + path_.string() + " cannot be written: " + why);
  }

  /// The file itself where the path is a link to it. Errors: ConfigError for what is no plain file.
  [[nodiscard]] fs::path real_place() const {
    std::error_code error;
    fs::path real = fs::weakly_canonical(path_, error);
    if (error) real = path_;
    const fs::file_status status = fs::status(real, error);
    if (fs::is_directory(status)) fail("it is a folder");
    if (fs::exists(status) && !fs::is_regular_file(status)) fail("it is not a plain file");
    return real;
  }

  fs::path path_;
  std::string_view flag_;
};

}  // namespace

void write_whole_file(const fs::path& path, std::string_view flag,
                      const std::function<void(std::ostream&)>& write) {
  FileWriter(path, flag).write(write);
}

}  // namespace helixsim
