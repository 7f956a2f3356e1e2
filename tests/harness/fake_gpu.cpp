#include "tests/harness/fake_gpu.hpp"

namespace helixsim {
namespace {

class FakeCell final : public PreparedCell {
 public:
  FakeCell(FakeGpu& gpu, const Cell& cell) : gpu_(gpu), cell_(cell) {}
  CheckResult check() override {
    const double error = gpu_.error(cell_);
    return {.error = error, .ok = error < 4e-3};
  }
  double launch() override {
    gpu_.launched.push_back(cell_.key.kernel);
    const double seconds =
        reps() * (1e-6 + gpu_.fixed(cell_) + cell_.bytes / gpu_.rate(gpu_.clock));
    gpu_.clock += seconds + 0.01;
    return seconds;
  }
  [[nodiscard]] int reps() const override { return 4; }

 private:
  FakeGpu& gpu_;
  Cell cell_;
};

}  // namespace

std::unique_ptr<PreparedCell> FakeGpu::prepare(const Cell& cell, NotPrepared& reason) {
  if (can_run(cell)) return std::make_unique<FakeCell>(*this, cell);
  reason = {.why = "too little memory", .for_memory = for_memory};
  return nullptr;
}

}  // namespace helixsim
