#include "tools/calibrate/runner/cublas_lt.hpp"

#include "tools/calibrate/runner/loaded_library.hpp"

namespace helixsim {
namespace {

bool load(CublasLt& lt) {
  const LoadedLibrary library({"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"});
  return library.there() && library.find("cublasLtCreate", lt.create) &&
         library.find("cublasLtGetVersion", lt.version) &&
         library.find("cublasLtMatmul", lt.matmul) &&
         library.find("cublasLtMatmulDescCreate", lt.desc_create) &&
         library.find("cublasLtMatmulDescDestroy", lt.desc_destroy) &&
         library.find("cublasLtMatmulDescSetAttribute", lt.desc_set) &&
         library.find("cublasLtMatrixLayoutCreate", lt.layout_create) &&
         library.find("cublasLtMatrixLayoutDestroy", lt.layout_destroy) &&
         library.find("cublasLtMatmulPreferenceCreate", lt.preference_create) &&
         library.find("cublasLtMatmulPreferenceDestroy", lt.preference_destroy) &&
         library.find("cublasLtMatmulPreferenceSetAttribute", lt.preference_set) &&
         library.find("cublasLtMatmulAlgoGetHeuristic", lt.heuristic) &&
         library.find("cublasLtMatmulAlgoConfigGetAttribute", lt.algo_get) &&
         lt.create(&lt.handle) == CUBLAS_STATUS_SUCCESS;
}

}  // namespace

const CublasLt* CublasLt::get() {
  static CublasLt lt;
  static const bool there = load(lt);
  return there ? &lt : nullptr;
}

}  // namespace helixsim
