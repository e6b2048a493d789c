/* SPDX-License-Identifier: MIT */
/* The command line, by what virtiofsd's users and programs write. */
#include "tools/vhost_user_virtiofs/vuf_options.h"

#include "common/bytes.h"
#include "plugin/plugin_config.h"
#include "tools/vhost_user_virtiofs/vuf_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define SOCKET "--socket-path=/run/s"
#define DIR SOCKET " --shared-dir=/srv"
/* What is said of a share that virtiofsd's options describe. */
#define SHARE "virtiofs,/srv,no-xattr,no-killpriv-v2"

/* Parse words that are separated by blanks. */
static bool parse(const char *line, struct vuf_options *ret, char *err)
{
	static char **argv;
	g_autofree char *all = g_strconcat("prog ", line, NULL);

	g_strfreev(argv);               /* the last result is not used now */
	argv = g_strsplit(all, " ", 0);
	return vuf_options_parse((int)g_strv_length(argv), argv, ret, err,
				 VUF_ERR_MAX);
}

static struct vuf_options parsed(const char *line)
{
	struct vuf_options o;
	char err[VUF_ERR_MAX];

	if (!parse(line, &o, err))
		fail_msg("%s: %s", line, err);
	return o;
}

static void check_share(const char *line, const char *share)
{
	struct vuf_options o = parsed(line);

	assert_int_equal(o.shares->len, 1);
	assert_string_equal(o.shares->pdata[0], share);
	vuf_options_done(&o);
}

static void what_is_said_of_the_share_is_its_text(void **state)
{
	static const struct {
		const char *line, *more;
	} cases[] = {
		{ "", "" },
		{ "--cache=always", ",cache=always" },
		{ "--cache never", ",cache=never" },
		{ "--cache=none", ",cache=never" },
		{ "--readonly", ",ro" },
		{ "--xattr", ",xattr" },
		{ "--xattrmap=:map::user.v.:", ",xattr,xattrmap=:map::user.v.:" },
		{ "--posix-acl", ",xattr,posix-acl" },
		{ "--posix-acl=auto", ",xattr,posix-acl" },
		{ "--posix-acl=never", ",posix-acl=false" },
		{ "--security-label", ",xattr,security-label" },
		{ "--security-label=always", ",xattr,security-label" },
		{ "--writeback --allow-mmap", ",writeback,allow-mmap" },
		{ "--allow-direct-io", ",direct-io" },
		{ "--preserve-noatime", ",preserve-noatime" },
		{ "--no-readdirplus", ",no-readdirplus" },
		{ "--announce-submounts", ",announce-submounts" },
		{ "--no-announce-submounts", ",no-announce-submounts" },
		{ "--killpriv-v2", ",killpriv-v2" },
		{ "--no-killpriv-v2", ",no-killpriv-v2" },
		{ "--no-locks", ",no-locks" },
		{ "--poll-us=0", ",poll-us=0" },
		{ "--inode-file-handles=mandatory",
		  ",inode-file-handles=mandatory" },
		{ "--inode-file-handles=fallback",
		  ",inode-file-handles=prefer" },
		{ "--translate-uid map:0:1000:1 --translate-uid=map:1:9:1",
		  ",translate-uid=map:0:1000:1,translate-uid=map:1:9:1" },
		{ "--translate-gid squash-guest:0:1000:9",
		  ",translate-gid=squash-guest:0:1000:9" },
		/* The C daemon's. */
		{ "-o cache=none,xattr", ",cache=never,xattr" },
		{ "-o no_xattr -o xattr", ",no-xattr,xattr" },
		{ "-o posix_acl,no_posix_acl", ",xattr,posix-acl,posix-acl=false" },
		{ "-o security_label,no_security_label",
		  ",xattr,security-label,security-label=false" },
		{ "-o no_readdirplus,readdirplus",
		  ",no-readdirplus,readdirplus" },
		{ "-o allow_direct_io,no_allow_direct_io",
		  ",direct-io,direct-io=false" },
		{ "-o writeback,no_writeback", ",writeback,writeback=false" },
		{ "-o killpriv_v2,announce_submounts",
		  ",killpriv-v2,announce-submounts" },
		{ "-ocache=auto,timeout=2.5", ",cache=auto,timeout=2.5" },
		{ "-o xattrmap=:map::user.v.:",
		  ",xattr,xattrmap=:map::user.v.:" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		g_autofree char *line = g_strconcat(DIR, *cases[i].line ? " " :
						    "", cases[i].line, NULL);
		g_autofree char *share = g_strconcat(SHARE, cases[i].more,
						     NULL);
		g_autoptr(GError) error = NULL;
		struct plugin_config config;

		check_share(line, share);
		if (!plugin_config_parse(share, &config, &error))
			fail_msg("%s: %s", share, error->message);
		plugin_config_done(&config);
	}
}

static void a_share_has_virtiofsds_defaults(void **state)
{
	struct vuf_options o = parsed(DIR);
	struct plugin_config config;

	(void)state;
	assert_true(plugin_config_parse(o.shares->pdata[0], &config, NULL));
	assert_string_equal(config.root, "/srv");
	assert_false(config.fs.xattr);
	assert_false(config.fs.killpriv_v2);
	assert_false(config.fs.posix_acl);
	assert_false(config.fs.writeback);
	assert_true(config.fs.announce_submounts);
	assert_true(config.fs.readdirplus);
	assert_int_equal(config.fs.cache, VFS_CACHE_AUTO);
	assert_int_equal(config.fs.inode_file_handles, LX_HANDLES_PREFER);
	assert_int_equal(o.sandbox.mode, SANDBOX_NAMESPACE);
	assert_int_equal(o.sandbox.seccomp, SANDBOX_SECCOMP_KILL);
	assert_false(o.once || o.has_tag || o.syslog || o.daemonize);
	plugin_config_done(&config);
	vuf_options_done(&o);
}

static void names_may_hold_commas(void **state)
{
	struct vuf_options o = parsed(SOCKET " --shared-dir=/a,b --tag=x,y");
	struct plugin_config config;

	(void)state;
	assert_true(plugin_config_parse(o.shares->pdata[0], &config, NULL));
	assert_string_equal(config.tag, "x,y");
	assert_string_equal(config.root, "/a,b");
	plugin_config_done(&config);
	vuf_options_done(&o);
	/* As libvirt writes it. */
	check_share(SOCKET " -o source=/a,,b,cache=auto",
		    "virtiofs,/a,,b,no-xattr,no-killpriv-v2,cache=auto");
	/* Not an option of a share. */
	check_share(SOCKET " --shared-dir=folder=a:/b",
		    "virtiofs,./folder=a:/b,no-xattr,no-killpriv-v2");
	/* Behind the separator it would belong to the tag. */
	check_share(SOCKET " --shared-dir=,a",
		    "virtiofs,./,,a,no-xattr,no-killpriv-v2");
}

static void the_front_end_is_told_a_tag_that_was_given(void **state)
{
	struct vuf_options o = parsed(DIR " --tag=myfs");

	(void)state;
	assert_true(o.has_tag);
	assert_true(g_str_has_prefix(o.shares->pdata[0], "myfs,/srv,"));
	vuf_options_done(&o);
	o = parsed(SOCKET " --virtio-fs=myfs:/srv,ro");
	assert_true(o.has_tag);
	assert_string_equal(o.shares->pdata[0], "myfs:/srv,ro");
	vuf_options_done(&o);
}

static void takes_what_libvirt_and_kata_pass(void **state)
{
	struct vuf_options o;

	(void)state;
	o = parsed("--fd=24 -o source=/srv,cache=always,sandbox=chroot,xattr,no_posix_lock,no_flock --thread-pool-size=4 -d");
	assert_string_equal(o.fd, "24");
	assert_true(o.once);
	assert_string_equal(o.log_level, "debug");
	assert_int_equal(o.sandbox.mode, SANDBOX_CHROOT);
	assert_string_equal(o.shares->pdata[0], SHARE ",cache=always,xattr");
	assert_int_equal(o.warnings->len, 3);
	assert_non_null(strstr(o.warnings->pdata[0], "'-o no_posix_lock'"));
	vuf_options_done(&o);
	o = parsed("--syslog --cache=auto --shared-dir=/srv --fd=3 --announce-submounts --thread-pool-size=1 --sandbox=none --seccomp=none");
	assert_true(o.syslog);
	assert_int_equal(o.sandbox.mode, SANDBOX_NONE);
	assert_int_equal(o.sandbox.seccomp, SANDBOX_SECCOMP_NONE);
	vuf_options_done(&o);
}

static void what_has_no_effect_warns_once(void **state)
{
	static const char *const lines[] = {
		"--thread-pool-size=4", "--thread-pool-size 4",
		"-o no_flock", "-o no_posix_lock", "-o max_idle_threads=4",
	};
	static const char *const silent[] = {
		"-f", "-o flock,posix_lock,allow_root",
		"--migration-mode=find-paths", "--migration-mode file-handles",
		"--migration-on-error=guest-error",
		"--migration-verify-handles --migration-confirm-paths",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		g_autofree char *line = g_strdup_printf(DIR " %s %s", lines[i],
							lines[i]);
		struct vuf_options o = parsed(line);

		assert_int_equal(o.warnings->len, 1);
		assert_non_null(strstr(o.warnings->pdata[0],
				       "has no effect: "));
		vuf_options_done(&o);
	}
	for (size_t i = 0; i < ARRAY_LEN(silent); i++) {
		g_autofree char *line = g_strconcat(DIR " ", silent[i], NULL);
		struct vuf_options o = parsed(line);

		assert_int_equal(o.warnings->len, 0);
		vuf_options_done(&o);
	}
}

static void takes_every_spelling(void **state)
{
	static const char *const lines[] = {
		"--socket-path /run/s --shared-dir /srv",
		"--socket=/run/s --shared-dir=/srv",
		"--socket-path=/run/s -o source=/srv",
		"-osource=/srv --socket-path=/run/s",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct vuf_options o = parsed(lines[i]);

		assert_string_equal(o.socket_path, "/run/s");
		assert_string_equal(o.shares->pdata[0], SHARE);
		vuf_options_done(&o);
	}
}

static void reads_the_rest(void **state)
{
	struct vuf_options o;

	(void)state;
	o = parsed(DIR " --socket-group=kvm --once --daemonize --log-file=l --log-level=warn");
	assert_string_equal(o.socket_group, "kvm");
	assert_true(o.once && o.daemonize);
	assert_string_equal(o.log_file, "l");
	assert_string_equal(o.log_level, "warn");
	vuf_options_done(&o);
	o = parsed(DIR " -o log_level=err");
	assert_string_equal(o.log_level, "error");
	vuf_options_done(&o);
	o = parsed(DIR " -o debug");
	assert_string_equal(o.log_level, "debug");
	vuf_options_done(&o);
	o = parsed("--socket-dir=/run --virtio-fs a:/a --virtio-fs=b:/b,ro");
	assert_string_equal(o.socket_dir, "/run");
	assert_int_equal(o.shares->len, 2);
	assert_string_equal(o.shares->pdata[1], "b:/b,ro");
	vuf_options_done(&o);
	o = parsed(DIR " --rlimit-nofile=5000 --modcaps=+sys_admin:-chown");
	assert_true(o.sandbox.nofile_given);
	assert_int_equal(o.sandbox.nofile, 5000);
	assert_true(o.sandbox.caps_add && o.sandbox.caps_drop);
	vuf_options_done(&o);
}

static void questions_need_nothing_else(void **state)
{
	struct vuf_options o;

	(void)state;
	o = parsed("--help");
	assert_true(o.help);
	vuf_options_done(&o);
	o = parsed("-h");
	assert_true(o.help);
	vuf_options_done(&o);
	o = parsed("-V");
	assert_true(o.version);
	vuf_options_done(&o);
	o = parsed("--print-capabilities");
	assert_true(o.print_capabilities);
	vuf_options_done(&o);
}

static void refuses_bad_command_lines(void **state)
{
	static const struct {
		const char *line, *error;
	} bad[] = {
		{ "", "unexpected argument ''" },
		{ SOCKET, "nothing to share" },
		{ SOCKET " --shared-dir=", "nothing to share" },
		{ "--shared-dir=/srv", "expected one of --socket-path" },
		{ DIR " --fd=3", "expected one of --socket-path" },
		{ DIR " --no-such", "unknown option '--no-such'" },
		{ DIR " --no_readdirplus", "unknown option '--no_readdirplus'" },
		{ DIR " --source=/x", "unknown option '--source'" },
		{ DIR " --timeout=1", "unknown option '--timeout'" },
		{ DIR " -x", "unknown option '-x'" },
		{ DIR " --d", "unknown option '--d'" },
		{ DIR " -", "unexpected argument '-'" },
		{ DIR " --", "unexpected argument '--'" },
		{ DIR " extra", "unexpected argument 'extra'" },
		{ DIR " --cache", "option '--cache' needs a value: POLICY" },
		{ DIR " --sandbox", "option '--sandbox' needs a value" },
		{ DIR " -o", "option '-o' needs a value: OPTION,..." },
		{ DIR " --readonly=true", "option '--readonly' takes no value" },
		{ DIR " -fd", "option '-f' takes no value" },
		{ DIR " --posix-acl auto", "unexpected argument 'auto'" },
		{ DIR " --posix-acl=on",
		  "--posix-acl=on: expected one of always, auto, never" },
		{ DIR " --cache=bogus", "--cache=bogus: expected one of auto" },
		{ DIR " --migration-mode=x",
		  "--migration-mode=x: expected one of find-paths" },
		{ DIR " --migration-on-error=abort",
		  "--migration-on-error=abort: expected one of guest-error" },
		{ DIR " --inode-file-handles=x", "expected one of never, prefer" },
		{ DIR " --log-level=x", "--log-level=x: expected one of off" },
		{ DIR " --sandbox=bogus", "bogus" },
		{ DIR " --seccomp=bogus", "bogus" },
		{ DIR " --modcaps=bogus", "bogus" },
		{ DIR " --rlimit-nofile=x", "x" },
		{ DIR " -o bogus", "unknown option '-o bogus'" },
		{ DIR " -o no_bogus=1", "unknown option '-o no_bogus'" },
		{ DIR " -o o=x", "unknown option '-o o'" },
		{ DIR " -o xattr=1", "takes no value" },
		{ DIR " -o cache=bogus", "expected one of auto" },
		{ DIR " -o sandbox", "needs a value" },
		{ DIR " --virtio-fs=a:/a", "--virtio-fs stands for" },
		{ SOCKET " --virtio-fs=a:/a --tag=b", "--virtio-fs stands for" },
		{ SOCKET " --virtio-fs=a:/a --xattr", "--virtio-fs stands for" },
		{ SOCKET " --virtio-fs=a:/a --virtio-fs=b:/b",
		  "2 shares on one socket; expected --socket-dir" },
		{ "--fd=3 --shared-dir=/srv --socket-group=kvm",
		  "--socket-group is for" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct vuf_options o;
		char err[VUF_ERR_MAX] = "";

		if (parse(bad[i].line, &o, err))
			fail_msg("'%s' is accepted", bad[i].line);
		if (!strstr(err, bad[i].error) || strchr(err, '\n'))
			fail_msg("'%s': expected '%s', got '%s'", bad[i].line,
				 bad[i].error, err);
	}
}

/* Rows that contradict themselves would be found by nobody else. */
static void the_table_makes_sense(void **state)
{
	(void)state;
	for (size_t i = 0; i < vuf_table_rows; i++) {
		const struct vuf_row *row = &vuf_table[i];

		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(row->name, vuf_table[j].name);
		assert_false(sandbox_has_option(row->name));
		assert_null(strchr(row->name, '_'));
		if (row->words || row->optional)
			assert_non_null(row->value);
		if (row->effect == VUF_FLAG)
			assert_null(row->value);
		if (row->effect == VUF_TEXT)
			assert_true(row->value || row->to);
		if (row->effect == VUF_SHARE)
			assert_int_equal(!row->to, !!row->words);
		assert_false(row->legacy && row->help);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_of_the_share_is_its_text),
		cmocka_unit_test(a_share_has_virtiofsds_defaults),
		cmocka_unit_test(names_may_hold_commas),
		cmocka_unit_test(the_front_end_is_told_a_tag_that_was_given),
		cmocka_unit_test(takes_what_libvirt_and_kata_pass),
		cmocka_unit_test(what_has_no_effect_warns_once),
		cmocka_unit_test(takes_every_spelling),
		cmocka_unit_test(reads_the_rest),
		cmocka_unit_test(questions_need_nothing_else),
		cmocka_unit_test(refuses_bad_command_lines),
		cmocka_unit_test(the_table_makes_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
