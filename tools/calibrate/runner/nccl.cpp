#include "tools/calibrate/runner/nccl.hpp"

#include <dlfcn.h>

#include "tools/calibrate/runner/cuda_error.hpp"

namespace helixsim {
namespace {

template <class F>
bool find(void* library, const char* name, F& function) {
  function = reinterpret_cast<F>(dlsym(library, name));
  return function != nullptr;
}

bool load(Nccl& nccl) {
  void* library = nullptr;
  for (const char* name : {"libnccl.so.2", "libnccl.so"}) {
    if (library == nullptr) library = dlopen(name, RTLD_NOW);
  }
  return library != nullptr && find(library, "ncclGetVersion", nccl.version) &&
         find(library, "ncclCommInitAll", nccl.comm_init_all) &&
         find(library, "ncclCommDestroy", nccl.comm_destroy) &&
         find(library, "ncclGroupStart", nccl.group_start) &&
         find(library, "ncclGroupEnd", nccl.group_end) &&
         find(library, "ncclAllReduce", nccl.all_reduce) &&
         find(library, "ncclAllGather", nccl.all_gather) && find(library, "ncclSend", nccl.send) &&
         find(library, "ncclRecv", nccl.receive) &&
         find(library, "ncclGetErrorString", nccl.error_text);
}

}  // namespace

const Nccl* Nccl::get() {
  static Nccl nccl;
  static const bool there = load(nccl);
  return there ? &nccl : nullptr;
}

void Nccl::check(int status, const char* call) const {
  if (status != 0) throw CudaError(std::string(call) + ": " + error_text(status));
}

}  // namespace helixsim
