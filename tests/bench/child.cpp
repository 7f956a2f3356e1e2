#include "tests/bench/child.hpp"

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <stdexcept>

namespace helixsim::bench {
namespace {

void check(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error(what);
}

/// Starts a program whose output goes to `output`, without copying this process first.
pid_t spawn(const std::vector<std::string>& arguments, int output, int other_end) {
  std::vector<std::string> words = arguments;
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, output);
  posix_spawn_file_actions_addclose(&actions, other_end);
  pid_t child = -1;
  const int error = posix_spawn(&child, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  check(error == 0, "cannot start " + arguments.front());
  return child;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::string read_all(int file) {
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t size = 0; (size = read(file, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return text;
}

}  // namespace

ChildRun run_child(const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{};
  check(pipe(ends.data()) == 0, "no pipe to a child");
  const pid_t child = spawn(arguments, ends[1], ends[0]);
  close(ends[1]);
  ChildRun run;
  run.output = read_all(ends[0]);
  close(ends[0]);
  int status = 0;
  rusage usage{};
  check(wait4(child, &status, 0, &usage) == child, "lost " + arguments.front());
  run.seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  check(WIFEXITED(status) && WEXITSTATUS(status) == 0, arguments.front() + " failed");
  return run;
}

std::string own_path() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

}  // namespace helixsim::bench
