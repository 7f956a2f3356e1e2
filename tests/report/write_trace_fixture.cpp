// Writes the trace that the browser test opens: write_trace_fixture FILE.

#include <exception>
#include <iostream>

#include "sim/report/trace/trace_file.hpp"
#include "tests/report/trace_case.hpp"

int main(int count, char** arguments) try {
  if (count != 2) throw std::runtime_error("usage: write_trace_fixture FILE");
  helixsim::write_trace_file(helixsim::hop_b_trace(), arguments[1]);
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
