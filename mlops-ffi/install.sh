#!/bin/sh
# Installs the C and C++ library under a prefix: headers, libraries, pkg-config and CMake files.
#
#   mlops-ffi/install.sh PREFIX [--lib-dir DIR]
#
# Without --lib-dir the library is built (release). With it, DIR holds libmlops.so (or .dylib) and libmlops.a.
# DESTDIR is put before PREFIX, for packagers.
set -eu

usage() {
    echo "usage: install.sh PREFIX [--lib-dir DIR]" >&2
    exit 2
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
prefix=
lib_dir=
while [ $# -gt 0 ]; do
    case $1 in
        --lib-dir) [ $# -ge 2 ] || usage; lib_dir=$2; shift 2 ;;
        -*) usage ;;
        *) [ -z "$prefix" ] || usage; prefix=$1; shift ;;
    esac
done
[ -n "$prefix" ] || usage

if [ -z "$lib_dir" ]; then
    (cd "$here/.." && cargo build --release -p mlops-ffi)
    lib_dir=${CARGO_TARGET_DIR:-$here/../target}/release
fi

number() { sed -n "s/^#define $1 \"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" "$here/include/mlops.h"; }
version=$(number MLOPS_VERSION)
abi=$(number MLOPS_ABI_VERSION)
root=${DESTDIR:-}$prefix

mkdir -p "$root/include/mlops" "$root/lib/pkgconfig" "$root/lib/cmake/mlops"
cp "$here/include/mlops.h" "$here/include/mlops.hpp" "$root/include/"
cp "$here"/include/mlops/*.hpp "$root/include/mlops/"
cp "$lib_dir/libmlops.a" "$root/lib/"
if [ -e "$lib_dir/libmlops.dylib" ]; then
    cp "$lib_dir/libmlops.dylib" "$root/lib/libmlops.$abi.dylib"
    ln -sf "libmlops.$abi.dylib" "$root/lib/libmlops.dylib"
else
    rm -f "$root"/lib/libmlops.so*
    cp "$lib_dir/libmlops.so" "$root/lib/libmlops.so.$version"
    ln -sf "libmlops.so.$version" "$root/lib/libmlops.so.$abi"
    ln -sf "libmlops.so.$abi" "$root/lib/libmlops.so"
fi

# What the static library needs from the system; `cargo rustc -p mlops-ffi -- --print native-static-libs` tells.
case $(uname -s) in
    Darwin) private="-liconv -lSystem -lc -lm" ;;
    *) private="-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc" ;;
esac
fill() { sed -e "s|@VERSION@|$version|g" -e "s|@ABI@|$abi|g" -e "s|@PRIVATE@|$private|g" "$1" > "$2"; }
fill "$here/mlops.pc.in" "$root/lib/pkgconfig/mlops.pc"
fill "$here/cmake/mlopsConfig.cmake.in" "$root/lib/cmake/mlops/mlopsConfig.cmake"
fill "$here/cmake/mlopsConfigVersion.cmake.in" "$root/lib/cmake/mlops/mlopsConfigVersion.cmake"
