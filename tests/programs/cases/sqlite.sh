# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# sqlite3: two writers of one database, whose transactions must each be there in
# the end.  First both on a mount, with a write-ahead log, which wants record
# locks and a mapping that both share; then one on a mount and one on the host,
# with a rollback journal, for which locks are enough where nothing is cached.
#
# mounts: default cache=never
needs sqlite3

rounds=$(size 150 5000)

# A script of transactions, each of which reads what the others have written.
transactions() { # writer
	echo '.timeout 60000'
	for i in $(seq "$rounds"); do
		echo "BEGIN IMMEDIATE;
			INSERT INTO t SELECT '$1', $i, coalesce(max(total), 0) + 1
				FROM t;
			COMMIT;"
	done
}

verify() { # database
	sqlite3 "$1" 'SELECT count(*), max(total), count(DISTINCT total),
		count(DISTINCT writer || i) FROM t; PRAGMA integrity_check;'
}

for writer in a b; do
	transactions $writer >"$scratch/$writer.sql"
done
all=$((2 * rounds))
expected="$all|$all|$all|$all
ok"
create='CREATE TABLE t (writer TEXT, i INTEGER, total INTEGER);
	CREATE INDEX totals ON t (total);'

same 'journal mode' "$(sqlite3 wal.db 'PRAGMA journal_mode = WAL;')" wal
sqlite3 wal.db "$create"
sqlite3 -bail wal.db <"$scratch/a.sql" &
sqlite3 -bail wal.db <"$scratch/b.sql"
wait $! || fail 'the other writer failed'
same 'with a write-ahead log' "$(verify wal.db)" "$expected"
sqlite3 wal.db 'PRAGMA wal_checkpoint(TRUNCATE); VACUUM;' >"$scratch/said"
same 'checkpoint' "$(head -n 1 "$scratch/said")" '0|0|0'
same 'on the host' "$(on_host "sqlite3 wal.db 'PRAGMA integrity_check;'")" ok

cd "$mnt2"
sqlite3 journal.db "$create"
on_host "sqlite3 -bail journal.db <'$scratch/a.sql'" &
sqlite3 -bail journal.db <"$scratch/b.sql"
wait $! || fail 'the writer on the host failed'
same 'with a rollback journal' "$(verify journal.db)" "$expected"
