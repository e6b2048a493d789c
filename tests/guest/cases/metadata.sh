# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Links, modes, owners and times survive, in both directions.

long_target() {
	printf 'x%04000d' 0
}

# Describe the folder; the same text on both sides.
describe() { # stat-command
	for file in file linked dangling long dir fifo suid sticky; do
		# shellcheck disable=SC2086 # a command with arguments
		$1 "$file"
	done
	# The others' times of access change as they are looked at.
	for file in file dangling dir; do
		guest_tool times-get "$file"
	done
	readlink dangling
	readlink long
}

# Make one thing of each kind.
make_all() {
	echo content >file
	ln file linked
	ln -s 'no such/file' dangling
	ln -s "$(long_target)" long
	mkdir dir
	mkfifo fifo
	touch suid sticky
	chown 12345:54321 suid
	chown -h 4294967294:1 dangling
	chmod 06751 suid
	chmod 01600 sticky
	chmod 0 file
	chmod 02775 dir
	# The low 32 bits of a time are not enough after 2038, nor before 1902.
	guest_tool times-set file 4000000000.000000001 1234567890.123456789
	guest_tool times-set dangling 5000000000.999999999 0.000000000
	guest_tool times-set dir 8589934592.500000000 2147483648.000000001
}

prepare() {
	mkdir host guest
	(
		cd host
		make_all
		describe 'stat -c %n:%f:%u:%g:%h:%s' >../host.text
	)
}

guest() {
	(
		cd host
		describe 'stat -c %n:%f:%u:%g:%h:%s' >/tmp/host.text
	)
	diff host.text /tmp/host.text
	(
		cd guest
		make_all
		same inode "$(stat -c %i file)" "$(stat -c %i linked)"
		describe 'stat -c %n:%f:%u:%g:%h:%s' >../guest.text
		cd ..
		drop_caches
		cd guest
		describe 'stat -c %n:%f:%u:%g:%h:%s' >/tmp/guest.text
	)
	diff guest.text /tmp/guest.text
	same size "$(readlink guest/long | wc -c)" 4002
	refuses 'No such file' cat guest/dangling
	refuses 'File exists' ln guest/file guest/linked
}

verify() {
	(
		cd guest
		describe 'stat -c %n:%f:%u:%g:%h:%s' >../verify.text
		same inode "$(stat -c %i file)" "$(stat -c %i linked)"
	)
	diff guest.text verify.text
}
