# HELIXSIM_CUDA: AUTO builds the CUDA part where nvcc 12.9 or later is, ON requires it, OFF leaves it out. All else builds
# and passes without it. Sets HELIXSIM_HAS_CUDA.

set(HELIXSIM_CUDA AUTO CACHE STRING "Build the kernels of calibration for GPUs: AUTO, ON or OFF")
set_property(CACHE HELIXSIM_CUDA PROPERTY STRINGS AUTO ON OFF)
if(NOT HELIXSIM_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "HELIXSIM_CUDA is ${HELIXSIM_CUDA}: expected AUTO, ON or OFF")
endif()

set(HELIXSIM_HAS_CUDA OFF)
if(NOT HELIXSIM_CUDA STREQUAL OFF)
  set(CMAKE_CUDA_ARCHITECTURES OFF) # given by the flags below: CMake 3.25 does not know the later ones
  include(CheckLanguage)
  if(NOT CMAKE_CUDA_COMPILER) # looked for anew: it may have come to the PATH since
    unset(CMAKE_CUDA_COMPILER CACHE)
  endif()
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
    if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION) # CMake 3.25 does not know it of nvcc 13
      set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
      set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
    endif()
    find_package(CUDAToolkit 12.9)
    set(HELIXSIM_HAS_CUDA ${CUDAToolkit_FOUND})
  endif()
  if(HELIXSIM_CUDA STREQUAL ON AND NOT HELIXSIM_HAS_CUDA)
    message(FATAL_ERROR "HELIXSIM_CUDA is ON, and there is no nvcc 12.9 or later on the PATH nor in CUDACXX")
  endif()
endif()
if(HELIXSIM_HAS_CUDA)
  message(STATUS "CUDA kernels: ${CMAKE_CUDA_COMPILER} ${CMAKE_CUDA_COMPILER_VERSION}")
else()
  message(STATUS "CUDA kernels: left out; they run in the emulator only, and this program measures no GPU")
endif()
