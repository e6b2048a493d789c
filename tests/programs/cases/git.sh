# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# git: a repository of this project's files, cloned, changed, packed, verified.
needs git

export HOME="$scratch" GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat
git config --global user.name tests
git config --global user.email tests@localhost
git config --global init.defaultBranch main
git config --global core.fsync all

# What the source tree has, without what was built in it.
mkdir origin
tar -C "$top" --exclude=./build --exclude=./.git --exclude=./autom4te.cache \
	--exclude='*.o' -cf - . | tar -xf - -C origin
cd origin
git init -q
git add -Af
git commit -qm first
for i in $(seq "$(size 20 500)"); do
	echo "$i" >>README.md
	git mv "LICENSE$((i - 1))" "LICENSE$i" 2>/dev/null || git mv LICENSE LICENSE1
	git commit -qam "change $i"
done
same status "$(git status --porcelain)" ''
cd ..

git clone -q --no-local origin clone
git clone -q origin linked
for repository in origin clone linked; do
	git -C $repository fsck --full --strict
	same "$repository's tree" "$(git -C $repository rev-parse 'HEAD^{tree}')" \
		"$(git -C origin rev-parse 'HEAD^{tree}')"
	same "$repository's status" "$(git -C $repository status --porcelain)" ''
done
diff -r -x .git origin clone

cd clone
git checkout -q -b branch HEAD~10
echo branch >branch-file
git add branch-file
git commit -qm branch
git rebase -q main
git worktree add -q ../tree main
git repack -q -a -d -f
git gc -q --prune=now
git fsck --full --strict
git push -q origin branch
same status "$(git status --porcelain)" ''
cd ..
same 'what was pushed' "$(git -C origin rev-parse branch)" \
	"$(git -C clone rev-parse branch)"
# The host's git finds the same, down to the times in the index.
same 'status on the host' "$(on_host 'git -C origin status --porcelain')" ''
on_host 'git -C clone fsck --full --strict'
rm -rf clone
[ ! -e clone ] || fail 'clone is still there'
