# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# What a user of the guest makes is that user's, and what is another's is not.

prepare() {
	mkdir public
	chmod 1777 public
	echo secret >private
	chmod 600 private
}

guest() {
	guest_tool as 1000 1001 sh -c 'umask 027; echo hi >public/file;
		mkdir public/dir; ln -s file public/link'
	refuses 'Permission denied' guest_tool as 1000 1001 cat private
	refuses 'Permission denied' guest_tool as 1000 1001 touch here
	refuses 'not permitted' guest_tool as 1000 1001 chown 0 public/file
	refuses 'Permission denied' guest_tool as 1002 1002 cat public/file
	refuses 'not permitted' guest_tool as 1002 1002 rm -f public/file
	same group "$(guest_tool as 1002 1001 cat public/file)" hi
	# A write by somebody else takes the set-user-id bit away.
	touch suid
	chmod 4777 suid
	guest_tool as 1000 1001 sh -c 'echo data >suid'
	same mode "$(stat -c %a suid)" 777
}

verify() {
	same file "$(stat -c %u:%g:%a public/file)" 1000:1001:640
	same dir "$(stat -c %u:%g:%a public/dir)" 1000:1001:750
	same link "$(stat -c %u:%g public/link)" 1000:1001
	same suid "$(stat -c %a suid)" 777
}
