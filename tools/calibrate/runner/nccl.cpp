#include "tools/calibrate/runner/nccl.hpp"

#include "tools/calibrate/runner/cuda_error.hpp"
#include "tools/calibrate/runner/loaded_library.hpp"

namespace helixsim {
namespace {

bool load(Nccl& nccl) {
  const LoadedLibrary library({"libnccl.so.2", "libnccl.so"});
  return library.there() && library.find("ncclGetVersion", nccl.version) &&
         library.find("ncclCommInitAll", nccl.comm_init_all) &&
         library.find("ncclCommDestroy", nccl.comm_destroy) &&
         library.find("ncclGroupStart", nccl.group_start) &&
         library.find("ncclGroupEnd", nccl.group_end) &&
         library.find("ncclAllReduce", nccl.all_reduce) &&
         library.find("ncclAllGather", nccl.all_gather) && library.find("ncclSend", nccl.send) &&
         library.find("ncclRecv", nccl.receive) &&
         library.find("ncclGetErrorString", nccl.error_text);
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
