#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The command lines of pciplug-vfio-user and pciplug-info: every bad input is
# one clear line and exit status 2, and the good ones do what they say.
# shellcheck disable=SC3045 # dash has ulimit -S, too
set -u

vu=$top_builddir/pciplug-vfio-user
info=$top_builddir/pciplug-info
dir=$(mktemp -d "${TMPDIR:-/tmp}/vfio-user-cli.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/share" "$dir/sockets" "$dir/empty"
failed=0

fail() {
	echo "FAIL: $*"
	failed=1
}

# bad TEXT COMMAND...: it fails with 2 and one line that has TEXT
bad() {
	want=$1
	shift
	timeout 30 "$@" >"$dir/out" 2>"$dir/err" </dev/null
	rc=$?
	[ $rc -eq 2 ] || fail "exit status $rc, not 2: $*"
	[ "$(wc -l <"$dir/err")" -eq 1 ] ||
		fail "not one line: $*: $(cat "$dir/err")"
	grep -qF -e "$want" "$dir/err" ||
		fail "no '$want': $*: $(cat "$dir/err")"
	[ ! -s "$dir/out" ] || fail "output: $*"
}

share=good:$dir/share
sockets=$dir/sockets
long=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  # 37 bytes

bad 'nothing to serve' "$vu" --socket-dir "$sockets"
bad 'expected --socket-dir' "$vu" --virtio-fs "$share"
bad "unknown option '--no-such'" "$vu" --no-such x --socket-dir "$sockets"
bad "unexpected argument 'x'" "$vu" x
bad 'needs a value' "$vu" --virtio-fs
bad 'needs a value' "$vu" --socket-dir
bad 'no command' "$vu" --virtio-fs "$share" --
bad "--virtio-fs nocolon: " "$vu" --virtio-fs nocolon --socket-dir "$sockets"
bad 'empty tag' "$vu" --virtio-fs ":$dir/share" --socket-dir "$sockets"
bad '36' "$vu" --virtio-fs "$long:$dir/share" --socket-dir "$sockets"
bad 'No such file' "$vu" --virtio-fs "x:$dir/none" --socket-dir "$sockets"
bad "Not a directory" "$vu" --virtio-fs x:/dev/null --socket-dir "$sockets"
bad 'nonsense' "$vu" --virtio-fs "$share,nonsense" --socket-dir "$sockets"
bad 'queues' "$vu" --virtio-fs "$share,queues=0" --socket-dir "$sockets"
bad "'good' is given twice" "$vu" --virtio-fs "$share" --virtio-fs "$share,ro" \
	--socket-dir "$sockets"
bad 'No such file' "$vu" --virtio-fs "$share" --socket-dir "$dir/none"
bad 'is not a directory' "$vu" --virtio-fs "$share" --socket-dir /etc/passwd
bad 'cannot open the log file' "$vu" --virtio-fs "$share" \
	--socket-dir "$sockets" --log-file "$dir/none/log"
deep=$dir/$(printf '%0100d' 0)
mkdir "$deep"
bad 'too long' "$vu" --virtio-fs "$share" --socket-dir "$deep"
bad 'No such file' "$vu" --plugin "$dir/none.so" --virtio-fs "$share" \
	--socket-dir "$sockets"
bad 'cannot load the plugin' "$vu" --plugin /etc/passwd --help
bad 'No such file' env PCIPLUG_PATH="$dir/empty" "$vu" --help
bad "command '$dir/none' not found" "$vu" --virtio-fs "$share" -- "$dir/none"
bad 'has no vfio-user-pci' "$vu" --virtio-fs "$share" -- false
bad "cannot tell the memory size from '-m lots'" "$vu" --virtio-fs "$share" \
	-- true -m lots
bad 'empty tag' "$info" ":$dir/share"
bad 'unexpected argument' "$info" "$share" more
bad 'unrecognized option' "$info" --nonsense
bad 'No such file' "$info" --plugin "$dir/none.so"

# Shared objects that are no plugins, if there is a compiler.
cc() {
	$CC -shared -fPIC -I"$top_srcdir/include" -o "$1" -x c - 2>/dev/null
}
if echo 'int x;' | cc "$dir/other.so"; then
	bad 'is not a pciplug plugin' "$vu" --plugin "$dir/other.so" --help
	cc "$dir/null.so" <<-END
		#include <pciplug.h>
		const struct pciplug_plugin *pciplug_entry_v1(void) { return 0; }
	END
	bad 'offers nothing' "$vu" --plugin "$dir/null.so" --help
	cc "$dir/short.so" <<-END
		#include <pciplug.h>
		static const struct pciplug_plugin p = { 40, 0, "n", "v", "d" };
		const struct pciplug_plugin *pciplug_entry_v1(void) { return &p; }
	END
	bad "lacks 'option'" "$vu" --plugin "$dir/short.so" --help
fi

[ -z "$(ls "$sockets")" ] || fail "sockets are left: $(ls "$sockets")"

# Serving: the sockets are there, in use, and gone at the end; and there are as
# many descriptors for files as may be.
soft=$(ulimit -Sn)
ulimit -Sn 200
# A sanitizer's own threads and files are not for the sandbox.
free=${SANITIZE:+--sandbox none --seccomp none}
# shellcheck disable=SC2086 # two options
HVLITE_LOG=debug "$vu" --virtio-fs "$share" \
	--virtio-fs "two,$dir/share,ro" \
	--socket-dir "$sockets" --log-file "$dir/log" $free \
	>"$dir/out" 2>"$dir/err" &
pid=$!
n=0
until [ "$(grep -c ' is on ' "$dir/out")" -eq 2 ]; do
	n=$((n + 1))
	[ $n -lt 600 ] || break
	sleep 0.05
done
server=$(cat /proc/$pid/task/$pid/children)
limits=$(awk '/^Max open files/ { print $4, $5 }' "/proc/${server% }/limits")
[ "${limits% *}" -eq "${limits#* }" ] ||
	fail 'the limit of descriptors was not raised'
part=$(((${limits% *} - 256) / 2))
[ "$(grep -c "at most $part descriptors" "$dir/log")" -eq 2 ] ||
	fail "not $part descriptors for each: $(cat "$dir/log")"
[ -S "$sockets/good.sock" ] || fail 'no good.sock'
[ -S "$sockets/two.sock" ] || fail 'no two.sock'
[ ! -s "$dir/err" ] || fail "serving is not quiet: $(cat "$dir/err")"
bad 'is in use' "$vu" --virtio-fs "$share" --socket-dir "$sockets"
[ -S "$sockets/good.sock" ] || fail 'good.sock was removed by another'
kill -TERM $pid
wait $pid || fail "exit status $? after SIGTERM"
[ -z "$(ls "$sockets")" ] || fail "sockets are left: $(ls "$sockets")"
for name in good two; do
	grep -q "plugin: $name.sock: virtio-fs '$name'" "$dir/log" ||
		fail "the log does not say that $name is there, and whose line it is"
done

# A command: what it is given, its exit status, signals.
cat >"$dir/qemu" <<'END'
#!/bin/sh
case "$*" in *help) exit 0 ;; esac
for arg; do echo "<$arg>"; done >"$OUT"
ulimit -Sn >>"$OUT"
case $MODE in
exit) exit 7 ;;
kill) kill -KILL $$ ;;
esac
trap 'exit 9' USR1
: >"$OUT.trapped"
n=0
while [ $n -lt 300 ]; do sleep 0.1; n=$((n + 1)); done
END
chmod +x "$dir/qemu"
# shellcheck disable=SC2086 # two options
serve() { "$vu" --virtio-fs "$share" $free -- "$dir/qemu" "$@" 2>/dev/null; }
OUT=$dir/args XDG_RUNTIME_DIR=$dir/empty
export OUT XDG_RUNTIME_DIR
MODE='exit' serve -m 64
rc=$?
[ $rc -eq 7 ] || fail "exit status $rc, not the command's 7"
grep -qx '<memory-backend=pciplug-ram>' "$OUT" || fail 'no memory backend'
grep -qx 200 "$OUT" || fail 'the command has another limit of descriptors'
grep -q '^<{"driver":"vfio-user-pci".*/good.sock"}}>' "$OUT" || fail 'no device'
MODE='kill' serve
rc=$?
[ $rc -eq 137 ] || fail "exit status $rc, not 128 + 9"
MODE='wait' "$vu" --virtio-fs "$share" $free -- "$dir/qemu" 2>/dev/null &
pid=$!
n=0
until [ -e "$OUT.trapped" ] || [ $n -ge 600 ]; do
	n=$((n + 1))
	sleep 0.05
done
kill -USR1 $pid
wait $pid
rc=$?
[ $rc -eq 9 ] || fail "exit status $rc: SIGUSR1 was not passed on"
[ -z "$(ls "$dir/empty")" ] || fail 'the private directory is left'

ulimit -Sn "$soft"

# What people ask the programs.
"$vu" --help | grep -q -e '--virtio-fs TAG:ROOT' || fail 'no option in --help'
"$vu" --version | grep -q '^pciplug-vfio-user [0-9]' || fail 'no version'
"$info" | grep -q '^  name: virtiofs$' || fail 'pciplug-info: no name'
"$info" "$share" | grep -q '^    tag: good$' || fail 'pciplug-info: no tag'
"$info" "good:folder=a:/,folder=b:$dir,ro" |
	grep -q "^      - name b, root $dir, ro true, cache auto\$" ||
	fail 'pciplug-info: no folders'
"$info" --json "$share" >"$dir/json" || fail 'pciplug-info --json'
if [ -n "${PYTHON:-}" ] && [ "$PYTHON" != : ]; then
	"$PYTHON" - "$dir/json" <<-'END' || fail 'pciplug-info: wrong JSON'
		import json, sys
		d = json.load(open(sys.argv[1]))["device"]
		assert d["identity"]["vendor"] == "0x1af4"
		assert d["identity"]["device"] == "0x105a"
		names = [c["name"] for c in d["capabilities"]]
		assert "MSI-X" in names and "virtio COMMON" in names, names
		assert "VERSION_1" in d["virtio"]["features"]
		assert d["state"]["tag"] == d["virtio_fs"]["tag"]
		assert len(d["virtio"]["queue_sizes"]) == \
			1 + d["virtio_fs"]["request_queues"]
	END
fi
exit $failed
