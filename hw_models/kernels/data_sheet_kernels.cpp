#include "hw_models/kernels/data_sheet_kernels.hpp"

#include "hw_models/kernels/roofline.hpp"

namespace helixsim {
namespace {

class DataSheetKernels final : public KernelModel {
 public:
  explicit DataSheetKernels(const Gpu& gpu) : gpu_(gpu) {}

  [[nodiscard]] Seconds duration(const KernelWork& work) const override {
    if (work.included) return {};
    return roofline_time(work.flops, work.hbm_bytes(), gpu_.peak(work.math), gpu_.memory_bandwidth);
  }
  /// Parts have the bytes and flops of the whole.
  [[nodiscard]] Seconds least_when_cut(const KernelWork& work, int /*launches*/) const override {
    return duration(work);
  }

 private:
  Gpu gpu_;
};

}  // namespace

std::unique_ptr<KernelModel> make_data_sheet_kernels(const Gpu& gpu) {
  return std::make_unique<DataSheetKernels>(gpu);
}

}  // namespace helixsim
