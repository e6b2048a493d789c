/* SPDX-License-Identifier: MIT */
/*
 * Each call that an operation makes to the host fails, one after the other and
 * by one error after the other.  Then:
 *
 *   - what was answered well has been done, as well as without a fault;
 *   - what was not was answered by the host's error, and nothing has changed;
 *   - asked again, the operation works;
 *   - no node, handle, lock or descriptor is left in the end.
 */
#include "tests/faults/operations.h"

#include "common/bytes.h"
#include "lxutil/lx_volume.h"
#include "tests/faults/faults.h"
#include "tests/lib/tree_print.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SHOWN_MAX 60u

/* What an operation does where nothing fails. */
struct course {
	const struct operation *op;
	enum world_state state;
	char *before, *after;           /* the tree */
	ssize_t result;
	char seen[sizeof(((struct world *)0)->seen)];
	unsigned calls;
};

static unsigned failures;

static void complain(const struct course *c, const struct fault *f,
		     const char *what, ssize_t result)
{
	if (failures++ < SHOWN_MAX)
		print_error("%s, %s: call %u%s and %u, %s, by %s: %zd: %s\n",
			    c->op->name, world_names[c->state], f->nth,
			    f->on ? " and on" : "",
			    f->again ? f->nth + f->again : 0, faults_victim(),
			    lx_errname(f->error), result, what);
}

static struct course take_course(const struct operation *op,
				 enum world_state state, enum fault_kind kind)
{
	struct course c = { .op = op, .state = state };
	struct world *w = world_new(state);

	c.before = tree_print_state(w->s->root);
	faults_begin(&(struct fault){ .kind = kind, .requests = true });
	c.result = op->run(w);
	c.calls = faults_end();
	c.after = tree_print_state(w->s->root);
	strcpy(c.seen, w->seen);
	if (!world_end(w))
		complain(&c, &(struct fault){ 0 }, "is left", c.result);
	return c;
}

static void end_course(struct course *c)
{
	free(c->before);
	free(c->after);
}

/* Is this the answer to that fault? */
static bool is_error_of(const struct course *c, ssize_t result,
			const struct fault *f)
{
	const char *victim = faults_victim();

	/* These do not tell, and may be the second. */
	if (result == -ENOMEM && (f->again || !strcmp(victim, "setfsuid") ||
				  !strcmp(victim, "setfsgid")))
		return true;
	if (result == -EBADF && c->op->flags & OP_OPENS_OTHERWISE)
		return f->error == EACCES;
	return result == -f->error;
}

static bool may_be_in_part(const struct course *c, const char *tree)
{
	if (c->op->flags & OP_PARTS)
		return true;
	/* It was done, but what there is now could not be told. */
	return c->op->flags & OP_TELLS && !strcmp(tree, c->after) &&
	       !strcmp(faults_victim(), "statx");
}

static void check_error(const struct course *c, const struct fault *f,
			struct world *w, ssize_t result, const char *tree)
{
	char *now;

	if (!is_error_of(c, result, f))
		complain(c, f, "another error", result);
	/* Where a number is given to another inode, it may mean ESTALE. */
	if (f->error == ENOMEM && !f->on && !f->again &&
	    !strcmp(faults_victim(), "open_by_handle_at"))
		complain(c, f, "was not tried again", result);
	/* What has been made cannot be taken back where that fails, too. */
	if (strcmp(tree, c->before) && c->op->flags & OP_MAKES &&
	    (f->on || f->again))
		return;
	if (strcmp(tree, c->before) && !may_be_in_part(c, tree))
		complain(c, f, "an error, and a change", result);
	w->seen[0] = '\0';
	result = c->op->run(w);
	now = tree_print_state(w->s->root);
	if (result != c->result || strcmp(w->seen, c->seen) ||
	    strcmp(now, c->after))
		complain(c, f, "does not work any more", result);
	free(now);
}

/* The guest sees to the rest of it. */
static void check_count(const struct course *c, const struct fault *f,
			ssize_t result)
{
	if (result != c->result / 2 + c->result % 2)
		complain(c, f, "not the half", result);
}

static void try_fault(const struct course *c, const struct fault *f)
{
	struct world *w = world_new(c->state);
	ssize_t result;
	char *tree;

	faults_begin(f);
	result = c->op->run(w);
	faults_end();
	tree = tree_print_state(w->s->root);
	if (f->kind == FAULT_SHORT && c->op->flags & OP_COUNTS)
		check_count(c, f, result);
	else if (result != c->result && result < 0)
		check_error(c, f, w, result, tree);
	else if (result != c->result)
		complain(c, f, "another result", result);
	else if (strcmp(w->seen, c->seen))
		complain(c, f, w->seen, result);
	else if (strcmp(tree, c->after))
		complain(c, f, "it was not done", result);
	if (!world_end(w))
		complain(c, f, "is left", result);
	free(tree);
}

/* ---- every call -------------------------------------------------------- */

/* Those that are all alike to the server take turns. */
static int next_error(void)
{
	static const int errors[] = { EIO, ENOSPC, EDQUOT, ENOMEM };
	static unsigned next;

	return errors[next++ % ARRAY_LEN(errors)];
}

static void try_operation(const struct operation *op, enum world_state state,
			  const struct fault *faults, size_t count)
{
	struct course c = take_course(op, state, faults[0].kind);

	for (unsigned nth = 1; nth <= c.calls; nth++) {
		for (size_t i = 0; i < count; i++) {
			struct fault f = faults[i];

			f.requests = true;
			f.nth = nth;
			if (!f.error)
				f.error = next_error();
			try_fault(&c, &f);
		}
	}
	end_course(&c);
}

static void try_state(enum world_state state, const struct fault *faults,
		      size_t count)
{
	static const struct operations *const all[] = {
		&operations_on_names, &operations_on_attributes,
		&operations_on_files,
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (size_t j = 0; j < all[i]->count; j++)
			try_operation(&all[i]->list[j], state, faults, count);
}

/* ---- system calls ------------------------------------------------------ */

/* The first is some error. */
static const struct fault calls[] = {
	{ .kind = FAULT_CALL },
	{ .kind = FAULT_CALL, .error = EINTR },
	{ .kind = FAULT_CALL, .error = EMFILE, .on = true },
	{ .kind = FAULT_CALL, .error = EMFILE },
	{ .kind = FAULT_CALL, .error = ENFILE, .on = true },
	{ .kind = FAULT_CALL, .error = ENFILE },
	{ .kind = FAULT_CALL, .error = EACCES, .on = true },
	{ .kind = FAULT_CALL, .error = EACCES },
	/* What is called then is to undo it, or to do it in another way. */
	{ .kind = FAULT_CALL, .again = 1 },
	{ .kind = FAULT_CALL, .again = 2 },
	{ .kind = FAULT_CALL, .again = 3 },
	{ .kind = FAULT_CALL, .error = EMFILE, .again = 1 },
	{ .kind = FAULT_CALL, .error = EMFILE, .again = 2 },
};

static void with_descriptors_for_all(void **state)
{
	(void)state;
	try_state(WORLD_WARM, calls, ARRAY_LEN(calls));
	assert_int_equal(failures, 0);
}

static void with_file_handles_for_some(void **state)
{
	(void)state;
	try_state(WORLD_COLD, calls, ARRAY_LEN(calls));
	assert_int_equal(failures, 0);
}

static void with_names_for_some(void **state)
{
	(void)state;
	try_state(WORLD_NAMES, calls, ARRAY_LEN(calls));
	assert_int_equal(failures, 0);
}

static void with_options(void **state)
{
	(void)state;
	try_state(WORLD_MAPS, calls, 1);
	try_state(WORLD_WRITEBACK, calls, 1);
	try_state(WORLD_FOLDERS, calls, 1);
	assert_int_equal(failures, 0);
}

/* ---- memory ------------------------------------------------------------ */

static void without_memory(void **state)
{
	static const struct fault faults[] = {
		{ .kind = FAULT_MEMORY, .error = ENOMEM },
		{ .kind = FAULT_MEMORY, .error = ENOMEM, .on = true },
	};

	(void)state;
	for (int i = 0; i < WORLD_STATES; i++)
		try_state((enum world_state)i, faults, ARRAY_LEN(faults));
	assert_int_equal(failures, 0);
}

/* ---- transfers --------------------------------------------------------- */

static void with_transfers_that_fall_short(void **state)
{
	static const struct fault faults[] = {
		{ .kind = FAULT_SHORT },
		{ .kind = FAULT_SHORT, .on = true },
	};

	(void)state;
	try_state(WORLD_WARM, faults, ARRAY_LEN(faults));
	assert_int_equal(failures, 0);
}

static int forget_failures(void **state)
{
	(void)state;
	failures = 0;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(with_descriptors_for_all,
				       forget_failures),
		cmocka_unit_test_setup(with_file_handles_for_some,
				       forget_failures),
		cmocka_unit_test_setup(with_names_for_some, forget_failures),
		cmocka_unit_test_setup(with_options, forget_failures),
		cmocka_unit_test_setup(without_memory, forget_failures),
		cmocka_unit_test_setup(with_transfers_that_fall_short,
				       forget_failures),
	};

#ifdef __SANITIZE_THREAD__
	return 77;              /* it takes long, and is one thread's */
#endif
	world_place();
	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
