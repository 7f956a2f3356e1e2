#include "tools/calibrate/runner/cublas_lt.hpp"

#include <dlfcn.h>

namespace helixsim {
namespace {

template <class F>
bool find(void* library, const char* name, F& function) {
  function = reinterpret_cast<F>(dlsym(library, name));
  return function != nullptr;
}

bool load(CublasLt& lt) {
  void* library = nullptr;
  for (const char* name : {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"}) {
    if (library == nullptr) library = dlopen(name, RTLD_NOW);
  }
  return library != nullptr && find(library, "cublasLtCreate", lt.create) &&
         find(library, "cublasLtGetVersion", lt.version) &&
         find(library, "cublasLtMatmul", lt.matmul) &&
         find(library, "cublasLtMatmulDescCreate", lt.desc_create) &&
         find(library, "cublasLtMatmulDescDestroy", lt.desc_destroy) &&
         find(library, "cublasLtMatmulDescSetAttribute", lt.desc_set) &&
         find(library, "cublasLtMatrixLayoutCreate", lt.layout_create) &&
         find(library, "cublasLtMatrixLayoutDestroy", lt.layout_destroy) &&
         find(library, "cublasLtMatmulPreferenceCreate", lt.preference_create) &&
         find(library, "cublasLtMatmulPreferenceDestroy", lt.preference_destroy) &&
         find(library, "cublasLtMatmulPreferenceSetAttribute", lt.preference_set) &&
         find(library, "cublasLtMatmulAlgoGetHeuristic", lt.heuristic) &&
         find(library, "cublasLtMatmulAlgoConfigGetAttribute", lt.algo_get) &&
         lt.create(&lt.handle) == CUBLAS_STATUS_SUCCESS;
}

}  // namespace

const CublasLt* CublasLt::get() {
  static CublasLt lt;
  static const bool there = load(lt);
  return there ? &lt : nullptr;
}

}  // namespace helixsim
