#pragma once

#include <dlfcn.h>

#include <initializer_list>

namespace helixsim {

/// A library that is loaded when it is asked for, and stays.
class LoadedLibrary {
 public:
  /// The first of `names` that is there.
  explicit LoadedLibrary(std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (handle_ == nullptr) handle_ = dlopen(name, RTLD_NOW);
    }
  }
  [[nodiscard]] bool there() const { return handle_ != nullptr; }
  /// Whether the library has the function.
  template <class F>
  bool find(const char* name, F& function) const {
    function = reinterpret_cast<F>(dlsym(handle_, name));
    return function != nullptr;
  }

 private:
  void* handle_ = nullptr;
};

}  // namespace helixsim
