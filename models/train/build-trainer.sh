#!/usr/bin/env bash
# Builds the official LightGBM trainer (command line) and library, once per machine, from the source that the npm package
# lightgbm@1.0.27 carries. Result: ${XDG_CACHE_HOME:-~/.cache}/cryptotrader/lightgbm/1.0.27/{lightgbm,lib_lightgbm.so,include/}.
# Nothing of it enters the repository, and nothing that trades needs it. About 6 minutes on 2 busy cores.
# Needs: npm, node, cmake, make, a C++ compiler.
set -euo pipefail

version=1.0.27
integrity='sha512-4E/Gjr3FqQl9U3z0BMuuViTlvO7T9oGMcfa3Jp2MRyKWWSJxFPs7xDTlzrEaBBG6iA69S/AcGn1lgMCuZT8qsg=='
target="${XDG_CACHE_HOME:-$HOME/.cache}/cryptotrader/lightgbm/$version"

if [ -x "$target/lightgbm" ] && [ -f "$target/lib_lightgbm.so" ] && [ -d "$target/include/LightGBM" ]; then
  echo "already built: $target"
  exit 0
fi
for tool in npm node cmake make c++; do
  command -v "$tool" >/dev/null || { echo "expected $tool on PATH, found none; install it (Debian: cmake build-essential)" >&2; exit 1; }
done

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
# The tarball only: its install script would build an addon we must not load.
npm pack --silent --ignore-scripts "lightgbm@$version" >/dev/null
found="sha512-$(node -e 'process.stdout.write(require("crypto").createHash("sha512").update(require("fs").readFileSync(process.argv[1])).digest("base64"))' "lightgbm-$version.tgz")"
if [ "$found" != "$integrity" ]; then
  echo "lightgbm@$version: expected $integrity, found $found; nothing was built" >&2
  exit 1
fi
tar xzf "lightgbm-$version.tgz"
cd package/dependencies/LightGBM
# USE_OPENMP=OFF: no libgomp at run time, and the same result for any number of threads.
# CMAKE_POLICY_VERSION_MINIMUM: CMake 4 refuses the old minimum this source names; CMake 3 ignores the setting.
cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DBUILD_CLI=ON -DUSE_OPENMP=OFF -DCMAKE_POLICY_VERSION_MINIMUM=3.5 >cmake.log 2>&1 ||
  { tail -20 cmake.log >&2; exit 1; }
cmake --build build --parallel "${JOBS:-2}" >build.log 2>&1 || { tail -20 build.log >&2; exit 1; }

mkdir -p "$target"
cp -r include "$target/"
cp lib_lightgbm.so "$target/"
# The program last: its presence means that everything is there.
cp lightgbm "$target/lightgbm.new" && mv "$target/lightgbm.new" "$target/lightgbm"
echo "built: $target"
