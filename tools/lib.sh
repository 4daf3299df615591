# Shared by the scripts in tools/ and .ci/run; sourced, never run. Expects `set -euo pipefail`.
# shellcheck shell=bash

TRIGPOINT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export LC_ALL=C.UTF-8

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
  bold='' red='' green='' plain=''
fi

# step N OF TEXT: the head line of a step; `die` names the step that failed.
step() {
  current_step="[$1/$2] $3"
  printf '%s%s%s\n' "$bold" "$current_step" "$plain"
}

# die MESSAGE [HINT...]: what failed, then what to look at and what to do.
die() {
  printf '%serror: %s%s\n' "$red" "$1" "$plain" >&2
  shift
  if [ -n "${current_step:-}" ]; then
    printf '  step:  %s\n' "$current_step" >&2
  fi
  local hint
  for hint in "$@"; do
    printf '  %s\n' "$hint" >&2
  done
  exit 1
}

# Last lines of a log, indented, on the error stream.
show_end_of() {
  if [ -s "$1" ]; then
    printf '  the last lines of %s:\n' "$1" >&2
    tail -n "${2:-15}" "$1" | sed 's/^/  | /' >&2
  fi
}

# Jobs for the build: a job may take 1.5 GB, so a small machine gets fewer than it has cores.
build_jobs() {
  local cores memory_kb by_memory
  cores=$(nproc)
  memory_kb=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
  by_memory=$((memory_kb / 1500000))
  if [ "$by_memory" -lt 1 ]; then by_memory=1; fi
  if [ "$by_memory" -lt "$cores" ]; then echo "$by_memory"; else echo "$cores"; fi
}

# cache_value PRESET NAME: a value of the CMake cache; empty when not configured.
cache_value() {
  local cache="$TRIGPOINT_ROOT/build/$1/CMakeCache.txt"
  if [ -f "$cache" ]; then
    sed -n "s/^$2:[A-Z]*=//p" "$cache"
  fi
}

# configure PRESET [CMAKE OPTION...]
# The compiler cache then serves every checkout of this machine alike.
export CCACHE_BASEDIR=$TRIGPOINT_ROOT CCACHE_NOHASHDIR=1

configure() {
  local preset=$1 log="$TRIGPOINT_ROOT/build/$1-configure.log" home
  shift
  mkdir -p "$TRIGPOINT_ROOT/build"
  home=$(cache_value "$preset" CMAKE_HOME_DIRECTORY)
  if [ -n "$home" ] && [ "$home" != "$TRIGPOINT_ROOT" ]; then
    die "build/$preset was configured for another checkout ($home)" \
      "do:    rm -r $TRIGPOINT_ROOT/build/$preset, then run this again"
  fi
  # A directory that is made here compiles several sources at a time: half an hour less of a cold build. One that is there
  # keeps what it was made with (cmake/TrigpointTogether.cmake).
  [ -n "$home" ] || set -- -DCMAKE_UNITY_BUILD=ON "$@"
  if ! (cd "$TRIGPOINT_ROOT" && cmake --preset "$preset" "$@") >"$log" 2>&1; then
    show_end_of "$log"
    die "the configuration of build/$preset failed" "look:  $log" \
      "do:    mend what it names; if the build directory is from an older state: rm -r build/$preset"
  fi
}

# build PRESET [TARGET...]: on a terminal ninja's own progress, else a line for every tenth of the work.
build() {
  local preset=$1 log="$TRIGPOINT_ROOT/build/$1-build.log" options rc=0
  shift
  options=(--build "$TRIGPOINT_ROOT/build/$preset" --parallel "$(build_jobs)")
  if [ $# -gt 0 ]; then
    options+=(--target "$@")
  fi
  if [ -t 1 ]; then
    cmake "${options[@]}" || rc=$?
    log="the compiler's message above"
  else
    NINJA_STATUS='[%f/%t] ' cmake "${options[@]}" 2>&1 | tee "$log" | build_progress || rc=$?
    if [ "$rc" != 0 ]; then
      { grep -E 'FAILED:|error:|No space left|Killed' "$log" || true; } | head -n 20 | sed 's/^/  | /' >&2
    fi
  fi
  if [ "$rc" != 0 ]; then
    die "the build of build/$preset failed" "look:  $log" "do:    mend what it names, then run this again; what is built stays"
  fi
}

build_progress() {
  local line done_count total tenth shown=-1
  while IFS= read -r line; do
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
      done_count=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]}
      tenth=$((10 * done_count / total))
      if [ "$tenth" -gt "$shown" ]; then
        shown=$tenth
        printf '  built %d of %d\n' "$done_count" "$total"
      fi
    elif [[ $line == *'no work to do'* ]]; then
      echo "  nothing to build"
    fi
  done
}

# Names of the test programs of the libraries (they need neither services nor the command).
library_tests() {
  sed -n 's/^ *trigpoint_add_test( *\([a-z_0-9]\+\).*/\1/p; /^ *trigpoint_add_test( *$/ { n; s/^ *\([a-z_0-9]\+\).*/\1/p }' "$@"
}

# sanitizer_pass PRESET CMAKEFILE...: the tests of these libraries, built and run under a sanitizer.
sanitizer_pass() {
  local preset=$1 targets
  shift
  mapfile -t targets < <(library_tests "$@")
  configure "$preset" -DTRIGPOINT_BUILD_TESTS=ON
  build "$preset" "${targets[@]}"
  # Test programs of other directories are not built here; what is not built has no label.
  ctest --test-dir "$TRIGPOINT_ROOT/build/$preset" -j3 --no-tests=error --output-on-failure -L '^(unit|contract)$' -LE '^long$'
}

# CMakeLists.txt of the libraries that use absl::Mutex, directly or through another library.
users_of_absl_mutex() {
  local pattern='absl::synchronization' files='' more
  while more=$(grep -lE "$pattern" "$TRIGPOINT_ROOT"/libs/*/CMakeLists.txt | sort) && [ "$more" != "$files" ]; do
    files=$more
    pattern="absl::synchronization|trigpoint::($(sed 's|.*/libs/||; s|/CMakeLists.txt||' <<<"$files" | paste -sd'|'))\\b"
  done
  printf '%s\n' "$files"
}

# npm_packages NAME DIR: what DIR/package-lock.json pins, in build/npm/NAME/node_modules, checked by its digests; says
# nothing, and fails where npm is missing or cannot fetch it (build/npm/NAME.log).
npm_packages() {
  local to="$TRIGPOINT_ROOT/build/npm/$1" from=$2
  local log="$to.log" mark="$to/node_modules/.pinned.json"
  mkdir -p "$to"
  (
    flock 9
    if cmp -s "$from/package-lock.json" "$mark"; then
      return 0
    fi
    cp "$from/package.json" "$from/package-lock.json" "$to/"
    # No script of a package runs.
    (cd "$to" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1) >"$log" 2>&1 </dev/null &&
      cp "$from/package-lock.json" "$mark"
  ) 9>"$to.lock"
}

# pip_packages NAME REQUIREMENTS: what the file pins, in build/pip/NAME, checked by its digests; says nothing, and fails where
# pip is missing or cannot fetch it (build/pip/NAME.log).
pip_packages() {
  local to="$TRIGPOINT_ROOT/build/pip/$1" pinned=$2
  local log="$to.log" mark="$to/.pinned.txt"
  mkdir -p "$TRIGPOINT_ROOT/build/pip"
  (
    flock 9
    if cmp -s "$pinned" "$mark"; then
      return 0
    fi
    rm -rf "$to"
    # Wheels alone: nothing of a package runs.
    python3 -m pip install --target "$to" --require-hashes --only-binary :all: --no-cache-dir --disable-pip-version-check \
      --root-user-action ignore -r "$pinned" >"$log" 2>&1 </dev/null && cp "$pinned" "$mark"
  ) 9>"$to.lock"
}
